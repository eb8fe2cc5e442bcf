"""What must hold of the gate whatever the history: caps, tightening, order, the next instant, and failing safe."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_rule import NEW_YORK, PERSON, SHANGHAI, facts_rows, packs, rule, verdict, write_pack

from forbear.basics.errors import WrongUse
from forbear.conduct import judge, load_packs
from forbear.conduct.judge import CLOCK
from forbear.conduct.situation import RESULTS
from forbear.conduct.tighter import loosened

ZONES = (SHANGHAI, NEW_YORK, "America/Santiago", "Australia/Lord_Howe", f"{NEW_YORK}|America/Los_Angeles")
STARTS = tuple(
    datetime.fromisoformat(text).astimezone(UTC)
    for text in (
        "2026-03-07T20:00-05:00",  # New York's clocks go forward
        "2026-10-31T20:00-04:00",  # and back
        "2026-09-05T20:00-04:00",  # Santiago skips a midnight
        "2026-04-04T20:00-03:00",  # and has one twice
        "2026-12-31T08:00+08:00",
        "2028-02-28T22:00+08:00",
    )
)
KINDS = ("dial", "attempt", "connection", "conversation", "unanswered")
CHANNELS = ("call", "voice", "sms", "email")
starts = st.sampled_from(STARTS)
zones = st.sampled_from(ZONES)
steps = st.integers(0, 60 * 30).map(lambda minutes: timedelta(minutes=minutes))
windows = st.one_of(
    st.builds(lambda n: {"days": n}, st.integers(1, 8)), st.builds(lambda n: {"hours": n}, st.integers(1, 72))
)


def dates_of(at, zone, days):
    """The local dates on which a contact uses a window of so many days: its own and those after."""
    first = at.astimezone(ZoneInfo(zone)).date()
    return {first + timedelta(days=n) for n in range(days)}


def most_in_any_window(times, window, zone):
    """Counted afresh: the most contacts that share one window, by local dates or by rolling hours."""
    if "hours" in window:
        span = timedelta(hours=window["hours"])
        return max(sum(1 for b in times if a <= b < a + span) for a in times)
    lived = [dates_of(at, zone, window["days"]) for at in times]
    return max(sum(1 for dates in lived if day in dates) for day in set().union(*lived))


@given(
    zone=zones,
    start=starts,
    cap=st.integers(1, 4),
    window=windows,
    moves=st.lists(
        st.tuples(steps, st.sampled_from(CHANNELS), st.sampled_from(["", "L1", "L2|L3"])), min_size=6, max_size=25
    ),
)
@settings(max_examples=60, deadline=None)
def test_never_more_than_the_cap_in_any_window(zone, start, cap, window, moves):
    """A person who calls whenever the gate allows it never passes the cap, whatever the clocks do."""
    asked = packs(rule("frequency", cap=cap, window=window, channels=CHANNELS, count="attempt"))
    at, done = start, []
    for n, (step, channel, loans) in enumerate(moves):
        at += step
        act = {"channel": channel, "loan_id": loans, "sender": ("lender", "A1", "A2")[n % 3]}
        if verdict(asked, at, act=act, facts={"time_zone": zone}, history=done).allowed:
            done.append({"at": at, "result": "no_answer", **act})
    if done:
        times = [c["at"] for c in done]
        assert max(most_in_any_window(times, window, place) for place in zone.split("|")) <= cap


@given(
    start=starts,
    cap=st.integers(1, 3),
    window=windows,
    jumps=st.integers(1, 12),
)
@settings(max_examples=30, deadline=None)
def test_following_next_reaches_the_cap_and_never_passes_it(start, cap, window, jumps):
    """Acting at each instant that a deferral names uses the law's room in full: nothing is deferred for ever."""
    asked = packs(rule("frequency", cap=cap, window=window, channels=CHANNELS, count="attempt"))
    at, done = start, []
    for _ in range(jumps + cap):
        said = verdict(asked, at, facts={"time_zone": NEW_YORK}, history=done)
        at = said.until or at
        assert said.answer != "denied"
        done.append({"at": at, "result": "no_answer"})
    assert most_in_any_window([c["at"] for c in done], window, NEW_YORK) == cap


