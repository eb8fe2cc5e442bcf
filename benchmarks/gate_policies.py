"""The same rules for general policy engines: Cedar and Rego, written from the pack, on figures computed beforehand.

Neither engine looks into a history or at a clock. What `judge` derives from them is given to both, ready: each cap's
count, the seconds left of each wait, the local minute, the facts that hold. They compare and combine; computing
these figures is not in their time. They tell which rules are against an act, not until when.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import cedarpy
import regopy

from forbear.conduct import rules as r
from forbear.conduct.mechanisms import MEANING
from forbear.conduct.planning_sql import Clause, clauses_of
from forbear.conduct.situation import FALSE, TRUE, Contact, Fact, Proposal, Situation, zone
from forbear.conduct.stack import Packs

Features = dict[str, Any]
Answers = list[frozenset[str]]


def clauses(packs: Packs, channels: Iterable[str], day: date) -> list[Clause]:
    """What is in force on a day for some channels, a rule on parties in its parts."""
    number = (day - date(1970, 1, 1)).days
    found = clauses_of(packs, frozenset(channels), day, day)
    return [c for c in found if c.from_day <= number < c.until_day]


# --- figures ------------------------------------------------------------------------------------------------------


def features(act: Proposal, facts: Sequence[Fact], history: Sequence[Contact], asked: Iterable[Clause]) -> Features:
    """The figures of one act."""
    plain = Situation(act, tuple(facts), tuple(sorted(history, key=lambda c: c.at)))
    names = {f.name for f in facts} | set(act.facts)
    zones = plain.zones()
    locals_ = [act.at.astimezone(zone(name)) for name in zones]
    found: Features = {"channel": act.channel, "party": act.party, "actor": act.actor, "zone_known": bool(zones)}
    found["facts"] = {n: value.lower() for n in names if (value := plain.value(n)) is not None}
    found["own"] = {n: value.lower() for n, value in act.facts.items()}
    found["states"] = sorted({f.name for n in names for f in plain.touching(n) if f.true} | _own_states(act))
    minutes = [at.hour * 60 + at.minute for at in locals_] or [0]
    found |= {"first_minute": min(minutes), "last_minute": max(minutes)}
    for c in asked:
        s = Situation(act, plain.facts, plain.history, c.pack.head.zone, c.pack.head.holidays)
        found |= _of_clause(c, s)
    return found


def _own_states(act: Proposal) -> set[str]:
    return {n for n, value in act.facts.items() if value.lower() not in FALSE}


def _of_clause(c: Clause, s: Situation) -> Features:
    p, mechanism = c.parameters, c.rule.mechanism
    if mechanism == "hours":
        found = {} if p.zone == "borrower" else _fixed(c, p.zone, s.at)
        agreed = (s.value(c.rule.except_.fact) or "") if c.rule.except_ else ""
        opens, _, closes = agreed.partition("-")
        ends = (_minute(opens), _minute(closes)) if closes else (_minute(p.open), _minute(p.close))
        return {**found, f"opens_{c.key}": ends[0], f"closes_{c.key}": ends[1]}
    if mechanism in ("frequency", "wait", "notice"):
        outcome = MEANING[mechanism](p, s, c.rule)
        if mechanism == "frequency":
            return {f"count_{c.key}": outcome.facts.get("count", 0)}
        left = int((outcome.until - s.at).total_seconds()) + 1 if outcome.until else 0
        return {f"left_{c.key}": 10**9 if outcome.answer is r.Answer.denied else left}
    return {}


def _fixed(c: Clause, name: str, at: datetime) -> Features:
    local = at.astimezone(zone(name))
    return {f"minute_{c.key}": local.hour * 60 + local.minute}


def _minute(clock: str) -> int:
    hours, minutes = clock.strip().split(":")
    return int(hours) * 60 + int(minutes)


# --- policies -----------------------------------------------------------------------------------------------------


class Cedar:
    """Conditions in Cedar."""

    def among(self, value: str, known: Iterable[str]) -> str:
        """Whether a text is one of some."""
        return f"[{', '.join(json.dumps(k) for k in sorted(known))}].contains({value})"

    def fact(self, name: str, known: Iterable[str], of: str = "facts") -> str:
        """Whether a fact is known and one of some values."""
        return f"(context.{of} has {name} && {self.among(f'context.{of}.{name}', known)})"

    def state(self, names: Iterable[str]) -> str:
        """Whether one of some states holds."""
        return f"context.states.containsAny([{', '.join(json.dumps(n) for n in sorted(names))}])"

    def known(self, name: str) -> str:
        """Whether a fact is known."""
        return f"context.facts has {name}"


def cedar_policies(asked: Sequence[Clause]) -> str:
    """A permit for all, and a forbid for each clause."""
    lines = ["permit(principal, action, resource);"]
    lines += [f"forbid(principal, action, resource) when {{ {_condition(c)} }};" for c in asked]
    return "\n".join(lines)


_C = Cedar()


def _condition(c: Clause) -> str:
    """When a clause is against an act, in Cedar."""
    rule = c.rule
    tests = [_C.among("context.channel", rule.acts)]
    if rule.actor != "both":
        tests.append(_C.among("context.actor", [rule.actor]))
    tests += [_C.among("context.party", who) for who in (rule.parties, c.who) if who]
    if c.but:
        tests.append(f"!{_C.among('context.party', c.but)}")
    if rule.when:
        tests.append(f"(!({_C.known(rule.when.fact)}) || {_C.fact(rule.when.fact, [rule.when.is_.lower()])})")
    tests += [f"!{_C.fact(name, TRUE, 'own')}" for name in rule.unless]
    if rule.except_:
        tests.append(f"!{_C.fact(rule.except_.fact, TRUE)}")
    against = [*_against(c)]
    return " && ".join([*tests, f"({' || '.join(against)})"])


def _against(c: Clause) -> Iterable[str]:
    yield from _CEDAR[c.rule.mechanism](c, c.parameters)


def _hours(c: Clause, p: Any) -> list[str]:
    if p.edges == "open" or p.not_on_holidays or len(p.days) < 7:
        raise ValueError(f"{c.rule.id}: hours of this kind are not written for the other engines")
    fixed = p.zone != "borrower"
    first, last = ("minute_" + c.key,) * 2 if fixed else ("first_minute", "last_minute")
    unknown = [] if fixed else ["!context.zone_known"]
    return [*unknown, f"context.{first} < context.opens_{c.key}", f"context.{last} >= context.closes_{c.key}"]


def _frequency(c: Clause, p: Any) -> list[str]:
    return [*(["!context.zone_known"] if p.window.days else []), f"context.count_{c.key} >= {p.cap}"]


def _left(c: Clause, _p: Any) -> list[str]:
    return [f"context.left_{c.key} > 0"]


def _bar(_c: Clause, p: Any) -> list[str]:
    return [_C.state(p.states)]


def _need(c: Clause, p: Any) -> list[str]:
    if p.at_least or p.at_most:
        raise ValueError(f"{c.rule.id}: bounds are not written for the other engines")
    return [f"!{_C.fact(n, TRUE)}" for n in p.facts] + [f"!{_C.fact(n, known)}" for n, known in p.one_of.items()]


def _forbid(_c: Clause, p: Any) -> list[str]:
    return [f"!{_C.fact(n, FALSE)}" for n in p.facts]


def _party(c: Clause, p: Any) -> list[str]:
    reasons = [f"!{_C.fact(n, TRUE)}" for who in c.who for n in p.allow_when[who]]
    return ["(" + " && ".join([f"!{_C.among('context.party', p.allow)}", *reasons]) + ")"]


_CEDAR: dict[str, Callable[[Clause, Any], list[str]]] = {
    "hours": _hours,
    "frequency": _frequency,
    "wait": _left,
    "notice": _left,
    "bar": _bar,
    "need": _need,
    "forbid": _forbid,
    "party": _party,
}


_FUNCTIONS = (
    "facts_in(name, known) if input.facts[name] in known",
    "own_in(name, known) if input.own[name] in known",
    "other(name, value) if input.facts[name] != value",
    "in_state(names) if { some state in input.states; state in names }",
)


def rego_policies(asked: Sequence[Clause]) -> str:
    """A set of the clauses that are against, each rule's alternatives as rules of its own."""
    lines = ["package gate", *_FUNCTIONS]
    for c in asked:
        guard, alternatives = _condition_parts(c)
        for test in alternatives:
            lines.append(f"deny contains {json.dumps(c.key)} if {{ {'; '.join([*guard, *test])} }}")
    return "\n".join(lines)


