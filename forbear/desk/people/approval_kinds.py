"""What two people do with accounts and tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from forbear.desk.people import users
from forbear.desk.people.approvals import Decision, kind
from forbear.desk.people.tokens import make_token


class Account(BaseModel):
    """An account to be made; as `making.make_user`."""

    model_config = ConfigDict(extra="forbid")
    username: str
    role: str
    name: str = ""
    agency: str = ""
    funder: str = ""
    borrower: str = ""
    language: str = ""
    queues: list[str] | None = None
    subject: str = ""


class RoleChange(BaseModel):
    """A role to be given."""

    model_config = ConfigDict(extra="forbid")
    username: str
    role: str
    agency: str = ""
    funder: str = ""
    borrower: str = ""


class Username(BaseModel):
    """An account to be unlocked."""

    model_config = ConfigDict(extra="forbid")
    username: str


class Token(BaseModel):
    """A token to be made for a service."""

    model_config = ConfigDict(extra="forbid")
    username: str
    name: str
    scopes: list[str]
    expires_at: datetime


@kind("users.make", payload=Account, propose="users.manage", approve="users.approve")
def make_account(payload: Account, decision: Decision) -> dict[str, Any]:
    """Make the account; whoever approved hands out its first password."""
    return {"username": users.make_now(decision.approved_by, payload.model_dump()).username}


@kind("users.role", payload=RoleChange, propose="users.manage", approve="users.approve")
def give_role(payload: RoleChange, decision: Decision) -> dict[str, Any]:
    """Give the role."""
    return {"username": users.change_role_now(decision.approved_by, **payload.model_dump()).username}


@kind("users.unlock", payload=Username, propose="users.manage", approve="users.approve")
def unlock(payload: Username, decision: Decision) -> dict[str, Any]:
    """Unlock the account."""
    return {"username": users.unlock_now(decision.approved_by, payload.username).username}


@kind("tokens.make", payload=Token, propose="users.manage", approve="users.approve")
def make_service_token(payload: Token, decision: Decision) -> dict[str, Any]:
    """Make the token, in the name of whoever proposed it, who then takes it once."""
    given = payload.model_dump()
    made = make_token(decision.proposed_by, given.pop("username"), **given, at=decision.at)
    return {"token_id": made.pk}
