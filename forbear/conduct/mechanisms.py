"""The few mechanisms that give rules their meaning. Pure functions: parameters and a situation in, an outcome out.

Each does what `docs/gate.md` says of it. Time is counted where the borrower is: a calendar date, a clock's hand
and midnight are those of her zone, and where several zones are possible all of them must allow. Whatever is missing
is answered with the strictest reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from forbear.conduct import rules as r
from forbear.conduct.situation import CONVERSATION, FALSE, TRUE, Contact, Fact, Situation, is_said, known_zone, zone

NUMBER = re.compile(r"[+-]?[0-9]{1,20}([.][0-9]{1,12})?")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
BY_DEBT = ("debt", "collector")
"""Units that count each debt by itself."""
Mechanism = Callable[[Any, Situation, r.Rule], "Outcome"]
NEVER_HELD = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
FURTHEST_DAYS = 400
"""How many days ahead an opening is looked for; a window that opens less often than once a year is shut."""


@dataclass(frozen=True)
class Outcome:
    """What a mechanism says: the answer, until when (UTC) if deferred, why, and the facts it saw."""

    answer: r.Answer
    until: datetime | None = None
    reason: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def allow(**facts: Any) -> Outcome:
    """Allowed, with the facts seen."""
    return Outcome(r.Answer.allowed, facts=facts)


def defer(until: datetime, reason: str, /, **facts: Any) -> Outcome:
    """Deferred until an instant."""
    return Outcome(r.Answer.deferred, until.astimezone(UTC), reason, facts)


def deny(reason: str, /, **facts: Any) -> Outcome:
    """Denied."""
    return Outcome(r.Answer.denied, None, reason, facts)


# --- the clock ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clocks:
    """A window of the day in one or more zones."""

    zones: tuple[str, ...]
    opens: int
    closes: int
    open_edges: bool
    days: tuple[int, ...]
    holidays: str | None

    def shut_in(self, at: datetime) -> str | None:
        """The first zone in which the window is shut at `at`, or None."""
        return next((name for name in self.zones if not self._is_open(at.astimezone(zone(name)))), None)

    def _is_open(self, local: datetime) -> bool:
        return self._day_open(local.date()) and self._inside(local)

    def _day_open(self, day: date) -> bool:
        return day.isoweekday() in self.days and not (self.holidays and is_holiday(day, self.holidays))

    def _inside(self, local: datetime) -> bool:
        seconds = local.hour * 3600 + local.minute * 60 + local.second + local.microsecond / 1e6
        opens, closes = self.opens * 60, self.closes * 60
        after_open = seconds > opens if self.open_edges else seconds >= opens
        return (after_open and seconds < closes) if opens < closes else (after_open or seconds < closes)

    def next_open(self, at: datetime) -> datetime | None:
        """The first minute from `at` on in which every zone is open, or None within `FURTHEST_DAYS`."""
        until = at + timedelta(days=FURTHEST_DAYS)
        while at < until:
            shut = self.shut_in(at)
            if shut is None:
                return at
            at = self._opening(at, shut)
        return None

    def _opening(self, at: datetime, name: str) -> datetime:
        """The next instant after `at` at which one zone may open: its clock's opening, or a change of its clock."""
        place = zone(name)
        first = timedelta(minutes=self.opens + (1 if self.open_edges else 0))
        today = datetime.combine(at.astimezone(place).date(), time(), place)
        openings = ((today + ahead * DAY + first).replace(fold=fold) for ahead in range(3) for fold in (0, 1))
        opening = min(o for o in (local.astimezone(UTC) for local in openings) if o > at)
        return _clock_change(at, opening, place) or opening


def _clock_change(low: datetime, high: datetime, place: ZoneInfo) -> datetime | None:
    """The instant between two at which a zone's clock is put forward or back, or None."""
    before = low.astimezone(place).utcoffset()
    if before == high.astimezone(place).utcoffset():
        return None
    low = low.replace(second=0, microsecond=0)
    while high - low > MINUTE:
        middle = low + (high - low) // MINUTE // 2 * MINUTE
        low, high = (middle, high) if middle.astimezone(place).utcoffset() == before else (low, middle)
    return high


def midnight(day: date, place: Any) -> datetime:
    """The first instant of a date in a zone, UTC; where clocks skip midnight, the first that exists."""
    return datetime.combine(day, time(), place).astimezone(UTC)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


