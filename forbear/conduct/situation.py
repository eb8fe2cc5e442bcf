"""What the gate looks at: one act, the facts that hold, and the contacts that were.

Rows come in as mappings of text (see `docs/gate.md`); here they become plain immutable values. What is unknown is
read at its strictest: an unknown result of a call counts as everything a call can be, an unknown number as any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache, cached_property
from typing import Any
from zoneinfo import ZoneInfo

from forbear.basics.errors import WrongUse
from forbear.conduct.rules import ACTS, PARTIES

TRUE = frozenset(("true", "yes", "y", "1", "t"))
FALSE = frozenset(("false", "no", "n", "0", "f"))

DIAL, ATTEMPT, CONNECTION, CONVERSATION, UNANSWERED = "dial", "attempt", "connection", "conversation", "unanswered"
_SPOKE = frozenset((DIAL, ATTEMPT, CONNECTION, CONVERSATION))
_ANSWERED = frozenset((DIAL, ATTEMPT, CONNECTION))
_RANG = frozenset((DIAL, ATTEMPT, UNANSWERED))
_NEVER_REACHED = frozenset((DIAL, UNANSWERED))
_WRITTEN = frozenset((DIAL, ATTEMPT))
_UNKNOWN = frozenset((DIAL, ATTEMPT, CONNECTION, CONVERSATION, UNANSWERED))
RESULTS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("conversation", "connected", "answered", "promise", "refused"), _SPOKE),
    **dict.fromkeys(("dropped", "hung_up", "third_party", "wrong_number"), _ANSWERED),
    **dict.fromkeys(("no_answer", "voicemail", "voicemail_limited_content", "voicemail_full", "rejected"), _RANG),
    **dict.fromkeys(("rings_unanswered", "unanswered", "recorded_announcement"), _RANG),
    **dict.fromkeys(("voicemail_message_left", "left_message", "message_left"), _RANG),
    **dict.fromkeys(("busy", "not_in_service", "failed", "not_connected"), _NEVER_REACHED),
    **dict.fromkeys(("busy_signal", "number_not_in_service", "out_of_service"), _NEVER_REACHED),
    **dict.fromkeys(("sent", "delivered", "read", "bounced", "undelivered"), _WRITTEN),
}
"""What each result of a contact counts as."""

PORTAL = "portal"
"""Her own page, which she visits herself: known, and counted by no rule."""


def says_otherwise(value: str, wanted: str) -> bool:
    """Whether a value is known to be another than `wanted`; what is neither yes nor no is no answer to yes or no."""
    said, wished = value.strip().lower(), wanted.lower()
    if wished in TRUE:
        return said in FALSE
    return said in TRUE if wished in FALSE else said != wished


def is_said(value: str, wanted: str) -> bool:
    """Whether a value is `wanted`, however it is written: a yes is any yes, a no any no."""
    said, wished = value.strip().lower(), wanted.lower()
    return said == wished or any(said in words and wished in words for words in (TRUE, FALSE))


def known_party(party: str) -> str:
    """`party` if it is one the gate knows; else the borrower, whose contacts count in every cap."""
    return party if party in PARTIES else "borrower"


def known_channel(channel: str) -> str:
    """`channel` if it is one the gate knows, or her own page; else none, and the contact counts on every channel."""
    return channel if channel in ACTS or channel == PORTAL else ""


def counts_as(result: str) -> frozenset[str]:
    """The classes a result counts in; an unknown or empty one counts in all."""
    return RESULTS.get(result, _UNKNOWN)


@dataclass(frozen=True)
class Proposal:
    """An act somebody wants to do.

    Attributes:
        at: instant, UTC.
        loans: the debts it is about; empty is all of the borrower's.
        facts: facts of the act alone, by name.
    """

    act_id: str
    borrower_id: str
    channel: str
    at: datetime
    loans: tuple[str, ...] = ()
    sender: str = "lender"
    actor: str = "lender"
    party: str = "borrower"
    number: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    def moved(self, at: datetime) -> Proposal:
        """The same act at another instant."""
        return replace(self, at=at)


@dataclass(frozen=True)
class Contact:
    """One contact of the past, in or out; `at` in UTC."""

    borrower_id: str
    at: datetime
    channel: str
    direction: str = "out"
    counts: frozenset[str] = _UNKNOWN
    party: str = "borrower"
    sender: str = ""
    loans: tuple[str, ...] = ()
    number: str = ""
    contact_id: str = ""


@dataclass(frozen=True)
class Fact:
    """Something known of a borrower, from `since` (included) until `until` (excluded)."""

    borrower_id: str
    name: str
    value: str = "true"
    since: datetime | None = None
    until: datetime | None = None
    loan: str = ""
    number: str = ""
    sender: str = ""
    channel: str = ""

    def holds(self, at: datetime) -> bool:
        """Whether it holds at an instant."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    @property
    def true(self) -> bool:
        """Whether its value says yes (a value that is no truth value says yes by being there)."""
        return self.value.strip().lower() not in FALSE

    @property
    def false(self) -> bool:
        """Whether its value says no."""
        return self.value.strip().lower() in FALSE


