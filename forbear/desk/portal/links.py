"""The link to a borrower's page: signed, with a mark of its own, for a time; used once, it opens for that device alone.

    make("B1")        https://…/my/in/<token>

The token names her, a random mark and the instant (Django's signing under a salt of its own), so that nothing is kept
until somebody comes in by it. It opens nothing by itself: the second check stands behind it (`checking`). All links of
a borrower that were made until now are taken back with `take_back`, as when her number turned out to be another's.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from django.conf import settings
from django.core import signing
from django.urls import reverse

from forbear.desk.audit.log import record
from forbear.desk.portal.models import Door, UsedLink
from forbear.desk.record.models import Borrower

LASTS = timedelta(days=14)
SALT = "forbear.link.page"


@dataclass(frozen=True)
class Opened:
    """A link that is genuine and in time: whose, the digest of its mark, when it was made."""

    borrower_id: str
    digest: str
    made_at: datetime


def make(borrower_id: str) -> str:
    """The whole address of a new link; two for the same borrower are never the same."""
    token = signing.dumps([borrower_id, token_urlsafe(12)], salt=SALT)
    return f"{settings.PUBLIC_URL.scheme}://{settings.PUBLIC_URL.netloc}{reverse('portal:door', args=[token])}"


def read(token: str) -> Opened | None:
    """Whose link it is; None: it was not made here, is for another purpose, or has expired."""
    try:
        told = signing.loads(token, salt=SALT, max_age=LASTS)
        made_at = signing.b62_decode(token.rsplit(":", 2)[1])
    except (signing.BadSignature, ValueError, IndexError):
        return None
    if not (isinstance(told, list) and len(told) == 2 and all(isinstance(one, str) for one in told)):
        return None
    return Opened(told[0], digest_of(told[1]), datetime.fromtimestamp(made_at, UTC))


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def holds(link: Opened, device: str) -> bool:
    """Whether the link still opens for this device (what its cookie holds; empty: none)."""
    if not Borrower.objects.filter(pk=link.borrower_id).exists():
        return False
    since = Door.objects.filter(pk=link.borrower_id).values_list("links_from", flat=True).first()
    if since is not None and link.made_at <= since:
        return False
    used = UsedLink.objects.filter(pk=link.digest).first()
    return used is None or used.device == digest_of(device)


def take_back(borrower_id: str, at: datetime, by: Any) -> None:
    """Let no link that was made until now open anything, and end the visits that came by them."""
    from forbear.desk.portal.models import Visit

    Door.objects.update_or_create(borrower_id=borrower_id, defaults={"links_from": at})
    Visit.objects.filter(borrower_id=borrower_id, ended_at=None).update(ended_at=at)
    record(by, "portal.links_taken_back", f"borrower:{borrower_id}")