@cache
def _calendar(country: str) -> Any:
    import holidays  # slow to load; only rules that keep holidays free wait for it

    return holidays.country_holidays(country)


def is_holiday(day: date, country: str) -> bool:
    """Whether `day` is a public holiday of an ISO 3166 country, by the `holidays` library."""
    return day in _calendar(country)


def known_country(country: str) -> bool:
    """Whether the `holidays` library has a calendar of that name."""
    import holidays

    return country in holidays.list_supported_countries()


def hours(p: r.Hours, s: Situation, rule: r.Rule) -> Outcome:
    """Within a window of the day, in every zone where the borrower may be."""
    zones = s.zones() if p.zone == "borrower" else ((p.zone,) if known_zone(p.zone) else ())
    if not zones:
        return _nowhere(s)
    opens, closes = p.open, p.close
    name = rule.except_.fact if rule.except_ else ""
    known = s.value(name)
    if known is None and p.all_day and s.touching(name):
        return deny(f"{name} is not one thing for all that the act is about", **{name: None})
    said = known or "false"
    agreed = _window(said)
    if not agreed and said.strip().lower() not in TRUE | FALSE:
        return deny(f"{name} is {said!r}, no window such as 07:00-23:00", **{name: said})
    if agreed:
        opens, closes = agreed
    edges = p.edges == "open" and not agreed
    country = s.holidays if p.not_on_holidays else None
    window = Clocks(zones, _minutes(opens), _minutes(closes), edges, p.days, country)
    facts = {"zones": list(zones), "open": opens, "close": closes, "local": _locals(s.at, zones)}
    shut = window.shut_in(s.at)
    if shut is None:
        return allow(**facts)
    until = window.next_open(s.at)
    if until is None:
        return deny(f"the hours from {opens} to {closes} never come", **facts)
    return defer(until, f"outside {opens} to {closes} in {shut}", **facts)


def _nowhere(s: Situation, then: str = "") -> Outcome:
    """Denied: no zone is on record, or what is on record is no place."""
    said = s.value("time_zone")
    why = "the borrower's time zone is not known"
    if said and said.lower() not in TRUE:  # an empty cell reads as a yes
        why = f"time_zone is {said!r}, no name such as America/New_York"
    return deny(f"{why}{then}", time_zone=said)


def _window(said: str) -> tuple[str, str] | None:
    """The hours a value says ("07:00-23:00"), or None."""
    opens, _, closes = said.partition("-")
    try:
        opens, closes = r.clock(opens.strip()), r.clock(closes.strip())
    except ValueError:
        return None
    return (opens, closes) if opens != closes else None


def _locals(at: datetime, zones: Iterable[str]) -> list[str]:
    return [at.astimezone(zone(name)).isoformat() for name in zones]


# --- exceptions ---------------------------------------------------------------------------------------------------


def excepted(rule: r.Rule, s: Situation, at: datetime) -> bool:
    """Whether the rule's exception was on record, and not over, at an instant."""
    lifted = rule.except_
    if lifted is None:
        return False
    if lifted.limited and rule.unit in BY_DEBT and len(s.act.loans) > 1:
        return all(excepted(rule, s.about(loan), at) for loan in s.act.loans)
    held = s.covering(lifted.fact, at, true=True)
    return bool(s.together(f for f in held if at < _over_by(lifted, f, s, rule)) if lifted.limited else held)


def _over_by(lifted: r.Lifted, fact: Fact, s: Situation, rule: r.Rule) -> datetime:
    """When an exception that ends by itself is over: with its days, a later no, or a conversation after it began."""
    if fact.since is None or fact.value.strip().lower() not in TRUE:
        return NEVER_HELD
    since = fact.since
    ends = [f.since for f in s.facts if f.name == fact.name and f.false and f.since and s._touches(f)]
    ends = [at for at in ends if at >= since]
    if lifted.days is not None:
        zones = s.zones() or ((s.legal_zone,) if s.legal_zone else ())
        ends += [_over(since, lifted.days, None, name) for name in zones] or [NEVER_HELD]
    if lifted.ends_with:
        ends += [c.at for c in s.history if c.at > since and _ends_it(c, s, rule)]
    return min(ends, default=LAST)


