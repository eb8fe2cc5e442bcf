"""The whole verdict: which rules are asked, the strictest answer, deferrals proved, the gate's own checks, audit."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from one_rule import HERE, NEW_YORK, SHANGHAI, answer, every, facts_rows, packs, rule, told, verdict

from forbear.basics.errors import WrongUse
from forbear.conduct import Answer, Packs, judge, judge_one
from forbear.conduct.judge import CLOCK, UNGOVERNED, plain
from forbear.conduct.situation import contact, proposal

NOON = "2026-03-02T12:00+08:00"
DAYTIME = rule("hours", "R-HOURS", open="08:00", close="22:00")
THREE = rule("frequency", "R-FREQ", cap=3, window={"days": 1}, channels=["call"], count="conversation")
DEAD = rule("bar", "R-BAR", states=["deceased"])


def asked(one, at=NOON, **more):
    """Whether a rule is asked of an act."""
    return one.id in {a.rule_id for a in verdict(packs(one), at, **more).answers}


# --- which rules are asked ----------------------------------------------------------------------------------------


def test_an_act_that_no_rule_governs_is_denied():
    sms_only = rule("bar", states=["deceased"], acts=["sms"])
    said = verdict(packs(sms_only), NOON)
    assert said.answer == "denied"
    assert [(a.rule_id, a.pack, a.reason) for a in said.answers] == [
        (UNGOVERNED, "forbear", "no rule of these packs governs this act, so nothing allows it")
    ]
    assert verdict(packs(sms_only), NOON, act={"channel": "sms"}).allowed


@pytest.mark.parametrize(
    ("frame", "act", "expected"),
    [
        ({"actor": "both"}, {}, True),
        ({"actor": "lender"}, {}, True),
        ({"actor": "agency"}, {}, False),
        ({"actor": "agency"}, {"sender": "A1"}, True),
        ({"actor": "lender"}, {"sender": "A1"}, False),
        ({"actor": "lender"}, {"sender": "A1", "actor": "lender"}, True),
        ({"parties": ["borrower"]}, {}, True),
        ({"parties": ["guarantor"]}, {}, False),
        ({"parties": ["guarantor", "spouse"]}, {"party": "spouse"}, True),
        ({"acts": ["sms"]}, {}, False),
        ({"acts": ["sms", "call"]}, {}, True),
        ({"when": {"fact": "bought", "is": "true"}}, {"bought": "true"}, True),
        ({"when": {"fact": "bought", "is": "true"}}, {"bought": "TRUE"}, True),
        ({"when": {"fact": "bought", "is": "True"}}, {"bought": "true"}, True),
        ({"when": {"fact": "bought", "is": "true"}}, {"bought": "false"}, False),
        # What is not known does not excuse.
        ({"when": {"fact": "bought", "is": "true"}}, {}, True),
    ],
)
def test_whom_and_what_a_rule_governs(frame, act, expected):
    assert asked(rule("bar", states=["deceased"], **frame), act=act) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-01-31T23:59:59+08:00", False),
        ("2026-02-01T00:00+08:00", True),
        ("2026-02-28T23:59:59+08:00", True),
        ("2026-03-01T00:00+08:00", False),
    ],
)
def test_a_rule_is_in_force_by_the_date_of_its_own_country(at, expected):
    one = rule("bar", states=["deceased"], in_force={"from": "2026-02-01", "until": "2026-03-01"})
    assert asked(one, at) is expected
    assert asked(one, at, facts={"time_zone": NEW_YORK}) is expected, "law's date is not the borrower's"


def test_yesterdays_act_is_judged_by_yesterdays_law():
    one = rule(
        "hours",
        parameters=[
            {"from": "2020-01-01", "open": "08:00", "close": "22:00"},
            {"from": "2026-03-02", "open": "09:00", "close": "21:00"},
        ],
    )
    assert told(one, "2026-03-01T08:00+08:00") == "allowed"
    assert told(one, "2026-03-02T08:00+08:00") == "until 2026-03-02T01:00Z"
    assert answer(one, "2026-03-01T08:00+08:00").since == "2020-01-01"
    assert answer(one, "2026-03-02T08:00+08:00").since == "2026-03-02"


# --- exceptions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("urgent", "expected"),
    [("true", "allowed"), ("Yes", "allowed"), ("no", "denied"), ("perhaps", "denied"), ("", "denied")],
)
def test_unless_is_said_of_the_act_alone(urgent, expected):
    one = rule("bar", states=["deceased"], unless=["urgent", "asked_for"])
    facts = {"deceased": "true", "asked_for": "true"}
    assert told(one, NOON, act={"urgent": urgent}, facts=facts) == expected
    assert told(one, NOON, act={"asked_for": "true"}, facts=facts) == "allowed"


def test_an_exception_is_on_record_or_it_is_none():
    one = rule("bar", states=["deceased"], lifted="estate_agreed")
    dead = {"deceased": "true"}
    for agreed, expected in (("true", "allowed"), ("no", "denied"), ("perhaps", "denied")):
        assert told(one, NOON, facts={**dead, "estate_agreed": agreed}) == expected
    assert told(one, NOON, facts=dead) == "denied"
    assert answer(one, NOON, facts={**dead, "estate_agreed": "yes"}).facts == {"except": "estate_agreed"}
    urgent = rule("bar", states=["deceased"], unless=["urgent"])
    assert answer(urgent, NOON, act={"urgent": "true"}, facts=dead).facts == {"unless": "urgent"}


# --- the verdict --------------------------------------------------------------------------------------------------


def test_the_strictest_answer_counts():
    stack = packs(DAYTIME, THREE, DEAD)
    full, night = every("2026-03-02T09:00+08:00", 3), "2026-03-02T23:00+08:00"
    assert verdict(stack, NOON).answer == "allowed"
    assert verdict(stack, NOON, history=full).answer == "deferred"
    assert verdict(stack, NOON, history=full, facts={**HERE, "deceased": "true"}).answer == "denied"
    said = verdict(stack, night, history=full)
    assert [(a.rule_id, a.answer) for a in said.answers] == [
        ("R-HOURS", "deferred"),
        ("R-FREQ", "deferred"),
        ("R-BAR", "allowed"),
    ]
    assert [a.rule_id for a in said.against] == ["R-HOURS", "R-FREQ"]
    assert (said.allowed, verdict(stack, NOON).allowed) == (False, True)
    assert verdict(stack, NOON).until is None


def test_a_deferral_is_proved_before_it_is_given():
    """The count is free at midnight, when the hours are shut: the verdict names the morning."""
    stack = packs(DAYTIME, THREE)
    said = verdict(stack, "2026-03-02T21:00+08:00", history=every("2026-03-02T09:00+08:00", 3))
    assert said.until == datetime(2026, 3, 3, 0, tzinfo=UTC)
    only = next(a for a in said.answers if a.rule_id == "R-FREQ")
    assert only.until == datetime(2026, 3, 2, 16, tzinfo=UTC)


def test_a_deferral_to_a_day_of_stricter_law_moves_on():
    stricter = rule(
        "hours",
        parameters=[
            {"from": "2020-01-01", "open": "08:00", "close": "22:00"},
            {"from": "2026-03-03", "open": "09:00", "close": "21:00"},
        ],
    )
    said = verdict(packs(stricter), "2026-03-02T22:30+08:00")
    assert said.until == datetime(2026, 3, 3, 1, tzinfo=UTC)


def test_a_deferral_to_a_day_that_forbids_is_a_denial():
    """Deferred until the morning, on which a law begins that forbids it: there is no next instant."""
    tomorrow = rule("bar", "R-NEW", states=["deceased"], in_force={"from": "2026-03-03"})
    facts = {**HERE, "deceased": "true"}
    said = verdict(packs(DAYTIME, tomorrow), "2026-03-02T23:00+08:00", facts=facts)
    assert (said.answer, said.until) == ("denied", None)
    assert [(a.rule_id, a.answer) for a in said.answers] == [("R-HOURS", "deferred")]


def test_deferrals_that_never_meet_are_a_denial():
    """Day hours in one rule and night hours in another chase each other; the gate gives up and denies."""
    night = rule("hours", "R-NIGHT", open="22:00", close="08:00")
    said = verdict(packs(DAYTIME, night), NOON)
    assert (said.answer, said.until) == ("denied", None)


def test_long_waits_are_followed_to_their_end():
    """Sunday alone, not on a holiday, not before the wait is over."""
    stack = packs(
        rule("hours", "R-SUNDAY", open="10:00", close="11:00", days=[7]),
        rule("wait", "R-WAIT", after="conversation", days=20),
    )
    said = verdict(stack, "2026-03-02T12:00+08:00", history=[{"at": "2026-03-02T10:00+08:00"}])
    assert said.until == datetime(2026, 3, 22, 2, tzinfo=UTC)


# --- the gate's own checks ----------------------------------------------------------------------------------------


def test_a_clock_that_jumped_denies():
    past = [{"at": "2026-03-02T12:00:00.000001+08:00", "channel": "letter", "direction": "in"}]
    said = verdict(packs(DEAD), NOON, history=past)
    assert said.answer == "denied"
    assert [(a.rule_id, a.reason) for a in said.against] == [
        (CLOCK, "history reaches 2026-03-02T04:00:00.000001+00:00, after the act: a clock is wrong")
    ]
    assert verdict(packs(DEAD), NOON, history=[{"at": NOON}]).allowed


def test_a_history_ahead_is_left_out_only_when_asked():
    act = {"borrower_id": "B1", "channel": "call", "at": NOON}
    late = {"borrower_id": "B1", "channel": "call", "at": "2026-03-02T12:01+08:00"}
    assert judge([act], [late], None, packs(DEAD))[0].answer == "denied"
    assert judge_one(proposal(act, 1, None), (), [contact(late, 1)], packs(DEAD)).answer == "denied"
    assert judge([act], [late], None, packs(DEAD), as_then=True)[0].allowed


def test_as_then_leaves_out_what_came_after():
    past = [*every("2026-03-02T09:00+08:00", 2), {"at": NOON}, {"at": "2026-03-02T12:01+08:00"}]
    said = verdict(packs(THREE), NOON, history=past, as_then=True)
    assert (said.answer, said.answers[0].facts["count"]) == ("deferred", 3)
    assert verdict(packs(THREE), "2026-03-02T11:59+08:00", history=past, as_then=True).allowed


def test_as_then_a_contact_does_not_count_against_itself():
    past = [*every("2026-03-02T09:00+08:00", 2), {"at": NOON, "contact_id": "C3"}]
    itself, other = ({"channel": "call", "act_id": name} for name in ("C3", "C4"))
    assert verdict(packs(THREE), NOON, act=itself, history=past, as_then=True).allowed
    assert not verdict(packs(THREE), NOON, act=other, history=past, as_then=True).allowed
    assert not verdict(packs(THREE), "2026-03-02T12:01+08:00", act=itself, history=past, as_then=True).allowed


def test_the_gates_own_answers_carry_their_name():
    own = verdict(packs(), NOON).answers[0]
    assert (own.version, own.since, own.instrument, own.article, own.verified, own.facts) == (
        "1",
        "",
        "Forbear",
        "",
        True,
        {},
    )
    assert (own.answer, own.until) == (Answer.denied, None)


def test_a_whole_day_is_judged_against_its_full_record():
    """Three calls of one day, each on record: judged as on the day, each may have been."""
    past = [{"contact_id": f"c{n}", "at": f"2026-03-02T{9 + n:02}:00+08:00"} for n in range(4)]
    said = [
        verdict(packs(THREE), c["at"], act={"act_id": c["contact_id"]}, history=past, as_then=True).allowed
        for c in past
    ]
    assert said == [True, True, True, False]
    third = past[2]["at"]
    for other in ({"act_id": "c9"}, {"act_id": "c2", "channel": "voice"}):
        both = rule("frequency", cap=3, window={"days": 1}, channels=["call"], count="conversation")
        assert not verdict(packs(both), third, act=other, history=past, as_then=True).allowed
    later = verdict(packs(THREE), "2026-03-02T11:00:01+08:00", act={"act_id": "c2"}, history=past, as_then=True)
    assert not later.allowed, "the same name at another instant is another contact"


# --- many acts, many people ---------------------------------------------------------------------------------------


def test_acts_are_independent_and_keep_their_order():
    acts = [
        {"act_id": "x", "borrower_id": "B2", "channel": "call"},
        {"borrower_id": "B1", "channel": "call"},
        {"borrower_id": "B1", "channel": "call", "at": "2026-03-02T23:00+08:00"},
    ]
    facts = [
        {"borrower_id": "B1", "fact": "time_zone", "value": SHANGHAI},
        {"borrower_id": "B2", "fact": "time_zone", "value": NEW_YORK},
        {"borrower_id": "B2", "fact": "deceased"},
    ]
    said = judge(acts, [], datetime.fromisoformat(NOON), packs(DAYTIME, DEAD), facts=facts)
    assert [(v.act_id, str(v.answer)) for v in said] == [("x", "denied"), ("2", "allowed"), ("3", "deferred")]
    assert judge([], [], None, packs(DEAD)) == []


def test_rows_that_are_wrong_name_their_table_and_row():
    act = {"borrower_id": "B1", "channel": "call", "at": NOON}
    with pytest.raises(WrongUse, match="acts, row 2: channel"):
        judge([act, {**act, "channel": "x"}], [], None, packs(DEAD))
    with pytest.raises(WrongUse, match="history, row 1: borrower_id"):
        judge([act], [{"at": NOON}], None, packs(DEAD))
    with pytest.raises(WrongUse, match="facts, row 1: borrower_id"):
        judge([act], [], None, packs(DEAD), facts=[{"fact": "x"}])


# --- the audit ----------------------------------------------------------------------------------------------------


def test_the_verdict_as_json_tells_all():
    said = verdict(packs(DAYTIME, DEAD), "2026-03-02T22:30+08:00", act={"act_id": "a1"})
    told_json = json.loads(json.dumps(said.to_json()))
    assert {k: v for k, v in told_json.items() if k != "answers"} == {
        "act_id": "a1",
        "borrower_id": "B1",
        "channel": "call",
        "at": "2026-03-02T14:30:00+00:00",
        "answer": "deferred",
        "until": "2026-03-03T00:00:00+00:00",
        "because": [{"rule": "R-HOURS", "reason": "outside 08:00 to 22:00 in Asia/Shanghai"}],
    }
    first = told_json["answers"][0]
    assert first == {
        "rule_id": "R-HOURS",
        "pack": "t",
        "version": DAYTIME.version,
        "since": "2000-01-01",
        "answer": "deferred",
        "until": "2026-03-03T00:00:00+00:00",
        "reason": "outside 08:00 to 22:00 in Asia/Shanghai",
        "facts": {
            "zones": [SHANGHAI],
            "open": "08:00",
            "close": "22:00",
            "local": ["2026-03-02T22:30:00+08:00"],
        },
        "instrument": "Trial",
        "article": "1",
        "verified": True,
    }
    assert told_json["answers"][1]["answer"] == "allowed"


def test_plain_values():
    value = {1: (date(2026, 1, 2), frozenset(["x"])), "n": [None, True, 1, 1.5, Answer.denied]}
    assert plain(value) == {"1": ["2026-01-02", ["x"]], "n": [None, True, 1, 1.5, "denied"]}
    assert plain(Decimal("0.24")) == "0.24"
    assert plain(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00+00:00"


@pytest.mark.parametrize("confidence", ["verified", "secondary", "from_memory", "policy"])
def test_an_unverified_rule_is_shown_as_such(confidence):
    assert answer(rule("bar", states=["x"], confidence=confidence), NOON).verified is (confidence == "verified")


def test_a_rules_version_is_that_of_what_decides():
    version = DAYTIME.version
    same = rule("hours", "R-HOURS", open="08:00", close="22:00", examples=[{"name": "another"}])
    assert same.version == version
    assert len(version) == 12
    changes = ({"close": "21:59"}, {"actor": "agency"}, {"unless": ["x"]}, {"in_force": {"from": "2001-01-01"}})
    others = {rule("hours", "R-HOURS", **{"open": "08:00", "close": "22:00", **c}).version for c in changes}
    assert len(others | {version}) == 5


def test_packs_are_asked_in_their_order_each_by_its_own_date():
    """One rule from a pack of Shanghai and one of New York: at 20:00Z on 1 March each has its own date."""
    from_the_2nd = {"states": ["deceased"], "in_force": {"from": "2026-03-02"}}
    east = packs(rule("bar", "R-EAST", **from_the_2nd), zone=SHANGHAI)
    west = packs(rule("bar", "R-WEST", **from_the_2nd), zone=NEW_YORK)
    both = Packs((*west.packs, *east.packs), (*west.rules, *east.rules))
    assert [a.rule_id for a in verdict(both, "2026-03-01T20:00Z").answers] == ["R-EAST"]
    assert [a.rule_id for a in verdict(both, "2026-03-02T20:00Z").answers] == ["R-WEST", "R-EAST"]
    row = {"borrower_id": "B1", "channel": "call", "at": "2026-03-01T20:00Z"}
    assert judge([row], [], None, both, facts=facts_rows({"deceased": "true"}))[0].answer == "denied"
