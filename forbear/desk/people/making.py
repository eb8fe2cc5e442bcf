"""Making users: one way for the command, the pages and the samples."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from forbear.basics.errors import WrongUse
from forbear.desk.people.models import Agency, User
from forbear.desk.people.roles import Role

OWN = {Role.AGENCY: "agency", Role.FUNDER: "funder", Role.BORROWER: "borrower"}
"""Roles that see only their own, and what names it."""


@transaction.atomic
def make_user(
    username: str,
    role: str,
    password: str,
    *,
    name: str = "",
    agency: str = "",
    funder: str = "",
    borrower: str = "",
    language: str = "",
) -> User:
    """Make a user.

    Args:
        username: to sign in with.
        role: one of the nine roles.
        password: checked against the settings' rules.
        name: what colleagues see.
        agency: id of the agency of a user of role agency; made if new.
        funder: id of the funder of a user of role funder.
        borrower: id of the borrower of a user of role borrower.
        language: zh-hans, en, or empty for the browser's.

    Raises:
        WrongUse: no such role or language, the name is taken or unfit, the password is weak, its own is missing.
    """
    if role not in Role.values:
        raise WrongUse(f"no role {role!r}", f"one of: {', '.join(Role.values)}")
    own = OWN.get(Role(role))
    if own and not {"agency": agency, "funder": funder, "borrower": borrower}[own]:
        raise WrongUse(f"a user of role {role} sees only what is hers", f"name the {own} with --{own}")
    user = User(
        username=username,
        role=role,
        display_name=name,
        language=language,
        funder_id=funder or None,
        borrower_id=borrower or None,
    )
    if agency:
        user.agency, _ = Agency.objects.get_or_create(agency_id=agency, defaults={"name": agency})
    user.set_password(password)
    try:
        user.full_clean()
        validate_password(password, user)
    except ValidationError as error:
        raise WrongUse(f"user {username!r}: {' '.join(error.messages)}") from None
    user.save()
    return user


def set_password(username: str, password: str) -> None:
    """Give a user a new password, which ends her sessions.

    Raises:
        WrongUse: there is no such user, or the password is weak.
    """
    user = User.objects.filter(username=username).first()
    if user is None:
        raise WrongUse(f"no user {username!r}", "list them with: forbear desk user list")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WrongUse(f"user {username!r}: {' '.join(error.messages)}") from None
    user.set_password(password)
    user.save(update_fields=["password"])