def _by_debt(mechanism: Mechanism, p: Any, s: Situation, rule: r.Rule) -> Outcome | None:
    """Where an exception may lift some debts of the act and not others: each by itself, the strictest of them."""
    lifted = rule.except_
    if not (lifted and lifted.limited and rule.unit in BY_DEBT and len(s.act.loans) > 1):
        return None
    vouched = s.own(lifted.fact) is not None
    each = [s.about(loan) for loan in s.act.loans]
    left = [one for one in each if vouched or not excepted(rule, one, s.at)]
    outcomes = [mechanism(p, one, rule) for one in left]
    order = list(r.Answer)
    none_left = allow(**{"except": lifted.fact})
    return max(
        outcomes,
        key=lambda o: (order.index(o.answer), o.until or NEVER_HELD, o.facts.get("count", 0)),
        default=none_left,
    )


def _ends_it(past: Contact, s: Situation, rule: r.Rule) -> bool:
    """Whether a contact is a conversation with the person about the debt, as the rule counts person and debt."""
    own_debt = not past.loans or not s.act.loans or not set(past.loans).isdisjoint(s.act.loans)
    return (
        CONVERSATION in past.counts
        and (past.channel in rule.acts or not past.channel)
        and past.party == s.act.party
        and (rule.unit != "collector" or past.sender in ("", s.act.sender))
        and (rule.unit not in BY_DEBT or own_debt)
    )


# --- counting contacts --------------------------------------------------------------------------------------------


def _of_unit(s: Situation, unit: str, contacts: Iterable[Contact]) -> list[list[Contact]]:
    """The contacts that share one count with the act, a list for each count that the act would add to."""
    contacts = list(contacts)
    if unit == "person":
        return [contacts]
    if unit == "number":
        own = s.act.number
        return [[c for c in contacts if not own or not c.number or c.number == own]]
    if unit == "collector":
        contacts = [c for c in contacts if not c.sender or c.sender == s.act.sender]
    loans = s.act.loans or tuple(sorted({loan for c in contacts for loan in c.loans}))
    return [[c for c in contacts if not c.loans or loan in c.loans] for loan in loans] or [contacts]


def _counted(s: Situation, rule: r.Rule, kind: str, p: r.Frequency | r.Wait) -> list[Contact]:
    strange = {f.number for f in s.facts if f.name == p.not_to and f.number and f.true and f.holds(s.at)}
    return [
        c
        for c in s.history
        if c.at <= s.at
        and kind in c.counts
        and (c.channel in p.channels or not c.channel)
        and p.direction in (c.direction, "any")
        and (not {"any", c.party}.isdisjoint(p.parties) or ("same" in p.parties and c.party == s.act.party))
        and not (c.number and c.number in strange)
        and not _was_lifted(s, rule, c)
    ]


def _was_lifted(s: Situation, rule: r.Rule, past: Contact) -> bool:
    """Whether the rule's exception held when the contact was made, so that it is not counted."""
    return excepted(rule, s, past.at)


def frequency(p: r.Frequency, s: Situation, rule: r.Rule) -> Outcome:
    """At most `cap` contacts of a kind in a window that ends with the act."""
    of_debts = _by_debt(frequency, p, s, rule)
    if of_debts:
        return of_debts
    zones = s.zones()
    if not zones and p.window.days:
        return _nowhere(s, ", so her days are not")
    if p.cap == 0:
        return deny("none is allowed", cap=0)
    past = _counted(s, rule, p.count, p)
    most, until = 0, None
    for contacts in _of_unit(s, rule.unit, past):
        for name in zones or ("UTC",):
            leaves = sorted(t for t in (_leaves(c, p.window, name) for c in contacts) if t > s.at)
            most = max(most, len(leaves))
            if len(leaves) >= p.cap:
                free = leaves[len(leaves) - p.cap]
                until = max(until, free) if until else free
    facts = {"count": most, "cap": p.cap, "window": p.window.model_dump(exclude_none=True), "unit": rule.unit}
    return defer(until, f"{most} of {p.cap} used", **facts) if until else allow(**facts)


def _leaves(past: Contact, window: r.Window, name: str) -> datetime:
    """When a contact leaves the window."""
    return _over(past.at, window.days, window.hours, name)


def _over(event: datetime, days: int | None, hours: int | None, name: str) -> datetime:
    """The end of N calendar dates of which the event's own is the first, or of N hours."""
    if hours is not None:
        return event + timedelta(hours=hours)
    place = zone(name)
    return midnight(event.astimezone(place).date() + timedelta(days=days or 0), place)