@dataclass(frozen=True)
class Situation:
    """One act with all that is known about its borrower, and the pack's legal zone."""

    act: Proposal
    facts: tuple[Fact, ...]
    history: tuple[Contact, ...]
    legal_zone: str | None = None
    holidays: str | None = None

    @property
    def at(self) -> datetime:
        """The act's instant, UTC."""
        return self.act.at

    def about(self, loan: str) -> Situation:
        """The same act, about one debt alone."""
        return replace(self, act=replace(self.act, loans=(loan,)))

    def own(self, name: str) -> str | None:
        """The act's own fact, or None."""
        value = self.act.facts.get(name)
        return value if value not in (None, "") else None

    def touching(self, name: str, at: datetime | None = None) -> tuple[Fact, ...]:
        """Facts of that name that hold and touch the act in any part: for what forbids."""
        when = at or self.at
        return tuple(f for f in self.facts if f.name == name and f.holds(when) and self._touches(f))

    def covering(self, name: str, at: datetime | None = None, *, true: bool = False) -> tuple[Fact, ...]:
        """Facts of that name (only those that say yes) that hold and together cover the whole act: for what permits."""
        return self.together(f for f in self.touching(name, at) if self._fits(f) and (f.true or not true))

    def together(self, facts: Iterable[Fact]) -> tuple[Fact, ...]:
        """`facts` if between them they cover every debt the act is about, else none."""
        held = tuple(facts)
        if any(not f.loan for f in held):
            return held
        covered = {f.loan for f in held}
        return held if self.act.loans and covered.issuperset(self.act.loans) else ()

    def _touches(self, fact: Fact) -> bool:
        act = self.act
        return (
            (not fact.loan or not act.loans or fact.loan in act.loans)
            and (not fact.number or not act.number or fact.number == act.number)
            and (not fact.sender or fact.sender == act.sender)
            and (not fact.channel or fact.channel == act.channel)
        )

    def _fits(self, fact: Fact) -> bool:
        return not fact.number or fact.number == self.act.number

    def value(self, name: str) -> str | None:
        """What is known of `name`: the act's own fact, else what the latest of the borrower's say of all its debts.

        Where they say one thing of one debt and another of the next, nothing is known of both.
        """
        own = self.own(name)
        if own is not None:
            return own
        values = {f.value for f in self.deciding(name)}
        return values.pop() if len(values) == 1 else None

    def deciding(self, name: str) -> tuple[Fact, ...]:
        """The latest fact of that name for each debt the act is about; none when some debt has none."""
        held = self.covering(name)
        loans = self.act.loans or {f.loan for f in held}
        latest = (max((f for f in held if f.loan in ("", loan)), key=_recency) for loan in loans if held)
        return tuple(dict.fromkeys(latest))

    def zones(self) -> tuple[str, ...]:
        """The zones where the borrower may be; empty when that is not known, or some name is no zone."""
        return self._zones

    @cached_property
    def _zones(self) -> tuple[str, ...]:
        own = self.own("time_zone")
        values = [own] if own else [f.value for f in self.touching("time_zone")]
        names = sorted({name.strip() for value in values for name in value.split("|")})
        return tuple(names) if names and all(known_zone(name) for name in names) else ()

    def legal_date(self) -> date:
        """The date on which law judges the act: in the pack's zone, else the borrower's, else UTC."""
        zones = (self.legal_zone,) if self.legal_zone else self.zones()
        return self.at.astimezone(zone(zones[0]) if zones and zones[0] else UTC).date()


def _since(fact: Fact) -> datetime:
    return fact.since or datetime.min.replace(tzinfo=UTC)


def _recency(fact: Fact) -> tuple[datetime, str]:
    return _since(fact), fact.value


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name."""
    return ZoneInfo(name)


@cache
def known_zone(name: str) -> bool:
    """Whether `name` is an IANA zone with a place in it; `UTC` and offsets are no place where people live."""
    try:
        zone(name)
    except (OSError, ValueError, KeyError):  # not found, a folder of names, or no name at all
        return False
    return "/" in name and not name.startswith(("Etc/", "posix/", "right/"))


ACT_COLUMNS = frozenset(
    ("act_id", "borrower_id", "channel", "at", "loan_id", "sender", "actor", "party", "number", "time_zone_")
)
"""Columns of a table of acts that are no facts."""


FIRST_YEAR, LAST_YEAR = 1900, 2200
"""What clocks are asked about. A fact may end later: some write the year 9999 for an end that never comes."""


def instant(value: Any, where: str, latest: int = LAST_YEAR) -> datetime:
    """An instant with its zone, as UTC.

    Raises:
        WrongUse: not an instant, without a zone, or before 1900 or after the year `latest`.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError as bad:
            raise WrongUse(f"{where}: {value!r} is not an instant", "write 2026-06-30T21:59:00+08:00") from bad
    if not isinstance(value, datetime):
        raise WrongUse(f"{where}: {value!r} is not an instant", "write 2026-06-30T21:59:00+08:00")
    if value.tzinfo is None:
        raise WrongUse(f"{where}: {value} has no zone", "write the offset too: 2026-06-30T21:59:00+08:00")
    if not FIRST_YEAR <= value.year <= latest:
        raise WrongUse(f"{where}: {value} lies too far off", f"the years known are {FIRST_YEAR} to {latest}")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _text(row: Mapping[str, Any], name: str, default: str = "") -> str:
    value = row.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    return default if value is None or str(value).strip() == "" else str(value).strip()