contacts = st.fixed_dictionaries(
    {
        "at": st.integers(-9 * 24 * 60, 0),
        "channel": st.sampled_from([*CHANNELS, ""]),
        "result": st.sampled_from([*RESULTS, "", "odd"]),
        "direction": st.sampled_from(["out", "out", "in"]),
        "party": st.sampled_from(["borrower", "borrower", "guarantor", "contact_person"]),
        "sender": st.sampled_from(["lender", "A1", "A2", ""]),
        "loan_id": st.sampled_from(["", "L1", "L2", "L1|L2"]),
        "number": st.sampled_from(["", "n1", "n2"]),
    }
)
histories = st.lists(contacts, max_size=14)
acts = st.fixed_dictionaries(
    {
        "channel": st.sampled_from(CHANNELS),
        "loan_id": st.sampled_from(["", "L1", "L1|L2"]),
        "sender": st.sampled_from(["lender", "A1"]),
        "number": st.sampled_from(["", "n1"]),
    }
)


def placed(history, at):
    return [{**c, "at": at + timedelta(minutes=c["at"])} for c in history]


def a_full_pack():
    """Rules of every kind that time alone can lift."""
    return packs(
        rule("hours", "R-1", open="08:00", close="21:00", not_on_holidays=True),
        rule("frequency", "R-2", cap=2, window={"days": 1}, channels=CHANNELS, count="conversation"),
        rule("frequency", "R-3", cap=5, window={"days": 7}, channels=CHANNELS, count="dial", unit="collector"),
        rule("frequency", "R-4", cap=3, window={"hours": 30}, channels=["call"], count="unanswered", unit="number"),
        rule("wait", "R-5", after="conversation", hours=20, unit="debt"),
        rule("wait", "R-6", after={"fact": "promise"}, days=2),
        rule("bar", "R-7", states=["breathing_space"]),
        rule("notice", "R-8", fact="told", days=2, business=True),
        holidays="US",
    )


FULL = a_full_pack()


def known(at, zone, told=-3 * 24 * 60, ends=None, promised=None):
    rows = [
        {"fact": "time_zone", "value": zone},
        {"fact": "told", "since": at + timedelta(minutes=told)},
    ]
    if ends is not None:
        rows.append({"fact": "breathing_space", "until": at + timedelta(minutes=ends)})
    if promised is not None:
        rows.append({"fact": "promise", "since": at - timedelta(minutes=promised)})
    return rows


