"""Rounds of the rehearsal: who is kept out, what is known by when, and that fits of other levels are not mixed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_fit import made_frame

from forbear.risk.chains import chains, labels
from forbear.risk.measures import auc
from forbear.risk.panel import borrower_hash
from forbear.risk.rehearsal import BY_BORROWER, Work, cuts_of, usable

LATE = chains("events")[0]


class Fit:
    """Stands for a fitted chain: one column and the days to go, moved by a level of its own."""

    def __init__(self, number, masks):
        self.masks, self.measured, self.level = masks, None, number

    def stays(self, frame):
        self.measured = frame
        habit = np.exp(frame.column("late_share").astype(float) - 5 * self.level)
        return np.repeat((habit / (1 + habit))[:, None], len(LATE.steps), axis=1)


def days_of(one):
    return one.measured.marks["as_of"].astype("datetime64[D]")


@pytest.fixture
def work(monkeypatch):
    """A chain's work on a made panel, and its fits in the order in which they were made."""
    frame, _ = made_frame(rows=5000)
    known = labels(LATE, frame)
    days = frame.marks["as_of"].astype("datetime64[D]")
    fits = []

    def fit(_work, early, later, every=None):
        fits.append(Fit(len(fits), (early, later, every)))
        return fits[-1]

    monkeypatch.setattr(Work, "fit", fit)
    return Work(LATE, frame, known, borrower_hash(frame), days, cuts_of(days, usable(LATE, known))), fits


def test_no_fit_knows_a_borrower_it_is_measured_on(work):
    made, fits = work
    made.rehearsed()
    borrowers = made.frame.marks["borrower_id"]
    for one in fits:
        learned = np.logical_or.reduce([mask for masks in one.masks for mask in masks])
        assert not np.isin(one.measured.marks["borrower_id"], borrowers[learned]).any()


def test_rounds_out_of_time_and_by_borrower_take_turns(work, monkeypatch):
    made, fits = work
    monkeypatch.setattr("forbear.risk.rehearsal.ENOUGH_EVENTS", 10**9)
    made.rehearsed()
    assert len(fits) == 12
    for number, one in enumerate(fits):
        learned = np.logical_or.reduce([mask for masks in one.masks for mask in masks])
        measured = days_of(one)
        if number in (1, 3, 5, 7):
            assert made.days[learned].max() == made.days.max()
            assert measured.min() == min(days_of(f).min() for f in fits[8:]), "no earlier than out of time"
            assert measured.min() > made.days.min()
        else:
            assert made.days[learned].max() < measured.min()
            assert max(made.ripe(0)[made.days < measured.min()]) > measured.min(), "the panel tries the purge gap"
            assert made.ripe(0)[learned].max() < measured.min(), "what was learned was known by then"


def test_rounds_end_by_what_was_seen_out_of_time(work, monkeypatch):
    made, fits = work
    monkeypatch.setattr("forbear.risk.rehearsal.ENOUGH_EVENTS", 1)
    claims = [claim.all for claim in made.rehearsed().values()]
    assert len(fits) == 1
    assert all(claim.ranked == min(claim.events, claim.rows - claim.events) for claim in claims)
    rarest = min(claim.ranked for claim in claims)
    monkeypatch.setattr("forbear.risk.rehearsal.ENOUGH_EVENTS", rarest + 1)
    made.rehearsed()
    assert len(fits) == 1 + 3, "the round by borrower between has more than enough, and is not what counts"


def test_fits_of_other_levels_are_not_ranked_among_each_other(work):
    made, fits = work
    claim = made.rehearsed()["p_late_next"].all
    late = made.labels.stays(0, LATE.steps)
    habit = made.frame.column("late_share")
    assert len(fits) > 6
    assert claim.auc == pytest.approx(auc(late, habit), abs=0.012), "one column ranks all rounds alike"
    later = np.concatenate([np.unique(f.stays(f.measured)[:, 0]) for f in fits[:8:2]])
    assert later.max() > 100 * np.median(later), "levels do differ here: ranked together they would tell nothing"
    assert claim.ranked > 1.5 * min(claim.events, claim.rows - claim.events)


def test_a_book_that_goes_by_borrower_has_rounds_of_one_sort(work):
    made, fits = work
    claim = replace(made, cuts=BY_BORROWER).rehearsed()["p_late_next"].all
    assert claim.ranked == min(claim.events, claim.rows - claim.events)
    assert len(fits) <= 4
    assert sum(len(f.measured) for f in fits) == claim.rows


def test_a_column_never_seen_later_is_not_claimed(work, monkeypatch):
    made, _ = work
    whole = Work.rehearsal
    monkeypatch.setattr(Work, "rehearsal", lambda *_: "only 12 outcomes of the rarer kind")
    assert made.rehearsed() == {}
    monkeypatch.setattr(Work, "rehearsal", whole)
    assert set(made.rehearsed()) == {"p_late_next", "p_late_7"}
