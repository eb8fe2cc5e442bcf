"""Making users: one way for the command, the pages and the samples."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from forbear.basics.errors import WrongUse
from forbear.desk.people.models import Agency, User
from forbear.desk.people.roles import Role

OWN = {Role.AGENCY: "agency", Role.FUNDER: "funder", Role.BORROWER: "borrower"}
"""Roles that see only their own, and what names it."""


@transaction.atomic
def make_user(username: str, role: str, password: str | None, **more: Any) -> User:
    """Make a user.

    Args:
        username: to sign in with.
        role: one of the nine roles.
        password: checked against the settings' rules; None: none yet, or she signs in elsewhere.
        more: `name` that colleagues see; `agency`, `funder` or `borrower`, the id of what a user of that role sees;
            `language` (zh-hans, en, or empty for the browser's); `queues` of an agent (None: every queue); `subject`,
            the identity provider's `sub`.

    Raises:
        WrongUse: no such role or language, the name is taken or unfit, the password is weak, its own is missing.
    """
    user = check_user(username, role, **more)
    if more.get("agency"):
        user.agency, _ = Agency.objects.get_or_create(agency_id=more["agency"], defaults={"name": more["agency"]})
    if password is None:
        user.set_unusable_password()
    else:
        _check_password(password, user)
        user.set_password(password)
    user.save()
    return user


def check_user(
    username: str,
    role: str,
    *,
    name: str = "",
    agency: str = "",
    funder: str = "",
    borrower: str = "",
    language: str = "",
    queues: list[str] | None = None,
    subject: str = "",
    fresh: bool = True,
) -> User:
    """The user as she would be made, not saved.

    Raises:
        WrongUse: as `make_user`; `fresh`: also when the name is taken.
    """
    own = own_of(role, agency=agency, funder=funder, borrower=borrower)
    user = User(
        username=username,
        role=role,
        display_name=name,
        language=language,
        funder_id=own["funder_id"],
        borrower_id=own["borrower_id"],
        queues=queues,
        oidc_subject=subject or None,
        password="!",  # noqa: S106 - nobody's: one is set later
    )
    try:
        user.full_clean(exclude=["agency"], validate_unique=fresh, validate_constraints=False)
    except ValidationError as error:
        raise WrongUse(f"user {username!r}: {' '.join(error.messages)}") from None
    return user


def own_of(role: str, *, agency: str = "", funder: str = "", borrower: str = "") -> dict[str, str | None]:
    """What a role that sees only its own needs, as the user's columns.

    Raises:
        WrongUse: no such role, or its own is missing.
    """
    if role not in Role.values:
        raise WrongUse(f"no role {role!r}", f"one of: {', '.join(Role.values)}")
    own = OWN.get(Role(role))
    if own and not {"agency": agency, "funder": funder, "borrower": borrower}[own]:
        raise WrongUse(f"a user of role {role} sees only what is hers", f"name the {own} with --{own}")
    return {"agency_id": agency or None, "funder_id": funder or None, "borrower_id": borrower or None}


def set_password(username: str, password: str) -> None:
    """Give a user a new password, which ends her sessions.

    Raises:
        WrongUse: there is no such user, or the password is weak.
    """
    user = User.objects.filter(username=username).first()
    if user is None:
        raise WrongUse(f"no user {username!r}", "list them with: forbear desk user list")
    _check_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WrongUse(f"user {user.username!r}: {' '.join(error.messages)}") from None