def wait(p: r.Wait, s: Situation, rule: r.Rule) -> Outcome:
    """Nothing for a time after an event."""
    of_debts = _by_debt(wait, p, s, rule)
    if of_debts:
        return of_debts
    zones = s.zones() or ((s.legal_zone,) if s.legal_zone else ())
    if not zones and p.days:
        return _nowhere(s, ", so her days are not")
    if isinstance(p.after, r.AfterFact):
        held = [f for f in s.touching(p.after.fact) if f.true] + _ended(s, p.after.fact)
        if any(f.since is None for f in held):
            return deny(f"when {p.after.fact} began is not known")
        events = [f.since for f in held if f.since]
    else:
        past = _counted(s, rule, p.after, p)
        events = [c.at for contacts in _of_unit(s, rule.unit, past) for c in contacts]
    ends = [_over(e, p.days, p.hours, name) for e in events for name in zones or ("UTC",)]
    last = max(events, default=None)
    if not ends or max(ends) <= s.at:
        return allow(last=last)
    return defer(max(ends), f"too soon after {_event(p)}: {_length(p)}", last=last)


def _event(p: r.Wait) -> str:
    return p.after.fact if isinstance(p.after, r.AfterFact) else p.after


def _length(p: r.Wait) -> str:
    return f"{p.days} days" if p.days is not None else f"{p.hours} hours"


def _ended(s: Situation, name: str) -> list[Fact]:
    """Facts of that name that have ended since: the wait after them goes on."""
    past = [f for f in s.facts if f.name == name and f.until and f.until <= s.at and f.since and f.true]
    return [f for f in past if s._touches(f)]


# --- states and facts ---------------------------------------------------------------------------------------------


def bar(p: r.Bar, s: Situation, _rule: r.Rule) -> Outcome:
    """Nothing while a state holds."""
    on_act = [name for name in p.states if _says_yes(s.own(name), p.value)]
    if on_act:
        return deny(f"{', '.join(on_act)}", states=on_act)
    held = [f for name in p.states for f in s.touching(name) if _says_yes(f.value, p.value)]
    if not held:
        return allow(states=[])
    names = sorted({f.name for f in held})
    ends = [f.until for f in held if f.until]
    if len(ends) == len(held):
        return defer(max(ends), ", ".join(names), states=names)
    return deny(", ".join(names), states=names)


def _says_yes(value: str | None, wanted: str | None) -> bool:
    if value is None:
        return False
    return is_said(value, wanted) if wanted is not None else value.strip().lower() not in FALSE


def need(p: r.Need, s: Situation, _rule: r.Rule) -> Outcome:
    """Facts that must be known and true, or within bounds."""
    names = (*p.facts, *p.at_least, *p.at_most, *p.one_of)
    seen = {name: s.value(name) for name in names}
    wrong = [n for n in p.facts if (seen[n] or "").lower() not in TRUE]
    wrong += [n for n, least in p.at_least.items() if not _bounded(seen[n], at_least=least)]
    wrong += [n for n, most in p.at_most.items() if not _bounded(seen[n], at_most=most)]
    wrong += [n for n, known in p.one_of.items() if seen[n] not in known]
    if not wrong:
        return allow(**seen)
    missing = [n for n in wrong if seen[n] is None]
    said = [f"{n} is not known" if n in missing else f"{n} is {seen[n]}" for n in wrong]
    return deny("; ".join(said), **seen)


def _bounded(value: str | None, at_least: float | None = None, at_most: float | None = None) -> bool:
    if not NUMBER.fullmatch(value or ""):
        return False
    number = Decimal(value or "")
    low = at_least is None or number >= Decimal(str(at_least))
    return low and (at_most is None or number <= Decimal(str(at_most)))


def forbid(p: r.Forbid, s: Situation, _rule: r.Rule) -> Outcome:
    """Facts that must be known and false."""
    seen = {name: s.value(name) for name in p.facts}
    wrong = [n for n, value in seen.items() if (value or "").lower() not in FALSE or value is None]
    if not wrong:
        return allow(**seen)
    return deny("; ".join(f"{n} is {'not known' if seen[n] is None else seen[n]}" for n in wrong), **seen)


