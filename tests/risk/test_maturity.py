"""Books that lack their open loans: found, and their last loans left out of the panel."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import risk_books as small

from forbear.risk.maturity import ripe_day, ripe_until
from forbear.risk.panel import training_frame

LAST = np.datetime64("2026-06-30")
NEVER = np.datetime64("NaT")


def cohort(seed=0, loans=8000):
    """(days on which loans began, days on which they were over as known on the last day)."""
    drawn = np.random.default_rng(seed)
    begun = LAST - drawn.integers(0, 400, loans).astype("timedelta64[D]")
    over = begun + np.where(drawn.random(loans) < 0.8, 30, 30 + drawn.integers(1, 40, loans)).astype(
        "timedelta64[D]"
    )
    return begun, np.where(over <= LAST, over, NEVER)


def test_a_book_with_its_open_loans_is_taken_to_the_end():
    assert ripe_day(*cohort()) is None
    assert ripe_day(np.array([LAST]), np.array([NEVER])) is None, "nothing was ever paid"


@pytest.mark.parametrize("seed", range(5))
def test_a_book_of_loans_that_are_over_is_taken_up_to_where_late_ones_are_whole(seed):
    begun, over = cohort(seed)
    kept = ~np.isnat(over)
    day = ripe_day(begun[kept], over[kept])
    assert date(2026, 4, 20) < day < date(2026, 5, 10), "most loans were over within some 60 days"
    late = (over - begun).astype(int) > 30
    whole = begun <= np.datetime64(day)
    assert late[kept & whole].mean() == pytest.approx(0.2, abs=0.03)
    assert late[kept & ~whole].mean() < 0.12


def test_few_open_loans_missing_may_be_chance():
    begun, over = cohort(loans=120)
    kept = ~np.isnat(over)
    assert ripe_day(begun[kept], over[kept]) is None


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Loans of one installment after 30 days; the file has those alone that are paid."""
    folder = tmp_path_factory.mktemp("finished")
    begun, over = cohort(1, 5000)
    rows = [
        (f"L{i}", b.item(), o.item()) for i, (b, o) in enumerate(zip(begun, over, strict=True)) if not np.isnat(o)
    ]
    due = timedelta(days=30)
    loans = [f"{n},B{n},{b},10000,0,1,once,flat" for n, b, _ in rows]
    _write(
        folder,
        "loans",
        "loan_id,borrower_id,disbursed_on,principal,annual_rate,term,product,repayment_method",
        loans,
    )
    head = "loan_id,number,due_on,principal_due,interest_due"
    _write(folder, "installments", head, [f"{n},1,{b + due},10000,0" for n, b, _ in rows])
    _write(folder, "payments", "payment_id,loan_id,paid_on,amount", [f"P{n},{n},{o},10000" for n, _, o in rows])
    (folder / "book.toml").write_text('currency = "CNY"\ntime_zone = "Asia/Shanghai"\n')
    return small.opened(folder), rows


def _write(folder, name, head, lines):
    (folder / f"{name}.csv").write_text("\n".join([head, *lines]) + "\n")


def test_the_panel_leaves_out_loans_whose_late_ones_are_missing(finished):
    book, rows = finished
    day = ripe_until(book, date(2026, 6, 30))
    assert day is not None
    assert max(b for _, b, _ in rows) > day
    frame = training_frame(book, date(2026, 6, 30))
    begun = {n: b for n, b, _ in rows}
    assert max(begun[str(n)] for n in frame.marks["loan_id"]) <= day
    assert ripe_until(book, date(2026, 3, 31)) is None, "on earlier days the file still holds loans then open"
