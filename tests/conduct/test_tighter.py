"""A pack may only tighten the one below: what loosens is refused when read, what tightens never allows more."""

import json
import re
from datetime import date
from functools import cache

import pytest
from loosenings import KEYS, NONE, PARAMETERS, WHOLE
from worlds import world

from forbear.basics.errors import WrongUse
from forbear.conduct import judge, load_packs
from forbear.conduct.rules import MECHANISMS, Rule

HEAD = {
    "jurisdiction": "t",
    "title": {"zh": "试", "en": "trial"},
    "zone": "Asia/Shanghai",
    "holidays": "CN",
}
ACTS = {"retain": ["erasure"]}
TOLD = ("id", "title", "instrument", "article", "source", "confidence", "force", "explanation", "examples")
"""Keys of a rule that tell what it is and decide nothing."""


def raw_rule(mechanism, entry, **own):
    return {
        "id": "R-1",
        "title": HEAD["title"],
        "instrument": "Trial",
        "source": "own",
        "confidence": "verified",
        "force": "law",
        "in_force": {"from": "2025-01-01"},
        "acts": ACTS.get(mechanism, ["call", "sms", "visit", "letter"]),
        "explanation": HEAD["title"],
        "mechanism": mechanism,
        "parameters": [{"from": "2025-01-01", **entry}],
        **own,
    }


def with_parameter(mechanism, parameter, value):
    entry = {**WHOLE[mechanism], parameter: value}
    spans = {"hours", "years"} & {parameter} - {mechanism}
    if spans:
        entry.pop("days", None)
    return raw_rule(mechanism, {k: v for k, v in entry.items() if v is not None})


def with_key(key, value):
    raw = raw_rule(
        "frequency" if key == "unit" else "forbid", WHOLE["frequency"] if key == "unit" else {"facts": ["told"]}
    )
    raw[key] = value
    return {k: v for k, v in raw.items() if v is not None}


def stacked(folder, below, above, **head):
    """The stack of two packs with one rule each; JSON is YAML."""
    for name, raw, more in (("low", below, {}), ("high", above, {"tightens": "low", **head})):
        (folder / name).mkdir(parents=True)
        (folder / name / "pack.yaml").write_text(json.dumps({**HEAD, "name": name, **more}))
        (folder / name / "rules.yaml").write_text("rules:\n- " + json.dumps(raw) + "\n")
    return load_packs([folder / "high"])


def cases(which):
    """Pairs of rules below and above: for each line of the tables its tighter or its looser value."""
    column = {"tighter": -2, "looser": -1}[which]
    for line in PARAMETERS:
        if line[column] is not NONE:
            mechanism, parameter, value = line[:3]
            pair = (with_parameter(mechanism, parameter, v) for v in (value, line[column]))
            yield pytest.param(*pair, parameter, id=f"{mechanism} {parameter} {value} to {line[column]}")
    for line in KEYS:
        if line[column] is not NONE:
            key, value = line[:2]
            yield pytest.param(
                with_key(key, value), with_key(key, line[column]), key, id=f"{key} {value} to {line[column]}"
            )


@pytest.mark.parametrize(("below", "above", "what"), list(cases("looser")))
def test_what_would_loosen_is_refused_when_read(tmp_path, below, above, what):
    with pytest.raises(WrongUse) as refused:
        stacked(tmp_path, below, above)
    said = str(refused.value)
    assert said.startswith(f"{tmp_path}/high/rules.yaml, line 2: R-1 would loosen low: ")
    assert re.search(rf"\b{'facts' if what == 'parameters' else what}\b", said.partition("loosen low: ")[2]), said


@pytest.mark.parametrize(("below", "above", "what"), list(cases("tighter")))
def test_what_tightens_is_taken_and_never_allows_more(tmp_path, below, above, what):
    high = stacked(tmp_path, below, above)
    assert [(pack.name, one.id) for pack, one in high.rules] == [("high", "R-1")]
    low = load_packs([tmp_path / "low"])
    assert not allowed(high) - allowed(low)


