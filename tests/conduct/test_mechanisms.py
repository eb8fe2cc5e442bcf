"""Each mechanism at its edges: the last allowed instant and the first forbidden one, and whatever is missing.

Expected instants are worked out by hand from the text of `docs/gate.md`; Shanghai is UTC+8 all year, New York UTC-5
in winter and UTC-4 from 8 March to 1 November 2026.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from one_rule import NEW_YORK, SHANGHAI, answer, every, rule, short, told

from forbear.conduct.mechanisms import Clocks, is_holiday, known_country

DAYTIME = {"open": "08:00", "close": "22:00"}
WEEKDAYS = [1, 2, 3, 4, 5]


def in_zone(zone):
    return {"time_zone": zone}


# --- hours --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "at", "expected"),
    [
        (DAYTIME, "2026-03-02T08:00+08:00", "allowed"),
        (DAYTIME, "2026-03-02T07:59:59.999999+08:00", "until 2026-03-02T00:00Z"),
        (DAYTIME, "2026-03-02T08:00:59+08:00", "allowed"),
        (DAYTIME, "2026-03-02T21:59:59.999999+08:00", "allowed"),
        (DAYTIME, "2026-03-02T22:00+08:00", "until 2026-03-03T00:00Z"),
        (DAYTIME, "2026-03-02T00:00+08:00", "until 2026-03-02T00:00Z"),
        (DAYTIME | {"edges": "open"}, "2026-03-02T08:00+08:00", "until 2026-03-02T00:01Z"),
        (DAYTIME | {"edges": "open"}, "2026-03-02T08:00:00.000001+08:00", "allowed"),
        (DAYTIME | {"edges": "open"}, "2026-03-02T07:00+08:00", "until 2026-03-02T00:01Z"),
        (DAYTIME | {"edges": "open"}, "2026-03-02T22:00+08:00", "until 2026-03-03T00:01Z"),
        (DAYTIME | {"edges": "open"}, "2026-03-02T21:59:59+08:00", "allowed"),
        ({"open": "08:30", "close": "21:45"}, "2026-03-02T08:29+08:00", "until 2026-03-02T00:30Z"),
        ({"open": "08:30", "close": "21:45"}, "2026-03-02T21:44+08:00", "allowed"),
        ({"open": "08:30", "close": "21:45"}, "2026-03-02T21:45+08:00", "until 2026-03-03T00:30Z"),
        ({"open": "00:00", "close": "24:00"}, "2026-03-02T00:00+08:00", "allowed"),
        ({"open": "00:00", "close": "24:00"}, "2026-03-02T23:59:59+08:00", "allowed"),
        ({"open": "08:00", "close": "24:00"}, "2026-03-02T23:59+08:00", "allowed"),
        ({"open": "08:00", "close": "24:00"}, "2026-03-03T00:00+08:00", "until 2026-03-03T00:00Z"),
        ({"open": "20:00", "close": "02:00"}, "2026-03-02T20:00+08:00", "allowed"),
        ({"open": "20:00", "close": "02:00"}, "2026-03-02T01:59:59+08:00", "allowed"),
        ({"open": "20:00", "close": "02:00"}, "2026-03-02T02:00+08:00", "until 2026-03-02T12:00Z"),
        ({"open": "20:00", "close": "02:00"}, "2026-03-02T19:59+08:00", "until 2026-03-02T12:00Z"),
        ({"open": "20:00", "close": "02:00", "edges": "open"}, "2026-03-02T20:00+08:00", "until 2026-03-02T12:01Z"),
        # Friday evening waits for Monday; Sunday is no day of it.
        (DAYTIME | {"days": WEEKDAYS}, "2026-03-06T21:59+08:00", "allowed"),
        (DAYTIME | {"days": WEEKDAYS}, "2026-03-06T22:00+08:00", "until 2026-03-09T00:00Z"),
        (DAYTIME | {"days": WEEKDAYS}, "2026-03-08T12:00+08:00", "until 2026-03-09T00:00Z"),
        (DAYTIME | {"days": [7]}, "2026-03-08T12:00+08:00", "allowed"),
        (DAYTIME | {"days": [7]}, "2026-03-09T08:00+08:00", "until 2026-03-15T00:00Z"),
        (DAYTIME | {"days": []}, "2026-03-09T08:00+08:00", "denied"),
        (DAYTIME, "2026-12-31T22:30+08:00", "until 2027-01-01T00:00Z"),
        (DAYTIME, "2028-02-28T22:30+08:00", "until 2028-02-29T00:00Z"),
    ],
)
def test_hours_in_shanghai(parameters, at, expected):
    assert told(rule("hours", **parameters), at) == expected


@pytest.mark.parametrize(
    ("at", "holidays", "expected"),
    [
        # 4 July 2026 is a Saturday, so Friday the 3rd is the day off.
        ("2026-07-02T21:59-04:00", "US", "allowed"),
        ("2026-07-02T22:00-04:00", "US", "until 2026-07-06T12:00Z"),
        ("2026-07-03T12:00-04:00", "US", "until 2026-07-06T12:00Z"),
        ("2026-07-03T12:00-04:00", "GB", "allowed"),
    ],
)
def test_hours_rest_on_holidays(at, holidays, expected):
    one = rule("hours", **DAYTIME, days=WEEKDAYS, not_on_holidays=True)
    assert told(one, at, facts=in_zone(NEW_YORK), holidays=holidays) == expected
    assert (
        told(rule("hours", **DAYTIME), "2026-07-03T12:00-04:00", facts=in_zone(NEW_YORK), holidays="US")
        == "allowed"
    )


@pytest.mark.parametrize(
    ("zones", "at", "expected"),
    [
        # The nights on which clocks change: 08:00 is 12:00Z in summer and 13:00Z in winter.
        (NEW_YORK, "2026-03-07T22:00-05:00", "until 2026-03-08T12:00Z"),
        (NEW_YORK, "2026-03-08T01:00-05:00", "until 2026-03-08T12:00Z"),
        (NEW_YORK, "2026-03-08T08:00-04:00", "allowed"),
        (NEW_YORK, "2026-03-08T08:00-05:00", "allowed"),
        (NEW_YORK, "2026-10-31T22:00-04:00", "until 2026-11-01T13:00Z"),
        (NEW_YORK, "2026-11-01T01:30-04:00", "until 2026-11-01T13:00Z"),
        (NEW_YORK, "2026-11-01T08:00-04:00", "until 2026-11-01T13:00Z"),
        # Lord Howe's clocks move by half an hour: +10:30 in winter, +11 in summer.
        ("Australia/Lord_Howe", "2026-10-03T23:00+10:30", "until 2026-10-03T21:00Z"),
        # In Santiago the day of 6 September 2026 begins at 01:00, since midnight is skipped.
        ("America/Santiago", "2026-09-05T22:00-04:00", "until 2026-09-06T11:00Z"),
        # Where she may be in either zone both must allow.
        (f"{NEW_YORK}|America/Chicago", "2026-03-02T08:30-05:00", "until 2026-03-02T14:00Z"),
        (f"America/Chicago | {NEW_YORK}", "2026-03-02T09:00-05:00", "allowed"),
        (f"{NEW_YORK}|America/Chicago", "2026-03-02T21:59-05:00", "allowed"),
        (f"{NEW_YORK}|America/Chicago", "2026-03-02T21:30-06:00", "until 2026-03-03T14:00Z"),
        (f"{NEW_YORK}|{SHANGHAI}", "2026-03-02T09:00-05:00", "until 2026-03-03T00:00Z"),
        # Without a place there is no time of day.
        ("Nowhere/Land", "2026-03-02T12:00+08:00", "denied"),
        (f"{SHANGHAI}|Nowhere/Land", "2026-03-02T12:00+08:00", "denied"),
        ("UTC", "2026-03-02T12:00+00:00", "denied"),
        ("Etc/GMT-8", "2026-03-02T12:00+08:00", "denied"),
        ("", "2026-03-02T12:00+08:00", "denied"),
        ("../etc/passwd", "2026-03-02T12:00+08:00", "denied"),
    ],
)
def test_hours_where_the_borrower_is(zones, at, expected):
    assert told(rule("hours", **DAYTIME), at, facts=in_zone(zones)) == expected


def test_hours_that_never_come_together_are_denied():
    one = rule("hours", open="09:00", close="17:00")
    said = answer(one, "2026-03-02T10:00+08:00", facts=in_zone(f"{NEW_YORK}|{SHANGHAI}"))
    assert (said.answer, said.reason) == ("denied", "the hours from 09:00 to 17:00 never come")
    assert said.facts["zones"] == [NEW_YORK, SHANGHAI]
    assert said.facts["local"] == ["2026-03-01T21:00:00-05:00", "2026-03-02T10:00:00+08:00"]


def test_an_opening_later_in_the_evening_is_today():
    """At 20:30 in New York it is tomorrow in London; her evening's window is still today's."""
    one = rule("hours", open="21:00", close="23:00")
    assert told(one, "2026-06-30T20:30-04:00", facts=in_zone(NEW_YORK)) == "until 2026-07-01T01:00Z"


def test_clocks_of_zones_beside_the_zero_meridian():
    """London's clocks jump from 01:00 to 02:00 on 29 March 2026: half past one comes at two."""
    one = rule("hours", open="01:30", close="23:00")
    assert told(one, "2026-03-29T00:30Z", facts=in_zone("Europe/London")) == "until 2026-03-29T01:00Z"


def test_hours_of_no_length_are_refused():
    with pytest.raises(ValueError, match="a whole day is 00:00 to 24:00"):
        rule("hours", open="08:00", close="08:00")


