"""Tokens by which programs call the API: `Authorization: Bearer fbt_<id>_<secret>`.

The secret is random and long, so a plain SHA-256 of it is kept (what slow hashing protects are guessable passwords).
Only users of role service have tokens: a person signs in, with her second factor.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from forbear.basics.errors import WrongUse
from forbear.desk.audit.log import record
from forbear.desk.people.models import Token, User
from forbear.desk.people.roles import Role

_FORM = re.compile(r"fbt_([0-9a-f]{16})_([A-Za-z0-9_-]{43})", re.ASCII)


class ApiToken(HttpBearer):
    """Authentication of an API request by its bearer token."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        """The user of a token that holds, who becomes the request's user; None of any other."""
        user = user_of(token, at=timezone.now())
        if user is not None:
            request.user = user
        return user


def make_token(username: str, *, until: datetime) -> str:
    """Make a token and return it; it cannot be shown again.

    Args:
        username: a user of role service.
        until: when it ends.

    Raises:
        WrongUse: no such user, or one of another role.
    """
    user = User.objects.filter(username=username).first()
    if user is None or user.role != Role.SERVICE:
        raise WrongUse(
            f"{username!r} is not a user of role service", "make one: forbear desk user add NAME --role service"
        )
    token_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    Token.objects.create(token_id=token_id, user=user, digest=_digest(secret), until=until)
    record("forbear desk", "token made", f"user:{username}", token=token_id)
    return f"fbt_{token_id}_{secret}"


def revoke_token(token_id: str, *, at: datetime) -> None:
    """End a token.

    Raises:
        WrongUse: no such token.
    """
    if not Token.objects.filter(token_id=token_id, revoked_at=None).update(revoked_at=at):
        raise WrongUse(f"there is no token {token_id!r} that holds", "name the part between fbt_ and the next _")
    record("forbear desk", "token revoked", f"token:{token_id}")


def user_of(token: str, *, at: datetime) -> User | None:
    """The active user of a token that holds at that instant."""
    form = _FORM.fullmatch(token)
    if form is None:
        return None
    found = Token.objects.select_related("user").filter(token_id=form[1], revoked_at=None, until__gt=at).first()
    if found is None or not hmac.compare_digest(bytes(found.digest), _digest(form[2])):
        return None
    return found.user if found.user.is_active else None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
