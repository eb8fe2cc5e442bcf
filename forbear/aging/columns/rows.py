"""A run of loans as columns: each loan's installments, oldest first, and its payments in order of day.

Offsets say where a loan's rows begin, so that sums over a loan are differences of running sums over all. Which loans
can be aged so is decided here (`plain`); the others take the SQL files, which know every case.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Day = NDArray[np.int32]
Flags = NDArray[np.bool_]
MOST_MONEY = float(1 << 53)
"""Minor units to which sums of a run of loans are exact in every step."""


@dataclass(frozen=True)
class Installments:
    """Rows of the schedule. Money in minor units, days since 1970-01-01.

    Attributes:
        starts: first row of each loan, and the number of rows at the end.
        due_on: rising within each loan.
    """

    starts: Whole
    due_on: Day
    principal: Whole
    interest: Whole
    fees: Whole

    @cached_property
    def total(self) -> Whole:
        """What each installment asks for."""
        asked: Whole = self.principal + self.interest
        asked += self.fees
        return asked


@dataclass(frozen=True)
class Payments:
    """Payments by the as-of date, as `Installments`."""

    starts: Whole
    paid_on: Day
    amount: Whole


@dataclass(frozen=True)
class Loans:
    """A run of loans in order of loan_id, with their rows."""

    disbursed_on: Day
    principal: Whole
    installments: Installments
    payments: Payments

    def __len__(self) -> int:
        """How many loans."""
        return len(self.principal)

    def run(self, first: int, last: int) -> Loans:
        """The loans from `first` up to, not including, `last`: views, nothing is copied but offsets."""
        plan, paid = self.installments, self.payments
        a, b = plan.starts[first], plan.starts[last]
        c, d = paid.starts[first], paid.starts[last]
        return Loans(
            self.disbursed_on[first:last],
            self.principal[first:last],
            Installments(
                plan.starts[first : last + 1] - a,
                plan.due_on[a:b],
                plan.principal[a:b],
                plan.interest[a:b],
                plan.fees[a:b],
            ),
            Payments(paid.starts[first : last + 1] - c, paid.paid_on[c:d], paid.amount[c:d]),
        )

    def only(self, kept: Flags) -> Loans:
        """The loans that `kept` marks."""
        if kept.all():
            return self
        plan, paid = self.installments, self.payments
        rows, moves = np.repeat(kept, np.diff(plan.starts)), np.repeat(kept, np.diff(paid.starts))
        return Loans(
            self.disbursed_on[kept],
            self.principal[kept],
            Installments(
                offsets(np.diff(plan.starts)[kept]),
                plan.due_on[rows],
                plan.principal[rows],
                plan.interest[rows],
                plan.fees[rows],
            ),
            Payments(offsets(np.diff(paid.starts)[kept]), paid.paid_on[moves], paid.amount[moves]),
        )


def offsets(counts: Whole) -> Whole:
    """Where each loan's rows begin, from how many it has."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)))


def running(values: Whole | Flags) -> Whole:
    """Running sums of values, after a zero."""
    sums = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=sums[1:])
    return sums


def plain(loans: Loans, slack: int, as_of: int) -> Flags:
    """Which loans can be aged by columns.

    A loan can when it has a schedule, no two installments of it fall due on one day, each asks for more than the
    tolerance forgives, every movement is money received, and nothing was received on a loan not yet disbursed. Running
    sums then rise from row to row.

    Args:
        loans: rows in order.
        slack: minor units by which a sum may be short and still count as paid.
        as_of: the date, in days since 1970-01-01.
    """
    plan, paid = loans.installments, loans.payments
    low = plan.total <= slack
    low |= (plan.principal | plan.interest | plan.fees) < 0  # the sign of one is the sign of all three together
    fit = np.diff(plan.starts) > 0
    fit[owners(plan.starts, _same_day(plan))] = False
    fit[owners(plan.starts, np.flatnonzero(low))] = False
    fit[owners(paid.starts, np.flatnonzero(paid.amount <= 0))] = False
    fit[(loans.disbursed_on > as_of) & (np.diff(paid.starts) > 0)] = False
    if max(float(plan.total.sum(dtype=float)), float(paid.amount.sum(dtype=float))) >= MOST_MONEY:
        fit[:] = False
    return fit


def _same_day(plan: Installments) -> Whole:
    """Installments due on the day of the one before in their loan."""
    rows = np.flatnonzero(plan.due_on[1:] == plan.due_on[:-1]) + 1
    found: Whole = rows[plan.starts[owners(plan.starts, rows)] != rows]
    return found


def owners(starts: Whole, rows: Whole) -> Whole:
    """The loan of each of some rows."""
    return np.searchsorted(starts, rows, side="right") - 1