@pytest.mark.parametrize(
    ("window", "at", "expected"),
    [
        # Clocks jump from 02:00 to 03:00, so a window from 02:30 opens at 03:00 (07:00Z).
        (("02:30", "23:00"), "2026-03-08T01:00-05:00", "until 2026-03-08T07:00Z"),
        (("02:00", "23:00"), "2026-03-08T01:00-05:00", "until 2026-03-08T07:00Z"),
        (("03:00", "23:00"), "2026-03-08T01:00-05:00", "until 2026-03-08T07:00Z"),
        # A window wholly within the skipped hour does not come that night.
        (("02:10", "02:50"), "2026-03-08T01:00-05:00", "until 2026-03-09T06:10Z"),
        # The hour from 01:00 to 02:00 comes twice, first at -4, then at -5.
        (("00:30", "01:30"), "2026-11-01T01:45-04:00", "until 2026-11-01T06:00Z"),
        (("01:30", "01:50"), "2026-11-01T01:10-05:00", "until 2026-11-01T06:30Z"),
        (("01:30", "01:50"), "2026-11-01T01:10-04:00", "until 2026-11-01T05:30Z"),
        (("01:30", "01:50"), "2026-11-01T01:55-04:00", "until 2026-11-01T06:30Z"),
        (("01:30", "01:50"), "2026-11-01T01:55-05:00", "until 2026-11-02T06:30Z"),
    ],
)
def test_windows_that_open_where_clocks_jump(window, at, expected):
    one = rule("hours", open=window[0], close=window[1])
    assert told(one, at, facts=in_zone(NEW_YORK)) == expected


def test_a_window_from_a_midnight_that_is_skipped_opens_with_the_day():
    one = rule("hours", open="00:00", close="22:00")
    said = told(one, "2026-09-05T23:00-04:00", facts=in_zone("America/Santiago"))
    assert said == "until 2026-09-06T04:00Z"


def test_hours_of_a_fixed_zone_do_not_ask_where_the_borrower_is():
    one = rule("hours", **DAYTIME, zone=SHANGHAI)
    assert told(one, "2026-03-02T08:00+08:00", facts={}) == "allowed"
    assert told(one, "2026-03-02T12:00-05:00", facts=in_zone(NEW_YORK)) == "until 2026-03-03T00:00Z"
    assert told(rule("hours", **DAYTIME, zone="Nowhere/Land"), "2026-03-02T12:00+08:00") == "denied"


@pytest.mark.parametrize(
    ("agreed", "at", "expected"),
    [
        ("07:00-23:00", "2026-03-02T07:00+08:00", "allowed"),
        ("07:00-23:00", "2026-03-02T06:59+08:00", "until 2026-03-01T23:00Z"),
        ("07:00-23:00", "2026-03-02T22:59+08:00", "allowed"),
        ("10:00-12:00", "2026-03-02T09:00+08:00", "until 2026-03-02T02:00Z"),
        (" 07:00 - 23:00 ", "2026-03-02T07:00+08:00", "allowed"),
        ("20:00-02:00", "2026-03-02T01:00+08:00", "allowed"),
        ("true", "2026-03-02T03:00+08:00", "allowed"),
        ("yes", "2026-03-02T03:00+08:00", "allowed"),
        # A no leaves the rule as it is, its open edge included; what is no window at all may be a restriction.
        ("false", "2026-03-02T07:00+08:00", "until 2026-03-02T00:01Z"),
        ("7-23", "2026-03-02T12:00+08:00", "denied"),
        ("07:00-25:00", "2026-03-02T12:00+08:00", "denied"),
        ("07:00-07:00", "2026-03-02T12:00+08:00", "denied"),
        ("whenever", "2026-03-02T12:00+08:00", "denied"),
    ],
)
def test_agreed_hours_take_the_place_of_the_rules(agreed, at, expected):
    one = rule("hours", **DAYTIME, edges="open", lifted="agreed_hours")
    assert told(one, at, facts={"time_zone": SHANGHAI, "agreed_hours": agreed}) == expected


def test_hours_that_cannot_be_read_are_named():
    facts = {"time_zone": SHANGHAI, "agreed_hours": "after five"}
    said = answer(rule("hours", **DAYTIME, lifted="agreed_hours"), NOON, facts=facts)
    assert said.reason == "agreed_hours is 'after five', no window such as 07:00-23:00"
    assert said.facts == {"agreed_hours": "after five"}


def test_an_agreement_that_is_over_is_none():
    one = rule("hours", **DAYTIME, lifted="agreed_hours")
    facts = [
        {"fact": "time_zone", "value": SHANGHAI},
        {"fact": "agreed_hours", "value": "07:00-23:00", "until": "2026-03-02T07:30+08:00"},
    ]
    assert told(one, "2026-03-02T07:29+08:00", facts=facts) == "allowed"
    assert told(one, "2026-03-02T07:30+08:00", facts=facts) == "until 2026-03-02T00:00Z"


def test_hours_say_what_they_saw():
    said = answer(rule("hours", **DAYTIME), "2026-03-02T22:10+08:00")
    assert said.reason == "outside 08:00 to 22:00 in Asia/Shanghai"
    assert said.facts == {
        "zones": [SHANGHAI],
        "open": "08:00",
        "close": "22:00",
        "local": ["2026-03-02T22:10:00+08:00"],
    }
    unknown = answer(rule("hours", **DAYTIME), "2026-03-02T22:10+08:00", facts=in_zone("Mars/Base"))
    assert unknown.reason == "time_zone is 'Mars/Base', no name such as America/New_York"
    assert unknown.facts == {"time_zone": "Mars/Base"}
    silent = answer(rule("hours", **DAYTIME), "2026-03-02T22:10+08:00", facts={})
    assert (silent.reason, silent.facts) == ("the borrower's time zone is not known", {"time_zone": None})


def test_openings_are_looked_for_a_year_and_a_month_ahead():
    """A window of one day a year is found; one that lies further off than `FURTHEST_DAYS` is none."""

    class OneDay(Clocks):
        def _day_open(self, day):
            return (day.month, day.day) == (6, 1)

    def opening(at, day):
        return OneDay((SHANGHAI,), 480, 1320, False, (), None).next_open(at) == day

    assert opening(datetime(2026, 6, 1, 14, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC))


def test_which_countries_have_a_calendar():
    assert [name for name in ("CN", "US", "GB", "IN", "XX", "", "Utopia") if known_country(name)] == [
        "CN",
        "US",
        "GB",
        "IN",
    ]


@pytest.mark.parametrize(
    ("day", "country", "expected"),
    [
        ("2026-12-25", "US", True),
        ("2026-12-24", "US", False),
        ("2026-10-01", "CN", True),
        ("2026-10-01", "US", False),
    ],
)
def test_public_holidays(day, country, expected):
    assert is_holiday(datetime.fromisoformat(day).date(), country) is expected


# --- frequency ----------------------------------------------------------------------------------------------------

NOON = "2026-03-02T12:00+08:00"


def calls(cap=3, *, count="conversation", window=None, channels=("call", "voice"), **more):
    return rule("frequency", cap=cap, count=count, window=window or {"days": 1}, channels=list(channels), **more)


@pytest.mark.parametrize(
    ("window", "history", "at", "expected"),
    [
        ({"days": 1}, [], NOON, "allowed"),
        ({"days": 1}, every("2026-03-02T09:00+08:00", 2), NOON, "allowed"),
        ({"days": 1}, every("2026-03-02T09:00+08:00", 3), NOON, "until 2026-03-02T16:00Z"),
        ({"days": 1}, every("2026-03-02T09:00+08:00", 5), NOON, "until 2026-03-02T16:00Z"),
        ({"days": 1}, every("2026-03-01T23:57+08:00", 3), NOON, "allowed"),
        ({"days": 1}, every("2026-03-01T23:58+08:00", 3), NOON, "allowed"),
        ({"days": 1}, every("2026-03-02T00:00+08:00", 3), NOON, "until 2026-03-02T16:00Z"),
        ({"days": 1}, every("2026-03-02T09:00+08:00", 3), "2026-03-02T23:59:59+08:00", "until 2026-03-02T16:00Z"),
        ({"days": 1}, every("2026-03-02T09:00+08:00", 3), "2026-03-03T00:00+08:00", "allowed"),
        # A contact of the very instant counts.
        ({"days": 1}, every(NOON, 3, 0), NOON, "until 2026-03-02T16:00Z"),
        # Seven dates that end today: Tuesday a week ago has left, Wednesday has not.
        ({"days": 7}, every("2026-02-24T12:00+08:00", 3), "2026-03-02T12:00+08:00", "until 2026-03-02T16:00Z"),
        ({"days": 7}, every("2026-02-23T12:00+08:00", 3), "2026-03-02T12:00+08:00", "allowed"),
        # One of each day: there is room when the oldest leaves.
        ({"days": 7}, every("2026-02-26T12:00+08:00", 3, 1440), NOON, "until 2026-03-04T16:00Z"),
        ({"days": 7}, every("2026-02-25T12:00+08:00", 4, 1440), NOON, "until 2026-03-04T16:00Z"),
        (
            {"days": 7},
            every("2028-02-26T12:00+08:00", 3, 1440),
            "2028-02-29T12:00+08:00",
            "until 2028-03-03T16:00Z",
        ),
        # Hours roll.
        ({"hours": 24}, every("2026-03-01T12:00+08:00", 3, 1), NOON, "allowed"),
        ({"hours": 24}, every("2026-03-01T12:01+08:00", 3, 1), NOON, "until 2026-03-02T04:01Z"),
        ({"hours": 24}, every("2026-03-01T12:01+08:00", 4, 1), NOON, "until 2026-03-02T04:02Z"),
        ({"hours": 1}, every("2026-03-02T11:00:01+08:00", 3, 0), NOON, "until 2026-03-02T04:00:01Z"),
        ({"hours": 1}, every("2026-03-02T11:00:00+08:00", 3, 0), NOON, "allowed"),
    ],
)
def test_a_cap_of_three(window, history, at, expected):
    assert told(calls(3, window=window), at, history=history) == expected


@pytest.mark.parametrize("cap", [0, 1, 2, 7])
def test_the_cap_is_the_number_that_fits(cap):
    full = every("2026-03-02T08:00+08:00", cap)
    expected = "until 2026-03-02T16:00Z" if cap else "denied"
    assert told(calls(cap), NOON, history=full) == expected
    if cap:
        assert told(calls(cap), NOON, history=full[1:]) == "allowed"


COUNTED = {
    "conversation": "dial attempt connection conversation",
    "connected": "dial attempt connection conversation",
    "answered": "dial attempt connection conversation",
    "promise": "dial attempt connection conversation",
    "refused": "dial attempt connection conversation",
    "dropped": "dial attempt connection",
    "hung_up": "dial attempt connection",
    "third_party": "dial attempt connection",
    "no_answer": "dial attempt unanswered",
    "voicemail": "dial attempt unanswered",
    "voicemail_limited_content": "dial attempt unanswered",
    "rejected": "dial attempt unanswered",
    "busy": "dial unanswered",
    "not_in_service": "dial unanswered",
    "failed": "dial unanswered",
    "not_connected": "dial unanswered",
    "sent": "dial attempt",
    "delivered": "dial attempt",
    "read": "dial attempt",
    "bounced": "dial attempt",
    "undelivered": "dial attempt",
    "": "dial attempt connection conversation unanswered",
    "a word of their own": "dial attempt connection conversation unanswered",
    " BUSY ": "dial unanswered",
}


