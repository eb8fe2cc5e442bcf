"""The facts of a worked example on Regulation F as rows of the gate: acts, history and facts.

An example tells events (`call_placed`, `inbound_call_conversation`, `direct_prior_consent` ...) by date and time, or
in a few words ("6 calls by the agency"). Dates are the consumer's; where an example names no place, New York's.
What it leaves open is read plainly: one collector, one debt, the consumer herself, noon.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from forbear.basics.errors import WrongUse
from forbear.conduct.situation import RESULTS

PERSON, COLLECTOR, DEBT, PLACE = "P", "C1", "A", "America/New_York"
FIRST_DAY = date(2026, 6, 1)
"""Day 0 of examples that count days; a Monday, no clock changes near it."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
PLACES = {
    "Eastern": "America/New_York",
    "Central": "America/Chicago",
    "Mountain": "America/Denver",
    "Pacific": "America/Los_Angeles",
    "Arizona": "America/Phoenix",
    "Alaska": "America/Anchorage",
    "Hawaii": "Pacific/Honolulu",
    "Atlantic": "America/Puerto_Rico",
}
"""Zones by the names that examples use; any other is read as a name of the zone itself."""
STATES = {
    "written_request_original_creditor": "original_creditor_request_open",
    "written_dispute": "dispute_open",
    "cease_request": "cease_request",
    "attorney_notice": "represented",
}
"""Events that begin a state."""
CHANNELS = {"call": "call", "voicemail": "call", "text": "sms", "sms": "sms", "email": "email", "letter": "letter"}
COUNTED = re.compile(
    r"(\d+) (calls?|texts?|emails?|letters?)(?: by ([\w -]+?)| to (\w+))?(?= *[+,]|$| mentioning| in )"
)
Row = dict[str, Any]


@dataclass
class Told:
    """What an example tells, as rows; `placed` are the collector's own contacts, in order, as history rows."""

    zone: str
    debts: tuple[str, ...]
    collector: str = COLLECTOR
    history: list[Row] = field(default_factory=list)
    facts: list[Row] = field(default_factory=list)

    @property
    def placed(self) -> list[Row]:
        """The contacts that a collector made."""
        return [row for row in self.history if row["direction"] == "out"]

    def at(self, on: date | str, clock: str = "12:00") -> datetime:
        """An instant by the consumer's calendar and clock."""
        day = date.fromisoformat(on) if isinstance(on, str) else on
        return datetime.combine(day, time.fromisoformat(clock), ZoneInfo(self.zone))


def told(facts: Mapping[str, Any], zone: str | None = None) -> Told:
    """The rows of an example's facts.

    Raises:
        WrongUse: an event of a kind that is not known; names it.
    """
    events = facts.get("events", [])
    found = Told(
        zone or facts.get("consumer_tz") or PLACE, _debts(facts, events), facts.get("collector", COLLECTOR)
    )
    found.facts.append({"borrower_id": PERSON, "fact": "time_zone", "value": found.zone})
    rows = _in_words(events, found) if isinstance(events, str) else _listed(events, found)
    found.history = sorted(rows, key=lambda row: row["at"])
    return found


def _debts(facts: Mapping[str, Any], events: Any) -> tuple[str, ...]:
    """Every debt that is named; loans under one account number are one debt."""
    own = facts.get("debts")
    if isinstance(own, Mapping):
        return tuple(own)
    if isinstance(events, str):
        return (DEBT,)
    named = {d: None for e in events for d in (*e.get("debts", ()), *e.get("conversation_topics", ()))}
    return tuple(named) or (DEBT,)


def _listed(events: Sequence[Mapping[str, Any]], found: Told) -> Iterator[Row]:
    for event in events:
        kind = str(event["type"])
        if "consent" in kind and ("revo" in kind or "withdr" in kind):
            found.facts.append({**_consent(event, found), "value": "false", "until": None})
        elif kind.endswith(("consent", "consent_given")):
            found.facts.append(_consent(event, found))
        elif kind.startswith("wrong_number"):
            strange = {"fact": "wrong_number", "number": event.get("number", "")}
            found.facts.append({"borrower_id": PERSON, **strange, "since": when(event, found)})
        elif kind in STATES:
            found.facts.append({"borrower_id": PERSON, "fact": STATES[kind], "since": when(event, found)})
        elif kind != "validation_received":
            yield _contact(event, kind, found)


def _consent(event: Mapping[str, Any], found: Told) -> Row:
    since = when(event, found, "00:00")
    days = event.get("stated_period_days")
    until = found.at(since.date() + timedelta(days=days), "00:00") if days else None
    row = {"borrower_id": PERSON, "fact": "consent_to_call", "since": since, "until": until}
    debts = event.get("debts", ())
    return {**row, "loan_id": debts[0]} if len(debts) == 1 else row


def when(event: Mapping[str, Any], found: Told, clock: str = "12:00") -> datetime:
    """The instant of an event, told by date, by day counted from the first, or by day of the week."""
    day = event.get("date")
    if day is None:
        counted = event.get("day", 0)
        day = FIRST_DAY + timedelta(days=WEEKDAYS.index(counted) if counted in WEEKDAYS else int(counted))
    return found.at(day, event.get("time", clock))


def _contact(event: Mapping[str, Any], kind: str, found: Told) -> Row:
    """A contact by the words of its kind: whose it was, over what, and how it ended (`inbound_call_conversation`)."""
    words = kind.split("_")
    channel = next((CHANNELS[word] for word in words if word in CHANNELS), None)
    if channel is None:
        raise WrongUse(f"an event of type {kind!r} is not known", "see docs/regf-examples.md")
    debts = dict.fromkeys((*event.get("debts", ()), *event.get("conversation_topics", ())))
    ended = words[-1] if words[-1] in RESULTS else "" if channel == "call" else "delivered"
    return {
        "borrower_id": PERSON,
        "at": when(event, found),
        "channel": channel,
        "direction": "in" if words[0] in ("inbound", "consumer") else "out",
        "result": event.get("outcome", ended),
        "party": _party(event.get("person", "consumer")),
        "sender": event.get("collector", found.collector),
        "loan_id": list(debts or found.debts),
        "number": event.get("number", ""),
    }


def _party(person: str) -> str:
    return "borrower" if person == "consumer" else person


def _in_words(said: str, found: Told) -> Iterator[Row]:
    """Contacts told as a number of calls or messages: from the first day on, one a day and then a second on each."""
    for number, what, by, to in COUNTED.findall(said):
        for n in range(int(number)):
            yield {
                "borrower_id": PERSON,
                "at": found.at(FIRST_DAY + timedelta(days=n % 7), f"{9 + n // 7:02d}:00"),
                "channel": CHANNELS[what.rstrip("s")],
                "direction": "out",
                "result": "no_answer" if what.startswith("call") else "delivered",
                "party": _party(to or "consumer"),
                "sender": by or found.collector,
                "loan_id": list(found.debts),
            }
