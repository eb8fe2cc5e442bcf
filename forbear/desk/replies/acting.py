"""Acting on what a borrower wrote: the gate is told, the outbox emptied, a task opened; in the caller's transaction.

What each intent does is data (`effects.toml`). An intent that protects shuts the gate whatever rule packs are in force:
where none of them reads the facts that were told, contact is held for `HOLD`, until a person decides.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from django.db.models import Q

from forbear.conduct.replies import PROTECTING
from forbear.desk.audit.log import record
from forbear.desk.complaints import taking as complaints
from forbear.desk.contact.planning import cancel
from forbear.desk.record.gate import leave_of
from forbear.desk.record.models import Case, Fact
from forbear.desk.replies.models import Incoming, Task
from forbear.desk.wording.rendering import today_of

HOLD = timedelta(days=30)
"""How long contact is held when no rule in force knows the fact; a person ends it earlier."""
HELD_CHANNELS = ("call", "sms", "email", "chat", "app_push", "voice")
ACTOR = "forbear replies"


@dataclass(frozen=True)
class Effect:
    """What an intent does; see effects.toml."""

    task: str
    within: int
    facts: tuple[dict[str, Any], ...] = ()
    cancel: bool = False
    complaint: str = ""


@dataclass(frozen=True)
class Said:
    """A message that is acted on: whose, when, from which number (its pseudonym), what it said, how it was read."""

    borrower_id: str
    at: datetime
    channel: str
    text: str
    number: str | None = None
    grave: bool = False
    herself: bool = False
    incoming: Incoming | None = None
    by: Any = ACTOR
    more: dict[str, Any] = field(default_factory=dict)


@cache
def effects() -> dict[str, Effect]:
    """What each intent does."""
    table = tomllib.loads(files(__package__).joinpath("effects.toml").read_text("utf-8"))
    return {name: _effect(row) for name, row in table.items()}


def _effect(row: dict[str, Any]) -> Effect:
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return Effect(**given)


def act(intent: str, said: Said) -> None:
    """Do what an intent asks for; the caller holds the borrower's lock in a transaction."""
    effect = effects()[intent]
    for row in (*effect.facts, *_marks(intent, said)):
        _tell_the_gate(row, said)
    if effect.complaint:
        channel = said.channel if said.channel in complaints.CHANNELS else "letter"
        complaints.take(
            said.by, said.borrower_id, said.text or "–", said.at, channel=channel, kind=effect.complaint
        )
    if effect.cancel:
        cancel(said.borrower_id, intent, at=said.at)
    if intent in PROTECTING:
        _hold_if_open(intent, said)
    open_task(effect.task, said, effect.within)
    record(said.by, "reply.acted", f"borrower:{said.borrower_id}", intent=intent, channel=said.channel)


def open_task(kind: str, said: Said, within: int) -> Task:
    """Open a task for a person, whose case it is told; one of a kind stays one while it is open."""
    open_one = Task.objects.filter(borrower_id=said.borrower_id, kind=kind, done_at=None).first()
    if open_one is not None:
        return open_one
    case = Case.objects.filter(borrower_id=said.borrower_id, closed_at__isnull=True).first()
    return Task.objects.create(
        borrower_id=said.borrower_id,
        kind=kind,
        incoming=said.incoming,
        opened_at=said.at,
        due_on=today_of(said.borrower_id, said.at) + timedelta(days=within),
        told=case.claimed_by if case else None,
    )


def _marks(intent: str, said: Said) -> list[dict[str, Any]]:
    """Facts that the reading's marks add: in danger or gravely ill she is vulnerable; the one who died may be she."""
    if intent == "hardship" and said.grave:
        return [{"fact": "vulnerable"}]
    if intent == "bereavement" and said.herself:
        return [{"fact": "deceased"}]
    return []


def _tell_the_gate(row: dict[str, Any], said: Said) -> None:
    until = said.at + timedelta(days=row["days"]) if "days" in row else None
    number = said.number if row.get("number") else None
    known = Fact.objects.filter(
        Q(until__isnull=True) | Q(until__gt=until or said.at),
        borrower_id=said.borrower_id,
        fact=row["fact"],
        number=number,
    ).exclude(value="false")
    if known.filter(channel=None, loan_id=None).exists() and row["fact"] != "hardship":
        return
    Fact.objects.create(
        borrower_id=said.borrower_id,
        fact=row["fact"],
        value="true",
        since=said.at,
        until=until,
        number=number,
        by=said.by if hasattr(said.by, "pk") else None,
    )


def _hold_if_open(intent: str, said: Said) -> None:
    """Hold contact where no rule in force knows the fact: for a while, after a stop for good.

    Where the rules do not even know a request to stop (a lender under `us` alone, whose law binds agencies), what she
    declined holds: the outbox and the call screen ask for it beside the gate.
    """
    days = {} if intent == "stop" else {"days": HOLD.days}
    for fact in ("cease_request", "channel_declined"):
        if not any(leave.allowed for leave in leave_of(said.borrower_id, said.at, HELD_CHANNELS)):
            return
        _tell_the_gate({"fact": fact, **days}, said)
        record(said.by, "reply.held", f"borrower:{said.borrower_id}", intent=intent, by=fact)