@pytest.mark.parametrize("result", COUNTED)
@pytest.mark.parametrize("kind", ["dial", "attempt", "connection", "conversation", "unanswered"])
def test_what_each_result_counts_as(result, kind):
    said = told(calls(1, count=kind), NOON, history=[{"at": "2026-03-02T09:00+08:00", "result": result}])
    assert said == ("until 2026-03-02T16:00Z" if kind in COUNTED[result].split() else "allowed")


@pytest.mark.parametrize(
    ("parameters", "contact", "counted"),
    [
        ({}, {}, True),
        ({}, {"channel": "voice"}, True),
        ({}, {"channel": "sms"}, False),
        ({}, {"channel": ""}, True),
        ({"channels": ["sms"]}, {"channel": "sms"}, True),
        ({}, {"direction": "out"}, True),
        ({}, {"direction": "in"}, False),
        ({"direction": "in"}, {"direction": "in"}, True),
        ({"direction": "in"}, {"direction": "out"}, False),
        ({"direction": "any"}, {"direction": "in"}, True),
        ({"direction": "any"}, {"direction": "out"}, True),
        ({}, {"party": "guarantor"}, True),
        ({}, {"party": "joint_obligor"}, True),
        ({}, {"party": "contact_person"}, False),
        ({"parties": ["any"]}, {"party": "contact_person"}, True),
        ({"parties": ["contact_person"]}, {"party": "contact_person"}, True),
        ({"parties": ["contact_person"]}, {"party": "borrower"}, False),
        # Whoever it was and whatever it was about, the person was contacted.
        ({}, {"sender": "A1"}, True),
        ({}, {"loan_id": "L9"}, True),
        ({}, {"number": "n9"}, True),
        ({"unit": "number"}, {"number": "n1"}, True),
        ({"unit": "number"}, {"number": "n2"}, False),
        ({"unit": "number"}, {"number": ""}, True),
        ({"unit": "debt"}, {"loan_id": "L1"}, True),
        ({"unit": "debt"}, {"loan_id": "L2"}, False),
        ({"unit": "debt"}, {"loan_id": "L2|L1"}, True),
        ({"unit": "debt"}, {"loan_id": ""}, True),
        ({"unit": "debt"}, {"loan_id": "L1", "sender": "A2"}, True),
        ({"unit": "collector"}, {"loan_id": "L1", "sender": "A1"}, True),
        ({"unit": "collector"}, {"loan_id": "L1", "sender": ""}, True),
        ({"unit": "collector"}, {"loan_id": "L1", "sender": "A2"}, False),
        ({"unit": "collector"}, {"loan_id": "L2", "sender": "A1"}, False),
        ({"unit": "collector"}, {"loan_id": "", "sender": "A1"}, True),
    ],
)
def test_which_contacts_share_a_count(parameters, contact, counted):
    act = {"number": "n1", "loan_id": "L1", "sender": "A1"}
    said = told(calls(1, **parameters), NOON, act=act, history=[{"at": "2026-03-02T09:00+08:00", **contact}])
    assert said == ("until 2026-03-02T16:00Z" if counted else "allowed")


@pytest.mark.parametrize(
    ("unit", "act", "loans", "expected"),
    [
        # Each debt of the act has its own count; one of them full is enough.
        ("debt", "L1|L2", ["L1", "L2"], "allowed"),
        ("debt", "L1|L2", ["L1", "L1"], "until 2026-03-02T16:00Z"),
        ("debt", "L1|L2", ["L1|L2", "L2"], "until 2026-03-02T16:00Z"),
        ("debt", "L3", ["L1", "L1", "L2", "L2"], "allowed"),
        # About no debt in particular: all that were spoken of.
        ("debt", "", ["L1", "L2"], "allowed"),
        ("debt", "", ["L1", "L1"], "until 2026-03-02T16:00Z"),
        ("debt", "", ["", ""], "until 2026-03-02T16:00Z"),
        ("debt", "", ["", "L1"], "until 2026-03-02T16:00Z"),
        ("collector", "", ["L1", "L1"], "until 2026-03-02T16:00Z"),
        ("person", "L3", ["L1", "L2"], "until 2026-03-02T16:00Z"),
    ],
)
def test_counts_by_debt(unit, act, loans, expected):
    history = [{"at": "2026-03-02T09:00+08:00", "loan_id": loan, "sender": "lender"} for loan in loans]
    assert told(calls(2, unit=unit), NOON, act={"loan_id": act}, history=history) == expected


def test_an_act_of_unknown_number_counts_every_number():
    one = calls(2, unit="number")
    history = [{"at": "2026-03-02T09:00+08:00", "number": n} for n in ("n1", "n2")]
    assert told(one, NOON, act={"number": ""}, history=history) == "until 2026-03-02T16:00Z"
    assert told(one, NOON, act={"number": "n1"}, history=history) == "allowed"


@pytest.mark.parametrize(
    ("zones", "at", "expected"),
    [
        # Three calls at 05:30Z: 00:30 in New York on 2 March, 23:30 in Chicago on 1 March, 13:30 in Shanghai.
        (NEW_YORK, "2026-03-02T12:00Z", "until 2026-03-03T05:00Z"),
        ("America/Chicago", "2026-03-02T12:00Z", "allowed"),
        (f"America/Chicago|{NEW_YORK}", "2026-03-02T12:00Z", "until 2026-03-03T05:00Z"),
        (f"America/Chicago|{NEW_YORK}", "2026-03-02T05:45Z", "until 2026-03-03T05:00Z"),
        (SHANGHAI, "2026-03-02T15:59Z", "until 2026-03-02T16:00Z"),
        (SHANGHAI, "2026-03-02T16:00Z", "allowed"),
        ("Nowhere/Land", "2026-03-02T12:00Z", "denied"),
        ("", "2026-03-02T12:00Z", "denied"),
    ],
)
def test_her_days_are_those_of_her_zone(zones, at, expected):
    history = [{"at": "2026-03-02T05:30Z"}] * 3
    assert told(calls(3), at, facts=in_zone(zones), history=history) == expected


def test_the_night_of_25_hours_is_one_date():
    """On 1 November 2026 New York's date has 25 hours: a call at its first instant counts to its last."""
    history = [{"at": "2026-11-01T00:00-04:00"}]
    assert told(calls(1), "2026-11-01T23:59-05:00", facts=in_zone(NEW_YORK), history=history) == (
        "until 2026-11-02T05:00Z"
    )
    rolling = calls(1, window={"hours": 24})
    assert told(rolling, "2026-11-01T23:00-05:00", facts=in_zone(NEW_YORK), history=history) == "allowed"


def test_rolling_hours_need_no_zone_of_hers():
    one = calls(1, window={"hours": 24})
    history = [{"at": "2026-03-02T05:30Z"}]
    for pack_zone in (SHANGHAI, None):
        said = told(one, "2026-03-02T12:00Z", facts={}, history=history, zone=pack_zone)
        assert said == "until 2026-03-03T05:30Z"


def test_a_contact_with_an_unknown_party_is_one_with_the_borrower():
    history = [{"at": "2026-03-02T09:00+08:00", "party": "priest"}]
    assert told(calls(1, parties=["borrower"]), NOON, history=history) == "until 2026-03-02T16:00Z"
    assert told(calls(1, parties=["guarantor"]), NOON, history=history) == "allowed"


@pytest.mark.parametrize(
    ("act", "past", "expected"),
    [
        ("borrower", "borrower", "until 2026-03-02T16:00Z"),
        ("guarantor", "guarantor", "until 2026-03-02T16:00Z"),
        ("borrower", "guarantor", "allowed"),
        ("guarantor", "borrower", "allowed"),
    ],
)
@pytest.mark.parametrize("mechanism", ["frequency", "wait"])
def test_a_count_for_each_person(mechanism, act, past, expected):
    cap = {"cap": 1, "count": "conversation", "window": {"days": 1}}
    parameters = cap if mechanism == "frequency" else {"after": "conversation", "days": 1}
    one = rule(mechanism, **parameters, channels=["call"], parties=["same"])
    history = [{"at": "2026-03-02T09:00+08:00", "party": past}]
    assert told(one, NOON, act={"party": act}, history=history) == expected


@pytest.mark.parametrize("order", [1, -1])
def test_every_debt_of_the_act_must_have_room(order):
    """Of two debts that are full the later to have room decides, whichever comes first."""
    one = calls(1, unit="debt", window={"days": 2})
    history = [{"at": "2026-03-02T09:00+08:00", "loan_id": "L1"}, {"at": "2026-03-01T09:00+08:00", "loan_id": "L2"}]
    loans = "|".join(["L1", "L2"][::order])
    assert told(one, NOON, act={"loan_id": loans}, history=history) == "until 2026-03-03T16:00Z"


def test_contacts_under_an_agreement_are_not_counted():
    one = calls(1, lifted="agreed_frequency")
    facts = [
        {"fact": "time_zone", "value": SHANGHAI},
        {"fact": "agreed_frequency", "since": "2026-03-02T08:00+08:00", "until": "2026-03-02T10:00+08:00"},
    ]
    assert told(one, NOON, facts=facts, history=[{"at": "2026-03-02T09:00+08:00"}]) == "allowed"
    assert told(one, NOON, facts=facts, history=[{"at": "2026-03-02T10:00+08:00"}]) == "until 2026-03-02T16:00Z"
    assert told(one, NOON, facts=facts, history=[{"at": "2026-03-02T07:59+08:00"}]) == "until 2026-03-02T16:00Z"
    since_ever = [facts[0], {"fact": "agreed_frequency", "until": "2026-03-02T10:00+08:00"}]
    assert told(one, NOON, facts=since_ever, history=[{"at": "2026-03-02T09:00+08:00"}]) == "allowed"
    refused = [facts[0], {**facts[1], "value": "no"}]
    assert told(one, NOON, facts=refused, history=[{"at": "2026-03-02T09:00+08:00"}]) == "until 2026-03-02T16:00Z"


