"""What administrators do with accounts: make, change the role, lock, sign out. What raises rights takes two people.

An account is guarded when its role has an action that two people give (`rights.toml`). Making one, giving such a role
and unlocking one are proposed by an administrator and approved by another administrator or compliance; the first
password is handed out by the one who approved. Nobody changes her own account, and the last administrator stays.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.audit.log import record
from forbear.desk.people.making import check_user, make_user, own_of
from forbear.desk.people.models import Agency, Approval, ServiceToken, User
from forbear.desk.people.rights import allowed, guarded
from forbear.desk.people.roles import Role

MANAGE = "users.manage"


def make(by: User, at: datetime, **wanted: Any) -> User | Approval:
    """Make a user without a password, or propose it when her role is guarded; arguments as `making.make_user`.

    Raises:
        PermissionDenied: not an administrator.
        WrongUse: as `making.make_user`.
    """
    _may(by)
    check_user(**wanted)
    if guarded(wanted["role"]):
        return _propose(by, "users.make", wanted, f"user:{wanted['username']}", at)
    return make_now(by, wanted)


def make_now(by: Any, wanted: dict[str, Any]) -> User:
    """Make the user and tell the log."""
    with transaction.atomic():
        made = make_user(**wanted, password=None)
        record(by, "user.made", f"user:{made.username}", role=made.role)
    return made


def change_role(by: User, username: str, role: str, at: datetime, **own: Any) -> User | Approval:
    """Give a user another role, or propose it when that raises her rights.

    Args:
        by: an administrator, not the user herself.
        username: whose role.
        role: the new one.
        at: now.
        own: agency, funder or borrower of a role that sees only its own.

    Raises:
        PermissionDenied: not an administrator, or it is her own account.
        WrongUse: no such user or role, or its own is missing.
        AnswerIsNo: she is the last administrator.
    """
    user = _other(by, username)
    check_user(username=username, role=role, fresh=False, **own)
    if guarded(role) - guarded(user.role):
        return _propose(by, "users.role", {"username": username, "role": role, **own}, f"user:{username}", at)
    return change_role_now(by, username, role, **own)


def change_role_now(by: Any, username: str, role: str, **own: Any) -> User:
    """Give the role, end the user's sessions, tell the log."""
    with transaction.atomic():
        user = _locked(username)
        if own.get("agency"):
            Agency.objects.get_or_create(agency_id=own["agency"], defaults={"name": own["agency"]})
        _keep_an_administrator(user, role)
        before = user.role
        for name, value in own_of(role, **own).items():
            setattr(user, name, value)
        user.role, user.session_epoch = role, user.session_epoch + 1
        user.save()
        record(by, "user.role", f"user:{username}", before=before, after=role)
    return user


def lock(by: User, username: str, at: datetime) -> User:
    """Lock an account: no sign-in, its sessions and tokens end.

    Raises:
        PermissionDenied, WrongUse, AnswerIsNo: as `change_role`.
    """
    _other(by, username)
    with transaction.atomic():
        user = _locked(username)
        _keep_an_administrator(user, "")
        user.is_active, user.session_epoch = False, user.session_epoch + 1
        user.save(update_fields=["is_active", "session_epoch"])
        ServiceToken.objects.filter(user=user, revoked_at=None).update(revoked_at=at)
        record(by, "user.locked", f"user:{username}")
    return user


def unlock(by: User, username: str, at: datetime) -> User | Approval:
    """Unlock an account, or propose it when it is guarded.

    Raises:
        PermissionDenied, WrongUse: as `change_role`.
    """
    user = _other(by, username)
    if guarded(user.role):
        return _propose(by, "users.unlock", {"username": username}, f"user:{username}", at)
    return unlock_now(by, username)


def unlock_now(by: Any, username: str) -> User:
    """Unlock the account and tell the log."""
    with transaction.atomic():
        user = _locked(username)
        user.is_active = True
        user.save(update_fields=["is_active"])
        record(by, "user.unlocked", f"user:{username}")
    return user


def first_password(by: User, username: str) -> str:
    """A first password for an account that has none, shown once; of a guarded one to whoever approved it.

    Raises:
        PermissionDenied: not hers to hand out.
        WrongUse: no such user.
        AnswerIsNo: the account has a password, or signs in elsewhere.
    """
    with transaction.atomic():
        user = _locked(username)
        if guarded(user.role):
            given = Approval.objects.filter(
                kind__in=["users.make", "users.role"], state="executed", decided_by=by, payload__username=username
            )
            if not given.exists():
                raise PermissionDenied("the one who approved this account hands out its password")
        else:
            _may(by)
        if user.has_usable_password() or user.role == Role.SERVICE:
            raise AnswerIsNo(
                f"{username} has a password, or needs none", "forbear desk user password sets a new one"
            )
        password = secrets.token_urlsafe(15)
        user.set_password(password)
        user.save(update_fields=["password"])
        record(by, "user.first_password", f"user:{username}")
    return password


def sign_out_everywhere(by: User, username: str) -> None:
    """End all sessions of a user: her own, or anyone's by an administrator.

    Raises:
        PermissionDenied: another's, and not an administrator.
        WrongUse: no such user.
    """
    if by.username != username:
        _may(by)
    with transaction.atomic():
        if not User.objects.filter(username=username).update(session_epoch=F("session_epoch") + 1):
            raise WrongUse(f"no user {username!r}", "list them")
        record(by, "user.signed_out", f"user:{username}")


def set_queues(by: User, username: str, queues: list[str] | None) -> None:
    """Give an agent her queues; None: every queue.

    Raises:
        PermissionDenied, WrongUse: as `change_role`.
    """
    _other(by, username)
    with transaction.atomic():
        User.objects.filter(username=username).update(queues=queues)
        record(by, "user.queues", f"user:{username}", queues=queues)


def users(*, after: str = "", page: int = 100) -> list[User]:
    """A page of users, by name."""
    return list(User.objects.filter(username__gt=after).select_related("agency").order_by("username")[:page])


def _may(by: User) -> None:
    if not allowed(by, MANAGE):
        raise PermissionDenied(MANAGE)


def _other(by: User, username: str) -> User:
    _may(by)
    user = User.objects.filter(username=username).first()
    if user is None:
        raise WrongUse(f"no user {username!r}", "list them")
    if user.pk == by.pk:
        raise PermissionDenied("nobody changes her own account")
    return user


def _locked(username: str) -> User:
    user = User.objects.select_for_update().filter(username=username).first()
    if user is None:
        raise WrongUse(f"no user {username!r}", "list them")
    return user


def _keep_an_administrator(user: User, role: Any) -> None:
    if user.role != Role.ADMINISTRATOR or role == Role.ADMINISTRATOR:
        return
    others = User.objects.select_for_update().filter(~Q(pk=user.pk), role=Role.ADMINISTRATOR, is_active=True)
    if not list(others.values_list("pk", flat=True)):
        raise AnswerIsNo(f"{user.username} is the last administrator", "make another first")


def _propose(by: User, kind: str, payload: dict[str, Any], subject: str, at: datetime) -> Approval:
    from forbear.desk.people.approvals import propose

    return propose(by, kind, payload, subject, at)
