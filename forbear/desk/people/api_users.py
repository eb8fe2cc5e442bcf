"""Accounts and tokens by API. What raises rights answers 202 with the proposal that another must approve."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from forbear.desk.people import tokens, users
from forbear.desk.people.approvals import propose
from forbear.desk.people.models import Approval, ServiceToken, User
from forbear.desk.people.rights import actions, requires
from forbear.desk.people.wire import NO, Instant, NotThere, Waits, waits

router = Router(tags=["users"])


class Account(Schema):
    """A user."""

    username: str
    display_name: str
    role: str
    language: str
    is_active: bool
    agency_id: str | None
    funder_id: str | None
    borrower_id: str | None
    queues: list[str] | None
    last_login: datetime | None


class NewAccount(Schema):
    """A user to be made."""

    username: str = Field(max_length=150)
    role: str
    name: str = ""
    agency: str = ""
    funder: str = ""
    borrower: str = ""
    language: str = ""
    queues: list[str] | None = None
    subject: str = Field("", description="the identity provider's `sub`, where she signs in there")


class NewRole(Schema):
    """A role to be given."""

    role: str
    agency: str = ""
    funder: str = ""
    borrower: str = ""


class Queues(Schema):
    """The queues of an agent; null: every queue."""

    queues: list[str] | None


class Secret(Schema):
    """Something shown once."""

    secret: str


class After(Schema):
    """Which page, by name."""

    after: str = ""
    page: int = Field(100, ge=1, le=1000)


class NewToken(Schema):
    """A token to be made for a service."""

    service: str
    name: str = Field(max_length=200)
    scopes: list[str] = Field(max_length=100)
    expires_at: Instant


class Token(Schema):
    """A token, without its secret."""

    token_id: str
    service: str = Field(alias="user.username")
    name: str
    scopes: list[str]
    made_at: datetime
    made_by: str
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


DONE = {200: Account, 202: Waits, **NO}


@router.get("", response={200: list[Account], 403: NO[403]})
@requires("users.see")
def listed(request: HttpRequest, which: Query[After]) -> object:
    """Users by name, a page at a time."""
    return users.users(after=_plain(which.after), page=which.page)


@router.post("", response=DONE)
@requires("users.manage")
def make(request: HttpRequest, wanted: NewAccount) -> object:
    """Make a user without a password; a guarded role is proposed."""
    return _done(users.make(request.user, timezone.now(), **wanted.dict()))


@router.put("/{username}/role", response=DONE)
@requires("users.manage")
def change_role(request: HttpRequest, username: str, wanted: NewRole) -> object:
    """Give another role; where that raises rights it is proposed."""
    return _done(users.change_role(request.user, _plain(username), at=timezone.now(), **wanted.dict()))


@router.put("/{username}/queues", response={204: None, **NO})
@requires("users.manage")
def set_queues(request: HttpRequest, username: str, wanted: Queues) -> object:
    """Give an agent her queues."""
    users.set_queues(request.user, _plain(username), wanted.queues)
    return Status(204, None)


@router.post("/{username}/lock", response=DONE)
@requires("users.manage")
def lock(request: HttpRequest, username: str) -> object:
    """Lock an account; its sessions and tokens end."""
    return _done(users.lock(request.user, _plain(username), timezone.now()))


@router.post("/{username}/unlock", response=DONE)
@requires("users.manage")
def unlock(request: HttpRequest, username: str) -> object:
    """Unlock an account; a guarded one is proposed."""
    return _done(users.unlock(request.user, _plain(username), timezone.now()))


@router.post("/{username}/first-password", response={200: Secret, **NO})
@requires("users.see")
def first_password(request: HttpRequest, username: str) -> object:
    """A first password, once; of a guarded account to whoever approved it."""
    return {"secret": users.first_password(request.user, _plain(username))}


@router.post("/{username}/sign-out", response={204: None, **NO})
@requires("me")
def sign_out_everywhere(request: HttpRequest, username: str) -> object:
    """End all sessions: one's own, or anyone's by an administrator."""
    users.sign_out_everywhere(request.user, _plain(username))
    return Status(204, None)


@router.get("/tokens", response={200: list[Token], 403: NO[403]})
@requires("users.see")
def tokens_listed(request: HttpRequest, which: Query[After]) -> object:
    """Tokens of programs by id, a page at a time."""
    found = ServiceToken.objects.select_related("user").filter(token_id__gt=_plain(which.after))
    return list(found.order_by("token_id")[: which.page])


@router.post("/tokens", response={200: Token, 202: Waits, **NO})
@requires("users.manage")
def make_token(request: HttpRequest, wanted: NewToken) -> object:
    """Make a token; for an action that two people give it is proposed. Then take it, once."""
    given = {**wanted.dict(), "username": wanted.service}
    given.pop("service")
    known = actions()
    if any(known[scope].two_people for scope in wanted.scopes if scope in known):
        given["expires_at"] = wanted.expires_at.isoformat()
        subject = f"user:{wanted.service}"
        return _waits(propose(request.user, "tokens.make", given, subject, timezone.now()))
    return tokens.make_token(request.user, **given, at=timezone.now())


@router.post("/tokens/{token_id}/issue", response={200: Secret, **NO})
@requires("users.manage")
def issue_token(request: HttpRequest, token_id: str) -> object:
    """The token itself, once, to whoever made it."""
    return {"secret": tokens.issue(request.user, _plain(token_id))}


@router.post("/tokens/{token_id}/revoke", response={204: None, **NO})
@requires("users.manage")
def revoke_token(request: HttpRequest, token_id: str) -> object:
    """End a token now."""
    if not tokens.revoke(request.user, _plain(token_id), timezone.now()):
        raise NotThere("no such token is alive")
    return Status(204, None)


def _done(made: User | Approval) -> Any:
    return made if isinstance(made, User) else _waits(made)


def _waits(made: Approval) -> Any:
    return Status(202, waits(made))


def _plain(text: str) -> str:
    """PostgreSQL knows no NUL; nothing is named so."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
