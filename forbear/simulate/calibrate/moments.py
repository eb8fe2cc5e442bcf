"""The habits of a book in a few figures, measured alike on a real book and on a simulated one.

Lateness: days from the due date to the day an installment was covered, as shares; installments never covered are left
out, as the real book holds repaid loans only. Rolls: shares of accounts by state at the next month's end, states in
steps of 30 days past due, loans that ended left out. Vintages: share ever 60 or more days past due by month on book.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from forbear.book import open_book
from forbear.simulate.days import days as days_from
from forbear.simulate.evidence import Parameters
from forbear.simulate.record import Record
from forbear.simulate.run import DayLog, Setup, simulate
from forbear.simulate.strategies.lists import Ladder
from forbear.simulate.trajectories import FROM_STATUSES, LATENESS, blocks_of
from forbear.simulate.worlds.catalog import world

Moments = dict[str, float]
Ints = NDArray[np.int64]
LATE_FROM = (-9999, -7, -2, 0, 1, 8, 16, 31, 61)
LATE_NAMES = (
    "early_8+",
    "early_3-7",
    "early_1-2",
    "on_day",
    "late_1-7",
    "late_8-15",
    "late_16-30",
    "late_31-60",
    "late_61+",
)
STATES = 6
FROM_TO = ((0, 1), (1, 0), (1, 1), (1, 2), (2, 0), (2, 2), (2, 3), (3, 0), (3, 4), (4, 5))
AGES = (6, 9)
"""Months on book at which vintages are compared."""
FAR = 10**6
SETTLED_DAYS = 100
"""An installment counts for lateness when it fell due so many days before the end."""


def lateness_moments(late: NDArray[np.int64], prefix: str = "lateness") -> Moments:
    """Shares of installments by how late they were paid."""
    which = np.searchsorted(LATE_FROM, late, side="right") - 1
    shares = np.bincount(which, minlength=len(LATE_FROM)) / max(1, len(late))
    return {f"{prefix}.{name}": float(share) for name, share in zip(LATE_NAMES, shares, strict=True)}


def roll_moments(before: NDArray[np.int64], after: NDArray[np.int64]) -> Moments:
    """Shares of the accounts in a state that were in another a month later."""
    counts = np.zeros((STATES, STATES))
    np.add.at(counts, (before, after), 1)
    rows = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shares = counts / rows
    return {f"roll.{a}_to_{b}": float(shares[a, b]) for a, b in FROM_TO}


def repeat_moments(first: NDArray[np.int64], second: NDArray[np.int64]) -> Moments:
    """How the lateness of one installment goes with that of the next, of the same person."""
    late, late_next = first > 0, second > 0
    early, early_next = first < 0, second < 0
    return {
        "repeat.late_after_late": float(late_next[late].mean()) if late.any() else 0.0,
        "repeat.late_after_not": float(late_next[~late].mean()) if (~late).any() else 0.0,
        "repeat.early_after_early": float(early_next[early].mean()) if early.any() else 0.0,
    }


@dataclass(frozen=True, eq=False)
class Measured:
    """Raw material of moments.

    Attributes:
        late: days late, by installment.
        pairs: days late of one installment and of the next, of the same person.
        rolls: states at one month's end and at the next.
        sixty: share of loans ever 60 or more days past due, by months on book.
        months: states at four month ends in a row; a row each.
    """

    late: NDArray[np.int64]
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]]
    rolls: tuple[NDArray[np.int64], NDArray[np.int64]]
    sixty: dict[int, float]
    months: NDArray[np.int8]

    def moments(self) -> Moments:
        """All of them."""
        found = lateness_moments(self.late)
        if len(self.pairs[0]):
            found |= repeat_moments(*self.pairs)
        if len(self.rolls[0]):
            found |= roll_moments(*self.rolls)
        return found | {f"vintage.sixty_by_{age}": share for age, share in self.sixty.items()}


FIRST_LATENESS = f"""
    SELECT l.borrower_id, f.late FROM ({LATENESS}) AS f JOIN book.loans AS l USING (loan_id)
    WHERE f.number = 1 AND ($half = 2 OR hash(CAST(l.borrower_id AS VARCHAR)) % 2 = $half)
    ORDER BY l.borrower_id, l.disbursed_on, f.loan_id
