"""Where each plain loan stands as of the date: the columns of aged.sql, as Arrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from forbear.aging.columns.late import Late, Lateness
from forbear.aging.columns.rows import Day, Flags, Loans, Whole, running
from forbear.aging.columns.waterfall import Waterfall
from forbear.aging.words import THRESHOLDS, Word, number

STATUSES = ("current", "not_due", "overdue", "closed", "prepaid", "overpaid", "not_disbursed")
NEVER = np.iinfo(np.int32).max
"""Stands for a day that is not there."""


@dataclass(frozen=True)
class Ladder:
    """What the days past due are called, by days: bucket and category of each rung."""

    bucket: pa.Array
    category: pa.Array


def standing(
    loans: Loans,
    fall: Waterfall,
    was: Lateness,
    principal: Whole,
    words: Mapping[str, Word],
    ladder: Ladder,
    as_of: int,
) -> dict[str, pa.Array]:
    """The columns of `aged` that are worked out, by name; the loan's own columns are not among them.

    Args:
        loans: plain loans in order.
        fall: their waterfall.
        was: their lateness.
        principal: paid on each loan.
        words: values of the SQL files' words.
        ladder: the rungs.
        as_of: the date, in days since 1970-01-01.
    """
    plan = loans.installments
    first, last = plan.starts[:-1], plan.starts[1:] - 1
    due = running(plan.due_on < as_of)[plan.starts]
    due = due[1:] - due[:-1]
    total = np.diff(fall.bases)
    seen = loans.disbursed_on <= as_of
    closed_on = np.where(fall.first_unpaid > last, fall.completed_on[last], np.int32(NEVER))
    last_paid_on = _last_paid(loans)
    rung = _rung(was.days_now, words)
    on_rung = pa.array(rung, mask=~seen)
    whole = {
        "installments_overdue": was.overdue,
        "arrears_principal": was.arrears_principal,
        "arrears_interest": was.arrears_interest,
        "arrears_fees": was.arrears_fees,
        "principal_outstanding": np.maximum(loans.principal - principal, 0),
        "paid_total": fall.paid_total,
        "overpaid_amount": np.maximum(fall.paid_total - total, 0),
    }
    counts = {
        "dpd": _after_grace(was.days_now, words),
        "worst_dpd": _after_grace(was.days_worst, words),
        "installments_due": due,
        "installments_paid": fall.first_unpaid - first,
        "times_late": was.times[THRESHOLDS[0]],
        **{f"times_{n}": was.times[n] for n in THRESHOLDS[1:]},
        "kept_streak": due - was.last_broken,
        "broken_streak": np.where(was.last_broken == due, was.last_run, 0),
        "longest_kept_streak": np.maximum(was.longest_kept, due - was.last_broken),
        "longest_broken_streak": was.longest_broken,
    }
    counts["installments_overdue"] = whole.pop("installments_overdue")
    failed = was.days_first >= number(words, "first_payment_days")
    return {
        "status": _status(loans, fall, due, total, closed_on, was, seen),
        "bucket": ladder.bucket.take(on_rung),
        "category": ladder.category.take(on_rung),
        **{name: pa.array(np.where(seen, found, 0)) for name, found in whole.items()},
        **{name: pa.array(np.where(seen, found, 0).astype(np.int32)) for name, found in counts.items()},
        "first_payment_default": pa.array(failed & seen),
        "oldest_unpaid_due_on": days_or_null(was.oldest_due_on, seen),
        "first_due_on": days_or_null(plan.due_on[first]),
        "last_due_on": days_or_null(plan.due_on[last]),
        "last_paid_on": days_or_null(last_paid_on, seen),
        "closed_on": days_or_null(closed_on, seen),
    }


def days_or_null(days: Day, seen: Flags | None = None) -> pa.Array:
    """Dates; null where a day is not there or the loan is not to be seen."""
    gone = days == NEVER
    return pa.array(days.astype(np.int32, copy=False), mask=gone if seen is None else gone | ~seen).cast(
        pa.date32()
    )


def _last_paid(loans: Loans) -> Day:
    paid = loans.payments
    found = np.full(len(loans), NEVER, np.int32)
    some = np.diff(paid.starts) > 0
    found[some] = paid.paid_on[paid.starts[1:][some] - 1]
    return found


def _after_grace(days: Day, words: Mapping[str, Word]) -> Whole:
    return np.where(days <= number(words, "grace"), 0, days - number(words, "grace_off"))


def _rung(days: Day, words: Mapping[str, Word]) -> Whole:
    return np.minimum(_after_grace(days, words), number(words, "ladder_top"))


def _status(
    loans: Loans, fall: Waterfall, due: Whole, total: Whole, closed_on: Day, was: Lateness, seen: Flags
) -> pa.Array:
    """As the cases of aged.sql, the last that holds here being the first there."""
    last_due_on = loans.installments.due_on[loans.installments.starts[1:] - 1]
    code = np.zeros(len(loans), np.int32)
    for standing_for, holds in enumerate(
        (
            due == 0,
            was.overdue > 0,
            closed_on != NEVER,
            closed_on < last_due_on,
            fall.paid_total > total,
            ~seen,
        ),
        start=1,
    ):
        code[holds] = standing_for
    return pa.DictionaryArray.from_arrays(pa.array(code), pa.array(STATUSES))


def late_table(late: Late, loan_id: pa.Array) -> pa.Table:
    """The rows of late_days.sql."""
    day = pa.date32()
    due_on = pa.array(late.due_on).cast(day)
    return pa.table(
        {
            "loan_id": loan_id.take(pa.array(late.loan)),
            "place": pa.array(late.place.astype(np.int32)),
            "due_on": due_on,
            "since_on": due_on,
            "before_on": pa.array(late.before_on).cast(day),
            "unpaid_principal": pa.array(late.unpaid_principal),
            "unpaid_interest": pa.array(late.unpaid_interest),
            "unpaid_fees": pa.array(late.unpaid_fees),
            "days": pa.array(late.days),
        }
    )
