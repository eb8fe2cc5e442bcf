"""Which facts each pack's rules ask for: how each may be given, by which rules, and what happens without it.

`docs/gate-facts.md` is `page` of the shipped packs; a test holds both equal. What is said here follows from what the
mechanisms do with a missing fact (see `mechanisms`); each such saying is tried by that test too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from forbear.conduct import rules as r
from forbear.conduct.situation import ACT_COLUMNS, RESULTS
from forbear.conduct.stack import Pack, Packs

KINDS = ("act", "borrower", "loan")
DENIED = "denied"
APPLIES = "the rule applies"
KEPT = "the rule is not lifted"
NOT_BARRED = "not barred"
NO_WAIT = "no wait"
NOT_ADDRESSED = "the party may not be addressed"
ALLOWED = "allowed"
COUNTED = "the contact counts"


@dataclass(frozen=True)
class Asked:
    """One fact that a rule reads.

    Attributes:
        kinds: where it may stand: a column of the act, a fact of the borrower, a fact of one loan.
        missing: what the rule does without it.
    """

    fact: str
    kinds: tuple[str, ...]
    rule_id: str
    missing: str


def asked_by(rule: r.Rule, zone: str | None = None) -> Iterator[Asked]:
    """The facts that one rule reads, with what it does without each; `zone` is its pack's."""
    for name in rule.unless:
        yield Asked(name, ("act",), rule.id, KEPT)
    if rule.except_:
        yield Asked(rule.except_.fact, KINDS, rule.id, KEPT)
    if rule.when:
        yield Asked(rule.when.fact, KINDS, rule.id, APPLIES)
    for entry in rule.parameters:
        for name, kinds, missing in (*_place(entry, zone), *_read(entry)):
            yield Asked(name, kinds, rule.id, missing)


_Read = Iterator[tuple[str, tuple[str, ...], str]]
_RECORDED = ("borrower", "loan")


def _read(entry: Any) -> _Read:
    """Facts that the parameters name: fact, where it may stand, and what happens without it."""
    match entry:
        case r.Need():
            yield from ((n, KINDS, DENIED) for n in (*entry.facts, *entry.at_least, *entry.at_most, *entry.one_of))
        case r.Forbid():
            yield from ((n, KINDS, DENIED) for n in entry.facts)
        case r.Bar():
            yield from ((n, KINDS, NOT_BARRED) for n in entry.states)
        case r.Notice():
            yield entry.fact, _RECORDED, DENIED
        case r.Wait(after=r.AfterFact(fact=name)):
            yield name, _RECORDED, NO_WAIT
        case r.Frequency() | r.Wait() if entry.not_to:
            yield entry.not_to, _RECORDED, COUNTED
        case r.Fresh():
            yield entry.fact, KINDS, ALLOWED if entry.missing == "allow" else DENIED
        case r.PartyRule():
            yield from ((n, KINDS, NOT_ADDRESSED) for names in entry.allow_when.values() for n in names)
        case r.Retain(from_event=name) if name != "last_contact":
            yield name, KINDS, DENIED


def _place(entry: Any, zone: str | None) -> _Read:
    """The borrower's zone, where her clock or her days are read; waits and notices can count in the pack's."""
    match entry:
        case r.Hours():
            asked = entry.zone == "borrower"
        case r.Frequency():
            asked = bool(entry.window.days) and entry.cap > 0
        case r.Wait() | r.Notice():
            asked = bool(entry.days) and zone is None
        case _:
            asked = False
    if asked:
        yield "time_zone", ("act", "borrower"), DENIED


def where_given(pack: Pack, asked: Asked) -> tuple[str, ...]:
    """Where the worked examples of the pack give the fact, else every place where it is read."""
    seen = {kind for rule in pack.rules for e in rule.examples for kind in _given(e, asked.fact)}
    return tuple(kind for kind in asked.kinds if kind in seen) or asked.kinds


def _given(example: Any, name: str) -> Iterator[str]:
    if name in example.get("act", {}):
        yield "act"
    facts = example.get("facts", {})
    rows: Sequence[Any] = [{"fact": n} for n in facts] if isinstance(facts, dict) else facts
    for row in rows:
        if row.get("fact") == name:
            yield "loan" if row.get("loan_id") else "borrower"


