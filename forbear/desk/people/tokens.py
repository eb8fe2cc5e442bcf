"""Tokens of programs: made for a user of role service, for some of its actions, until a day; shown once.

A token is `fb_ID_SECRET`; of the secret (256 bits) the database has the SHA-256 alone. Making one is two steps, so that
it can be approved in between without a secret lying anywhere: the row is made, then whoever made it takes the token,
once. A token for an action that two people give is made by two people.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.audit.log import record
from forbear.desk.people.models import ServiceToken, User
from forbear.desk.people.rights import actions
from forbear.desk.people.roles import Role

LONGEST = timedelta(days=366)
"""A token lives no longer than this; a program that lives on is given a new one."""
PREFIX = "fb"


def make_token(
    by: Any, username: str, name: str, scopes: list[str], expires_at: datetime, at: datetime
) -> ServiceToken:
    """Make a token without its secret; `issue` hands it out.

    Args:
        by: the user who makes it, or a program's name.
        username: whose it is; of role service.
        name: what it is for.
        scopes: actions, of those that a service may do.
        expires_at: at most `LONGEST` from now.
        at: now.

    Raises:
        WrongUse: no such service, an action that a service may not do, or a day that is past or too far.
    """
    user = User.objects.filter(username=username, role=Role.SERVICE, is_active=True).first()
    if user is None:
        raise WrongUse(f"no service {username!r}", "make one: forbear desk user add NAME --role service")
    possible = {action.name for action in actions().values() if str(Role.SERVICE) in action.roles}
    if not scopes or (unknown := set(scopes) - possible):
        wrong = ", ".join(sorted(unknown)) if scopes else "nothing"
        raise WrongUse(f"a token for {wrong}: no service may", f"some of: {', '.join(sorted(possible))}")
    if not at < expires_at <= at + LONGEST:
        raise WrongUse("a token ends some day", f"within {LONGEST.days} days from now")
    if not name.strip():
        raise WrongUse("a token has a name", "say what it is for")
    with transaction.atomic():
        made = ServiceToken.objects.create(
            token_id=secrets.token_hex(6),
            user=user,
            name=name.strip(),
            scopes=sorted(set(scopes)),
            made_at=at,
            made_by=by if isinstance(by, str) else by.get_username(),
            expires_at=expires_at,
        )
        record(by, "token.made", f"token:{made.pk}", service=username, scopes=made.scopes, until=str(expires_at))
    return made


def issue(by: Any, token_id: str) -> str:
    """The token itself, once, to whoever made it.

    Raises:
        WrongUse: there is none of that id.
        PermissionDenied: another made it.
        AnswerIsNo: it was handed out before, or revoked.
    """
    with transaction.atomic():
        row = ServiceToken.objects.select_for_update().filter(pk=token_id).first()
        if row is None:
            raise WrongUse("there is no such token", "list them")
        if row.made_by != (by if isinstance(by, str) else by.get_username()):
            raise PermissionDenied("issue")
        if row.digest is not None or row.revoked_at is not None:
            raise AnswerIsNo("this token was handed out or revoked", "make another")
        secret = secrets.token_urlsafe(32)
        row.digest = _digest(secret)
        row.save(update_fields=["digest"])
        record(by, "token.issued", f"token:{token_id}")
    return f"{PREFIX}_{token_id}_{secret}"


def revoke(by: Any, token_id: str, at: datetime) -> bool:
    """End a token now; whether it was alive."""
    with transaction.atomic():
        if not ServiceToken.objects.filter(pk=token_id, revoked_at=None).update(revoked_at=at):
            return False
        record(by, "token.revoked", f"token:{token_id}")
    return True


def user_of(token: str, at: datetime) -> User | None:
    """The service whose token this is, with `token_scopes` on it; None when it is nobody's, over or revoked."""
    if not token.startswith(f"{PREFIX}_"):
        return None
    token_id, digest = parts_of(token)
    if not token_id.isalnum():
        return None
    row = ServiceToken.objects.select_related("user").filter(pk=token_id).first()
    known = bytes(row.digest) if row and row.digest else bytes(32)
    if not hmac.compare_digest(digest, known) or row is None:
        return None
    user = row.user
    if row.revoked_at or row.expires_at <= at or not user.is_active or user.role != Role.SERVICE:
        return None
    if row.last_used_at is None or row.last_used_at < at - timedelta(hours=1):
        note_use(token_id, at)
    user.token_scopes = frozenset(row.scopes)
    return user


def parts_of(token: str) -> tuple[str, bytes]:
    """A token's id, and the digest of its secret by which the database knows it."""
    _, _, rest = token.partition("_")
    token_id, _, secret = rest.partition("_")
    return token_id, _digest(secret)


def note_use(token_id: str, at: datetime) -> None:
    """Note that a token was used, to the hour."""
    stale = Q(last_used_at=None) | Q(last_used_at__lt=at - timedelta(hours=1))
    ServiceToken.objects.filter(stale, pk=token_id).update(last_used_at=at)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
