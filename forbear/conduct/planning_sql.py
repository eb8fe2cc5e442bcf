"""The rules as SQL conditions, each at the level where it can be decided once for many acts.

A clause is a rule with the parameters of one span of dates. It says when it is not asked, lifted, denies or defers, each
as conditions on one of the tables that `planning` prepares: `k` (kinds of act: channel, sender, party, facts of the act),
`s` (subjects: what is known of people), `t` (the clock: minutes in a place), `c` (contacts of people who had many), `a`
(the act beside all of them). The SQL is DuckDB's, kept to what sqlglot renders for Spark. What each mechanism means is
`mechanisms`; a property test holds both equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from forbear.conduct import rules as r
from forbear.conduct.situation import FALSE, TRUE
from forbear.conduct.stack import Pack, Packs

EPOCH = date(1970, 1, 1)
WORD = 60
"""Bits used of a whole number of 64: one for each clause."""
FAR = 2932896
"""The last day SQL engines agree on (9999-12-31), as days since 1970."""


@dataclass(frozen=True)
class Clause:
    """A rule's parameters and the legal days, since 1970, on which they are in force (until: excluded).

    Attributes:
        who: where given, only acts addressed to these; `but`: only acts addressed to others. A rule on parties is cut
            into clauses, one for each party that has reasons of its own.
    """

    number: int
    pack: Pack
    rule: r.Rule
    parameters: Any
    from_day: int
    until_day: int
    who: tuple[str, ...] = ()
    but: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A short name for the clause's own columns."""
        return f"k{self.number}"

    @property
    def pack_key(self) -> str:
        """A short name for columns that depend on the pack's zone."""
        return "p_" + (self.pack.head.zone or "own").replace("/", "_").replace("-", "_").replace("+", "_").lower()


def clauses_of(
    packs: Packs, channels: frozenset[str], first: date = date.min, last: date = date.max
) -> list[Clause]:
    """The clauses of every rule that governs one of the channels on some day between two, with a day to spare."""
    begin, end = (first - EPOCH).days - 2, (last - EPOCH).days + 2
    found = [
        part
        for pack, rule in packs.rules
        if channels & set(rule.acts)
        for entry, begins, ends in _spans(rule)
        if begins <= end and begin < ends
        for part in _by_party(Clause(0, pack, rule, entry, begins, ends))
    ]
    return [replace(c, number=number) for number, c in enumerate(found)]


def _by_party(c: Clause) -> list[Clause]:
    """A clause on parties as one for each party with reasons of its own, and one for the rest."""
    reasons = tuple(getattr(c.parameters, "allow_when", ()))
    return [replace(c, but=reasons), *(replace(c, who=(who,)) for who in reasons)]


def _spans(rule: r.Rule) -> list[tuple[Any, int, int]]:
    begins = _day(rule.in_force.from_, -FAR)
    ends = _day(rule.in_force.until, FAR)
    starts = [_day(p.from_, -FAR) for p in rule.parameters]
    nexts = [*starts[1:], FAR]
    spans = [(p, max(s, begins), min(n, ends)) for p, s, n in zip(rule.parameters, starts, nexts, strict=True)]
    return [span for span in spans if span[1] < span[2]]


def _day(day: date | None, default: int) -> int:
    return default if day is None else (day - EPOCH).days


def text(value: str) -> str:
    """An SQL string."""
    return "'" + value.replace("'", "''") + "'"


def texts(values: Any) -> str:
    """An SQL list of strings."""
    return ", ".join(text(v) for v in sorted(values))


def among(expression: str, values: Any) -> str:
    """Whether a text is one of some; never NULL. (Many lists after IN are slow to prepare: each becomes a join.)"""
    cases = " ".join(f"WHEN {text(v)} THEN TRUE" for v in sorted(values))
    return f"(CASE {expression} {cases} ELSE FALSE END)" if cases else "FALSE"


