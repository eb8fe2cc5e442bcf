"""Late spells of plain loans, and what they say of each loan: arrears, days past due, how often, runs of them.

The same as late.sql, late_days.sql, broken_runs.sql, streaks.sql and lateness.sql for loans without pauses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from forbear.aging.columns.rows import Day, Flags, Loans, Whole, owners
from forbear.aging.columns.waterfall import Waterfall
from forbear.aging.words import THRESHOLDS, Word, number


@dataclass(frozen=True)
class Late:
    """One entry a spell in which an installment was unpaid at the end of its due date or later.

    Attributes:
        loan: place of its loan in the run.
        place: of the installment in its loan, from 1.
        before_on: the day on which it was completed; `after` when it is open.
        days: past due at the spell's end.
        is_open: unpaid as of the date; unpaid_* are zero otherwise.
    """

    loan: Whole
    place: Whole
    due_on: Day
    before_on: Day
    days: Day
    is_open: Flags
    unpaid_principal: Whole
    unpaid_interest: Whole
    unpaid_fees: Whole


def late_spells(loans: Loans, fall: Waterfall, as_of: int) -> Late:
    """Every late spell of the loans, in order of loan and place."""
    plan = loans.installments
    rows = np.flatnonzero((fall.completed_on > plan.due_on) & (plan.due_on < as_of))
    loan = owners(plan.starts, rows)
    due_on, before_on = plan.due_on[rows], fall.completed_on[rows]
    is_open = before_on > as_of
    paid = np.maximum(fall.paid_total[loan] - (fall.ends[rows] - fall.bases[loan]), 0)
    principal, interest, fees = plan.principal[rows], plan.interest[rows], plan.fees[rows]
    return Late(
        loan,
        rows - plan.starts[loan] + 1,
        due_on,
        before_on,
        before_on - due_on - 1,
        is_open,
        np.where(is_open, principal - np.maximum(paid - fees - interest, 0), 0),
        np.where(is_open, interest - np.minimum(np.maximum(paid - fees, 0), interest), 0),
        np.where(is_open, fees - np.minimum(paid, fees), 0),
    )


@dataclass(frozen=True)
class Lateness:
    """One entry a loan, zero (or `never`) for one that was never late; days before any grace."""

    overdue: Whole
    oldest_due_on: Day
    days_now: Day
    days_worst: Day
    days_first: Day
    arrears_principal: Whole
    arrears_interest: Whole
    arrears_fees: Whole
    times: dict[int, Whole]
    longest_broken: Whole
    last_broken: Whole
    last_run: Whole
    longest_kept: Whole


def lateness(late: Late, loans: int, words: Mapping[str, Word], never: int) -> Lateness:
    """What the late spells say of each of so many loans; `never` stands for a day that is not there."""
    firsts = np.flatnonzero(np.diff(late.loan, prepend=-1))
    whose = late.loan[firsts]

    def told(found: np.ndarray, of: np.ufunc, otherwise: int = 0) -> np.ndarray:
        every = np.full(loans, otherwise, found.dtype)
        if len(firsts):
            every[whose] = of.reduceat(found, firsts)
        return every

    days = late.days
    return Lateness(
        told(late.is_open.astype(np.int64), np.add),
        told(np.where(late.is_open, late.due_on, np.int32(never)), np.minimum, never),
        told(np.where(late.is_open, days, 0).astype(np.int32), np.maximum),
        told(days, np.maximum),
        told(np.where(late.place == 1, days, 0).astype(np.int32), np.maximum),
        told(late.unpaid_principal, np.add),
        told(late.unpaid_interest, np.add),
        told(late.unpaid_fees, np.add),
        {n: told((days >= number(words, f"at_{n}")).astype(np.int64), np.add) for n in THRESHOLDS},
        *_streaks(late, told, firsts),
    )


def _streaks(
    late: Late, told: Callable[[Whole, np.ufunc], Whole], firsts: Whole
) -> tuple[Whole, Whole, Whole, Whole]:
    """Longest run of late installments, where the last one ends, its length, and the longest gap before a run."""
    is_first = np.zeros(len(late.place), bool)
    is_first[firsts] = True
    previous = np.where(is_first, 0, np.roll(late.place, 1)) if len(is_first) else late.place
    begins = is_first | (late.place != previous + 1)
    run = np.arange(len(begins)) - np.maximum.accumulate(np.where(begins, np.arange(len(begins)), 0)) + 1
    lasts = np.append(firsts[1:], len(begins)) - 1 if len(firsts) else firsts
    is_last = np.zeros(len(begins), bool)
    is_last[lasts] = True
    return (
        told(run, np.maximum),
        told(late.place, np.maximum),
        told(np.where(is_last, run, 0), np.maximum),
        told(np.where(begins, late.place - previous - 1, 0), np.maximum),
    )