def notice(p: r.Notice, s: Situation, _rule: r.Rule) -> Outcome:
    """Notice given, and its days passed."""
    given = s.covering(p.fact, true=True)
    if not given:
        return deny(f"no {p.fact} on record")
    # Where several loans each have a notice the last of them counts; one that covers all may count alone.
    alone = [f for f in given if not f.loan]
    if any(f.since is None for f in (alone or given)):
        return deny(f"when {p.fact} was given is not known")
    sinces = [f.since for f in (alone or given) if f.since]
    since = min(sinces) if alone else _last_first(given)
    if p.days == 0:
        return allow(given=since)
    zones = s.zones() or ((s.legal_zone,) if s.legal_zone else ())
    if not zones:
        return deny("no time zone is known to count days in")
    days = {name: since.astimezone(zone(name)).date() for name in zones}
    until = max(notice_over(day, p, name, s.holidays) for name, day in days.items())
    return allow(given=since) if until <= s.at else defer(until, f"{p.fact}: {p.days} days", given=since)


def _last_first(given: Iterable[Fact]) -> datetime:
    """The day by which each loan had its first notice."""
    firsts: dict[str, datetime] = {}
    for fact in given:
        if fact.since:
            firsts[fact.loan] = min(fact.since, firsts.get(fact.loan, fact.since))
    return max(firsts.values())


def notice_over(day: date, p: r.Notice, name: str, country: str | None) -> datetime:
    """The instant (UTC) at which the days of a notice given on a local date are over."""
    place, left = zone(name), p.days
    if p.count_from == "same_day" and _counts(day, p, country):
        left -= 1
    while left:
        day += DAY
        left -= _counts(day, p, country)
    return midnight(day + DAY, place)


def _counts(day: date, p: r.Notice, country: str | None) -> bool:
    return not p.business or (day.isoweekday() <= 5 and not (country and is_holiday(day, country)))


def fresh(p: r.Fresh, s: Situation, _rule: r.Rule) -> Outcome:
    """A date that lies no further back than so many days or years."""
    dates = _dates_of(p.fact, s)
    known = min((d for d in dates if d), default=None)
    if known is None or (None in dates and p.missing == "deny"):
        return allow(**{p.fact: None}) if p.missing == "allow" else deny(f"{p.fact} is not known")
    ends = known + timedelta(days=p.days) if p.days is not None else _years_on(known, p.years or 0)
    today = s.legal_date()
    return (
        allow(**{p.fact: known})
        if today <= ends
        else deny(f"{p.fact} was on {known}, over since {ends}", **{p.fact: known})
    )


def _dates_of(name: str, s: Situation) -> list[date | None]:
    """A fact's date for each debt of the act: in its value, else the day on which it began to hold."""
    own = s.own(name)
    if own and DATE.match(own):
        return [_date_in(own)]
    return [_date_in(f.value) if not own and DATE.match(f.value) else _began(f) for f in s.deciding(name)]


def _date_in(value: str) -> date | None:
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None


def _began(fact: Fact) -> date | None:
    return fact.since.astimezone(UTC).date() if fact.since else None


def _years_on(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def party(p: r.PartyRule, s: Situation, _rule: r.Rule) -> Outcome:
    """Who may be addressed."""
    who = s.act.party
    if who in p.allow:
        return allow(party=who)
    reasons = p.allow_when.get(who, ())
    met = [name for name in reasons if (s.value(name) or "").lower() in TRUE]
    return allow(party=who, because=met) if met else deny(f"{who} may not be addressed", party=who)


def retain(p: r.Retain, s: Situation, _rule: r.Rule) -> Outcome:
    """Records are kept for a time."""
    name = s.legal_zone or (s.zones() or ("UTC",))[0]
    last: datetime | date | None
    if p.from_event == "last_contact":
        last = max((c.at for c in s.history), default=None)
        if last is None:
            return allow(last=None)
        day = last.astimezone(zone(name)).date()
    else:
        dates = _dates_of(p.from_event, s)
        known = [d for d in dates if d]
        if not known or len(known) < len(dates):
            return deny(f"{p.from_event} is not known")
        last = day = max(known)
    ends = day + timedelta(days=p.days) if p.days is not None else _years_on(day, p.years or 0)
    until = midnight(ends + DAY, zone(name))
    return allow(last=last) if until <= s.at else defer(until, "records must be kept", last=last)


MEANING: dict[str, Callable[[Any, Situation, r.Rule], Outcome]] = {
    "hours": hours,
    "frequency": frequency,
    "wait": wait,
    "bar": bar,
    "need": need,
    "forbid": forbid,
    "notice": notice,
    "fresh": fresh,
    "party": party,
    "retain": retain,
}
assert MEANING.keys() == r.MECHANISMS.keys()