@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
def test_the_same_rule_again_is_taken(tmp_path, mechanism):
    raw = raw_rule(mechanism, WHOLE[mechanism])
    assert len(stacked(tmp_path, raw, raw).rules) == 1


@cache
def the_world():
    acts, history, facts = world(7, 60)
    return acts, history, facts


def allowed(stack):
    """Acts of a world that no rule of the stack is against; what no rule governs is not forbidden by one."""
    acts, history, facts = the_world()
    own = {one.id for _, one in stack.rules}
    verdicts = judge(acts, history, None, stack, facts=facts)
    return {v.act_id for v in verdicts if not own & {a.rule_id for a in v.against}}


def test_every_parameter_of_every_mechanism_is_tried():
    tried = {(mechanism, parameter) for mechanism, parameter, _, _, looser in PARAMETERS if looser is not NONE}
    known = {(m, f) for m, model in MECHANISMS.items() for f in model.model_fields if f != "from_"}
    assert tried == known


def test_every_key_of_a_rule_that_decides_is_tried():
    tried = {key for key, _, _, looser in KEYS if looser is not NONE}
    known = {field.alias or name for name, field in Rule.model_fields.items()}
    assert tried == known - set(TOLD)


def frequency(cap, start="2025-01-01", **own):
    return raw_rule("frequency", {**WHOLE["frequency"], "cap": cap, "from": start}, **own)


def test_a_rule_is_compared_from_the_day_it_is_in_force_on(tmp_path):
    """Parameters older than the rule's coming into force count from that day."""
    late = {"in_force": {"from": "2026-01-01"}}
    with pytest.raises(WrongUse, match=r"cap: higher"):
        stacked(tmp_path, frequency(3, **late), frequency(9, **late))


def test_a_rule_without_a_first_day_starts_with_its_parameters(tmp_path):
    with pytest.raises(WrongUse, match="in_force: starts later"):
        stacked(tmp_path, frequency(3), frequency(3, "2027-01-01", in_force={}))
    assert stacked(tmp_path / "well", frequency(3), frequency(3, in_force={})).rules[0][1].at(date(2025, 1, 1))


def test_a_looser_entry_years_ahead_is_refused_too(tmp_path):
    later = frequency(3)
    later["parameters"].append({**later["parameters"][0], "from": "2040-01-01", "cap": 4})
    with pytest.raises(WrongUse, match=r"cap: higher \(from 2040-01-01\)"):
        stacked(tmp_path, frequency(3), later)


@pytest.mark.parametrize(("key", "value"), [("zone", "America/New_York"), ("holidays", "US")])
def test_another_zone_or_calendar_is_refused_for_a_replaced_rule(tmp_path, key, value):
    with pytest.raises(WrongUse, match=f"{key}: another"):
        stacked(tmp_path, frequency(3), frequency(3), **{key: value})


def test_zone_and_holidays_are_those_of_the_pack_below_where_none_are_named(tmp_path):
    stack = stacked(tmp_path, frequency(3), frequency(2), zone=None, holidays=None)
    assert (stack.packs[-1].head.zone, stack.packs[-1].head.holidays) == ("Asia/Shanghai", "CN")


def test_hours_across_midnight_are_only_taken_unchanged(tmp_path):
    night = raw_rule("hours", {"open": "22:00", "close": "06:00"})
    assert stacked(tmp_path / "same", night, night).rules
    for n, (opens, closes) in enumerate([("21:00", "06:00"), ("22:00", "07:00"), ("06:00", "22:00")]):
        with pytest.raises(WrongUse, match="would loosen"):
            stacked(tmp_path / str(n), night, raw_rule("hours", {"open": opens, "close": closes}))


def test_a_rule_that_is_added_needs_no_comparison(tmp_path):
    added = {**frequency(1000), "id": "R-2"}
    assert [one.id for _, one in stacked(tmp_path, frequency(3), added).rules] == ["R-1", "R-2"]