def test_frequency_says_what_it_counted():
    said = answer(calls(3), NOON, history=every("2026-03-02T09:00+08:00", 4))
    assert said.reason == "4 of 3 used"
    assert said.facts == {"count": 4, "cap": 3, "window": {"days": 1}, "unit": "person"}
    quiet = answer(calls(3, unit="debt"), NOON, history=every("2026-03-02T09:00+08:00", 1))
    assert quiet.facts == {"count": 1, "cap": 3, "window": {"days": 1}, "unit": "debt"}
    assert answer(calls(3), NOON).facts["count"] == 0
    none = answer(calls(0), NOON)
    assert (none.reason, none.facts) == ("none is allowed", {"cap": 0})
    lost = answer(calls(1), NOON, facts=in_zone("Mars/Base"))
    assert (lost.reason, lost.facts) == (
        "time_zone is 'Mars/Base', no name such as America/New_York, so her days are not",
        {"time_zone": "Mars/Base"},
    )


# --- wait ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "history", "at", "expected"),
    [
        ({"after": "conversation", "days": 7}, [], NOON, "allowed"),
        # The day of the conversation is the first of seven.
        ({"after": "conversation", "days": 7}, [{}], "2026-03-02T12:00+08:00", "until 2026-03-08T16:00Z"),
        ({"after": "conversation", "days": 7}, [{}], "2026-03-08T23:59:59+08:00", "until 2026-03-08T16:00Z"),
        ({"after": "conversation", "days": 7}, [{}], "2026-03-09T00:00+08:00", "allowed"),
        ({"after": "conversation", "days": 1}, [{}], "2026-03-03T00:00+08:00", "allowed"),
        ({"after": "conversation", "hours": 48}, [{}], "2026-03-04T09:59:59+08:00", "until 2026-03-04T02:00Z"),
        ({"after": "conversation", "hours": 48}, [{}], "2026-03-04T10:00+08:00", "allowed"),
        # It takes either direction unless told, and the last event counts.
        ({"after": "conversation", "days": 2}, [{"direction": "in"}], NOON, "until 2026-03-03T16:00Z"),
        ({"after": "conversation", "days": 2, "direction": "out"}, [{"direction": "in"}], NOON, "allowed"),
        (
            {"after": "conversation", "hours": 2},
            [{"at": "2026-03-02T11:00+08:00"}, {}, {"at": "2026-03-02T10:30+08:00"}],
            NOON,
            "until 2026-03-02T05:00Z",
        ),
        ({"after": "conversation", "days": 2}, [{"result": "no_answer"}], NOON, "allowed"),
        ({"after": "attempt", "days": 2}, [{"result": "no_answer"}], NOON, "until 2026-03-03T16:00Z"),
        ({"after": "attempt", "days": 2}, [{"result": "busy"}], NOON, "allowed"),
        ({"after": "unanswered", "days": 2}, [{"result": "busy"}], NOON, "until 2026-03-03T16:00Z"),
        ({"after": "connection", "days": 2}, [{"result": "hung_up"}], NOON, "until 2026-03-03T16:00Z"),
        ({"after": "attempt", "days": 2, "channels": ["sms"]}, [{}], NOON, "allowed"),
        ({"after": "attempt", "days": 2}, [{"party": "other"}], NOON, "allowed"),
        (
            {"after": "attempt", "days": 2, "parties": ["any"]},
            [{"party": "other"}],
            NOON,
            "until 2026-03-03T16:00Z",
        ),
        ({"after": "attempt", "days": 2, "unit": "debt"}, [{"loan_id": "L2"}], NOON, "allowed"),
        ({"after": "attempt", "days": 2, "unit": "debt"}, [{"loan_id": "L1"}], NOON, "until 2026-03-03T16:00Z"),
        ({"after": "attempt", "days": 2, "unit": "number"}, [{"number": "n2"}], NOON, "allowed"),
    ],
)
def test_wait_after_a_contact(parameters, history, at, expected):
    past = [{"at": "2026-03-02T10:00+08:00", **contact} for contact in history]
    act = {"loan_id": "L1", "number": "n1"}
    assert told(rule("wait", **parameters), at, act=act, history=past) == expected


TEN = "2026-03-02T10:00+08:00"


@pytest.mark.parametrize(
    ("fact", "at", "expected"),
    [
        ({"since": TEN}, "2026-03-02T09:59+08:00", "allowed"),
        ({"since": TEN}, "2026-03-02T10:00+08:00", "until 2026-03-04T16:00Z"),
        ({"since": TEN}, "2026-03-04T23:59+08:00", "until 2026-03-04T16:00Z"),
        ({"since": TEN}, "2026-03-05T00:00+08:00", "allowed"),
        ({"since": TEN, "value": "no"}, NOON, "allowed"),
        ({"since": TEN, "value": "a dispute"}, NOON, "until 2026-03-04T16:00Z"),
        ({}, NOON, "denied"),
        # What has ended since still makes wait; what had no beginning has no wait to count.
        ({"since": TEN, "until": "2026-03-02T11:00+08:00"}, NOON, "until 2026-03-04T16:00Z"),
        ({"since": TEN, "until": NOON}, NOON, "until 2026-03-04T16:00Z"),
        ({"since": TEN, "until": "2026-03-02T11:00+08:00", "value": "no"}, NOON, "allowed"),
        ({"until": "2026-03-02T11:00+08:00"}, NOON, "allowed"),
        ({"since": TEN, "loan_id": "L2"}, NOON, "allowed"),
        ({"since": TEN, "loan_id": "L1"}, NOON, "until 2026-03-04T16:00Z"),
        ({"since": TEN, "until": "2026-03-02T11:00+08:00", "loan_id": "L2"}, NOON, "allowed"),
        ({"since": TEN, "channel": "sms"}, NOON, "allowed"),
    ],
)
def test_wait_after_a_fact(fact, at, expected):
    one = rule("wait", after={"fact": "dispute"}, days=3)
    facts = [{"fact": "time_zone", "value": SHANGHAI}, {"fact": "dispute", **fact}]
    assert told(one, at, act={"loan_id": "L1"}, facts=facts) == expected


def test_wait_counts_days_where_she_may_be():
    one = rule("wait", after="conversation", days=1)
    history = [{"at": "2026-03-02T05:30Z"}]  # 00:30 on the 2nd in New York, 23:30 on the 1st in Chicago
    both = in_zone(f"America/Chicago|{NEW_YORK}")
    assert told(one, "2026-03-02T12:00Z", facts=both, history=history) == "until 2026-03-03T05:00Z"
    assert told(one, "2026-03-02T12:00Z", facts={}, history=history) == "until 2026-03-02T16:00Z"
    assert told(one, "2026-03-02T12:00Z", facts={}, history=history, zone=None) == "denied"
    rolling = rule("wait", after="conversation", hours=8)
    assert told(rolling, "2026-03-02T12:00Z", facts={}, history=history, zone=None) == "until 2026-03-02T13:30Z"


def test_wait_says_why():
    one = rule("wait", after={"fact": "dispute"}, days=3)
    undated = answer(one, NOON, facts={"time_zone": SHANGHAI, "dispute": "true"})
    assert undated.reason == "when dispute began is not known"
    spoken = rule("wait", after="conversation", days=3)
    said = answer(spoken, NOON, history=[{"at": "2026-03-01T10:00+08:00"}, {"at": TEN}])
    ten = datetime(2026, 3, 2, 2, tzinfo=UTC)
    assert (said.reason, said.facts) == ("too soon after conversation: 3 days", {"last": ten})
    later = answer(spoken, "2026-03-09T10:00+08:00", history=[{"at": TEN}])
    assert (later.answer, later.facts) == ("allowed", {"last": ten})
    lost = answer(spoken, NOON, facts=in_zone("Mars/Base"), zone=None)
    assert (lost.reason, lost.facts) == (
        "time_zone is 'Mars/Base', no name such as America/New_York, so her days are not",
        {"time_zone": "Mars/Base"},
    )


# --- bar ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "at", "expected"),
    [
        ([], NOON, "allowed"),
        ([{"fact": "mood"}], NOON, "allowed"),
        ([{"fact": "deceased"}], NOON, "denied"),
        ([{"fact": "deceased", "value": "no"}], NOON, "allowed"),
        ([{"fact": "deceased", "value": " FALSE "}], NOON, "allowed"),
        ([{"fact": "deceased", "value": "since March"}], NOON, "denied"),
        ([{"fact": "bankrupt", "since": NOON}], "2026-03-02T11:59:59+08:00", "allowed"),
        ([{"fact": "bankrupt", "since": NOON}], NOON, "denied"),
        ([{"fact": "bankrupt", "until": NOON}], "2026-03-02T11:59:59+08:00", "until 2026-03-02T04:00Z"),
        ([{"fact": "bankrupt", "until": NOON}], NOON, "allowed"),
        # The last of several ends counts; one without an end has none.
        (
            [
                {"fact": "bankrupt", "until": "2026-03-05T00:00Z"},
                {"fact": "deceased", "until": "2026-03-04T00:00Z"},
            ],
            NOON,
            "until 2026-03-05T00:00Z",
        ),
        ([{"fact": "bankrupt", "until": "2026-03-05T00:00Z"}, {"fact": "deceased"}], NOON, "denied"),
        # A state of one debt, number, agency or channel bars acts that share it, or that name none.
        ([{"fact": "bankrupt", "loan_id": "L1"}], NOON, "denied"),
        ([{"fact": "bankrupt", "loan_id": "L2"}], NOON, "allowed"),
        ([{"fact": "bankrupt", "number": "n1"}], NOON, "denied"),
        ([{"fact": "bankrupt", "number": "n2"}], NOON, "allowed"),
        ([{"fact": "bankrupt", "sender": "A1"}], NOON, "denied"),
        ([{"fact": "bankrupt", "sender": "A2"}], NOON, "allowed"),
        ([{"fact": "bankrupt", "channel": "call"}], NOON, "denied"),
        ([{"fact": "bankrupt", "channel": "sms"}], NOON, "allowed"),
    ],
)
def test_bar_while_a_state_holds(facts, at, expected):
    one = rule("bar", states=["deceased", "bankrupt"])
    act = {"loan_id": "L1", "number": "n1", "sender": "A1"}
    assert told(one, at, act=act, facts=facts) == expected