@given(
    zone=zones,
    start=starts,
    step=steps,
    history=histories,
    act=acts,
    told=st.integers(-5 * 24 * 60, -1),
    ends=st.none() | st.integers(-600, 4000),
    promised=st.none() | st.integers(0, 4000),
)
@settings(max_examples=120, deadline=None)
def test_next_is_the_first_lawful_minute(zone, start, step, history, act, told, ends, promised):
    """Allowed at the instant it names, and at no whole minute between the act and it."""
    at = start + step
    facts, past = known(at, zone, told, ends, promised), placed(history, at)

    def ask(when):
        return verdict(FULL, when, act=act, facts=facts, history=past)

    said = ask(at)
    assert said.answer != "denied", "time alone lifts every rule here"
    if said.until is None:
        return
    assert said.until > at
    assert ask(said.until).allowed
    minute = timedelta(minutes=1)
    before = {said.until - minute, said.until - timedelta(microseconds=1)}
    span = int((said.until - at) / minute)
    before |= {at + n * minute for n in range(0, span, 1 + span // 40)}
    assert not [t for t in before if t >= at and ask(t).allowed]


@given(zone=zones, start=starts, history=histories, act=acts, order=st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_history_and_facts_does_not_matter(zone, start, history, act, order):
    facts, past = known(start, zone, ends=100, promised=50), placed(history, start)
    first = verdict(FULL, start, act=act, facts=facts, history=past)
    order.shuffle(past)
    order.shuffle(facts)
    again = verdict(FULL, start, act=act, facts=facts, history=past)
    assert first.to_json() == again.to_json()


CAPS = st.builds(
    lambda cap, window, channels, count, direction, parties, unit: {
        "cap": cap,
        "window": window,
        "channels": channels,
        "count": count,
        "direction": direction,
        "parties": parties,
        "unit": unit,
    },
    st.integers(0, 4),
    windows,
    st.sampled_from([["call"], ["call", "voice"], list(CHANNELS)]),
    st.sampled_from(KINDS),
    st.sampled_from(["out", "in", "any"]),
    st.sampled_from([["any"], ["same"], ["borrower"], ["borrower", "guarantor"]]),
    st.sampled_from(["person", "number", "debt", "collector"]),
)
TIMES = st.builds(
    lambda a, b, edges, days: {"open": f"{a:02}:00", "close": f"{b:02}:00", "edges": edges, "days": days},
    st.integers(0, 23),
    st.integers(0, 24),
    st.sampled_from(["closed_open", "open"]),
    st.sampled_from([[1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6, 7]]),
).filter(lambda times: times["open"] != times["close"])
WAITS = st.builds(
    lambda after, length, channels, direction, unit: {
        "after": after,
        **length,
        "channels": channels,
        "direction": direction,
        "unit": unit,
    },
    st.sampled_from(["attempt", "connection", "conversation", "unanswered"]),
    windows,
    st.sampled_from([["call"], list(CHANNELS)]),
    st.sampled_from(["out", "in", "any"]),
    st.sampled_from(["person", "debt"]),
)
NOTICES = st.builds(
    lambda days, business, count: {"fact": "told", "days": days, "business": business, "count_from": count},
    st.integers(0, 5),
    st.booleans(),
    st.sampled_from(["next_day", "same_day"]),
)


NAMES = ("p", "q")
some_names = st.sets(st.sampled_from(NAMES), min_size=1).map(sorted)
some_values = st.sets(st.sampled_from("012yn"), min_size=1).map(sorted)
bounds = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 2), max_size=2)
NEEDS = st.fixed_dictionaries(
    {
        "facts": some_names,
        "at_least": bounds,
        "at_most": bounds,
        "one_of": st.dictionaries(st.sampled_from(NAMES), some_values),
    }
)
lengths = st.one_of(
    st.builds(lambda n: {"days": n}, st.sampled_from([1, 2, 4, 6, 30, 60])),
    st.builds(lambda n: {"years": n}, st.integers(1, 2)),
)
RULES = {
    "frequency": CAPS,
    "hours": TIMES,
    "wait": WAITS,
    "notice": NOTICES,
    "bar": st.fixed_dictionaries({"states": some_names, "value": st.none() | st.sampled_from("01y")}),
    "need": NEEDS,
    "forbid": st.fixed_dictionaries({"facts": some_names}),
    "fresh": st.builds(
        lambda length, missing, fact: {"fact": fact, "missing": missing, **length},
        lengths,
        st.sampled_from(["deny", "allow"]),
        st.sampled_from(NAMES),
    ),
    "party": st.builds(
        lambda allow, when: {"allow": sorted(allow), "allow_when": {k: sorted(v) for k, v in when.items()}},
        st.sets(st.sampled_from(["borrower", "guarantor"])),
        st.dictionaries(st.sampled_from(["borrower", "guarantor"]), st.sets(st.sampled_from(NAMES), min_size=1)),
    ),
    "retain": st.builds(
        lambda length, event: {"from_event": event, **length}, lengths, st.sampled_from(["last_contact", *NAMES])
    ),
}
limits = st.fixed_dictionaries({}, optional={"days": st.integers(1, 4), "ends_with": st.just("conversation")})
FRAMES = st.fixed_dictionaries(
    {},
    optional={
        "acts": st.sampled_from([["call"], ["call", "sms"], ["call", "sms", "erasure"]]),
        "actor": st.sampled_from(["both", "lender", "agency"]),
        "parties": st.sampled_from([[], ["borrower"], ["borrower", "guarantor"]]),
        "when": st.builds(lambda n, v: {"fact": n, "is": v}, st.sampled_from(NAMES), st.sampled_from("01y")),
        "unless": some_names,
        "except": st.builds(
            lambda n, limit: {"fact": n, "evidence": {"zh": "录", "en": "e"}, **limit},
            st.sampled_from(NAMES),
            limits,
        ),
        "in_force": st.sampled_from([{"from": "2000-01-01"}, {"from": "2000-01-01", "until": "2026-11-01"}]),
    },
)


def drawn_rules(data):
    """Two rules of one kind, the second the first but for a key or two."""
    mechanism = data.draw(st.sampled_from(sorted(RULES)))
    below, other = ({**data.draw(FRAMES), **data.draw(RULES[mechanism])} for _ in range(2))
    differing = sorted(k for k in {*below, *other} if below.get(k) != other.get(k))
    keys = data.draw(st.sets(st.sampled_from(differing or ["none"]), max_size=2))
    above = {k: v for k, v in below.items() if k not in keys} | {k: v for k, v in other.items() if k in keys}
    try:
        return rule(mechanism, **below), rule(mechanism, **above)
    except ValueError:  # the keys of two do not always go together: days of one and hours of the other
        return None


def drawn_situation(dice):
    """An act with facts and a dense history of the last days, from one seed."""
    at = datetime(2026, 3, 2, 4, tzinfo=UTC) + timedelta(hours=dice.randrange(24 * 7))

    def ago(days):
        return at - timedelta(minutes=dice.randrange(days * 24 * 60))

    act = {
        "channel": dice.choice(("call", "call", "sms", "erasure")),
        "loan_id": dice.choice(("", "L1", "L1|L2")),
        "sender": dice.choice(("lender", "A1")),
        "number": dice.choice(("", "n1")),
        "party": dice.choice(("borrower", "borrower", "guarantor")),
        **{k: dice.choice(("", "", "", "1", "n", "2026-01-05")) for k in NAMES},
    }
    past = [
        {
            "at": ago(dice.choice((1, 1, 3, 8))),
            "channel": dice.choice(("call", "call", "voice", "sms")),
            "result": dice.choice(("conversation", "conversation", "no_answer", "busy", "hung_up", "")),
            "direction": dice.choice(("out", "out", "out", "in")),
            "party": dice.choice(("borrower", "borrower", "guarantor", "contact_person")),
            "sender": dice.choice(("lender", "A1", "")),
            "loan_id": dice.choice(("", "L1", "L2")),
            "number": dice.choice(("", "n1", "n2")),
        }
        for _ in range(dice.choice((0, 1, 2, 3, 6)))
    ]
    facts = [
        {
            "fact": name,
            "value": dice.choice(("0", "1", "2", "y", "n", "2026-02-05", "2025-12-05", "2024-02-29")),
            "loan_id": dice.choice(("", "", "L1", "L2")),
            "since": dice.choice((None, ago(6), ago(6))),
        }
        for name in NAMES
        for _ in range(dice.choice((0, 1, 1, 2)))
    ]
    told = {"fact": "told", "since": ago(dice.choice((2, 6)))}
    return at, act, [{"fact": "time_zone", "value": SHANGHAI}, told, *facts], past


SITUATIONS = [drawn_situation(random.Random(seed)) for seed in range(150)]
THERE = rule("bar", "R-2", states=["never_said"], acts=[*CHANNELS, "erasure"])
"""Governs every act, so that a rule that is not asked is not taken for a refusal."""


@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_a_tightening_that_the_loader_accepts_never_allows_more(data):
    """Two rules of one kind at random: where `loosened` finds nothing, what the new one allows the old one allows."""
    both = drawn_rules(data)
    if both is None or loosened(both[1], both[0]):
        return
    below, above = (packs(one, THERE) for one in both)
    for at, act, facts, past in SITUATIONS:
        if verdict(above, at, act=act, facts=facts, history=past).allowed:
            loose = verdict(below, at, act=act, facts=facts, history=past)
            assert loose.allowed, (both, at, act, facts, past)


@given(zone=zones, start=starts, step=steps, history=histories, act=acts)
@settings(max_examples=60, deadline=None)
def test_a_rule_that_is_added_never_allows_more(zone, start, step, history, act):
    at = start + step
    facts, past = known(at, zone, promised=100), placed(history, at)
    stack = [pair[1] for pair in FULL.rules]
    answers = []
    for n in range(1, len(stack) + 1):
        asked = packs(*stack[:n], holidays="US")
        answers.append(verdict(asked, at, act=act, facts=facts, history=past).allowed)
    assert answers == sorted(answers, reverse=True)


@given(start=starts, history=histories, act=acts, zone=st.sampled_from(["Nowhere/Land", "UTC", "", "Asia"]))
@settings(max_examples=30, deadline=None)
def test_an_unknown_zone_means_no_contact(start, history, act, zone):
    facts = known(start, zone)
    said = verdict(FULL, start, act=act, facts=facts, history=placed(history, start))
    assert said.answer == "denied"
    reasons = " ".join(a.reason for a in said.against)
    assert (f"time_zone is {zone!r}" if zone else "time zone is not known") in reasons


@given(start=starts, history=histories, act=acts, ahead=st.integers(1, 10**6))
@settings(max_examples=30, deadline=None)
def test_a_history_from_the_future_means_no_contact(start, history, act, ahead):
    late = {"at": start + timedelta(seconds=ahead), "channel": "letter", "direction": "in"}
    past = [*placed(history, start), late]
    said = verdict(FULL, start, act=act, facts=known(start, SHANGHAI), history=past)
    assert said.answer == "denied"
    assert next(a.reason for a in said.against if a.rule_id == CLOCK).startswith(
        f"history reaches {late['at'].isoformat()}"
    )
    as_then = verdict(FULL, start, act=act, facts=known(start, SHANGHAI), history=past, as_then=True)
    without = verdict(FULL, start, act=act, facts=known(start, SHANGHAI), history=past[:-1])
    assert as_then.to_json() == without.to_json()


@pytest.mark.parametrize("mechanism", ["need", "forbid"])
@given(start=starts, value=st.text(max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_fact_that_is_missing_or_unclear_means_no_contact(mechanism, start, value):
    """Only a plain yes fills a need and only a plain no lifts a ban; nothing else does, least of all nothing."""
    plain = {"need": {"true", "yes", "y", "1", "t"}, "forbid": {"false", "no", "n", "0", "f"}}[mechanism]
    asked = packs(rule(mechanism, facts=["recorded"]))
    row = {"borrower_id": PERSON, "channel": "call", "at": start, "recorded": value}
    said = judge([row], [], None, asked, facts=facts_rows({"time_zone": SHANGHAI}))[0]
    assert said.allowed == (value.strip().lower() in plain)
    assert said.allowed or "recorded is" in said.against[0].reason


@given(rows=st.permutations([(loan, channel) for loan in ("L1", "L2", "L3") for channel in CHANNELS]))
@settings(max_examples=20, deadline=None)
def test_three_loans_two_agencies_and_four_channels_share_one_count(rows):
    """Person-level: after six contacts of any kind a seventh of any kind is refused; by debt it would not be."""
    by_person = packs(rule("frequency", cap=6, window={"days": 1}, channels=CHANNELS, count="attempt"))
    by_debt = packs(rule("frequency", cap=6, window={"days": 1}, channels=CHANNELS, count="attempt", unit="debt"))
    at = datetime(2026, 3, 2, 2, tzinfo=UTC)
    done = []
    for n, (loan, channel) in enumerate(rows):
        act = {"loan_id": loan, "channel": channel, "sender": ("A1", "A2")[n % 2]}
        said = verdict(by_person, at + n * timedelta(minutes=1), act=act, history=done)
        assert said.allowed == (n < 6)
        assert verdict(by_debt, at + n * timedelta(minutes=1), act=act, history=done).allowed
        done.append({"at": at + n * timedelta(minutes=1), "result": "no_answer", **act})


def test_another_borrowers_contacts_never_count():
    asked = packs(rule("frequency", cap=1, window={"days": 1}, channels=CHANNELS, count="attempt"))
    at = datetime(2026, 3, 2, 2, tzinfo=UTC)
    history = [{"borrower_id": "B2", "at": at, "channel": "call"}]
    act = {"borrower_id": PERSON, "channel": "call", "at": at}
    zone = facts_rows({"time_zone": SHANGHAI})
    assert judge([act], history, None, asked, facts=zone)[0].allowed
    assert not judge([{**act, "borrower_id": "B2"}], history, None, asked, facts=zone)[0].allowed


LOOSER = {
    "hours": [{"open": "07:00"}, {"close": "23:00"}],
    "frequency": [{"cap": 4}, {"window": {"days": 1}}, {"channels": ["call"]}, {"unit": "debt"}],
}


@pytest.mark.parametrize(
    ("mechanism", "change"), [(mechanism, change) for mechanism, changes in LOOSER.items() for change in changes]
)
def test_a_pack_that_loosens_is_refused_when_read(tmp_path, mechanism, change):
    base = {
        "hours": {"open": "08:00", "close": "22:00"},
        "frequency": {"cap": 3, "window": {"days": 7}, "channels": ["call", "sms"], "count": "attempt"},
    }[mechanism]
    write_pack(tmp_path / "low", "low", None, rule(mechanism, **base))
    write_pack(tmp_path / "same", "same", tmp_path / "low", rule(mechanism, **base))
    write_pack(tmp_path / "high", "high", tmp_path / "low", rule(mechanism, **{**base, **change}))
    assert len(load_packs([tmp_path / "same"]).rules) == 1
    with pytest.raises(WrongUse, match=r"rules\.yaml, line 2: R-1 would loosen low: "):
        load_packs([tmp_path / "high"])