"""


def of_event_book(book: Path, mapping: str | None, half: int = 2) -> Measured:
    """First installments of each loan, and pairs of successive loans of one person.

    Args:
        book: its folder.
        mapping: a name or file, or None.
        half: 0 or 1 for one half of the people (by a hash), 2 for all.
    """
    with duckdb.connect() as connection:
        open_book(book, connection, mapping=mapping)
        rows = connection.execute(FIRST_LATENESS, {"half": half}).fetchnumpy()
    late = np.asarray(rows["late"], dtype=np.int64)
    person = np.asarray(rows["borrower_id"]).astype(str)
    same = person[1:] == person[:-1]
    empty = np.zeros(0, dtype=np.int64)
    return Measured(late, (late[:-1][same], late[1:][same]), (empty, empty), {}, np.zeros((0, 4), dtype=np.int8))


def of_status_book(book: Path, mapping: str | None, half: int = 2) -> Measured:
    """Rolls and vintages of a book that carries a state a month."""
    with duckdb.connect() as connection:
        open_book(book, connection, mapping=mapping)
        rows = connection.execute(FROM_STATUSES).fetchnumpy()
    state = np.ma.filled(np.ma.asarray(rows["state"], dtype=np.float64), -1).astype(np.int64)
    loan = np.unique(np.asarray(rows["loan_id"]).astype(str), return_inverse=True)[1]
    if half != 2:
        keep = (loan * 2654435761 % 4294967296) // 2147483648 == half
        rows = {name: values[keep] for name, values in rows.items()}
        state, loan = state[keep], loan[keep]
    period = np.asarray(rows["period"], dtype=np.int64)
    both = (loan[1:] == loan[:-1]) & (np.diff(period) == 1) & (state[1:] >= 0) & (state[:-1] >= 0)
    empty = np.zeros(0, dtype=np.int64)
    rolls = (state[:-1][both], state[1:][both])
    return Measured(empty, (empty, empty), rolls, _sixty(loan, period, state), blocks_of(rows))


def _sixty(loan: Ints, period: Ints, state: Ints) -> dict[int, float]:
    """Share of accounts ever 60 or more days past due by an age in months, of those that reached it."""
    opened, last = np.full(loan.max() + 1, FAR), np.zeros(loan.max() + 1, dtype=np.int64)
    np.minimum.at(opened, loan, period)
    age = period - opened[loan]
    np.maximum.at(last, loan, age)
    shares = {}
    for months in AGES:
        old_enough = np.flatnonzero(last >= months)
        bad = np.unique(loan[(state >= 2) & (age <= months)])
        shares[months] = float(np.isin(old_enough, bad).mean()) if len(old_enough) else 0.0
    return shares


class _Collector:
    """Watches a run: when each installment was covered, and the state at each month's end."""

    def __init__(self, setup: Setup) -> None:
        self.covered = np.full((setup.borrowers, 26), FAR, dtype=np.int64)
        self.ends: list[NDArray[np.int64]] = []

    def __call__(self, log: DayLog) -> None:
        record = log.hidden.record
        number = np.minimum((record.paid + record.forgiven) // record.part, 25)
        for back in range(1, 4):
            rows = np.flatnonzero(number >= back)
            at = number[rows] - back + 1
            self.covered[rows, at] = np.minimum(self.covered[rows, at], log.day)
        if log.day % 30 == 29:
            live = (record.due_count > 0) & (record.outstanding > 0)
            self.ends.append(np.where(live, np.minimum(record.dpd // 30, STATES - 1), -1).astype(np.int64))


def of_simulation(parameters: Parameters, borrowers: int, days: int = 360, seed: int = 11) -> Measured:
    """A simulated book under the ladder, measured like a real one.

    The lenders of the real books collected too, nobody knows how; the ladder stands in for what they did. How much of
    the real borrowers' paying was due to it is what such books cannot say.
    """
    setup = Setup(borrowers, days, seed=seed, capacity=float("inf"), whole_book=True)
    collector = _Collector(setup)
    state = simulate(world("structural", values=parameters.values()), Ladder(), setup, watchers=[collector])
    return _measured(collector, state.record, setup)


def _measured(collector: _Collector, record: Record, setup: Setup) -> Measured:
    calendar = days_from(setup.start, setup.days)
    due = {k: calendar.due_day(record.first_month + k - 1, record.due_dom) for k in (1, 2)}
    late = {k: collector.covered[:, k] - due[k] for k in (1, 2)}
    ripe = {k: (due[k] <= setup.days - SETTLED_DAYS) & (collector.covered[:, k] < FAR) for k in (1, 2)}
    both = ripe[1] & ripe[2]
    ends = np.stack(collector.ends)
    live = (ends[:-1] >= 0) & (ends[1:] >= 0)
    runs = np.lib.stride_tricks.sliding_window_view(ends, 4, axis=0)
    months = runs[(runs >= 0).all(axis=2)].astype(np.int8)
    sixty = {}
    for age in AGES:
        old_enough = (record.disbursed >= 0) & (record.disbursed <= setup.days - 30 * (age + 1))
        bad = np.zeros(len(record), dtype=bool)
        for number, states in enumerate(ends):
            bad |= (states >= 2) & (number * 30 + 29 - record.disbursed <= 30 * (age + 1))
        sixty[age] = float(bad[old_enough].mean()) if old_enough.any() else 0.0
    pairs, rolls = (late[1][both], late[2][both]), (ends[:-1][live], ends[1:][live])
    return Measured(late[1][ripe[1]], pairs, rolls, sixty, months)