def is_true(expression: str) -> str:
    """Whether a text is a yes; never NULL."""
    return among(f"LOWER({expression})", TRUE)


def is_false(expression: str) -> str:
    """Whether a text is a no; never NULL."""
    return among(f"LOWER({expression})", FALSE)


@dataclass(frozen=True)
class Columns:
    """Which facts the data holds at all, so that what is absent costs nothing.

    Attributes:
        own: facts that acts carry themselves.
        known: facts on record of people.
        both: those of `own` that must be read together with what is on record.
    """

    own: frozenset[str]
    known: frozenset[str]
    both: frozenset[str]

    def level(self, name: str) -> str:
        """Where a fact's value is known: with the kind of act, or with the subject."""
        return "s" if name in self.known or name in self.both else "k"

    def own_value(self, name: str) -> str:
        """The act's own fact, or NULL."""
        return f"k.f_{name}" if name in self.own else NOTHING

    def value(self, name: str) -> str:
        """The fact as `Situation.value` gives it, or NULL."""
        if self.level(name) == "k":
            return self.own_value(name)
        known = f"s.v_{name}" if name in self.known else NOTHING
        return f"COALESCE(s.f_{name}, {known})" if name in self.both else known

    def own_at(self, name: str) -> str:
        """The act's own fact where the fact is known, or NULL."""
        if self.level(name) == "k":
            return self.own_value(name)
        return f"s.f_{name}" if name in self.both else NOTHING


NOTHING = "CAST(NULL AS VARCHAR)"
LONG_AGO = "TIMESTAMP '0001-01-01 00:00:00'"
Conditions = list[tuple[str, str]]
"""Pairs of level and condition; conditions are never NULL."""


@dataclass
class Says:
    """What a clause says: conditions, and the instant until which it defers."""

    unasked: Conditions = field(default_factory=list)
    lifted: Conditions = field(default_factory=list)
    denied: Conditions = field(default_factory=list)
    deferred: Conditions = field(default_factory=list)
    until: str = ""


def _hours(c: Clause, _columns: Columns, said: Says) -> None:
    said.denied.append(("t", f"t.{c.key}_unknown"))
    said.deferred.append(("t", f"t.{c.key}_shut"))
    said.until = f"t.{c.key}_opens"


def _count(c: Clause, _columns: Columns, said: Says) -> None:
    p = c.parameters
    if p.window.days:
        said.denied.append(("s", "s.no_zone"))
    if p.cap == 0:
        said.denied.append(("k", "TRUE"))
    else:
        said.deferred.append(("c", f"COALESCE(c.{c.key}_count, 0) >= {p.cap}"))
        said.until = f"c.{c.key}_free"


def _wait(c: Clause, columns: Columns, said: Says) -> None:
    p = c.parameters
    if p.days and not c.pack.head.zone:
        said.denied.append(("s", "s.no_zone"))
    if not isinstance(p.after, r.AfterFact):
        said.deferred.append(("c", f"COALESCE(c.{c.key}_over > c.moment, FALSE)"))
        said.until = f"c.{c.key}_over"
    elif p.after.fact in columns.known:
        said.denied.append(("s", f"s.u_{p.after.fact}"))
        _until(c, said)


def _until(c: Clause, said: Says) -> None:
    """Deferred while an instant that the subject has is still to come."""
    said.until = f"s.{c.key}_over"
    said.deferred.append(("a", f"COALESCE(s.{c.key}_over > a.moment, FALSE)"))


def _bar(c: Clause, columns: Columns, said: Says) -> None:
    p = c.parameters
    said.denied += [("k", yes(f"k.f_{n}", p.value)) for n in p.states if n in columns.own]
    if columns.known & set(p.states):
        word, bit = divmod(c.number, WORD)
        said.denied.append(("s", f"(COALESCE(s.bar_d{word}, 0) & {1 << bit}) <> 0"))
        said.deferred.append(("s", f"(COALESCE(s.bar_w{word}, 0) & {1 << bit}) <> 0"))
        said.until = f"s.{c.key}_barred"


