"""What may be claimed: intervals that hold the truth, two sorts of evidence, nothing on few events."""

from __future__ import annotations

import numpy as np
import pytest

from forbear.risk.claims import LEAST_CLAIMED, Tried, auc_interval, claimed
from forbear.risk.measures import auc, expit, logit


def _habits(people, each, seed):
    """Outcomes and chances of people who are each looked at several times, with one habit and one chance a person."""
    drawn = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), each)
    habit = drawn.normal(-1, 1, people)
    late = drawn.random(people) < expit(habit)
    return np.repeat(late, each), np.repeat(expit(habit), each), who


def test_the_interval_of_an_auc_holds_the_truth_as_often_as_it_says_though_people_repeat():
    y, p, _ = _habits(200_000, 1, 0)
    truth, held, held_by_rows = auc(y, p), 0, 0
    for seed in range(100):
        y, p, who = _habits(200, 5, seed + 1)
        area, low, high = auc_interval(Tried(y, p, who, np.zeros(len(y))))
        assert area == pytest.approx(auc(y, p))
        held += low <= truth <= high
        _, low, high = auc_interval(Tried(y, p, np.arange(len(y)), np.zeros(len(y))))
        held_by_rows += low <= truth <= high
    assert 92 <= held <= 100
    assert held_by_rows < 85, "rows of one person are not new evidence"


def test_windows_are_ranked_apart_and_averaged_by_their_events():
    y, p, who = _habits(1000, 1, 3)
    early = np.arange(1000) < 400
    moved = np.where(early, p / 100, p)
    area, _, _ = auc_interval(Tried(y, moved, who, early))
    weights = [min(y[e].sum(), (~y[e]).sum()) for e in (early, ~early)]
    assert area == pytest.approx(np.average([auc(y[e], p[e]) for e in (early, ~early)], weights=weights))
    assert all(np.isnan(auc_interval(Tried(np.ones(9), p[:9], who[:9], who[:9]))))
    assert auc_interval(Tried(np.array([0, 1]), np.array([0.1, 0.9]), np.arange(2), np.zeros(2))) == (1.0, 1.0, 1.0)


def test_no_ranking_is_claimed_on_few_events():
    p, who = np.linspace(0.1, 0.9, 400), np.arange(400)
    few = np.arange(400) >= 400 - LEAST_CLAIMED + 1
    made = claimed(Tried(few, p, who, np.zeros(400)))
    assert np.isnan([made.auc, made.auc_low, made.auc_high, made.ks, made.slope]).all()
    assert (made.rows, made.events) == (400, LEAST_CLAIMED - 1)
    made = claimed(Tried(p + 0.1 * np.sin(who) > 0.7, p, who, np.zeros(400)))
    assert made.auc_low < made.auc < made.auc_high <= 1
    assert made.ranked == min(made.events, made.rows - made.events)


def _both_sorts(later_rows):
    """Some rows of later days, ranked at 0.6 or so, and 2,000 of known days, ranked better."""
    y, p, who = _habits(2000 + later_rows, 1, 5)
    in_time = np.arange(len(y)) >= later_rows
    noisy = np.where(in_time, p, expit(logit(p) * 0.4 + np.random.default_rng(2).normal(size=len(y))))
    return Tried(y, noisy, who, in_time.astype(int), in_time)


def test_days_that_the_fit_knew_weigh_by_their_outcomes():
    tried = _both_sorts(400)
    later, known = (auc(tried.y[rows], tried.p[rows]) for rows in (tried.later, ~tried.later))
    assert known > later + 0.05
    ones = [min(tried.y[r].sum(), (~tried.y[r]).sum()) for r in (tried.later, ~tried.later)]
    assert auc_interval(tried)[0] == pytest.approx(np.average([later, known], weights=ones))


def test_days_with_one_outcome_each_tell_of_its_spread():
    drawn, held, truth = np.random.default_rng(6), 0, 0.7602  # normal scores one standard deviation apart
    for _ in range(100):
        days = np.repeat(np.arange(40), 30)
        y = np.arange(len(days)) % 30 == 0
        z = drawn.normal(size=len(days)) + y
        _, low, high = auc_interval(Tried(y, expit(z), np.arange(len(days)), days))
        held += low <= truth <= high
    assert 91 <= held <= 99, "measured from each day's own AUC a lone outcome would have no spread"


def test_all_figures_but_the_ranking_are_of_later_days():
    tried = _both_sorts(400)
    alone = claimed(tried.of(tried.later))
    both = claimed(tried, {"half": (np.arange(2400) % 2).astype(str)})
    assert (both.rows, both.events, both.slope, both.brier) == (alone.rows, alone.events, alone.slope, alone.brier)
    assert both.ranked > 3 * alone.ranked
    assert both.auc_high - both.auc_low < 0.8 * (alone.auc_high - alone.auc_low)


def test_a_borrower_who_is_in_both_sorts_is_one_borrower():
    y, p, who = _habits(500, 1, 8)
    one = auc_interval(Tried(y, p, who, np.zeros(500)))
    twice = Tried(
        *(np.concatenate([v, v]) for v in (y, p, who)), np.repeat([0, 1], 500), np.repeat([False, True], 500)
    )
    assert auc_interval(twice) == pytest.approx(one)


def test_a_ranking_may_rest_on_known_days_where_later_ones_show_too_little():
    tried = _both_sorts(40)
    made = claimed(tried)
    assert min(made.events, made.rows - made.events) < LEAST_CLAIMED < made.ranked
    assert np.isnan([made.slope, made.ks]).all()
    assert made.auc_low < made.auc < made.auc_high