def _list(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = row.get(name)
    if isinstance(value, list | tuple):
        return tuple(str(v).strip() for v in value)
    return tuple(part.strip() for part in _text(row, name).split("|") if part.strip())


def _borrower(row: Mapping[str, Any], where: str) -> str:
    found = _text(row, "borrower_id")
    if found:
        return found
    if "borrower_id" in row:
        raise WrongUse(f"{where}: borrower_id is missing")
    there = ", ".join(str(name) for name in row)
    raise WrongUse(f"{where}: borrower_id is missing; the columns are {there}", "see docs/gate.md for their names")


def _one_of(value: str, allowed: Sequence[str], where: str, name: str) -> str:
    if value not in allowed:
        raise WrongUse(f"{where}: {name} is {value!r}", f"known are {', '.join(allowed)}")
    return value


def proposal(row: Mapping[str, Any], number: int, at: datetime | None, source: str = "acts") -> Proposal:
    """An act from a row.

    Raises:
        WrongUse: a required value is missing or unknown; names the row.
    """
    where = f"{source}, row {number}"
    borrower = _borrower(row, where)
    when = row.get("at")
    if when in (None, "") and at is None:
        raise WrongUse(f"{where}: at is missing", "give each act its instant, or one for all with --at")
    sender = _text(row, "sender", "lender")
    facts = {k: _text(row, k) for k in row if k not in ACT_COLUMNS and k is not None and _text(row, k)}
    return Proposal(
        act_id=_text(row, "act_id", str(number)),
        borrower_id=borrower,
        channel=_one_of(_text(row, "channel").lower(), ACTS, where, "channel"),
        at=instant(when, f"{where}, at") if when not in (None, "") else at.astimezone(UTC),  # type: ignore[union-attr]
        loans=_list(row, "loan_id"),
        sender=sender,
        actor=_one_of(
            _text(row, "actor", "lender" if sender == "lender" else "agency"), ("lender", "agency"), where, "actor"
        ),
        party=_one_of(_text(row, "party", "borrower").lower(), PARTIES, where, "party"),
        number=_text(row, "number"),
        facts=facts,
    )


def contact(row: Mapping[str, Any], number: int, source: str = "history") -> Contact:
    """A contact of the past from a row.

    Raises:
        WrongUse: a required value is missing; names the row.
    """
    where = f"{source}, row {number}"
    borrower = _borrower(row, where)
    return Contact(
        borrower_id=borrower,
        at=instant(row.get("at"), f"{where}, at"),
        channel=known_channel(_text(row, "channel").lower()),
        direction=_one_of(_text(row, "direction", "out").lower(), ("out", "in"), where, "direction"),
        counts=counts_as(_text(row, "result").lower()),
        party=known_party(_text(row, "party", "borrower").lower()),
        sender=_text(row, "sender"),
        loans=_list(row, "loan_id"),
        number=_text(row, "number"),
        contact_id=_text(row, "contact_id"),
    )


_FACT_COLUMNS = ("loan_id", "number", "sender", "channel")


def facts_of(rows: Iterable[Mapping[str, Any]], source: str = "facts", *, recorded: bool = False) -> list[Fact]:
    """Facts from rows, long (a column `fact`) or wide (each column a fact).

    Args:
        rows: a row a fact, or a row a borrower; see `docs/gate.md`.
        source: what an error calls them.
        recorded: they are the desk's own record, where one that ends before it begins never held.

    Raises:
        WrongUse: a row without borrower, with an instant that is none, or that ends before it begins; names the row.
    """
    found: list[Fact] = []
    for number, row in enumerate(rows, start=1):
        where = f"{source}, row {number}"
        borrower = _borrower(row, where)
        if "fact" in row:
            found.append(_long_fact(row, borrower, where, recorded))
        else:
            names = (n for n in row if n != "borrower_id" and _text(row, n))
            found.extend(Fact(borrower, name, _text(row, name)) for name in names)
    return found


def _long_fact(row: Mapping[str, Any], borrower: str, where: str, recorded: bool) -> Fact:
    name = _text(row, "fact")
    if not name:
        raise WrongUse(f"{where}: fact is missing")
    since, until = (
        instant(row[c], f"{where}, {c}", 9999) if row.get(c) not in (None, "") else None for c in ("since", "until")
    )
    if since and until and until < since and not recorded:
        raise WrongUse(
            f"{where}: {name} ends at {until.isoformat()}, before it begins at {since.isoformat()}",
            "since is when it began, until when it was over; leave until empty while it lasts",
        )
    loan, number, sender, channel = (_text(row, c) for c in _FACT_COLUMNS)
    return Fact(borrower, name, _text(row, "value", "true"), since, until, loan, number, sender, channel)