@dataclass(frozen=True)
class Line:
    """One line of the page: a fact of a pack, where it is given, who asks, and what happens without it."""

    fact: str
    kinds: tuple[str, ...]
    rules: tuple[str, ...]
    missing: tuple[str, ...]


def lines(pack: Pack) -> list[Line]:
    """The facts of one pack in the order of their names."""
    found: dict[str, list[Asked]] = {}
    for rule in pack.rules:
        for asked in asked_by(rule, pack.head.zone):
            found.setdefault(asked.fact, []).append(asked)
    return [_line(pack, name, found[name]) for name in sorted(found)]


def _line(pack: Pack, name: str, asked: Sequence[Asked]) -> Line:
    kinds = {kind for a in asked for kind in where_given(pack, a)}
    missing = tuple(dict.fromkeys(a.missing for a in asked))
    return Line(
        name, tuple(k for k in KINDS if k in kinds), tuple(dict.fromkeys(a.rule_id for a in asked)), missing
    )


def unread(
    acts: Iterable[Mapping[str, Any]], facts: Iterable[Mapping[str, Any]], packs: Packs
) -> dict[str, str | None]:
    """Columns of acts and names of facts that no rule reads, each with the name that comes near it, or None."""
    read = {asked.fact for pack, rule in packs.rules for asked in asked_by(rule, pack.head.zone)} | {"time_zone"}
    given = {str(name) for act in acts for name in act} - ACT_COLUMNS
    for row in facts:
        given |= {str(row["fact"]).strip()} if "fact" in row else {str(name) for name in row} - {"borrower_id"}
    near = {name: get_close_matches(name.lower(), read, 1) for name in sorted(given - read) if name}
    return {name: alike[0] if alike else None for name, alike in near.items()}


def undated(facts: Iterable[Mapping[str, Any]], packs: Packs) -> list[str]:
    """Agreements on record that end by themselves and do not say when they began: they lift nothing."""
    limited = {rule.except_.fact for _, rule in packs.rules if rule.except_ and rule.except_.limited}
    found = set()
    for row in facts:
        if "fact" in row:
            found |= {str(row["fact"]).strip()} if not row.get("since") else set()
        else:
            found |= {str(name) for name, value in row.items() if value}
    return sorted(limited & found)


def unknown_results(history: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Results of contacts that the gate does not know (empty: none told), each with how many have it."""
    told = (str(row.get("result") or "").strip() for row in history)
    return dict(Counter(result for result in told if result.lower() not in RESULTS))


HEAD = """# Facts the gate asks for

Made by `forbear gate facts`; run it again after a pack was changed. For each pack: every fact that its rules read,
where it is given, what the rules do when it is missing, and which rules ask.

Given by: *act* is a column of the table of acts, *borrower* a row of the table of facts, *loan* such a row narrowed by
`loan_id`. Where a fact is read from either, the act's own comes first; shown is where the worked examples give it.

When missing:

- *denied*: without it the act is refused; *allowed*: nothing is held against the act.
- *the rule applies*: what would take the act out of the rule's reach is not known, so it stays within.
- *the rule is not lifted*: the exception is not on record.
- *not barred*, *no wait*: states and events are known by their record alone, so keep those complete.
- *the party may not be addressed*: no reason to is known.
- *the contact counts*: no number is known to be somebody else's, so contacts with each count.

A pack that tightens another asks for the facts of both.
"""


def page(packs: Iterable[Pack]) -> str:
    """The page, in Markdown."""
    parts = [HEAD]
    for pack in packs:
        below = f", on top of `{pack.head.tightens}`" if pack.head.tightens else ""
        parts.append(f"## `{pack.name}`: {pack.head.title.en}{below}\n")
        parts.append("| fact | given by | when missing | rules |\n| --- | --- | --- | --- |")
        for line in lines(pack):
            cells = (f"`{line.fact}`", ", ".join(line.kinds), "; ".join(line.missing), ", ".join(line.rules))
            parts.append(f"| {' | '.join(cells)} |")
        parts.append("")
    return "\n".join(parts)
