"""The facts that the rules ask for: the page is that of the packs, leaves out none, and says what happens."""

import json
from functools import cache
from pathlib import Path

import pytest
from one_rule import packs as stack_of
from one_rule import rule, verdict
from typer.testing import CliRunner

from forbear.commands.gate import group
from forbear.conduct import load_packs, shipped_names
from forbear.conduct.asked import (
    ALLOWED,
    APPLIES,
    DENIED,
    KEPT,
    NO_WAIT,
    NOT_ADDRESSED,
    NOT_BARRED,
    asked_by,
    lines,
    page,
    undated,
    unknown_results,
)

ROOT = Path(__file__).parents[2]
SHIPPED = shipped_names()

loaded = cache(lambda name: load_packs([name]))


def test_the_page_of_facts_is_that_of_the_packs():
    written = (ROOT / "docs" / "gate-facts.md").read_text(encoding="utf-8")
    assert written == page(load_packs(SHIPPED).packs), "run: forbear gate facts > docs/gate-facts.md"


@pytest.mark.parametrize("name", SHIPPED)
def test_the_page_leaves_out_no_fact_that_a_rule_names(name):
    top = loaded(name).packs[-1]
    named = {fact for one in top.rules for fact in facts_named(one)}
    shown = {line.fact for line in lines(top)}
    assert named - {"time_zone"} == shown - {"time_zone"}


def facts_named(one):
    """Every fact in a rule, found by the keys under which facts are written, whatever the mechanism."""
    yield from one.unless
    yield from (x.fact for x in (one.when, one.except_) if x)
    for entry in (p.model_dump() for p in one.parameters):
        after = entry.get("after")
        yield from [after["fact"]] if isinstance(after, dict) else []
        yield from [entry["fact"]] if "fact" in entry else []
        yield from [entry["not_to"]] if entry.get("not_to") else []
        for key in ("facts", "states", "at_least", "at_most", "one_of"):
            yield from entry.get(key, ())
        for reasons in entry.get("allow_when", {}).values():
            yield from reasons
        yield from {entry.get("from_event", "last_contact")} - {"last_contact"}


def test_the_command_prints_the_page_and_its_lines():
    told = CliRunner().invoke(group, ["facts", "--pack", "uk"])
    assert (told.exit_code, told.stdout) == (0, page(loaded("uk").packs))
    listed = json.loads(CliRunner().invoke(group, ["facts", "--pack", "uk", "--format", "json"]).stdout)
    one = next(row for row in listed if row["fact"] == "breathing_space")
    assert one == {
        "pack": "uk",
        "fact": "breathing_space",
        "kinds": ["borrower", "loan"],
        "rules": ["UK-BS-01"],
        "missing": ["not barred"],
    }


SAYINGS = [
    ("need", {"facts": ["x"]}, DENIED),
    ("need", {"at_least": {"x": 1}}, DENIED),
    ("need", {"at_most": {"x": 1}}, DENIED),
    ("need", {"one_of": {"x": ["a"]}}, DENIED),
    ("forbid", {"facts": ["x"]}, DENIED),
    ("bar", {"states": ["x"]}, NOT_BARRED),
    ("notice", {"fact": "x", "days": 0}, DENIED),
    ("wait", {"after": {"fact": "x"}, "days": 3}, NO_WAIT),
    ("fresh", {"fact": "x", "days": 3}, DENIED),
    ("fresh", {"fact": "x", "days": 3, "missing": "allow"}, ALLOWED),
    ("party", {"allow": [], "allow_when": {"borrower": ["x"]}}, NOT_ADDRESSED),
    ("retain", {"years": 1, "from_event": "x"}, DENIED),
    ("need", {"facts": ["y"], "unless": ["x"]}, KEPT),
    ("need", {"facts": ["y"], "lifted": "x"}, KEPT),
    ("need", {"facts": ["y"], "when": {"fact": "x"}}, APPLIES),
]
REFUSED_WITHOUT = {DENIED, NOT_ADDRESSED, KEPT, APPLIES}


@pytest.mark.parametrize(("mechanism", "said", "missing"), SAYINGS)
def test_what_the_page_says_of_a_missing_fact_is_what_happens(mechanism, said, missing):
    one = rule(mechanism, **said)
    assert [a.missing for a in asked_by(one, "Asia/Shanghai") if a.fact == "x"] == [missing]
    got = verdict(stack_of(one), "2026-03-02T12:00+08:00")
    assert got.allowed == (missing not in REFUSED_WITHOUT)


@pytest.mark.parametrize(
    ("mechanism", "said"),
    [
        ("hours", {"open": "08:00", "close": "20:00"}),
        ("frequency", {"cap": 1, "window": {"days": 1}, "channels": ["call"], "count": "attempt"}),
        ("wait", {"after": "attempt", "days": 1}),
        ("notice", {"fact": "x", "days": 1}),
    ],
)
def test_a_missing_zone_denies_where_the_page_says_so(mechanism, said):
    one = rule(mechanism, **said)
    assert [a.missing for a in asked_by(one, None) if a.fact == "time_zone"] == [DENIED]
    notice = [{"fact": "x", "since": "2026-01-01T00:00+08:00"}]
    placed = [*notice, {"fact": "time_zone", "value": "Asia/Shanghai"}]
    at = "2026-03-02T12:00+08:00"
    assert verdict(stack_of(one, zone=None), at, facts=placed).allowed
    assert not verdict(stack_of(one, zone=None), at, facts=notice).allowed


def test_agreements_without_their_beginning_are_named():
    """A consent that runs for seven days lifts nothing where nobody wrote when it was given."""
    us = loaded("us")
    dated = {"borrower_id": "B1", "fact": "consent_to_call", "since": "2026-07-10T16:00-04:00"}
    assert undated([dated, {"borrower_id": "B1", "fact": "deceased"}], us) == []
    assert undated([{**dated, "since": ""}], us) == ["consent_to_call"]
    assert undated([{"borrower_id": "B1", "consent_to_call": "true", "deceased": ""}], us) == ["consent_to_call"]
    assert undated([{"borrower_id": "B1", "consent_to_call": ""}], us) == []


def test_results_nobody_knows_are_counted():
    told = [{"result": "Talked"}, {"result": "Talked"}, {"result": "No_Answer"}, {"result": None}, {}]
    assert unknown_results(told) == {"Talked": 2, "": 2}
