"""Actions as data: complete, soft before hard, and only ever tightened."""

from __future__ import annotations

from importlib.resources import files

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.conduct.parameters import ACTS
from forbear.treatment.actions import read_actions, shipped_actions

TEXT = files("forbear.treatment").joinpath("actions.toml").read_text(encoding="utf-8")


def test_every_action_is_known_to_the_gate_and_every_kind_is_there():
    actions = shipped_actions().actions
    assert {a.act for a in actions.values()} - {"none"} <= set(ACTS)
    assert len(actions) == 16
    assert actions["wait"].uses == {}
    assert shipped_actions().conditions("wait") == ()


def test_soft_comes_before_hard():
    actions = shipped_actions()
    facts = {"dpd": 400, "has_address": True, "days_since_letter_before_action": 60}
    assert actions.unmet("suit", facts) == (
        "attempts_formal is at least 1",
        "days_since_first_formal is at least 30",
    )
    assert actions.unmet("suit", facts | {"attempts_formal": 1, "days_since_first_formal": 30}) == ()
    assert actions.unmet("human_call", {"has_mobile": True, "dpd": 5, "attempts_gentle": 0}) != ()


def test_what_is_unknown_meets_no_condition():
    actions = shipped_actions()
    assert all(actions.unmet(name, {}) for name in actions.actions if name != "wait")


def test_an_unknown_action_is_told():
    with pytest.raises(WrongUse, match="no action 'pray'"):
        shipped_actions().conditions("pray")


facts_of = st.fixed_dictionaries(
    {
        "dpd": st.none() | st.integers(0, 200),
        "has_mobile": st.none() | st.booleans(),
        "has_address": st.none() | st.booleans(),
        "has_app": st.none() | st.booleans(),
        "has_email": st.none() | st.booleans(),
        "has_chat": st.none() | st.booleans(),
        "has_plan": st.none() | st.booleans(),
        "attempts_gentle": st.none() | st.integers(0, 3),
        "attempts_personal": st.none() | st.integers(0, 3),
        "attempts_formal": st.none() | st.integers(0, 3),
        "days_since_first_gentle": st.none() | st.integers(0, 40),
        "days_since_first_personal": st.none() | st.integers(0, 40),
        "days_since_first_formal": st.none() | st.integers(0, 40),
        "days_since_letter_before_action": st.none() | st.integers(0, 40),
    }
)


@settings(max_examples=25, deadline=None)
@given(facts_of)
def test_facts_and_sql_agree(facts):
    actions = shipped_actions()
    columns = ", ".join(f"{'NULL' if v is None else v} AS {k}" for k, v in facts.items())
    chosen = ", ".join(actions.possible_sql(name) for name in actions.actions)
    row = duckdb.sql(f"SELECT {chosen} FROM (SELECT {columns})").fetchall()[0]
    assert list(row) == [not actions.unmet(name, facts) for name in actions.actions]


TIGHTER = {
    "a later letter": (
        '[ladder.formal]\nafter = "personal"\nattempts = 2',
        '[ladder.formal]\nafter = "personal"\nattempts = 3',
    ),
    "a dearer call": ('cost = "4"', 'cost = "5"'),
    "a heavier visit": ("burden = 15", "burden = 20"),
    "a shorter window": ("window_days = 180", "window_days = 90"),
    "a later suit": ("at_least = 181", "at_least = 365"),
}
LOOSER = {
    "an earlier letter": ("first_days_ago = 14", "first_days_ago = 3", "ladder.formal.first_days_ago is 3"),
    "a cheaper call": ('cost = "4"', 'cost = "3"', "action human_call: cost is 3, below 4"),
    "a lighter visit": ("burden = 15", "burden = 1", "action visit: burden is 1"),
    "a longer window": ("window_days = 180", "window_days = 365", "longer than 180"),
    "an earlier suit": ("at_least = 181", "at_least = 91", "no longer asks that dpd is at least 181"),
    "a condition gone": (
        'when = [{ fact = "has_chat", is = true }]',
        "",
        "action chat: no longer asks that has_chat",
    ),
    "a softer name for a hard thing": (
        'act = "visit"\nlevel = "formal"',
        'act = "visit"\nlevel = "gentle"',
        "action visit: level",
    ),
    "less capacity": ("uses = { visit_slots = 1 }", "uses = {}", "action visit: uses 0 of visit_slots"),
    "another action": ("[actions.suit]", "[actions.shaming]", "action shaming is not among"),
    "another order": (
        '"gentle", "personal", "formal", "legal"]',
        '"gentle", "personal", "formal", "legal", "x"]',
        "levels are",
    ),
}


@pytest.mark.parametrize("kind", TIGHTER)
def test_a_lender_may_tighten(kind, tmp_path):
    before, after = TIGHTER[kind]
    assert before in TEXT
    (tmp_path / "own.toml").write_text(TEXT.replace(before, after), encoding="utf-8")
    assert read_actions(tmp_path / "own.toml") != shipped_actions()


def test_a_lender_may_leave_an_action_out(tmp_path):
    (tmp_path / "own.toml").write_text(TEXT[: TEXT.index("[actions.suit]")], encoding="utf-8")
    assert "suit" not in read_actions(tmp_path / "own.toml").actions


@pytest.mark.parametrize("kind", LOOSER)
def test_a_lender_may_not_loosen(kind, tmp_path):
    before, after, said = LOOSER[kind]
    assert before in TEXT
    (tmp_path / "own.toml").write_text(TEXT.replace(before, after), encoding="utf-8")
    with pytest.raises(WrongUse, match="would loosen") as refused:
        read_actions(tmp_path / "own.toml")
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('cost = "4"', 'cost = "much"', "actions.human_call.cost"),
        ('cost = "4"', 'cost = "-4"', "actions.human_call.cost"),
        ("uses = { visit_slots = 1 }", "uses = { visit_slots = -1 }", "not below zero"),
        ('level = "legal"', 'level = "illegal"', "level 'illegal' is not among"),
        ('after = "formal"', 'after = "legal"', "is not softer"),
        ("at_least = 181", "at_least = 181, at_most = 2", "exactly one of"),
        ("burden = 15", "burdens = 15", "actions.visit"),
        ("[ladder]", "[ladder", "not TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(before, after, said, tmp_path):
    assert before in TEXT
    (tmp_path / "own.toml").write_text(TEXT.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(UnreadableFile, match=r"own\.toml") as refused:
        read_actions(tmp_path / "own.toml")
    assert said in refused.value.message
