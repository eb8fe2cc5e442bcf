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
from forbear.risk.hazard import stack
from forbear.risk.measures import auc
from forbear.risk.panel import borrower_hash
from forbear.risk.rehearsal import BY_BORROWER, EARLIER, MOST_REHEARSED, Work, cuts_of, usable

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
    monkeypatch.setattr("forbear.risk.rehearsal.NEAR_ENOUGH", 0)
    made.rehearsed()
    assert len(fits) == 8
    earlier = cuts_of(made.days, usable(LATE, made.labels), EARLIER).test
    for number, one in enumerate(fits):
        learned = np.logical_or.reduce([mask for masks in one.masks for mask in masks])
        measured = days_of(one)
        if number % 2:
            assert made.days[learned].max() == made.days.max()
            assert measured.min() >= earlier > made.days.min(), "the beginning of a book is not measured"
        else:
            assert made.days[learned].max() < measured.min()
            assert max(made.ripe(0)[made.days < measured.min()]) > measured.min(), "the panel tries the purge gap"
            assert made.ripe(0)[learned].max() < measured.min(), "what was learned was known by then"


def test_every_borrower_is_kept_out_in_rounds_of_both_sorts(work, monkeypatch):
    made, fits = work
    monkeypatch.setattr("forbear.risk.rehearsal.NEAR_ENOUGH", 0)
    made.rehearsed()
    for sort in (fits[::2], fits[1::2]):
        seen = np.concatenate([np.unique(one.measured.marks["borrower_id"]) for one in sort])
        assert len(seen) == len(set(seen)), "each once"
        days = min(days_of(one).min() for one in sort)
        assert set(seen) == set(made.frame.marks["borrower_id"][(made.days >= days) & made.labels.eligible])


def test_rounds_grow_their_trees_on_fewer_rows_with_all_of_the_rarer_outcome(work, monkeypatch):
    made, _ = work
    most = []
    monkeypatch.setattr("forbear.risk.rehearsal.NEAR_ENOUGH", 0)
    monkeypatch.setattr(Work, "fit", lambda one, *_: most.append(one.most) or "not now")
    made.rehearsed()
    assert set(most) == {MOST_REHEARSED}
    everyone = [np.ones(len(made.frame), dtype=bool)] * len(LATE.steps)
    whole, part = stack(LATE, made.labels, everyone), stack(LATE, made.labels, everyone, 3_000)
    rarer = whole.stays == (whole.stays.mean() < 0.5)
    assert len(part.rows) < len(whole.rows)
    assert (part.stays == whole.stays[rarer][0]).sum() == rarer.sum()
    assert part.weights.sum() == pytest.approx(whole.weights.sum())


def test_rounds_end_where_the_intervals_are_narrow(work, monkeypatch):
    made, fits = work
    monkeypatch.setattr("forbear.risk.rehearsal.NEAR_ENOUGH", 1.0)
    claims = [claim.all for claim in made.rehearsed().values()]
    assert len(fits) == 1
    assert all(claim.ranked == min(claim.events, claim.rows - claim.events) for claim in claims)
    widest = max(claim.auc_high - claim.auc_low for claim in claims)
    monkeypatch.setattr("forbear.risk.rehearsal.NEAR_ENOUGH", widest / 2 - 1e-6)
    made.rehearsed()
    assert len(fits) > 1 + 1


def test_loans_of_one_day_are_ranked_among_each_other(work, monkeypatch):
    made, _ = work
    monkeypatch.setattr("forbear.risk.rehearsal.NEAR_ENOUGH", 0)
    monkeypatch.setattr(Fit, "stays", by_day)
    claims = made.rehearsed()
    assert claims["p_late_next"].all.auc == pytest.approx(0.5, abs=1e-9), "days are told apart, and nothing else"


def by_day(one, frame):
    one.measured = frame
    place = np.unique(frame.marks["as_of"], return_inverse=True)[1] / 1000
    return np.repeat(place[:, None], len(LATE.steps), axis=1)


def test_loans_on_their_day_of_disbursal_are_told_apart(work, monkeypatch):
    made, _ = work
    monkeypatch.setattr("forbear.risk.rehearsal.NEAR_ENOUGH", 0)
    monkeypatch.setattr(Fit, "stays", habit_of_older)
    mixed = aged(made, np.random.default_rng(4).random(len(made.frame)) < 0.3).rehearsed()["p_late_next"]
    assert mixed.at_disbursal.auc == pytest.approx(0.5, abs=1e-9)
    assert mixed.all.auc > 0.55, "a book on a day holds both"
    assert mixed.at_disbursal.ranked < 0.4 * mixed.all.ranked
    apart = aged(made, made.days.astype(int) % 2 == 0).rehearsed()["p_late_next"]
    assert apart.all.auc > mixed.all.auc + 0.02, "days on which only new loans were looked at are no book"
    assert apart.all.rows + apart.at_disbursal.rows == mixed.all.rows


def aged(made, is_new):
    """The work with loans that are looked at on their day of disbursal."""
    frame = made.frame
    numbers = np.column_stack([frame.numbers, np.where(is_new, 0, 40)]).astype(np.float32)
    return replace(made, frame=replace(frame, columns=(*frame.columns, "age_days"), numbers=numbers))


def habit_of_older(one, frame):
    one.measured = frame
    habit = np.where(frame.column("age_days") == 0, 0.3, frame.column("late_share"))
    return np.repeat(habit[:, None].astype(float), len(LATE.steps), axis=1)


def test_fits_of_other_levels_are_not_ranked_among_each_other(work):
    made, fits = work
    claim = made.rehearsed()["p_late_next"].all
    late = made.labels.stays(0, LATE.steps)
    habit = made.frame.column("late_share")
    assert len(fits) > 6
    assert claim.auc == pytest.approx(auc(late, habit), abs=0.012), "one column ranks all rounds alike"
    later = np.concatenate([np.unique(f.stays(f.measured)[:, 0]) for f in fits[::2]])
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
