"""A lender's own columns that know an outcome are refused, whichever way they know it; honest ones are not."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_fit import made_frame

from forbear.basics.errors import WrongUse
from forbear.risk.chains import chains, labels
from forbear.risk.measures import auc
from forbear.risk.seers import refuse_seers

LOANS = 400
LOOKS = 8


def looked_at_again():
    """A panel in which each of 400 loans is looked at eight times; and which of them were ever late."""
    frame, _ = made_frame(rows=LOANS * LOOKS, seed=4)
    loans = np.repeat(np.arange(LOANS), LOOKS)
    start = np.repeat(np.arange(LOANS) % 200, LOOKS)
    days = np.datetime64("2025-01-01") + start + 7 * np.tile(np.arange(LOOKS), LOANS)
    careful = np.random.default_rng(1).random(LOANS) < 0.4
    late = np.where(careful[loans], -1.0, frame.outcomes["next_late_days"])
    marks = {**frame.marks, "loan_id": loans, "borrower_id": loans // 2, "as_of": days.astype("datetime64[D]")}
    outcomes = {**frame.outcomes, "next_late_days": late}
    ever = np.bincount(loans, weights=late > 0)[loans] > 0
    return replace(frame, marks=marks, outcomes=outcomes), ever, late


def refused(frame, name, values, allow=()):
    """The frame with one column of the lender's own besides: whether it is refused, and why."""
    if values.dtype == object:
        frame = replace(frame, texts={**frame.texts, name: values})
    else:
        numbers = np.column_stack([frame.numbers, values.astype(np.float32)])
        frame = replace(frame, columns=(*frame.columns, name), numbers=numbers)
    known = {c.name: labels(c, frame) for c in chains("events")}
    try:
        refuse_seers(frame, known, chains("events"), allow)
    except WrongUse as why:
        return why.message
    return ""


def text(values):
    return np.array([str(v) for v in values], dtype=object)


@pytest.fixture(scope="module")
def panel():
    return looked_at_again()


def test_what_became_of_the_loan_is_refused_though_it_ranks_no_single_moment(panel):
    frame, ever, late = panel
    worst = np.maximum.reduceat(late, np.arange(0, len(late), LOOKS)).repeat(LOOKS)
    for name, values in {
        "x_ever_late": ever,
        "x_status": text(np.where(ever, "behind", "good")),
        "x_worst": worst,
        "x_collector": text(np.where(ever, [f"agent {i % 3}" for i in range(len(ever))], "")),
        "x_fee": np.where(ever, 25.0 + worst, np.nan),
    }.items():
        assert "the loans for which p_late_next ever came true" in refused(frame, name, values), name
    assert not refused(frame, "x_ever_late", ever, allow=("x_ever_late",))


def test_a_no_that_may_still_become_a_yes_does_not_hide_the_leak(panel):
    """Loans of the last weeks are late later on: their column says so, their answers do not yet."""
    frame, ever, _ = panel
    lasts = frame.marks["as_of"].reshape(-1, LOOKS)[:, -1].repeat(LOOKS)
    late_later = ~ever & (lasts > lasts.max() - np.timedelta64(30, "D"))
    of_all = auc(ever[::LOOKS], (ever | late_later)[::LOOKS])
    assert of_all < 0.95, "held against all loans, the column would pass for honest"
    assert "ever came true" in refused(frame, "x_ever_late", ever | late_later)


def test_honest_columns_are_not_refused(panel):
    frame, _, _ = panel
    loans = frame.marks["loan_id"]
    for name, values in {
        "x_name": text(loans),
        "x_of_every_row": text(range(len(frame))),
        "x_application_number": loans,
        "x_nothing": np.full(len(frame), np.nan),
        "x_same": np.full(len(frame), 7.0),
        "x_blank": text([""] * len(frame)),
        "x_good_score": frame.column("late_share") + np.random.default_rng(3).normal(size=len(frame)),
    }.items():
        assert not refused(frame, name, values), name


def test_few_loans_are_no_proof(panel):
    """Twenty moments, all of one loan whose number is the greatest, are one case and not twenty."""
    frame, _, _ = panel
    loans = frame.marks["loan_id"]
    late = np.where((loans >= LOANS - 3) & (np.arange(len(loans)) % LOOKS > 0), 3.0, -1.0)
    one = replace(frame, outcomes={**frame.outcomes, "next_late_days": late})
    assert (late > 0).sum() >= 20
    assert not refused(one, "x_number", loans)


def test_an_allowed_column_that_is_not_there_is_told(panel):
    frame, ever, _ = panel
    assert "--allow x_wrong: the book has no such feature" in refused(frame, "x_a", ever, allow=("x_wrong",))