def test_a_state_of_one_debt_or_number_bars_an_act_that_names_none():
    one = rule("bar", states=["dispute_open"])
    assert told(one, NOON, facts=[{"fact": "dispute_open", "loan_id": "L2"}]) == "denied"
    assert told(one, NOON, facts=[{"fact": "dispute_open", "number": "n2"}]) == "denied"
    assert told(one, NOON, act={"loan_id": "L1|L2"}, facts=[{"fact": "dispute_open", "loan_id": "L2"}]) == "denied"


def test_bar_on_a_fact_of_the_act():
    one = rule("bar", states=["gift", "threat"])
    for said, expected in (("true", "denied"), ("no", "allowed"), ("", "allowed")):
        assert told(one, NOON, act={"gift": said}) == expected
    both = answer(one, NOON, act={"threat": "yes", "gift": "yes"})
    assert (both.reason, both.facts) == ("gift, threat", {"states": ["gift", "threat"]})


def test_bar_on_one_value():
    one = rule("bar", states=["mood"], value="angry")
    assert told(one, NOON, facts={"mood": "angry"}) == "denied"
    assert told(one, NOON, facts={"mood": "calm"}) == "allowed"
    assert told(one, NOON, act={"mood": "angry"}) == "denied"
    assert told(one, NOON, act={"mood": "true"}) == "allowed"


def test_bar_names_the_states():
    one = rule("bar", states=["deceased", "bankrupt"])
    facts = [{"fact": "deceased"}, {"fact": "bankrupt"}, {"fact": "bankrupt", "loan_id": "L1"}]
    said = answer(one, NOON, facts=facts)
    assert (said.reason, said.facts) == ("bankrupt, deceased", {"states": ["bankrupt", "deceased"]})
    ending = [{**f, "until": "2026-03-05T00:00Z"} for f in facts]
    said = answer(one, NOON, facts=ending)
    assert (said.reason, said.facts) == ("bankrupt, deceased", {"states": ["bankrupt", "deceased"]})
    assert answer(one, NOON, facts=[]).facts == {"states": []}


# --- need and forbid ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "known", "expected"),
    [
        ({"facts": ["recorded"]}, {"recorded": "true"}, "allowed"),
        ({"facts": ["recorded"]}, {"recorded": "Yes"}, "allowed"),
        ({"facts": ["recorded"]}, {"recorded": "1"}, "allowed"),
        ({"facts": ["recorded"]}, {"recorded": "false"}, "denied"),
        ({"facts": ["recorded"]}, {"recorded": "perhaps"}, "denied"),
        ({"facts": ["recorded"]}, {}, "denied"),
        ({"facts": ["recorded", "licensed"]}, {"recorded": "true"}, "denied"),
        ({"facts": ["recorded", "licensed"]}, {"recorded": "true", "licensed": "true"}, "allowed"),
        ({"at_least": {"age": 18}}, {"age": "18"}, "allowed"),
        ({"at_least": {"age": 18}}, {"age": "17.999"}, "denied"),
        ({"at_least": {"age": 18}}, {"age": "+19"}, "allowed"),
        ({"at_least": {"age": 18}}, {"age": "eighteen"}, "denied"),
        ({"at_least": {"age": 18}}, {"age": "NaN"}, "denied"),
        ({"at_least": {"age": 18}}, {"age": "1e9"}, "denied"),
        ({"at_least": {"age": 18}}, {}, "denied"),
        ({"at_most": {"annual_cost": 0.24}}, {"annual_cost": "0.24"}, "allowed"),
        ({"at_most": {"annual_cost": 0.24}}, {"annual_cost": "0.240000000001"}, "denied"),
        ({"at_most": {"annual_cost": 0.24}}, {"annual_cost": "-1"}, "allowed"),
        ({"at_most": {"annual_cost": 0.24}}, {"annual_cost": "24%"}, "denied"),
        ({"at_most": {"annual_cost": 0.24}}, {}, "denied"),
        ({"at_most": {"n": 2}, "at_least": {"n": 1}}, {"n": "2"}, "allowed"),
        ({"at_most": {"n": 2}, "at_least": {"n": 1}}, {"n": "0"}, "denied"),
        ({"at_most": {"n": 2}, "at_least": {"n": 1}}, {"n": "3"}, "denied"),
        ({"one_of": {"origin": ["contract", "law"]}}, {"origin": "law"}, "allowed"),
        ({"one_of": {"origin": ["contract", "law"]}}, {"origin": "Law"}, "denied"),
        ({"one_of": {"origin": ["contract", "law"]}}, {"origin": "bought"}, "denied"),
        ({"one_of": {"origin": ["contract", "law"]}}, {}, "denied"),
    ],
)
def test_need(parameters, known, expected):
    one = rule("need", **parameters)
    assert told(one, NOON, act=known) == expected
    assert told(one, NOON, facts=known) == expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"discloses_debt": "false"}, "allowed"),
        ({"discloses_debt": "No"}, "allowed"),
        ({"discloses_debt": "0"}, "allowed"),
        ({"discloses_debt": "true"}, "denied"),
        ({"discloses_debt": "perhaps"}, "denied"),
        ({}, "denied"),
    ],
)
def test_forbid(known, expected):
    one = rule("forbid", facts=["discloses_debt"])
    assert told(one, NOON, act=known) == expected
    assert told(one, NOON, facts=known) == expected
    two = rule("forbid", facts=["discloses_debt", "threatens"])
    assert told(two, NOON, act=known) == "denied"
    assert told(two, NOON, act={**known, "threatens": "no"}) == expected


def test_facts_of_the_act_come_first():
    known = {"recorded": "false", "discloses_debt": "true"}
    assert told(rule("need", facts=["recorded"]), NOON, act={"recorded": "true"}, facts=known) == "allowed"
    assert (
        told(rule("forbid", facts=["discloses_debt"]), NOON, act={"discloses_debt": "no"}, facts=known) == "allowed"
    )


def test_need_and_forbid_say_what_is_wrong():
    need = rule("need", facts=["a", "b"], at_least={"c": 1}, at_most={"d": 1}, one_of={"e": ["x"]})
    said = answer(need, NOON, act={"b": "no", "c": "0", "d": "2", "e": "y"})
    assert said.reason == "a is not known; b is no; c is 0; d is 2; e is y"
    assert said.facts == {"a": None, "b": "no", "c": "0", "d": "2", "e": "y"}
    fine = {"a": "yes", "b": "yes", "c": "1", "d": "1", "e": "x"}
    assert answer(need, NOON, act=fine).facts == fine
    forbid = answer(rule("forbid", facts=["a", "b", "c"]), NOON, act={"b": "true", "c": "no"})
    assert (forbid.reason, forbid.facts) == ("a is not known; b is true", {"a": None, "b": "true", "c": "no"})
    assert answer(rule("forbid", facts=["c"]), NOON, act={"c": "no"}).facts == {"c": "no"}


@pytest.mark.parametrize(("mechanism", "good", "bad"), [("need", "true", "false"), ("forbid", "false", "true")])
def test_what_is_well_with_one_debt_says_nothing_of_the_next(mechanism, good, bad):
    """The good word came last, and for one debt alone: an act about both is not covered by it."""
    one = rule(mechanism, facts=["licensed"])
    facts = [
        {"fact": "licensed", "value": good, "loan_id": "L1", "since": "2026-03-01T10:00Z"},
        {"fact": "licensed", "value": bad, "loan_id": "L2", "since": "2026-02-01T10:00Z"},
    ]
    for loans, expected in (("L1", "allowed"), ("L2", "denied"), ("L1|L2", "denied"), ("", "denied")):
        assert told(one, NOON, act={"loan_id": loans}, facts=facts) == expected
    facts[1]["value"] = good
    assert told(one, NOON, act={"loan_id": "L1|L2"}, facts=facts) == "allowed"


# --- notice -------------------------------------------------------------------------------------------------------


def noticed(since=TEN, **more):
    return [{"fact": "time_zone", "value": SHANGHAI}, {"fact": "told", "since": since, **more}]


@pytest.mark.parametrize(
    ("parameters", "at", "expected"),
    [
        ({"days": 0}, "2026-03-02T09:59+08:00", "denied"),
        ({"days": 0}, "2026-03-02T10:00+08:00", "allowed"),
        # Told on the 2nd: the 3rd to the 7th are its five days, so it may be on the 8th.
        ({"days": 5}, "2026-03-02T10:00+08:00", "until 2026-03-07T16:00Z"),
        ({"days": 5}, "2026-03-07T23:59+08:00", "until 2026-03-07T16:00Z"),
        ({"days": 5}, "2026-03-08T00:00+08:00", "allowed"),
        ({"days": 5, "count_from": "same_day"}, "2026-03-06T23:59+08:00", "until 2026-03-06T16:00Z"),
        ({"days": 5, "count_from": "same_day"}, "2026-03-07T00:00+08:00", "allowed"),
        ({"days": 1, "count_from": "same_day"}, "2026-03-02T12:00+08:00", "until 2026-03-02T16:00Z"),
        # Monday the 2nd, five weekdays: Tuesday to Friday and Monday the 9th.
        ({"days": 5, "business": True}, "2026-03-02T12:00+08:00", "until 2026-03-09T16:00Z"),
        (
            {"days": 5, "business": True, "count_from": "same_day"},
            "2026-03-02T12:00+08:00",
            "until 2026-03-06T16:00Z",
        ),
    ],
)
def test_notice_and_its_days(parameters, at, expected):
    assert told(rule("notice", fact="told", **parameters), at, facts=noticed()) == expected


def test_the_day_of_a_notice_given_on_a_day_off_is_not_counted():
    saturday = noticed("2026-03-07T10:00+08:00")
    one = rule("notice", fact="told", days=2, business=True, count_from="same_day")
    assert told(one, "2026-03-07T12:00+08:00", facts=saturday) == "until 2026-03-10T16:00Z"


def test_a_notice_given_on_a_holiday_counts_from_the_next_working_day():
    """Friday 3 July 2026 is a day off in the United States: the two days are Monday and Tuesday."""
    one = rule("notice", fact="told", days=2, business=True, count_from="same_day")
    facts = [{"fact": "time_zone", "value": NEW_YORK}, {"fact": "told", "since": "2026-07-03T10:00-04:00"}]
    assert told(one, "2026-07-03T12:00-04:00", facts=facts, holidays="US") == "until 2026-07-08T04:00Z"
    assert told(one, "2026-07-03T12:00-04:00", facts=facts) == "until 2026-07-07T04:00Z"