def _alike(wanted: str) -> frozenset[str]:
    """The ways of writing a value: any yes for a yes, any no for a no; the twin of `situation.is_said`."""
    wished = wanted.lower()
    return next((words for words in (TRUE, FALSE) if wished in words), frozenset((wished,)))


def other(expression: str, wanted: str) -> str:
    """Whether a text is known to be another value; never NULL. The twin of `situation.says_otherwise`."""
    wished = wanted.lower()
    if wished in TRUE:
        return is_false(expression)
    return is_true(expression) if wished in FALSE else f"COALESCE(LOWER({expression}) <> {text(wished)}, FALSE)"


def yes(expression: str, wanted: str | None) -> str:
    """Whether a state's value says that it holds; never NULL."""
    if wanted is not None:
        return among(f"LOWER({expression})", _alike(wanted))
    return f"({expression} IS NOT NULL AND NOT {is_false(expression)})"


def _number(expression: str) -> str:
    shape = f"REGEXP_MATCHES({expression}, '^[+-]?[0-9]{{1,20}}([.][0-9]{{1,12}})?$')"
    return f"CASE WHEN {shape} THEN CAST({expression} AS DECIMAL(38, 12)) END"


def _need(c: Clause, columns: Columns, said: Says) -> None:
    p = c.parameters
    good = [(n, is_true(columns.value(n))) for n in p.facts]
    good += [
        (n, f"COALESCE({_number(columns.value(n))} >= {least:.12f}, FALSE)") for n, least in p.at_least.items()
    ]
    good += [(n, f"COALESCE({_number(columns.value(n))} <= {most:.12f}, FALSE)") for n, most in p.at_most.items()]
    good += [(n, among(columns.value(n), known)) for n, known in p.one_of.items()]
    said.denied += [(columns.level(n), f"NOT {test}") for n, test in good]


def _forbid(c: Clause, columns: Columns, said: Says) -> None:
    said.denied += [(columns.level(n), f"NOT {is_false(columns.value(n))}") for n in c.parameters.facts]


def _notice(c: Clause, columns: Columns, said: Says) -> None:
    p = c.parameters
    if p.fact not in columns.known:
        said.denied.append(("k", "TRUE"))
        return
    said.denied.append(("s", f"s.{c.key}_given IS NULL"))
    if p.days:
        if not c.pack.head.zone:
            said.denied.append(("s", "s.no_zone"))
        _until(c, said)


def dated(value: str) -> str:
    """Whether a text begins like a date; never NULL."""
    return f"REGEXP_MATCHES(COALESCE({value}, ''), '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}')"


def day_of(value: str, since: str) -> str:
    """The day that a value begins with, else the UTC day of an instant; NULL where there is none."""
    return f"CASE WHEN {dated(value)} THEN TRY_CAST(SUBSTR({value}, 1, 10) AS DATE) ELSE CAST({since} AS DATE) END"


def _day_known(columns: Columns, name: str, on_record: str, begun: str) -> str:
    """A fact's day: in the act's own value, where there is one, else as the record gives it."""
    own = columns.own_at(name)
    if name not in columns.known:
        return day_of(own, "CAST(NULL AS TIMESTAMP)")
    return f"CASE WHEN {own} IS NULL THEN s.{on_record}_{name} ELSE {day_of(own, f's.{begun}_{name}')} END"


def known_day(columns: Columns, name: str, which: str) -> str:
    """A fact's day (see `mechanisms._dates_of`), of several debts' the first (`d`) or the last (`e`)."""
    return _day_known(columns, name, which, {"d": "b", "e": "c"}[which])


