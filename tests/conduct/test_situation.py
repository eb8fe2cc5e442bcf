"""Rows of acts, contacts and facts become plain values; what is missing, strange or undated is refused by name."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from forbear.basics.errors import WrongUse
from forbear.conduct.situation import (
    Contact,
    Fact,
    Proposal,
    Situation,
    contact,
    counts_as,
    facts_of,
    instant,
    is_said,
    known_channel,
    known_zone,
    proposal,
    says_otherwise,
)

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
ACT = {"borrower_id": "B1", "channel": "call"}


def test_an_act_from_a_full_row():
    row = {
        "act_id": " a7 ",
        "borrower_id": " B1 ",
        "channel": " CALL",
        "at": "2026-03-02T12:00+08:00",
        "loan_id": "L1 | L2||",
        "sender": "A1",
        "actor": "",
        "party": "Guarantor",
        "number": " n1 ",
        "recorded": True,
        "discloses_debt": False,
        "amount": 12,
        "empty": "  ",
        "none": None,
    }
    assert proposal(row, 3, None) == Proposal(
        "a7",
        "B1",
        "call",
        NOON,
        ("L1", "L2"),
        "A1",
        "agency",
        "guarantor",
        "n1",
        {"recorded": "true", "discloses_debt": "false", "amount": "12"},
    )


def test_an_act_from_a_bare_row():
    act = proposal(ACT, 3, NOON.astimezone(timezone(timedelta(hours=8))))
    assert act == Proposal("3", "B1", "call", NOON, (), "lender", "lender", "borrower", "", {})
    assert act.at.tzinfo is UTC
    assert proposal({**ACT, "at": "", "sender": "A1"}, 1, NOON).actor == "agency"
    assert proposal({**ACT, "sender": "A1", "actor": "lender"}, 1, NOON).actor == "lender"
    assert proposal({**ACT, "loan_id": ["L1", " L2 "]}, 1, NOON).loans == ("L1", "L2")
    assert proposal({**ACT, "loan_id": ("L1",)}, 1, NOON).loans == ("L1",)
    assert proposal({**ACT, "at": NOON + timedelta(1)}, 1, NOON).at == NOON + timedelta(1)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"borrower_id": ""}, "acts, row 4: borrower_id is missing"),
        ({"borrower_id": None}, "acts, row 4: borrower_id is missing"),
        ({"channel": "pigeon"}, "acts, row 4: channel is 'pigeon'"),
        ({"channel": ""}, "acts, row 4: channel is ''"),
        ({"party": "priest"}, "acts, row 4: party is 'priest'"),
        ({"actor": "nobody"}, "acts, row 4: actor is 'nobody'"),
        ({"at": ""}, "acts, row 4: at is missing"),
        ({"at": None}, "acts, row 4: at is missing"),
        ({"at": "soon"}, "acts, row 4, at: 'soon' is not an instant"),
        ({"at": "2026-03-02T12:00"}, "acts, row 4, at: 2026-03-02 12:00:00 has no zone"),
        ({"at": 7}, "acts, row 4, at: 7 is not an instant"),
        ({"at": "0001-01-01T00:00Z"}, "acts, row 4, at: 0001-01-01 00:00:00+00:00 lies too far off"),
        ({"at": "9999-12-31T23:59-05:00"}, "acts, row 4, at: 9999-12-31 23:59:00-05:00 lies too far off"),
    ],
)
def test_acts_that_are_none(change, complaint):
    with pytest.raises(WrongUse) as refused:
        proposal({**ACT, "at": "2026-03-02T12:00+08:00", **change}, 4, None)
    assert str(refused.value).startswith(complaint)


def test_a_complaint_says_what_to_write():
    hints = []
    for change in ({"at": None}, {"at": "2026-03-02T12:00"}, {"at": "soon"}, {"at": 7}, {"actor": "x"}):
        with pytest.raises(WrongUse) as refused:
            proposal({**ACT, "at": NOON, **change}, 4, None, "my acts")
        assert str(refused.value).startswith("my acts, row 4")
        hints.append(refused.value.hint)
    assert hints == [
        "give each act its instant, or one for all with --at",
        "write the offset too: 2026-06-30T21:59:00+08:00",
        "write 2026-06-30T21:59:00+08:00",
        "write 2026-06-30T21:59:00+08:00",
        "known are lender, agency",
    ]


def test_moving_an_act_changes_its_instant_alone():
    act = proposal({**ACT, "loan_id": "L1", "recorded": "yes"}, 1, NOON)
    later = act.moved(NOON + timedelta(hours=1))
    assert later.at == NOON + timedelta(hours=1)
    assert later.moved(NOON) == act


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-03-02T12:00+08:00", NOON),
        (" 2026-03-02T04:00:00Z ", NOON),
        ("2026-03-01T23:00:00-05:00", NOON),
        (datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=8))), NOON),
    ],
)
def test_instants(written, expected):
    said = instant(written, "here")
    assert said == expected
    assert said.tzinfo is UTC


def test_a_contact_from_a_full_row():
    row = {
        "borrower_id": "B1",
        "at": "2026-03-02T12:00+08:00",
        "channel": " SMS ",
        "direction": "IN",
        "result": " Busy ",
        "party": "Other",
        "sender": "A1",
        "loan_id": "L1|L2",
        "number": "n1",
        "contact_id": "c1",
    }
    expected = Contact(
        "B1", NOON, "sms", "in", frozenset(("dial", "unanswered")), "other", "A1", ("L1", "L2"), "n1", "c1"
    )
    assert contact(row, 1) == expected
    assert contact({**row, "party": "priest"}, 1).party == "borrower"


def test_a_contact_from_a_bare_row_is_read_at_its_strictest():
    everything = frozenset(("dial", "attempt", "connection", "conversation", "unanswered"))
    bare = contact({"borrower_id": "B1", "at": NOON}, 1)
    assert bare == Contact("B1", NOON, "", "out", everything, "borrower", "", (), "")
    assert counts_as("never heard of") == everything


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"borrower_id": " "}, "history, row 9: borrower_id is missing"),
        ({"at": None}, "history, row 9, at: None is not an instant"),
        ({"at": "2026-03-02"}, "history, row 9, at: 2026-03-02 00:00:00 has no zone"),
        ({"direction": "up"}, "history, row 9: direction is 'up'"),
    ],
)
def test_contacts_that_are_none(change, complaint):
    with pytest.raises(WrongUse) as refused:
        contact({"borrower_id": "B1", "at": NOON, **change}, 9)
    assert str(refused.value).startswith(complaint)


def test_long_facts():
    rows = [
        {"borrower_id": "B1", "fact": "deceased"},
        {
            "borrower_id": "B1",
            "fact": " mood ",
            "value": " angry ",
            "since": "2026-03-02T12:00+08:00",
            "until": "2026-03-02T13:00+08:00",
            "loan_id": "L1",
            "number": "n1",
            "sender": "A1",
            "channel": "sms",
        },
        {"borrower_id": "B1", "fact": "told", "value": "", "since": "", "until": None},
        {"borrower_id": "B1", "fact": "minor", "value": False},
    ]
    assert facts_of(rows) == [
        Fact("B1", "deceased", "true"),
        Fact("B1", "mood", "angry", NOON, NOON + timedelta(hours=1), "L1", "n1", "A1", "sms"),
        Fact("B1", "told", "true"),
        Fact("B1", "minor", "false"),
    ]


def test_wide_facts():
    rows = [
        {"borrower_id": "B1", "time_zone": "Asia/Shanghai", "deceased": "", "minor": None},
        {"borrower_id": "B2", "time_zone": None, "deceased": True, "minor": "no"},
    ]
    assert facts_of(rows) == [
        Fact("B1", "time_zone", "Asia/Shanghai"),
        Fact("B2", "deceased", "true"),
        Fact("B2", "minor", "no"),
    ]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"borrower_id": "", "fact": "deceased"}, "facts, row 2: borrower_id is missing"),
        ({"fact": "deceased"}, "facts, row 2: borrower_id is missing"),
        ({"borrower_id": "B1", "fact": " "}, "facts, row 2: fact is missing"),
        ({"borrower_id": "B1", "fact": "told", "since": "May"}, "facts, row 2, since: 'May' is not an instant"),
        (
            {"borrower_id": "B1", "fact": "told", "until": "2026-03-02"},
            "facts, row 2, until: 2026-03-02 00:00:00 has",
        ),
    ],
)
def test_facts_that_are_none(row, complaint):
    with pytest.raises(WrongUse) as refused:
        facts_of([{"borrower_id": "B1", "fact": "fine"}, row])
    assert str(refused.value).startswith(complaint)


@pytest.mark.parametrize(
    ("value", "true"),
    [("true", True), ("false", False), (" No ", False), ("0", False), ("f", False), ("n", False), ("maybe", True)],
)
def test_whether_a_fact_says_yes(value, true):
    fact = Fact("B1", "x", value)
    assert (fact.true, fact.false) == (true, not true)


def test_a_fact_holds_from_its_beginning_until_before_its_end():
    hour = timedelta(hours=1)
    fact = Fact("B1", "x", since=NOON, until=NOON + hour)
    ticks = [NOON - timedelta.resolution, NOON, NOON + hour - timedelta.resolution, NOON + hour]
    assert [fact.holds(at) for at in ticks] == [False, True, True, False]
    assert Fact("B1", "x").holds(NOON)


def situation(facts, **act):
    return Situation(proposal({**ACT, **act}, 1, NOON), tuple(facts), ())


def one(name="told", value="true", **narrow):
    return Fact("B1", name, value, **narrow)


@pytest.mark.parametrize(
    ("narrow", "act", "touches", "covers"),
    [
        ({}, {}, True, True),
        ({"loan": "L1"}, {"loan_id": "L1"}, True, True),
        ({"loan": "L1"}, {"loan_id": "L2"}, False, False),
        ({"loan": "L1"}, {"loan_id": "L1|L2"}, True, False),
        ({"loan": "L1"}, {}, True, False),
        ({"number": "n1"}, {"number": "n1"}, True, True),
        ({"number": "n1"}, {"number": "n2"}, False, False),
        ({"number": "n1"}, {}, True, False),
        ({"sender": "A1"}, {"sender": "A1"}, True, True),
        ({"sender": "A1"}, {}, False, False),
        ({"channel": "call"}, {}, True, True),
        ({"channel": "sms"}, {}, False, False),
        ({"since": NOON}, {}, True, True),
        ({"since": NOON + timedelta.resolution}, {}, False, False),
        ({"until": NOON}, {}, False, False),
    ],
)
def test_what_forbids_touches_and_what_permits_covers(narrow, act, touches, covers):
    fact = one(**narrow)
    s = situation([fact, one("another")], **act)
    assert s.touching("told") == ((fact,) if touches else ())
    assert s.covering("told") == ((fact,) if covers else ())


def test_several_facts_cover_together():
    both = [one(loan="L1"), one(loan="L2")]
    assert situation(both, loan_id="L1|L2").covering("told") == tuple(both)
    assert situation(both, loan_id="L2").covering("told") == (both[1],)
    assert situation(both, loan_id="L1|L2|L3").covering("told") == ()
    assert situation(both).covering("told") == ()
    whole = [one(loan="L1"), one()]
    assert situation(whole, loan_id="L1|L2").covering("told") == tuple(whole)
    refused = [one(loan="L1"), one(value="no", loan="L2")]
    assert situation(refused, loan_id="L1|L2").covering("told", true=True) == ()
    assert situation(refused, loan_id="L1|L2").covering("told") == tuple(refused)


def test_facts_are_asked_as_of_an_instant():
    fact = one(since=NOON - timedelta(2), until=NOON - timedelta(1))
    s = situation([fact])
    assert s.covering("told", NOON - timedelta(2)) == (fact,)
    assert s.touching("told", NOON - timedelta(2)) == (fact,)
    assert s.covering("told") == s.touching("told") == ()


def test_the_act_says_first_and_the_latest_fact_next():
    old, new = one(value="old", since=NOON - timedelta(2)), one(value="new", since=NOON - timedelta(1))
    always = one(value="zz")
    for facts in ([old, new, always], [always, new, old]):
        assert situation(facts).value("told") == "new"
        assert situation(facts, told="own").value("told") == "own"
        assert situation(facts, told="").value("told") == "new"
    assert situation([always, one(value="aa")]).value("told") == "zz"
    assert situation([]).value("told") is None
    assert situation([], told="x").own("told") == "x"
    assert Situation(Proposal("1", "B1", "call", NOON, facts={"told": ""}), (), ()).own("told") is None
    assert situation([]).own("told") is None


def test_loans_that_disagree_have_no_common_value():
    """What is said last of one debt says nothing of another: where they differ nothing is known of both."""
    licensed = one("licensed", loan="L1", since=NOON - timedelta(1))
    not_licensed = one("licensed", "false", loan="L2", since=NOON - timedelta(2))
    facts = [licensed, not_licensed]
    assert situation(facts, loan_id="L1").value("licensed") == "true"
    assert situation(facts, loan_id="L2").value("licensed") == "false"
    assert situation(facts, loan_id="L1|L2").value("licensed") is None
    agreed = [licensed, one("licensed", loan="L2", since=NOON - timedelta(2))]
    assert situation(agreed, loan_id="L1|L2").value("licensed") == "true"
    for_all = [*facts, one("licensed", since=NOON - timedelta(hours=1))]
    assert situation(for_all, loan_id="L1|L2").value("licensed") == "true"
    older_for_all = [*facts, one("licensed", since=NOON - timedelta(3))]
    assert situation(older_for_all, loan_id="L1|L2").value("licensed") is None


def test_what_is_known_of_every_debt_of_hers():
    """An act about no debt in particular is about all: an older no of one debt alone leaves the rest unsaid."""
    for_all = one("licensed", since=NOON - timedelta(2))
    of_one = one("licensed", "false", loan="L2", since=NOON - timedelta(1))
    assert situation([for_all, of_one]).value("licensed") is None
    assert situation([for_all, of_one], loan_id="L1").value("licensed") == "true"
    assert situation([for_all, of_one]).deciding("licensed") in ((for_all, of_one), (of_one, for_all))
    assert situation([of_one]).deciding("licensed") == ()
    same = one("licensed", loan="L2", since=NOON - timedelta(1))
    assert situation([for_all, same]).value("licensed") == "true"


@pytest.mark.parametrize(
    ("facts", "act", "expected"),
    [
        ([("time_zone", "Asia/Shanghai")], {}, ("Asia/Shanghai",)),
        ([("time_zone", "Europe/London| Asia/Shanghai ")], {}, ("Asia/Shanghai", "Europe/London")),
        ([("time_zone", "Asia/Tokyo"), ("time_zone", "Asia/Shanghai")], {}, ("Asia/Shanghai", "Asia/Tokyo")),
        ([("time_zone", "Asia/Tokyo")], {"time_zone": "Asia/Seoul"}, ("Asia/Seoul",)),
        ([("time_zone", "Asia/Tokyo"), ("time_zone", "Mars/Base")], {}, ()),
        ([("time_zone", "Asia/Tokyo")], {"time_zone": "Mars/Base"}, ()),
        ([], {}, ()),
    ],
)
def test_the_zones_where_she_may_be(facts, act, expected):
    assert situation([one(name, value) for name, value in facts], **act).zones() == expected


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Asia/Shanghai", True),
        ("America/Argentina/Buenos_Aires", True),
        ("UTC", False),
        ("EST", False),
        ("Etc/GMT+5", False),
        ("posix/Asia/Shanghai", False),
        ("right/Asia/Shanghai", False),
        ("Asia", False),
        ("Mars/Base", False),
        ("", False),
        ("/etc/localtime", False),
        ("Asia/Shanghai\0", False),
    ],
)
def test_which_names_are_zones_with_people_in_them(name, known):
    assert known_zone(name) is known


def test_the_legal_date():
    late = datetime(2026, 3, 1, 18, tzinfo=UTC)  # the 2nd in Shanghai
    act = proposal(ACT, 1, late)
    hers = (one("time_zone", "Asia/Shanghai"),)
    assert Situation(act, (), ()).legal_date() == date(2026, 3, 1)
    assert Situation(act, hers, ()).legal_date() == date(2026, 3, 2)
    assert Situation(act, hers, (), "America/New_York").legal_date() == date(2026, 3, 1)
    assert Situation(act, (), (), "Asia/Shanghai").legal_date() == date(2026, 3, 2)


@pytest.mark.parametrize("channel", ["phone", "telephone", "whatsapp", ""])
def test_a_contact_on_a_channel_nobody_knows_counts_on_each(channel):
    assert contact({"borrower_id": "B1", "at": NOON, "channel": channel}, 1).channel == ""


@pytest.mark.parametrize("channel", ["call", "letter", "bureau_report", "portal"])
def test_a_known_channel_is_kept(channel):
    assert known_channel(channel) == channel


@pytest.mark.parametrize(
    ("value", "wanted", "otherwise", "said"),
    [
        ("yes", "true", False, True),
        ("1", "true", False, True),
        ("TRUE", "true", False, True),
        ("no", "true", True, False),
        ("0", "true", True, False),
        ("maybe", "true", False, False),
        ("1.0", "true", False, False),
        ("False", "false", False, True),
        ("n", "false", False, True),
        ("y", "false", True, False),
        ("unknown", "false", False, False),
        ("Private", "private", False, True),
        ("bank", "private", True, False),
    ],
)
def test_a_yes_and_a_no_may_be_written_in_many_ways(value, wanted, otherwise, said):
    """Only a plain no takes an act out of a rule that asks for a yes."""
    assert (says_otherwise(value, wanted), is_said(value, wanted)) == (otherwise, said)


def test_a_fact_that_ends_before_it_begins_is_refused():
    row = {"borrower_id": "B1", "fact": "cease_request", "since": "2026-05-01T00:00Z", "until": "2026-04-01T00:00Z"}
    with pytest.raises(WrongUse, match=r"facts, row 1: cease_request ends at 2026-04-01.*before it begins"):
        facts_of([row])
    assert not facts_of([row], recorded=True)[0].holds(NOON)


def test_a_table_without_the_borrower_names_its_columns():
    with pytest.raises(
        WrongUse, match=r"acts\.csv, row 4: borrower_id is missing; the columns are borrower, channel"
    ):
        proposal({"borrower": "B1", "channel": "call"}, 4, NOON, "acts.csv")