def test_business_days_pass_over_holidays():
    """Told on Wednesday 1 July 2026; Friday the 3rd is a day off, so three days are the 2nd, the 6th and the 7th."""
    one = rule("notice", fact="told", days=3, business=True)
    facts = [{"fact": "time_zone", "value": NEW_YORK}, {"fact": "told", "since": "2026-07-01T10:00-04:00"}]
    assert told(one, "2026-07-02T10:00-04:00", facts=facts, holidays="US") == "until 2026-07-08T04:00Z"
    assert told(one, "2026-07-02T10:00-04:00", facts=facts, holidays=None) == "until 2026-07-07T04:00Z"
    calendar = rule("notice", fact="told", days=3)
    assert told(calendar, "2026-07-02T10:00-04:00", facts=facts, holidays="US") == "until 2026-07-05T04:00Z"


@pytest.mark.parametrize(
    ("facts", "act", "expected"),
    [
        ([{"fact": "told", "value": "no", "since": TEN}], {}, "denied"),
        ([{"fact": "told"}], {}, "denied"),
        # A notice of one debt covers that debt alone; several debts need all, and the last counts.
        ([{"fact": "told", "since": TEN, "loan_id": "L1"}], {"loan_id": "L1"}, "until 2026-03-03T16:00Z"),
        ([{"fact": "told", "since": TEN, "loan_id": "L1"}], {"loan_id": "L1|L2"}, "denied"),
        ([{"fact": "told", "since": TEN, "loan_id": "L1"}], {}, "denied"),
        (
            [
                {"fact": "told", "since": TEN, "loan_id": "L1"},
                {"fact": "told", "since": "2026-03-03T10:00+08:00", "loan_id": "L2"},
            ],
            {"loan_id": "L1|L2"},
            "until 2026-03-04T16:00Z",
        ),
        # Told twice, the first time counts.
        (
            [
                {"fact": "told", "since": "2026-03-03T10:00+08:00", "loan_id": "L1"},
                {"fact": "told", "since": TEN, "loan_id": "L1"},
            ],
            {"loan_id": "L1"},
            "until 2026-03-03T16:00Z",
        ),
        (
            [
                {"fact": "told", "since": TEN, "loan_id": "L1"},
                {"fact": "told", "since": "2026-03-03T10:00+08:00", "loan_id": "L1"},
            ],
            {"loan_id": "L1"},
            "until 2026-03-03T16:00Z",
        ),
        # One of one debt said earlier does not make the one for all earlier.
        (
            [{"fact": "told", "since": TEN, "loan_id": "L1"}, {"fact": "told", "since": "2026-03-03T10:00+08:00"}],
            {"loan_id": "L1|L2"},
            "until 2026-03-04T16:00Z",
        ),
        # One for all may count alone, whatever was said of one debt later.
        (
            [
                {"fact": "told", "since": TEN},
                {"fact": "told", "since": "2026-03-03T10:00+08:00", "loan_id": "L2"},
                {"fact": "told", "since": "2026-03-03T11:00+08:00"},
            ],
            {"loan_id": "L1|L2"},
            "until 2026-03-03T16:00Z",
        ),
        (
            [{"fact": "told", "since": TEN}, {"fact": "told", "loan_id": "L1"}],
            {"loan_id": "L1"},
            "until 2026-03-03T16:00Z",
        ),
        ([{"fact": "told", "since": TEN}, {"fact": "told"}], {}, "denied"),
        ([{"fact": "told", "since": TEN, "number": "n1"}], {"number": "n1"}, "until 2026-03-03T16:00Z"),
        ([{"fact": "told", "since": TEN, "number": "n1"}], {"number": "n2"}, "denied"),
        ([{"fact": "told", "since": TEN, "number": "n1"}], {}, "denied"),
    ],
)
def test_which_notices_count(facts, act, expected):
    one = rule("notice", fact="told", days=1)
    known = [{"fact": "time_zone", "value": SHANGHAI}, *facts]
    assert told(one, "2026-03-03T12:00+08:00", act=act, facts=known) == expected


def test_notice_in_the_zones_where_she_may_be():
    one = rule("notice", fact="told", days=1)
    told_on = {"fact": "told", "since": "2026-03-02T05:30Z"}  # the 2nd in New York, the 1st in Chicago
    both = [{"fact": "time_zone", "value": f"America/Chicago|{NEW_YORK}"}, told_on]
    assert told(one, "2026-03-02T12:00Z", facts=both) == "until 2026-03-04T05:00Z"
    assert told(one, "2026-03-02T12:00Z", facts=[told_on]) == "until 2026-03-03T16:00Z"
    assert told(one, "2026-03-02T12:00Z", facts=[told_on], zone=None) == "denied"
    assert told(rule("notice", fact="told", days=0), "2026-03-02T12:00Z", facts=[told_on], zone=None) == "allowed"


def test_notice_says_why():
    one = rule("notice", fact="told", days=5)
    ten = datetime(2026, 3, 2, 2, tzinfo=UTC)
    assert answer(one, NOON).reason == "no told on record"
    assert answer(one, NOON, facts={"told": "true"}).reason == "when told was given is not known"
    waiting = answer(one, NOON, facts=noticed())
    assert (waiting.reason, waiting.facts) == ("told: 5 days", {"given": ten})
    assert answer(one, "2026-03-09T12:00+08:00", facts=noticed()).facts == {"given": ten}
    at_once = answer(rule("notice", fact="told", days=0), NOON, facts=noticed())
    assert at_once.facts == {"given": ten}
    lost = answer(one, NOON, facts=noticed()[1:], zone=None)
    assert lost.reason == "no time zone is known to count days in"


# --- fresh --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "value", "at", "expected"),
    [
        ({"days": 30}, "2026-01-05", "2026-02-04T23:59+08:00", "allowed"),
        ({"days": 30}, "2026-01-05", "2026-02-05T00:00+08:00", "denied"),
        ({"days": 0}, "2026-01-05", "2026-01-05T23:59+08:00", "allowed"),
        ({"days": 0}, "2026-01-05", "2026-01-06T00:00+08:00", "denied"),
        ({"years": 1}, "2025-03-02", "2026-03-02T23:59+08:00", "allowed"),
        ({"years": 1}, "2025-03-02", "2026-03-03T00:00+08:00", "denied"),
        # A leap day's year ends on 28 February, or on the next leap day.
        ({"years": 1}, "2024-02-29", "2025-02-28T12:00+08:00", "allowed"),
        ({"years": 1}, "2024-02-29", "2025-03-01T00:00+08:00", "denied"),
        ({"years": 4}, "2024-02-29", "2028-02-29T12:00+08:00", "allowed"),
        ({"years": 4}, "2024-02-29", "2028-03-01T00:00+08:00", "denied"),
        ({"days": 30}, "2026-01-05T10:00:00+08:00", "2026-02-04T12:00+08:00", "allowed"),
        ({"days": 30}, "2026-02-30", NOON, "denied"),
        ({"days": 30, "missing": "allow"}, "", NOON, "allowed"),
        ({"days": 30, "missing": "allow"}, "2025-01-01", NOON, "denied"),
        ({"days": 30}, "", NOON, "denied"),
        ({"days": 30}, "true", NOON, "denied"),
    ],
)
def test_fresh(parameters, value, at, expected):
    facts = {"time_zone": SHANGHAI, **({"evaluated": value} if value else {})}
    assert told(rule("fresh", fact="evaluated", **parameters), at, facts=facts) == expected


def test_fresh_by_the_day_on_which_the_fact_began():
    one = rule("fresh", fact="evaluated", days=30)
    since = {"fact": "evaluated", "since": "2026-01-05T10:00+08:00"}
    earlier = {"fact": "evaluated", "since": "2025-01-05T10:00+08:00"}
    assert told(one, "2026-02-04T12:00+08:00", facts=[since, earlier]) == "allowed"
    assert told(one, "2026-02-05T12:00+08:00", facts=[since, earlier]) == "denied"


def test_fresh_is_judged_on_the_packs_date_else_the_borrowers_else_utc():
    one = rule("fresh", fact="evaluated", days=0)
    facts = {"evaluated": "2026-03-02"}
    at = "2026-03-02T18:00Z"  # the 3rd in Shanghai, the 2nd in New York
    assert told(one, at, facts=facts) == "denied"
    assert told(one, at, facts=facts, zone=None) == "allowed"
    assert told(one, at, facts={**facts, "time_zone": SHANGHAI}, zone=None) == "denied"
    assert told(one, at, facts={**facts, "time_zone": SHANGHAI}, zone=NEW_YORK) == "allowed"


def test_fresh_says_what_it_saw():
    one = rule("fresh", fact="evaluated", days=30)
    old = answer(one, NOON, facts={"evaluated": "2026-01-05"})
    assert (old.reason, plain_date(old)) == ("evaluated was on 2026-01-05, over since 2026-02-04", "2026-01-05")
    assert plain_date(answer(one, "2026-01-10T00:00Z", facts={"evaluated": "2026-01-05"})) == "2026-01-05"
    assert answer(one, NOON).reason == "evaluated is not known"
    assert answer(rule("fresh", fact="evaluated", days=30, missing="allow"), NOON).facts == {"evaluated": None}


def plain_date(said):
    return said.facts["evaluated"].isoformat()


def of_debts(name, **values):
    return [{"fact": name, "value": v, "loan_id": loan, "since": "2026-02-01T10:00Z"} for loan, v in values.items()]


@pytest.mark.parametrize(
    ("values", "missing", "expected"),
    [
        ({"L1": "2026-02-20", "L2": "2026-02-25"}, "deny", "allowed"),
        ({"L1": "2026-02-20", "L2": "2026-01-05"}, "deny", "denied"),
        ({"L1": "2026-01-05", "L2": "2026-02-25"}, "deny", "denied"),
        ({"L1": "2026-02-20", "L2": "2026-02-30"}, "deny", "denied"),
        ({"L1": "2026-02-20", "L2": "2026-02-30"}, "allow", "allowed"),
        ({"L1": "2026-01-05", "L2": "2026-02-30"}, "allow", "denied"),
        ({"L1": "2026-02-20"}, "deny", "denied"),
        ({"L1": "2026-02-20"}, "allow", "allowed"),
        ({"L1": "2026-02-20", "L2": "true"}, "deny", "allowed"),
    ],
)
def test_every_debt_of_the_act_must_be_fresh(values, missing, expected):
    """The fact of the second debt may be older; where its value is no date it began on 1 February."""
    one = rule("fresh", fact="evaluated", days=30, missing=missing)
    assert told(one, NOON, act={"loan_id": "L1|L2"}, facts=of_debts("evaluated", **values)) == expected


