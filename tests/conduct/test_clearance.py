"""Only the gate clears an act; whatever else pretends to be cleared does not run."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta

import pytest
from one_rule import every, facts_rows, packs, rule

from forbear.conduct import Cleared, NotCleared, Refusal, ask, judge_one, require_cleared
from forbear.conduct.situation import contact, facts_of, proposal

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
THREE = packs(
    rule("frequency", "R-FREQ", cap=3, window={"days": 1}, channels=["call"], count="conversation"),
    rule("bar", "R-BAR", states=["deceased"], instrument="Civil code", article="1161"),
)
ACT = proposal({"borrower_id": "B1", "channel": "call"}, 1, NOON)
FACTS = facts_of(facts_rows({"time_zone": "Asia/Shanghai"}))


def contacts(times):
    rows = every("2026-03-02T09:00+08:00", times, borrower_id="B1", channel="call", result="conversation")
    return [contact(row, n) for n, row in enumerate(rows)]


def cleared():
    made = ask(ACT, FACTS, contacts(2), THREE)
    assert isinstance(made, Cleared)
    return made


def test_what_the_gate_allows_is_cleared():
    made = cleared()
    assert made.act == ACT
    assert made.verdict.allowed
    assert made.verdict == judge_one(ACT, FACTS, contacts(2), THREE)
    assert require_cleared(made) is made


def test_what_it_does_not_is_refused_with_reasons():
    later = ask(ACT, FACTS, contacts(3), THREE)
    assert isinstance(later, Refusal)
    assert (later.codes, later.citations) == (("R-FREQ",), ("Trial 1",))
    assert later.until == datetime(2026, 3, 2, 16, tzinfo=UTC)
    assert later.act == ACT
    dead = [*FACTS, *facts_of(facts_rows({"deceased": "true"}))]
    never = ask(ACT, dead, contacts(3), THREE)
    assert isinstance(never, Refusal)
    assert (never.codes, never.citations, never.until) == (
        ("R-FREQ", "R-BAR"),
        ("Trial 1", "Civil code 1161"),
        None,
    )
    assert never.verdict.answer == "denied"


def test_nothing_else_makes_a_cleared_act():
    verdict = cleared().verdict
    for seal in (None, object(), True):
        with pytest.raises(NotCleared, match=r"^an act is cleared by the gate alone$") as said:
            Cleared(ACT, verdict, seal)
        assert said.value.hint == "use forbear.conduct.ask"
    refused = judge_one(ACT, FACTS, contacts(3), THREE)
    seal = cleared()._seal
    with pytest.raises(NotCleared):
        Cleared(ACT, refused, seal)
    with pytest.raises(NotCleared):
        Cleared(ACT.moved(NOON + timedelta(hours=12)), verdict, seal)


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy])
def test_a_cleared_act_is_never_copied(way):
    with pytest.raises(NotCleared, match=r"^a cleared act cannot be copied$"):
        way(cleared())


@pytest.mark.parametrize("way", [pickle.dumps, lambda made: made.__reduce__()])
def test_a_cleared_act_is_for_here_and_now(way):
    with pytest.raises(NotCleared, match=r"^a cleared act is for here and now: it cannot be stored") as said:
        way(cleared())
    assert said.value.hint == "store its verdict"


@pytest.mark.parametrize("name", ["_act", "_verdict", "_seal", "act", "other"])
def test_a_cleared_act_cannot_be_changed(name):
    made = cleared()
    with pytest.raises(NotCleared):
        setattr(made, name, ACT.moved(NOON + timedelta(hours=12)))
    assert made.act == ACT


class Lookalike:
    act = ACT
    _seal = None


@pytest.mark.parametrize("thing", [None, ACT, Lookalike(), "cleared", object.__new__(Cleared)])
def test_whatever_sends_takes_cleared_acts_alone(thing):
    with pytest.raises(NotCleared, match=f"^{type(thing).__name__} is not cleared by the gate$") as said:
        require_cleared(thing)
    assert said.value.hint == "use forbear.conduct.ask"
    with pytest.raises(NotCleared):
        require_cleared(ask(ACT, FACTS, contacts(3), THREE))
