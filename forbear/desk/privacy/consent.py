"""Consent with its history: each statement is a row that stays; what holds now is told to the gate as facts.

Agreeing begins a fact, taking back ends it, at the same instant and under the borrower's lock, so that no act is judged
on what is just changing. Consent taken back for one channel also ends a consent given for all: the strict reading.
"""

from __future__ import annotations

import tomllib
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import Q

from forbear.basics.errors import WrongUse
from forbear.conduct import sending
from forbear.desk.audit.log import record
from forbear.desk.record.models import Consent, Fact

SOURCES = ("contract", "call", "portal", "letter", "message", "visit")


@cache
def purposes() -> dict[str, dict[str, str]]:
    """What may be agreed to, by name: `about` and the gate's `fact`."""
    table = tomllib.loads(files(__package__).joinpath("consents.toml").read_text("utf-8"))
    return dict(table["purposes"])


def say(
    borrower_id: str,
    purpose: str,
    given: bool,
    at: datetime,
    *,
    source: str,
    by: Any,
    channel: str = "",
    until: datetime | None = None,
    wording: str = "",
) -> Consent:
    """Write down that a borrower agrees, or no longer does.

    Args:
        borrower_id: who.
        purpose: one of `purposes()`.
        given: whether she agrees.
        at: when she said so; not before what she said last.
        source: one of `SOURCES`: where she said it.
        by: the user who writes it down, or a program's name.
        channel: for this channel alone; empty: every channel.
        until: agreed until; None: until taken back.
        wording: name and version of the text she saw.

    Raises:
        WrongUse: no such purpose or source, or the instants do not fit.
    """
    if purpose not in purposes():
        raise WrongUse(f"no purpose {purpose!r}", f"one of: {', '.join(purposes())}")
    if source not in SOURCES:
        raise WrongUse(f"no source {source!r}", f"one of: {', '.join(SOURCES)}")
    if until is not None and (not given or until <= at):
        raise WrongUse("only consent that is given has an end, and it lies ahead", "leave `until` out")
    with transaction.atomic():
        sending.lock_borrower(connection, borrower_id)
        earlier = Consent.objects.filter(borrower_id=borrower_id, purpose=purpose, at__gt=at)
        if earlier.exists():
            raise WrongUse("she said something later on this already", "what she said last holds")
        made = Consent.objects.create(
            consent_id=uuid4().hex,
            borrower_id=borrower_id,
            purpose=purpose,
            channel=channel,
            given=given,
            at=at,
            until=until,
            source=source,
            wording=wording,
            by=by if hasattr(by, "pk") else None,
        )
        _tell_the_gate(made)
        facts = {"purpose": purpose, "given": given, "channel": channel, "source": source, "consent": made.pk}
        record(by, "consent.said", f"borrower:{borrower_id}", **facts)
    return made


def history(borrower_id: str) -> list[Consent]:
    """Everything she ever said, oldest first."""
    return list(Consent.objects.filter(borrower_id=borrower_id).order_by("at", "recorded_at"))


def holds(borrower_id: str, purpose: str, at: datetime, channel: str = "") -> bool:
    """Whether she agrees at an instant; for a channel, what she said of it or of all, whichever is later."""
    said = Consent.objects.filter(borrower_id=borrower_id, purpose=purpose, at__lte=at)
    last = said.filter(channel__in={"", channel}).order_by("-at", "-recorded_at").first()
    return bool(last and last.given and (last.until is None or last.until > at))


def _tell_the_gate(said: Consent) -> None:
    fact = purposes()[said.purpose]["fact"]
    if not fact:
        return
    open_facts = Fact.objects.filter(
        Q(until__isnull=True) | Q(until__gt=said.at), borrower_id=said.borrower_id, fact=fact
    )
    if said.channel:
        same = Q(channel=said.channel) if said.given else Q(channel=said.channel) | Q(channel__isnull=True)
        open_facts = open_facts.filter(same)
    open_facts.update(until=said.at)
    if said.given:
        Fact.objects.create(
            borrower_id=said.borrower_id,
            fact=fact,
            value="true",
            since=said.at,
            until=said.until,
            channel=said.channel or None,
            by=said.by,
        )