def _no_day(columns: Columns, name: str, which: str) -> str:
    """Whether the day is unknown for some debt of the act."""
    unknown = f"({known_day(columns, name, which)}) IS NULL"
    if name not in columns.known:
        return unknown
    own = columns.own_at(name)
    begun = f"NOT {dated(own)} AND COALESCE(s.y_{name}, FALSE)"
    return f"({unknown} OR CASE WHEN {own} IS NULL THEN COALESCE(s.x_{name}, FALSE) ELSE {begun} END)"


def fresh_until(c: Clause, columns: Columns) -> str:
    """The last legal day, since 1970, on which a date is fresh; NULL without a date."""
    p = c.parameters
    span = f"INTERVAL {p.days} DAY" if p.days is not None else f"INTERVAL {p.years} YEAR"
    return f"DATE_DIFF('day', DATE '1970-01-01', CAST({known_day(columns, p.fact, 'd')} + {span} AS DATE))"


def _fresh(c: Clause, columns: Columns, said: Says) -> None:
    level = columns.level(c.parameters.fact)
    if c.parameters.missing != "allow":
        said.denied.append((level, _no_day(columns, c.parameters.fact, "d")))
    said.denied.append(("a", f"COALESCE(t.{c.pack_key}_legal > {level}.{c.key}_last, FALSE)"))


def _party(c: Clause, columns: Columns, said: Says) -> None:
    p = c.parameters
    said.denied.append(("k", f"NOT {among('k.party', p.allow)}"))
    reasons = [name for who in c.who for name in p.allow_when[who]]
    said.lifted += [(columns.level(n), is_true(columns.value(n))) for n in reasons]


def _retain(c: Clause, columns: Columns, said: Says) -> None:
    p = c.parameters
    if p.from_event == "last_contact":
        said.deferred.append(("c", f"COALESCE(c.{c.key}_over > c.moment, FALSE)"))
        said.until = f"c.{c.key}_over"
        return
    level = columns.level(p.from_event)
    said.denied.append((level, _no_day(columns, p.from_event, "e")))
    if level == "s":
        _until(c, said)


_MECHANISMS: dict[str, Callable[[Clause, Columns, Says], None]] = {
    "hours": _hours,
    "frequency": _count,
    "wait": _wait,
    "bar": _bar,
    "need": _need,
    "forbid": _forbid,
    "notice": _notice,
    "fresh": _fresh,
    "party": _party,
    "retain": _retain,
}
assert _MECHANISMS.keys() == r.MECHANISMS.keys()


def says(c: Clause, columns: Columns) -> Says:
    """All that a clause says."""
    said = Says()
    rule = c.rule
    said.unasked.append(("k", f"NOT ({_asked_of(c)})"))
    said.unasked.append(
        ("t", f"NOT (t.{c.pack_key}_legal >= {c.from_day} AND t.{c.pack_key}_legal < {c.until_day})")
    )
    if rule.when:
        value = columns.value(rule.when.fact)
        said.unasked.append((columns.level(rule.when.fact), other(value, rule.when.is_)))
    said.lifted += [("k", is_true(columns.own_value(n))) for n in rule.unless if n in columns.own]
    if rule.except_ and rule.except_.limited:
        said.lifted.append(("k", is_true(columns.own_value(rule.except_.fact))))
        said.lifted.append(("c", f"c.{c.key}_excepted"))
    elif rule.except_:
        said.lifted.append((columns.level(rule.except_.fact), is_true(columns.value(rule.except_.fact))))
    _MECHANISMS[rule.mechanism](c, columns, said)
    return said


def _asked_of(c: Clause) -> str:
    """Whether the clause governs a kind of act."""
    rule = c.rule
    tests = [among("k.channel", rule.acts)]
    if rule.actor != "both":
        tests.append(f"k.actor = {text(rule.actor)}")
    tests += [among("k.party", who) for who in (rule.parties, c.who) if who]
    if c.but:
        tests.append(f"NOT {among('k.party', c.but)}")
    return " AND ".join(tests)