def _in_rego(test: str) -> str:
    """One Cedar comparison as Rego: the two differ in how a list and a missing value are asked."""
    negative = test.startswith("!")
    bare = test.removeprefix("!")
    if bare.startswith("(context."):  # a fact that is known and one of some values
        of, name = bare[len("(context.") :].split(" && ")[0].split(" has ")
        values = bare[bare.index("[") + 1 : bare.index("]")]
        bare = f"{of}_in({json.dumps(name)}, {{{values}}})"
    elif bare.startswith("["):
        values, value = bare[1:].split("].contains(")
        bare = f"{value.removesuffix(')').replace('context.', 'input.')} in {{{values}}}"
    elif ".containsAny(" in bare:
        values = bare[bare.index("[") + 1 : bare.index("]")]
        bare = f"in_state({{{values}}})"
    else:
        bare = bare.replace("context.", "input.")
    return f"not {bare}" if negative else bare


def _condition_parts(c: Clause) -> tuple[list[str], list[list[str]]]:
    rule = c.rule
    guard = [_C.among("context.channel", rule.acts)]
    if rule.actor != "both":
        guard.append(_C.among("context.actor", [rule.actor]))
    guard += [_C.among("context.party", who) for who in (rule.parties, c.who) if who]
    if c.but:
        guard.append(f"!{_C.among('context.party', c.but)}")
    guard += [f"!{_C.fact(name, TRUE, 'own')}" for name in rule.unless]
    if rule.except_:
        guard.append(f"!{_C.fact(rule.except_.fact, TRUE)}")
    parts = [_in_rego(test) for test in guard]
    if rule.when:  # a missing fact means that the rule is asked
        parts.append(f"not other({json.dumps(rule.when.fact)}, {json.dumps(rule.when.is_.lower())})")
    alternatives = []
    for test in _against(c):
        pieces = test[1:-1].split(" && !") if c.rule.mechanism == "party" else [test]
        pieces = [pieces[0], *(f"!{piece}" for piece in pieces[1:])]
        alternatives.append([_in_rego(piece) for piece in pieces])
    return parts, alternatives


