"""Forbear's own strategy: it learns what a pilot shows, holds every limit, and knows nothing of the hidden truth."""

from __future__ import annotations

import copy
from dataclasses import fields, replace

import numpy as np
import pytest

from forbear.simulate.acts import menu
from forbear.simulate.days import days
from forbear.simulate.league import sums
from forbear.simulate.pilot import pilot
from forbear.simulate.record import fall_due
from forbear.simulate.run import Setup, simulate, today_of
from forbear.simulate.seen import Seen, see
from forbear.simulate.strategies.learned import Learned, columns, log_of
from forbear.simulate.strategies.lists import Ladder
from forbear.simulate.worlds.people import Mind
from forbear.treatment.values import Mean, Prior, Values

TRIED = ("app_push", "sms", "human_call", "letter", "plan_offer")


def believing(worlds, **gains) -> Learned:
    """The strategy with given beliefs, as a pilot large enough would give them."""
    names = tuple(columns(seen_of(worlds)))
    means = [Mean("wait", 9999, 0, 0, Prior(0, 0, ""), 1, 0, 0)]
    means += [
        Mean(n, 9999, gains.get(n, -0.1), 0.001, Prior(0, 1, ""), 1, gains.get(n, -0.1), 0.001) for n in TRIED
    ]
    usual = (0.0,) * len(means)
    return Learned(Values(names, ("wait", *TRIED), tuple(means), 0, 0, 0, (), None, usual, None, 9, 9), 6.7)


def state_of(worlds, today=12):
    setup = Setup(900, today, seed=3)
    state = simulate(worlds("structural"), Ladder(), setup)
    calendar = days(setup.start, today + 1)
    fall_due(state.record, calendar, today)
    return state, calendar, setup


def seen_of(worlds):
    state, calendar, setup = state_of(worlds, 2)
    return see(state.record, calendar, setup.days)


@pytest.fixture(scope="module")
def sure(worlds):
    return believing(worlds, human_call=0.05, sms=0.02)


def test_a_pilots_log_fits_what_is_learned_from(worlds):
    logged = pilot(worlds("structural"), 5, borrowers=1_500, days=110)
    log = log_of(logged)
    assert np.allclose(log.chances.sum(axis=1), 1)
    assert log.actions[0] == "wait"
    part = np.asarray(logged.seen["installment"])
    whole = logged.ahead.soon.sum(axis=1) + np.where(logged.ahead.later < 0, 0, logged.ahead.later).sum(axis=1)
    assert (whole[np.isfinite(log.later)] >= 0).all()
    assert (log.soon <= logged.ahead.soon.sum(axis=1) / part + 1e-9).all()
    assert 0 < np.nanmean(log.reached) < 1
    assert np.isfinite(log.later).any()
    assert not np.isfinite(log.later).all()


def test_limits_and_capacity_are_held_and_the_best_is_done(sure, worlds):
    tally = simulate(worlds("structural"), sure, Setup(900, 40, seed=2)).tally  # a broken limit would stop the run
    assert tally.contacts.sum() > 100


def test_a_budget_of_no_contacts_gives_none(sure, worlds):
    assert simulate(worlds("structural"), sure, Setup(900, 30, contacts=0)).tally.contacts.sum() == 0


def test_a_scramble_of_the_hidden_state_changes_no_decision(sure, worlds):
    state, calendar, setup = state_of(worlds)
    other = copy.deepcopy(state)
    lot = np.random.default_rng(0)
    for field in fields(Mind):
        lot.shuffle(getattr(other.mind, field.name))
    made = []
    for one in (state, other):
        seen = see(one.record, calendar, setup.days)
        made.append(sure.choose(seen, today_of(setup, calendar, seen, setup.days)).act)
    assert made[0].any()
    np.testing.assert_array_equal(*made)


def test_threads_change_nothing(sure, worlds):
    one, two = (
        simulate(worlds("structural"), sure, Setup(17_000, 12, seed=4, threads=threads)).tally for threads in (1, 2)
    )
    assert sums(one) == sums(two)


def test_who_believes_in_nothing_contacts_nobody(worlds):
    assert simulate(worlds("structural"), believing(worlds), Setup(900, 40)).tally.contacts.sum() == 0


def test_inability_leads_to_relief_alone(worlds):
    state, calendar, setup = state_of(worlds, 30)
    kind = believing(worlds, human_call=0.05, sms=0.04, plan_offer=0.02)
    state.record.hardship[:] = True
    seen = see(state.record, calendar, setup.days)
    act = kind.choose(seen, today_of(replace(setup, capacity=float("inf")), calendar, seen, setup.days)).act
    assert set(np.unique(act)) == {0, menu().index("plan_offer")}


def test_nobody_is_contacted_faster_than_in_the_pilot(sure, worlds):
    gaps = []

    def watch(log):
        gap = np.asarray(log.seen["days_since_contact"])[log.choice.act > 0]
        gaps.extend(gap[gap < 60].tolist())

    simulate(worlds("structural"), sure, Setup(900, 40, seed=2), watchers=[watch])
    assert min(gaps) == np.floor(sure.pace)
    assert np.mean(gaps) >= sure.pace


def test_a_pace_between_whole_days_is_kept_on_average(sure, worlds):
    state, calendar, setup = state_of(worlds, 30)
    seen = see(state.record, calendar, setup.days)
    today = today_of(replace(setup, capacity=float("inf")), calendar, seen, setup.days)
    acted = {}
    for days_since in (5, 6, 7):
        columns_then = {**seen.columns, "days_since_contact": np.full(len(seen), days_since, dtype=np.int32)}
        acted[days_since] = (sure.choose(Seen(columns_then), today).act > 0).sum()
    assert acted[5] == 0
    assert acted[7] > 100
    assert acted[6] / acted[7] == pytest.approx(7 - sure.pace, abs=0.1)
