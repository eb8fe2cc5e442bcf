"""Which payment completes which installment: the oldest first, by two running sums laid on one line.

All loans' installments lie end to end on a line of money, each as long as what it asks for. A payment reaches as far
on the line as its loan has paid by then. The installments that it completes are those that end between the reach of
the payment before and its own. Most payments complete the next installment to the cent; only the others are searched.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forbear.aging.columns.rows import Day, Loans, Whole, running


@dataclass(frozen=True)
class Waterfall:
    """What of a run of loans is paid, and when.

    Attributes:
        ends: of each installment on the line, after a zero for where the line begins.
        bases: where each loan begins on the line, and the line's end.
        paid_total: of each loan.
        reach: of each payment on the line, at most its loan's end.
        completed: installments before the first that is unpaid after each payment, all loans' counted on.
        first_unpaid: of each loan as of the date, counted on likewise.
        completed_on: day on which each installment was completed; `after` for one that was not.
    """

    ends: Whole
    bases: Whole
    paid_total: Whole
    reach: Whole
    completed: Whole
    first_unpaid: Whole
    completed_on: Day


def waterfall(loans: Loans, slack: int, after: int) -> Waterfall:
    """Lay the payments of plain loans over their installments.

    Args:
        loans: all of them plain.
        slack: minor units that may lack from a completed installment.
        after: the day that stands for "not by the as-of date".
    """
    plan, paid = loans.installments, loans.payments
    ends = running(plan.total)
    bases = ends[plan.starts]
    sums = running(paid.amount)
    befores = sums[paid.starts]
    paid_total = np.diff(befores)
    payments = np.diff(paid.starts)
    reach = sums[1:] + np.repeat(bases[:-1] - befores[:-1], payments)
    _held_back(reach, loans, paid_total, bases)
    completed = _completed(reach, loans, ends, bases, payments, slack)
    first_unpaid = plan.starts[:-1].copy()
    some = payments > 0
    first_unpaid[some] = completed[paid.starts[1:][some] - 1]
    return Waterfall(
        ends,
        bases,
        paid_total,
        reach,
        completed,
        first_unpaid,
        _completed_on(loans, completed, first_unpaid, some, after),
    )


def _held_back(reach: Whole, loans: Loans, paid_total: Whole, bases: Whole) -> None:
    """Money beyond all that a loan asks for does not reach into the next loan."""
    starts = loans.payments.starts
    over = np.flatnonzero(paid_total > np.diff(bases))
    counts = starts[over + 1] - starts[over]
    rows = np.repeat(starts[over] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
    reach[rows] = np.minimum(reach[rows], np.repeat(bases[over + 1], counts))


def _completed(reach: Whole, loans: Loans, ends: Whole, bases: Whole, payments: Whole, slack: int) -> Whole:
    """How many installments end within each payment's reach; that each completes the next one is tried first."""
    paid, last = loans.payments, len(ends) - 1
    within = reach
    if slack:
        within = np.minimum(reach + slack, np.repeat(bases[1:], payments))
    guess = np.repeat(loans.installments.starts[:-1] + 1 - paid.starts[:-1], payments)
    guess += np.arange(len(reach))
    np.minimum(guess, last, out=guess)
    further = np.append(ends[1:], np.iinfo(np.int64).max)
    wrong = np.flatnonzero((ends[guess] > within) | (further[guess] <= within))
    guess[wrong] = np.searchsorted(ends, within[wrong], side="right") - 1
    return guess


def _completed_on(loans: Loans, completed: Whole, first_unpaid: Whole, some: np.ndarray, after: int) -> Day:
    """Days of completion: each payment's day as often as it completes an installment, `after` for what is left."""
    plan, paid = loans.installments, loans.payments
    earlier = np.empty_like(completed)
    earlier[1:] = completed[:-1]
    earlier[paid.starts[:-1][some]] = plan.starts[:-1][some]
    days = np.full(len(plan.due_on), after, np.int32)
    runs = np.empty(2 * len(loans), np.int64)
    runs[0::2] = first_unpaid - plan.starts[:-1]
    runs[1::2] = plan.starts[1:] - first_unpaid
    done = np.repeat(np.tile(np.array([True, False]), len(loans)), runs)
    days[done] = np.repeat(paid.paid_on, completed - earlier)
    return days


def principal_paid(loans: Loans, fall: Waterfall, sums: Whole, at: Whole, reach: Whole) -> Whole:
    """Principal within a reach on the line, counted from the line's beginning: fees and interest come first.

    Args:
        loans: the loans.
        fall: their waterfall.
        sums: running sums of principal, after a zero.
        at: installments completed by then, with the tolerance, counted on.
        reach: how far on the line the money reaches.
    """
    plan = loans.installments
    whole = at - (fall.ends[at] > reach)
    found = sums[whole]
    part = np.flatnonzero(reach > fall.ends[whole])
    row = whole[part]
    left = reach[part] - fall.ends[row] - plan.fees[row] - plan.interest[row]
    found[part] += np.maximum(left, 0)
    return found