# --- engines ------------------------------------------------------------------------------------------------------


def with_cedar(
    asked: Sequence[Clause], acts: Sequence[Features]
) -> tuple[Callable[[], Any], Callable[[Any], Answers]]:
    """A call that decides all acts in one batch, policies read beforehand; and how its results are read."""
    policies = cedarpy.PolicySet.from_str(cedar_policies(asked))
    nobody = cedarpy.Entities.from_json_str("[]")
    who = {"principal": 'User::"planner"', "action": 'Action::"contact"', "resource": 'Person::"borrower"'}
    requests = [{**who, "context": act} for act in acts]
    named = {f"policy{n}": c.rule.id for n, c in enumerate(asked, start=1)}

    def read(results: Any) -> Answers:
        wrong = [e for result in results for e in result.diagnostics.errors]
        if wrong:
            raise ValueError(f"Cedar: {wrong[0]}")
        return [frozenset(named[n] for n in result.diagnostics.reasons if n in named) for result in results]

    return (lambda: cedarpy.is_authorized_batch(requests, policies, nobody)), read


def with_rego(
    asked: Sequence[Clause], acts: Sequence[Features]
) -> tuple[Callable[[], Any], Callable[[Any], Answers]]:
    """A call that decides the acts one after the other with compiled policies; and how its results are read."""
    engine = regopy.Interpreter()
    engine.add_module("gate.rego", rego_policies(asked))
    bundle = engine.build(None, ["gate/deny"])
    named = {c.key: c.rule.id for c in asked}
    inputs = [json.dumps(act) for act in acts]

    def decide() -> list[str]:
        found = []
        for act in inputs:
            engine.set_input_term(act)
            found.append(str(engine.query_bundle_entrypoint(bundle, "gate/deny")))
        return found

    def read(results: list[str]) -> Answers:
        return [frozenset(named[key] for key in json.loads(said)["expressions"][0]) for said in results]

    return decide, read


def instant(value: datetime | None) -> datetime | None:
    """An instant of the tables, UTC without a zone, with its zone."""
    return value.replace(tzinfo=UTC) if value else None
