"""The gate as the desk asks it: may this borrower be contacted now, by which channel, and if not, when.

Asking changes nothing (`leave_of`); `reserve` takes the borrower's lock, asks once more and writes the contact down
before it is made, in one transaction. What the lender vouches for on a channel (`Vouched`) goes along as facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, Subquery

from forbear.conduct import Cleared, Packs, Refusal, Verdict, judge_one, load_packs, sending
from forbear.conduct.situation import proposal
from forbear.desk.audit.log import record
from forbear.desk.record.models import Case, Contact, Vouched

CHANNELS = ("call", "sms", "app_push", "chat", "email", "voice", "letter", "visit")
"""Channels in the order in which people are shown them."""


@cache
def packs() -> Packs:
    """The packs that the desk enforces, read once."""
    return load_packs(settings.GATE_PACKS)


@dataclass(frozen=True)
class Leave:
    """The gate's answer for one channel at one instant."""

    channel: str
    verdict: Verdict

    @property
    def allowed(self) -> bool:
        """Whether the borrower may be contacted this way now."""
        return self.verdict.allowed

    @property
    def until(self) -> datetime | None:
        """The next lawful instant, if the answer is: not yet."""
        return self.verdict.until


def leave_of(
    borrower_id: str, at: datetime, channels: Sequence[str] = CHANNELS, *, sender: str = "lender"
) -> list[Leave]:
    """The gate's answer for each channel, on all contacts and facts as they are now; nothing is written."""
    past, facts = sending.known_of(connection, borrower_id)
    vouched = vouched_at(at)
    return [
        Leave(channel, judge_one(proposal(act, 1, None, "act"), facts, past, packs()))
        for channel in channels
        for act in (_act(borrower_id, channel, at, sender, vouched),)
    ]


def reserve(borrower_id: str, channel: str, at: datetime, *, by: Any, sender: str = "lender") -> Cleared | Refusal:
    """Ask for one contact now and, if the gate allows it, write it down; the contact's id is the act's.

    Raises:
        WrongUse: no such channel.
    """
    with transaction.atomic():
        now = sending.lock_borrower(connection, borrower_id)
        contact_id = sending.new_contact_id()
        act = {**_act(borrower_id, channel, now, sender, vouched_at(at)), "act_id": contact_id}
        said = sending.reserve(connection, act, packs(), contact_id=contact_id)
        if isinstance(said, Cleared):
            Contact.objects.filter(contact_id=contact_id).update(by=by, strategy=Subquery(_strategy(borrower_id)))
            record(by, "contact.reserved", f"borrower:{borrower_id}", contact=contact_id, channel=channel)
        else:
            record(by, "contact.refused", f"borrower:{borrower_id}", channel=channel, rules=list(said.codes))
    return said


def _act(
    borrower_id: str, channel: str, at: datetime, sender: str, vouched: dict[str, dict[str, str]]
) -> dict[str, Any]:
    act = {"borrower_id": borrower_id, "channel": channel, "at": at, "sender": sender}
    return {**vouched.get(channel, {}), **act}


def _strategy(borrower_id: str) -> Any:
    """The strategy of the borrower's open case, for the board."""
    return Case.objects.filter(borrower_id=borrower_id, closed_at__isnull=True).values("strategy")[:1]


def vouched_at(at: datetime) -> dict[str, dict[str, str]]:
    """What is vouched for at an instant: facts and values by channel."""
    found: dict[str, dict[str, str]] = {}
    for row in Vouched.objects.filter(Q(until__isnull=True) | Q(until__gt=at), since__lte=at):
        found.setdefault(row.channel, {})[row.fact] = row.value
    return found
