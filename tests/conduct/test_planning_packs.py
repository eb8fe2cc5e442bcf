"""Planning and judging agree on every shipped pack: random acts and people, with the facts that its rules name."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from test_planning import planned, told

from forbear.conduct import load_packs
from forbear.conduct.planning_facts import used
from forbear.conduct.planning_sql import clauses_of
from forbear.conduct.rules import ACTS, CONTACTS, PARTIES
from forbear.conduct.stack import shipped_names

ZONES = (
    "Asia/Shanghai",
    "America/New_York",
    "America/New_York|America/Chicago",
    "Europe/London",
    "Asia/Kolkata",
    "Mars",
)
NIGHTS = tuple(datetime(*day, tzinfo=UTC) for day in ((2026, 3, 7, 20), (2026, 6, 29, 22), (2026, 10, 31, 12)))
RESULTS = ("conversation", "no_answer", "busy", "voicemail", "delivered", "hung_up", "promise", "strange")


def values_of(packs):
    """For each fact that a rule names, values that matter to some rule."""
    clauses = clauses_of(packs, frozenset(ACTS))
    found = {name: {"true", "false"} for name in used(clauses)}
    for c in clauses:
        p, rule = c.parameters, c.rule
        if rule.when:
            found[rule.when.fact] |= {rule.when.is_, "other"}
        for name, known in getattr(p, "one_of", {}).items():
            found[name] |= set(known)
        for name, bound in {**getattr(p, "at_least", {}), **getattr(p, "at_most", {})}.items():
            found[name] |= {str(bound), str(bound + 1), str(bound / 2), "much"}
        if rule.mechanism == "fresh":
            found[p.fact] |= {"2026-06-20", "2021-07-01", "2025-06-30", "2024-02-29"}
        if rule.mechanism == "hours" and rule.except_:
            found[rule.except_.fact] |= {"07:00-23:30", "20:00-02:00"}
    return {name: sorted(values) for name, values in sorted(found.items())} | {"time_zone": list(ZONES)}


def rows_of(dice, values, borrowers):
    acts, history, facts = [], [], []
    own = dice.sample(sorted(set(values) - {"time_zone"}), k=min(8, len(values) - 1))
    for b in range(borrowers):
        now, name = dice.choice(NIGHTS) + timedelta(minutes=dice.randrange(0, 900)), f"B{b}"
        facts.append({"borrower_id": name, "fact": "time_zone", "value": dice.choice(ZONES)})
        facts += [fact_of(dice, name, now, values) for _ in range(dice.choice((0, 3, 12, 25)))]
        history += [contact_of(dice, name, now) for _ in range(dice.choice((0, 2, 10, 30)))]
        acts += [act_of(dice, name, now, values, own, b * 4 + n) for n in range(4)]
    return acts, history, facts


def whose(dice):
    return {
        "loan_id": dice.choice(("", "", "L1", "L2", "L1|L2")),
        "number": dice.choice(("", "n1", "n2")),
        "sender": dice.choice(("", "lender", "A1")),
    }


def act_of(dice, name, now, values, own, number):
    channel = dice.choice(CONTACTS) if dice.random() < 0.7 else dice.choice(ACTS)
    party = dice.choice(PARTIES) if dice.random() < 0.3 else "borrower"
    at = now + timedelta(seconds=dice.choice((0, 1, 3600, 40000)))
    said = {fact: dice.choice(("", *values[fact])) for fact in own}
    return {
        "act_id": str(number),
        "borrower_id": name,
        "channel": channel,
        "at": at,
        "party": party,
        **whose(dice),
        **said,
    }


def contact_of(dice, name, now):
    return {
        "borrower_id": name,
        "at": now - timedelta(seconds=dice.randrange(0, 86400 * dice.choice((1, 8, 40)))),
        "channel": dice.choice((*CONTACTS, "call", "call", "", "phone", "portal")),
        "direction": dice.choice(("out", "out", "in")),
        "result": dice.choice(RESULTS),
        "party": dice.choice(("borrower", "borrower", "guarantor", "other")),
        **whose(dice),
    }


def fact_of(dice, name, now, values):
    fact = dice.choice(sorted(set(values) - {"time_zone"}))
    since = now - timedelta(hours=dice.randrange(-20, 2000)) if dice.random() < 0.8 else None
    until = now + timedelta(hours=dice.randrange(-30, 60)) if dice.random() < 0.2 else None
    until = max(since, until) if since and until else until
    narrow = {k: v for k, v in whose(dice).items() if "|" not in v} if dice.random() < 0.25 else {}
    row = {"borrower_id": name, "fact": fact, "value": dice.choice(values[fact]), "since": since, "until": until}
    return {**row, **narrow}


@pytest.mark.parametrize("pack", shipped_names())
def test_both_evaluators_agree_on_every_shipped_pack(pack):
    packs = load_packs([pack])
    acts, history, facts = rows_of(random.Random(pack), values_of(packs), 30)
    expected, reasons = told(acts, history, facts, packs)
    got, against = planned(acts, history, facts, packs)
    wrong = [(a, against.get(a), reasons.get(a)) for a in expected if against.get(a) != reasons.get(a)]
    assert not wrong[:3]
    assert got == expected


def test_ids_that_are_whole_numbers_give_the_same_verdicts():
    packs = load_packs([Path(__file__).parent / "packs" / "trial"])
    acts, history, facts = rows_of(random.Random(5), values_of(packs), 40)
    got, against = planned(acts, history, facts, packs)
    numbered, against_numbers = planned([{**a, "act_id": int(a["act_id"])} for a in acts], history, facts, packs)
    assert {str(n): verdict for n, verdict in numbered.items()} == got
    assert {str(n): rules for n, rules in against_numbers.items()} == against
