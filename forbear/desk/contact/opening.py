"""Opening channels: closed by default, opened to an allow-list or to everyone by two people, closed by one at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from forbear.basics.errors import WrongUse
from forbear.conduct.rules import CONTACTS
from forbear.desk.audit.log import record
from forbear.desk.contact.models import MODES, ChannelState
from forbear.desk.people.approvals import propose
from forbear.desk.people.models import Approval, User
from forbear.desk.record.models import Borrower

MOST_ALLOWED = 200
"""Borrowers on an allow-list; it is for trying a channel, not for running on it."""


def states() -> dict[str, ChannelState]:
    """Every channel with its state; one that nobody ever opened is closed."""
    held = {row.channel: row for row in ChannelState.objects.select_related("by", "approved_by")}
    return {channel: held.get(channel) or ChannelState(channel=channel) for channel in CONTACTS}


def propose_opening(user: User, channel: str, mode: str, allowed: Sequence[str], at: datetime) -> Approval:
    """Propose that a channel reaches an allow-list, or everyone; another person approves it.

    Raises:
        PermissionDenied: the user may not.
        WrongUse: no such channel or mode, or the list is empty, too long or names nobody.
    """
    listed = _fitting(channel, mode, allowed)
    payload = {"channel": channel, "mode": mode, "allowed": listed}
    return propose(user, "contact.open", payload, f"channel:{channel}", at)


def open_now(channel: str, mode: str, allowed: Sequence[str], *, by: User, approved_by: User, at: datetime) -> None:
    """Open a channel, once two people have said so.

    Raises:
        WrongUse: as `propose_opening`.
    """
    listed = _fitting(channel, mode, allowed)
    given = {"mode": mode, "allowed": listed, "by": by, "approved_by": approved_by, "since": at}
    with transaction.atomic():
        ChannelState.objects.update_or_create(channel=channel, defaults=given)
        record(approved_by, "contact.opened", f"channel:{channel}", mode=mode, allowed=listed, by=by.username)


def close(user: Any, channel: str, at: datetime) -> None:
    """Close a channel at once; one person is enough.

    Raises:
        WrongUse: no such channel.
    """
    if channel not in CONTACTS:
        raise WrongUse(f"no channel {channel!r}", f"one of: {', '.join(CONTACTS)}")
    with transaction.atomic():
        given = {"mode": "closed", "allowed": [], "by": user if hasattr(user, "pk") else None, "approved_by": None}
        ChannelState.objects.update_or_create(channel=channel, defaults={**given, "since": at})
        record(user, "contact.closed", f"channel:{channel}")


def _fitting(channel: str, mode: str, allowed: Sequence[str]) -> list[str]:
    if channel not in CONTACTS:
        raise WrongUse(f"no channel {channel!r}", f"one of: {', '.join(CONTACTS)}")
    if mode not in MODES or mode == "closed":
        raise WrongUse(f"no mode {mode!r}", "allow_list or open; closing needs no second person")
    listed = sorted({one.strip() for one in allowed if one.strip()})
    if mode == "open":
        return []
    if not 0 < len(listed) <= MOST_ALLOWED:
        raise WrongUse(f"{len(listed)} borrowers on the list", f"name 1 to {MOST_ALLOWED}")
    known = set(Borrower.objects.filter(pk__in=listed).values_list("pk", flat=True))
    if unknown := sorted(set(listed) - known):
        raise WrongUse(f"no borrower {unknown[0]!r}", "name borrowers of the book by their id")
    return listed
