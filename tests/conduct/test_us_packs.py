"""The United States packs as stacks: whom each reaches, and that planning says what judging says."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from test_planning import planned, told
from worlds import world

from forbear.conduct import judge, load_packs

AT = "2026-09-10T12:00:00-04:00"
ZONE = {"borrower_id": "B1", "fact": "time_zone", "value": "America/New_York"}
CALL = {"borrower_id": "B1", "channel": "call", "result": "no_answer", "loan_id": "A"}
NINE = [
    {**CALL, "at": f"2026-09-0{day}T{hour}:00-04:00"}
    for day in (7, 8, 9)
    for hour in ("10:00", "11:30", "14:15")
]  # fmt: skip
TALK = [{**NINE[0], "result": "conversation", "direction": "in"}]


def against(pack, history, facts=(ZONE,), **act):
    """The rules that do not allow an act, with their answers."""
    row = {"borrower_id": "B1", "channel": "call", "at": AT, "loan_id": "A", **act}
    (verdict,) = judge([row], history, None, load_packs([pack]), facts=list(facts))
    return {a.rule_id: str(a.answer) for a in verdict.against}


@pytest.mark.parametrize(
    ("pack", "stopped"),
    [
        ("us", set()),
        ("us-tx", set()),
        ("us-ca", {"US-CA-FREQ-01"}),
        ("us-ma", {"US-MA-01", "US-MA-01-ELSEWHERE"}),
        ("us-nyc", {"US-NYC-01"}),
    ],
)
def test_nine_calls_of_the_creditor_itself(pack, stopped):
    """Federal law leaves a creditor in its own name alone; three states and cities do not."""
    assert set(against(pack, NINE)) == stopped


def test_the_city_lets_a_creditor_alone_that_has_not_begun_to_collect():
    begun = {"borrower_id": "B1", "fact": "collection_procedures_begun", "value": "false"}
    assert against("us-nyc", NINE, [ZONE, begun]) == {}


@pytest.mark.parametrize("pack", ["us", "us-ca", "us-ma", "us-nyc", "us-tx"])
def test_an_agency_is_counted_by_federal_law_under_every_pack(pack):
    theirs = [{**row, "sender": "C1"} for row in NINE]
    assert against(pack, theirs, sender="C1")["US-FREQ-01"] == "deferred"
    assert against(pack, [{**row, "sender": "C1"} for row in TALK], sender="C1")["US-FREQ-02"] == "deferred"


def test_people_debts_and_collectors_are_counted_apart_and_numbers_together():
    theirs = [{**row, "sender": "C1", "number": f"n{n}"} for n, row in enumerate(NINE)]
    assert "US-FREQ-01" in against("us", theirs, sender="C1", number="n99")
    for apart in ({"sender": "C2"}, {"sender": "C1", "loan_id": "B"}, {"sender": "C1", "party": "guarantor"}):
        assert against("us", theirs, **apart) == {}


def test_what_is_not_known_stops_the_call():
    """No zone, a history from the future, a zone that is none: each with its reason."""
    assert "US-TIME-01" in against("us", [], [], sender="C1")
    assert "US-TIME-01" in against("us", [], [{**ZONE, "value": "EST"}], sender="C1")
    assert "FORBEAR-CLOCK" in against("us", [{**NINE[0], "at": "2026-09-11T12:00:00-04:00"}], sender="C1")


STATES = (
    "represented", "employer_prohibits", "opted_out", "medium_refused", "wrong_number", "dispute_open", "bankrupt",
    "acquired_in_default", "written_consent_electronic", "at_work", "time_barred", "validation_given",
    "initial_communication", "number_confirmed", "debt_letter_sent", "spoken_request_not_at_work",
)  # fmt: skip


def american(seed, borrowers):
    """A random world with the facts that American rules ask for."""
    acts, history, facts = world(seed, borrowers)
    dice = random.Random(seed)
    for name, at in sorted({act["borrower_id"]: act["at"] for act in acts}.items()):
        for state in STATES:
            if dice.random() < 0.12:
                since = dice.choice([None, at - timedelta(hours=dice.randrange(1, 500))])
                value = dice.choice(["true", "false", "2026-03-01", "true"])
                narrow = {"loan_id": dice.choice(["", "", "L1"]), "channel": dice.choice(["", "", "sms"])}
                facts.append({"borrower_id": name, "fact": state, "value": value, "since": since, **narrow})
        if dice.random() < 0.5:
            since = at - timedelta(hours=dice.randrange(1, 200))
            facts.append({"borrower_id": name, "fact": "consent_to_call", "value": "true", "since": since})
    for act in acts:
        act["party"] = dice.choice(["borrower"] * 4 + ["spouse", "other"])
        act["at_work"] = dice.choice(["", "true", "false", "false"])
        act["reply_to_consumer"] = dice.choice(["", "", "", "true"])
        act["location_inquiry"] = dice.choice(["", "true"])
    return acts, history, facts


@pytest.mark.parametrize("seed", [0, 3])
def test_planning_agrees_with_judging(seed):
    packs = load_packs(["us-ca", "us-ma", "us-nyc", "us-tx"])
    acts, history, facts = american(seed, 30)
    expected, reasons = told(acts, history, facts, packs)
    got, stopped = planned(acts, history, facts, packs)
    assert stopped == reasons
    assert got == expected


@pytest.mark.parametrize(
    ("said", "bound"),
    [("yes", True), ("1", True), ("TRUE", True), ("maybe", True), ("no", False), ("0", False), ("False", False)],
)
def test_only_a_plain_no_takes_an_agency_out_of_the_federal_rules(said, bound):
    """However a file writes its yes; what is neither yes nor no is not known."""
    theirs = [{**row, "sender": "C1"} for row in NINE]
    default = {"borrower_id": "B1", "fact": "acquired_in_default", "value": said}
    assert ("US-FREQ-01" in against("us", theirs, [ZONE, default], sender="C1")) is bound


@pytest.mark.parametrize("said", ["false", "False", "no", "0"])
def test_a_message_without_its_way_out_is_not_sent_however_that_is_written(said):
    assert "US-CHAN-02" in against("us", [], channel="email", sender="C1", opt_out_offered=said)