def test_a_date_of_the_act_itself_comes_first():
    one = rule("fresh", fact="evaluated", days=30)
    facts = of_debts("evaluated", L1="2025-01-01")
    assert told(one, NOON, act={"loan_id": "L1", "evaluated": "2026-02-20"}, facts=facts) == "allowed"
    assert told(one, NOON, act={"loan_id": "L1", "evaluated": "2026-02-30"}, facts=facts) == "denied"
    assert told(one, NOON, act={"loan_id": "L1"}, facts=facts) == "denied"
    began = "2026-02-01: the act says it was done, the record since when"
    assert told(one, NOON, act={"loan_id": "L1", "evaluated": "true"}, facts=facts) == "allowed", began


def test_records_are_kept_until_the_last_debt_lets_them_go():
    one = rule("retain", acts=["erasure"], years=5, from_event="ended")
    act = {"channel": "erasure", "loan_id": "L1|L2"}
    both = of_debts("ended", L1="2021-03-02", L2="2021-02-01")
    assert told(one, "2026-03-02T12:00+08:00", act=act, facts=both) == "until 2026-03-02T16:00Z"
    assert told(one, "2026-03-03T00:00+08:00", act=act, facts=both) == "allowed"
    assert told(one, NOON, act=act, facts=of_debts("ended", L1="2020-03-02", L2="2020-02-30")) == "denied"
    assert told(one, NOON, act=act, facts=of_debts("ended", L1="2020-03-02")) == "denied"


# --- exceptions that end by themselves ----------------------------------------------------------------------------

CONSENT = {"fact": "consent", "evidence": {"zh": "同意的记录", "en": "record of consent"}}
SHUT = {"fact": "shut"}


def consented(**more):
    return {"fact": "consent", "since": TEN, **more}


def barred(facts, at, *, limit, act=None, history=(), zone=SHANGHAI, pack_zone=SHANGHAI, **frame):
    """What a rule that bars everything says where consent may lift it."""
    one = rule("bar", states=["shut"], acts=["call"], **{"except": {**CONSENT, **limit}}, **frame)
    known = [SHUT, *([{"fact": "time_zone", "value": zone}] if zone else []), *facts]
    act = {"loan_id": "L1", "sender": "A1", **(act or {})}
    return told(one, at, act=act, facts=known, history=history, zone=pack_zone)


@pytest.mark.parametrize(
    ("facts", "at", "expected"),
    [
        # Given on the 2nd for seven days: the 8th is the last.
        ([consented()], "2026-03-02T09:59:59+08:00", "denied"),
        ([consented()], "2026-03-02T10:00+08:00", "allowed"),
        ([consented()], "2026-03-08T23:59:59+08:00", "allowed"),
        ([consented()], "2026-03-09T00:00+08:00", "denied"),
        ([consented(), consented(since="2026-03-05T10:00+08:00")], "2026-03-09T00:00+08:00", "allowed"),
        ([consented(since=None)], NOON, "denied"),
        ([consented(value="no")], NOON, "denied"),
        ([consented(value="perhaps")], NOON, "denied"),
        ([consented(value=" Yes ")], NOON, "allowed"),
        ([consented(until="2026-03-03T10:00+08:00")], "2026-03-03T10:00+08:00", "denied"),
        # A later no revokes, from its own instant on; one of the same instant too, an earlier one not.
        ([consented(), consented(value="no", since="2026-03-04T10:00+08:00")], "2026-03-04T09:59+08:00", "allowed"),
        ([consented(), consented(value="no", since="2026-03-04T10:00+08:00")], "2026-03-04T10:00+08:00", "denied"),
        ([consented(), consented(value="no")], NOON, "denied"),
        ([consented(), consented(value="no", since="2026-03-02T09:59+08:00")], NOON, "allowed"),
        ([consented(), consented(value="no", since="2026-03-02T11:00+08:00", loan_id="L2")], NOON, "allowed"),
        ([consented(), consented(value="no", since="2026-03-02T11:00+08:00", loan_id="L1")], NOON, "denied"),
        ([consented(), {"fact": "other", "value": "no", "since": "2026-03-02T11:00+08:00"}], NOON, "allowed"),
        ([consented(), consented(value="yes", since="2026-03-02T11:00+08:00")], NOON, "allowed"),
    ],
)
def test_consent_for_some_days(facts, at, expected):
    assert barred(facts, at, limit={"days": 7}) == expected


@pytest.mark.parametrize(
    ("zone", "pack_zone", "at", "expected"),
    [
        # Given at 05:30Z on 2 March: the 2nd in New York, still the 1st in Chicago.
        (NEW_YORK, SHANGHAI, "2026-03-03T04:59Z", "allowed"),
        (NEW_YORK, SHANGHAI, "2026-03-03T05:00Z", "denied"),
        (f"{NEW_YORK}|America/Chicago", SHANGHAI, "2026-03-02T05:59Z", "allowed"),
        (f"{NEW_YORK}|America/Chicago", SHANGHAI, "2026-03-02T06:00Z", "denied"),
        (None, SHANGHAI, "2026-03-02T15:59Z", "allowed"),
        (None, SHANGHAI, "2026-03-02T16:00Z", "denied"),
        (None, None, "2026-03-02T05:30Z", "denied"),
    ],
)
def test_the_days_of_consent_are_hers(zone, pack_zone, at, expected):
    facts = [consented(since="2026-03-02T05:30Z")]
    assert barred(facts, at, limit={"days": 1}, zone=zone, pack_zone=pack_zone) == expected


ELEVEN = "2026-03-02T11:00+08:00"


@pytest.mark.parametrize(
    ("contact", "frame", "expected"),
    [
        ({}, {}, "denied"),
        ({"at": NOON}, {}, "denied"),
        ({"at": "2026-03-02T10:00+08:00"}, {}, "allowed"),
        ({"at": "2026-03-02T10:00:00.000001+08:00"}, {}, "denied"),
        ({"direction": "in"}, {}, "denied"),
        ({"result": "hung_up"}, {}, "allowed"),
        ({"result": ""}, {}, "denied"),
        ({"channel": "sms"}, {}, "allowed"),
        ({"channel": ""}, {}, "denied"),
        ({"party": "guarantor"}, {}, "allowed"),
        ({"loan_id": "L2", "sender": "A2"}, {}, "denied"),
        ({"sender": "A2"}, {"unit": "debt"}, "denied"),
        ({"loan_id": "L2"}, {"unit": "debt"}, "allowed"),
        ({"loan_id": "L2|L1"}, {"unit": "debt"}, "denied"),
        ({"loan_id": ""}, {"unit": "debt"}, "denied"),
        ({"loan_id": "L1", "sender": "A2"}, {"unit": "collector"}, "allowed"),
        ({"loan_id": "L1", "sender": ""}, {"unit": "collector"}, "denied"),
        ({"loan_id": "L1", "sender": "A1"}, {"unit": "collector"}, "denied"),
        ({"loan_id": "L2", "sender": "A1"}, {"unit": "collector"}, "allowed"),
    ],
)
def test_consent_that_a_conversation_ends(contact, frame, expected):
    past = [{"at": ELEVEN, **contact}]
    assert barred([consented()], NOON, limit={"ends_with": "conversation"}, history=past, **frame) == expected
    assert barred([consented()], NOON, limit={"ends_with": "conversation"}, **frame) == "allowed"
    assert barred([consented()], NOON, limit={"days": 1}, history=past, **frame) == "allowed"


def test_consent_ends_with_whatever_ends_it_first():
    limit = {"days": 2, "ends_with": "conversation"}
    assert barred([consented()], "2026-03-03T23:59+08:00", limit=limit) == "allowed"
    assert barred([consented()], "2026-03-04T00:00+08:00", limit=limit) == "denied"
    assert barred([consented()], NOON, limit=limit, history=[{"at": ELEVEN}]) == "denied"
    revoked = consented(value="no", since=ELEVEN)
    assert barred([consented(), revoked], NOON, limit=limit) == "denied"


def test_a_conversation_ends_the_consent_of_an_act_about_no_debt_in_particular():
    limit, past = {"ends_with": "conversation"}, [{"at": ELEVEN, "loan_id": "L2"}]
    assert barred([consented()], NOON, limit=limit, history=past, act={"loan_id": ""}, unit="debt") == "denied"


def test_consent_must_cover_every_debt_of_the_act():
    first, second = consented(loan_id="L1"), consented(loan_id="L2", since="2026-02-28T10:00+08:00")
    both, limit = {"loan_id": "L1|L2"}, {"days": 7}
    assert barred([first], NOON, limit=limit, act=both) == "denied"
    assert barred([first, second], "2026-03-06T12:00+08:00", limit=limit, act=both) == "allowed"
    assert barred([first, second], "2026-03-07T12:00+08:00", limit=limit, act=both) == "denied"


BY_DEBT = {
    "frequency": {"cap": 1, "window": {"days": 7}, "channels": ["call"], "count": "conversation"},
    "wait": {"after": "conversation", "days": 7, "channels": ["call"]},
}


