"""Limits are masks over the table: caps, quiet states, preconditions; packs tighten them, nothing loosens them."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.simulate.acts import menu
from forbear.simulate.days import days
from forbear.simulate.limits import allowed, limits_of_packs, no_limits, shipped_limits
from forbear.simulate.run import Setup, begin
from forbear.simulate.seen import Seen, see

ON = date(2026, 6, 1)


def table(worlds, **changes):
    """A table of late borrowers with some columns replaced."""
    setup = Setup(50, 2)
    calendar = days(setup.start, 2)
    columns = dict(see(begin(worlds("structural"), setup, calendar).record, calendar, 0).columns)
    columns["dpd"] = np.full(50, 70)
    columns["open"] = np.ones(50, dtype=bool)
    for name, value in changes.items():
        columns[name] = np.full(50, value, dtype=columns[name].dtype)
    return Seen(columns)


def names(mask):
    return {menu().names[i] for i in np.flatnonzero(mask.all(axis=0))}


@pytest.mark.parametrize("state", ["stopped", "disputed"])
def test_quiet_states_end_all_contact(state, worlds):
    assert names(allowed(shipped_limits(), table(worlds, vulnerable=False))) > {"wait", "sms", "human_call"}
    assert names(allowed(shipped_limits(), table(worlds, **{state: True}))) == {"wait"}


@pytest.mark.parametrize("state", ["vulnerable", "hardship", "promise_open", "on_plan", "complained"])
def test_people_in_trouble_and_those_who_promised_are_not_pressed(state, worlds):
    left = names(allowed(shipped_limits(), table(worlds, **{state: True})))
    assert "sms" in left
    assert not left & {a.name for a in menu().acts if a.presses}


def test_help_may_still_be_offered_in_hardship(worlds):
    left = names(allowed(shipped_limits(), table(worlds, hardship=True)))
    assert {"plan_offer", "settlement_offer"} <= left


def test_caps_of_a_week(worlds):
    limits = shipped_limits()
    assert names(allowed(limits, table(worlds, contacts_7=limits.contacts_a_week))) == {"wait"}
    left = names(allowed(limits, table(worlds, calls_7=limits.calls_a_week)))
    assert "sms" in left
    assert not left & {"human_call", "voice_reminder", "plan_offer"}


def test_a_wrong_number_is_neither_called_nor_written_to(worlds):
    left = names(allowed(no_limits(), table(worlds, bad_number=True)))
    assert "letter" in left
    assert not left & {"sms", "human_call", "voice_reminder", "agency_placement"}


def test_acts_have_their_days(worlds):
    early = names(allowed(no_limits(), table(worlds, dpd=2)))
    assert "human_call" in early
    assert not early & {"letter", "suit", "settlement_offer", "visit"}
    before = names(allowed(no_limits(), table(worlds, dpd=0, days_to_due=2)))
    assert before == {"wait", "app_push", "sms", "email"}


def test_once_is_once(worlds):
    assert "letter_before_action" not in names(allowed(no_limits(), table(worlds, tried_letter_before_action=1)))


def test_a_closed_loan_is_left_alone(worlds):
    assert names(allowed(no_limits(), table(worlds, open=False))) == {"wait"}


@pytest.mark.parametrize("packs", [["cn"], ["cn-lender"], ["us"], ["uk"], ["in-lender"]])
def test_packs_only_tighten(packs, worlds):
    base, tightened = shipped_limits(), limits_of_packs(packs, ON)
    assert tightened.contacts_a_week <= base.contacts_a_week
    assert tightened.calls_a_week <= base.calls_a_week
    assert set(base.quiet) <= set(tightened.quiet)
    for state in ("vulnerable", "bad_number", "disputed"):
        seen = table(worlds, **{state: True})
        assert (allowed(tightened, seen) <= allowed(base, seen)).all()


def test_the_lenders_own_pack_closes_what_it_closes():
    limits = limits_of_packs(["cn-lender"], ON)
    assert {"vulnerable", "bad_number"} <= set(limits.quiet)
    assert "cn-lender" in limits.told


def test_an_unknown_pack_is_refused():
    with pytest.raises(WrongUse):
        limits_of_packs(["atlantis"], ON)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_waiting_is_always_allowed(data, worlds):
    changes = {
        name: data.draw(st.booleans())
        for name in ("open", "stopped", "disputed", "hardship", "vulnerable", "bad_number", "on_plan", "extended")
    }
    mask = allowed(shipped_limits(), table(worlds, dpd=data.draw(st.integers(0, 400)), **changes))
    assert mask[:, 0].all()


def test_an_act_that_is_none_is_told_with_those_there_are():
    with pytest.raises(WrongUse, match="no act 'telegram'") as refused:
        menu().index("telegram")
    assert "human_call" in refused.value.hint