@pytest.mark.parametrize("mechanism", BY_DEBT)
@pytest.mark.parametrize("unit", ["debt", "collector"])
@pytest.mark.parametrize(
    ("agreed", "talked", "expected"),
    [
        # Talked about on the 1st: free on the 8th. On the 2nd: free on the 9th. Consent is given on the 2nd at ten.
        ([], {"L1": "2026-03-01T09:00+08:00"}, "until 2026-03-07T16:00Z"),
        (["L1"], {"L1": "2026-03-01T09:00+08:00"}, "allowed"),
        (["L2"], {"L1": "2026-03-01T09:00+08:00"}, "until 2026-03-07T16:00Z"),
        (["L1", "L2"], {"L1": "2026-03-01T09:00+08:00"}, "allowed"),
        ([], {"L1": "2026-03-02T09:00+08:00", "L2": "2026-03-01T09:00+08:00"}, "until 2026-03-08T16:00Z"),
        (["L1"], {"L1": "2026-03-02T09:00+08:00", "L2": "2026-03-01T09:00+08:00"}, "until 2026-03-07T16:00Z"),
        (["L2"], {"L1": "2026-03-02T09:00+08:00", "L2": "2026-03-01T09:00+08:00"}, "until 2026-03-08T16:00Z"),
        (["L1", "L2"], {"L1": "2026-03-02T09:00+08:00", "L2": "2026-03-01T09:00+08:00"}, "allowed"),
    ],
)
def test_consent_for_one_debt_lifts_that_one_alone(mechanism, unit, agreed, talked, expected):
    one = rule(mechanism, unit=unit, **{"except": {**CONSENT, "days": 7}}, **BY_DEBT[mechanism])
    facts = [{"fact": "time_zone", "value": SHANGHAI}, *(consented(loan_id=loan) for loan in agreed)]
    history = [{"at": at, "loan_id": loan, "sender": "A1"} for loan, at in talked.items()]
    act = {"loan_id": "L1|L2", "sender": "A1"}
    assert told(one, NOON, act=act, facts=facts, history=history) == expected
    assert told(one, NOON, act={**act, "loan_id": "L2|L1"}, facts=facts, history=history) == expected
    asked = {"act": {**act, "consent": "no"}, "facts": facts, "history": history}
    without = told(one, NOON, act=act, facts=facts[:1], history=history)
    assert told(one, NOON, **asked) == without, "what the act says of itself comes first"


def test_what_is_said_of_several_debts_is_what_the_strictest_says():
    one = calls(3, unit="debt", **{"except": {**CONSENT, "days": 1}})
    facts = [{"fact": "time_zone", "value": SHANGHAI}]
    history = [{"at": "2026-03-02T09:00+08:00", "loan_id": loan} for loan in ("L1", "L2", "L2")]
    for loans in ("L1|L2", "L2|L1"):
        assert answer(one, NOON, act={"loan_id": loans}, facts=facts, history=history).facts["count"] == 2
    both = [*facts, consented(loan_id="L1"), consented(loan_id="L2")]
    lifted = answer(one, NOON, act={"loan_id": "L1|L2"}, facts=both, history=history)
    assert (lifted.answer, lifted.facts) == ("allowed", {"except": "consent"})


def test_a_person_has_one_count_however_many_debts_are_agreed():
    one = calls(1, unit="person", **{"except": {**CONSENT, "days": 7}}, window={"days": 7})
    facts = [{"fact": "time_zone", "value": SHANGHAI}, consented(loan_id="L1")]
    history = [{"at": "2026-03-01T09:00+08:00", "loan_id": "L1"}]
    assert told(one, NOON, act={"loan_id": "L1|L2"}, facts=facts, history=history) == "until 2026-03-07T16:00Z"


def test_a_conversation_about_one_debt_leaves_the_consent_for_the_other():
    """Talked about L1 at eleven, consent for L1 given again after it; that for L2, of ten, was not touched."""
    facts = [consented(loan_id="L1", since="2026-03-02T11:30+08:00"), consented(loan_id="L2")]
    asked = {"limit": {"ends_with": "conversation"}, "act": {"loan_id": "L1|L2"}}
    past = [{"at": ELEVEN, "loan_id": "L1", "sender": "A1"}]
    assert barred(facts, NOON, history=past, unit="debt", **asked) == "allowed"
    assert barred(facts, NOON, history=past, unit="collector", **asked) == "allowed"
    assert barred(facts, NOON, history=past, unit="person", **asked) == "denied"


def test_the_act_itself_may_vouch_for_consent():
    for said, expected in (("true", "allowed"), ("no", "denied")):
        assert barred([], NOON, limit={"days": 7}, act={"consent": said}) == expected
        assert barred([consented()], NOON, limit={"days": 7}, act={"consent": said}) == expected


def test_contacts_are_not_counted_while_the_consent_lasted():
    one = calls(1, **{"except": {**CONSENT, "days": 1}}, window={"days": 7})
    facts = [{"fact": "time_zone", "value": SHANGHAI}, consented()]
    noon_of_the_3rd = "2026-03-03T12:00+08:00"
    for at, expected in (
        ("2026-03-02T09:59+08:00", "until 2026-03-08T16:00Z"),
        ("2026-03-02T10:00+08:00", "allowed"),
        ("2026-03-02T23:59+08:00", "allowed"),
        ("2026-03-03T00:00+08:00", "until 2026-03-09T16:00Z"),
    ):
        assert told(one, noon_of_the_3rd, facts=facts, history=[{"at": at}]) == expected


# --- party --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ({}, "allowed"),
        ({"party": "borrower"}, "allowed"),
        ({"party": "guarantor"}, "allowed"),
        ({"party": "employer"}, "denied"),
        ({"party": "other", "lost_contact": "true"}, "denied"),
        ({"party": "contact_person"}, "denied"),
        ({"party": "contact_person", "lost_contact": "true"}, "allowed"),
        ({"party": "contact_person", "lost_contact": "no"}, "denied"),
        ({"party": "contact_person", "consented": "Yes"}, "allowed"),
        ({"party": "contact_person", "consented": "perhaps"}, "denied"),
    ],
)
def test_party(act, expected):
    one = rule(
        "party", allow=["borrower", "guarantor"], allow_when={"contact_person": ["lost_contact", "consented"]}
    )
    assert told(one, NOON, act=act) == expected


def test_party_says_who_and_why():
    one = rule("party", allow=["borrower"], allow_when={"contact_person": ["lost_contact", "consented"]})
    assert answer(one, NOON).facts == {"party": "borrower"}
    met = answer(one, NOON, act={"party": "contact_person"}, facts={"consented": "true"})
    assert met.facts == {"party": "contact_person", "because": ["consented"]}
    refused = answer(one, NOON, act={"party": "other"})
    assert (refused.reason, refused.facts) == ("other may not be addressed", {"party": "other"})


# --- retain -------------------------------------------------------------------------------------------------------

ERASURE = {"channel": "erasure"}


def kept(**parameters):
    return rule("retain", acts=["erasure"], **parameters)


@pytest.mark.parametrize(
    ("parameters", "last", "at", "expected"),
    [
        ({"years": 5}, "2021-03-02T23:59+08:00", "2026-03-02T23:59+08:00", "until 2026-03-02T16:00Z"),
        ({"years": 5}, "2021-03-02T23:59+08:00", "2026-03-03T00:00+08:00", "allowed"),
        ({"years": 1}, "2024-02-29T10:00+08:00", "2025-02-28T12:00+08:00", "until 2025-02-28T16:00Z"),
        ({"days": 10}, "2026-03-02T10:00+08:00", "2026-03-12T23:59+08:00", "until 2026-03-12T16:00Z"),
        ({"days": 10}, "2026-03-02T10:00+08:00", "2026-03-13T00:00+08:00", "allowed"),
    ],
)
def test_retain_after_the_last_contact(parameters, last, at, expected):
    history = [{"at": last, "direction": "in", "channel": "email"}, {"at": "2019-01-01T10:00+08:00"}]
    assert told(kept(**parameters), at, act=ERASURE, history=history) == expected


def test_retain_of_one_never_contacted_is_over():
    said = answer(kept(years=5), NOON, act=ERASURE)
    assert (said.answer, said.facts) == ("allowed", {"last": None})


def test_retain_from_a_fact():
    one = kept(years=5, from_event="ended")
    assert (
        told(one, "2026-03-02T12:00+08:00", act=ERASURE, facts={"ended": "2021-03-02"}) == "until 2026-03-02T16:00Z"
    )
    assert told(one, "2026-03-03T00:00+08:00", act=ERASURE, facts={"ended": "2021-03-02"}) == "allowed"
    assert told(one, NOON, act=ERASURE, facts={}) == "denied"
    assert answer(one, NOON, act=ERASURE, facts={}).reason == "ended is not known"


def test_retain_counts_in_the_packs_zone_else_hers_else_utc():
    """A last contact at 20:00Z on 1 March is on the 2nd in Shanghai and on the 1st in New York."""
    history = [{"at": "2026-03-01T20:00Z"}]
    at, one = "2026-03-02T00:00Z", kept(days=1)
    assert told(one, at, act=ERASURE, history=history, facts=in_zone(NEW_YORK)) == "until 2026-03-03T16:00Z"
    assert (
        told(one, at, act=ERASURE, history=history, facts=in_zone(NEW_YORK), zone=None) == "until 2026-03-03T05:00Z"
    )
    assert told(one, at, act=ERASURE, history=history, facts={}, zone=None) == "until 2026-03-03T00:00Z"


def test_retain_says_what_it_saw():
    last = datetime(2026, 3, 1, 20, tzinfo=UTC)
    said = answer(kept(days=1), NOON, act=ERASURE, history=[{"at": last}])
    assert (said.reason, said.facts) == ("records must be kept", {"last": last})
    over = answer(kept(days=1), last + timedelta(days=9), act=ERASURE, history=[{"at": last}])
    assert over.facts == {"last": last}


# --- the machine it runs on ---------------------------------------------------------------------------------------


@pytest.fixture
def far_east(monkeypatch):
    """A machine whose own clock is set fourteen hours ahead."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_east")
def test_answers_do_not_depend_on_the_zone_of_the_machine():
    shut = answer(rule("hours", **DAYTIME), "2026-03-08T01:00-05:00", facts=in_zone(NEW_YORK))
    assert shut.until == datetime(2026, 3, 8, 12, tzinfo=UTC)
    assert shut.until.utcoffset() == timedelta(0), "instants are told in UTC"
    full = answer(calls(1), NOON, history=[{"at": TEN}])
    assert (short(full.until), full.until.utcoffset()) == ("2026-03-02T16:00Z", timedelta(0))
    evening = rule("hours", open="21:00", close="23:00")
    assert told(evening, "2026-06-30T20:30-04:00", facts=in_zone(NEW_YORK)) == "until 2026-07-01T01:00Z"
    jumping = rule("hours", open="02:30", close="23:00")
    assert told(jumping, "2026-03-08T01:00-05:00", facts=in_zone(NEW_YORK)) == "until 2026-03-08T07:00Z"
    began = {"fact": "evaluated", "since": "2026-01-05T10:00Z"}
    assert told(rule("fresh", fact="evaluated", days=30), "2026-02-05T12:00+08:00", facts=[began]) == "denied"
    late = {"fact": "evaluated", "since": "2026-01-05T23:00Z"}
    assert told(rule("fresh", fact="evaluated", days=30), "2026-02-05T00:00+08:00", facts=[late]) == "denied"
