"""The tables of a close that read every row, by columns: money by month, principal repaid, closings.

For plain loans (`forbear.aging.columns`): the rows of the SQL files of these names, or rows that add up to the same.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from forbear.aging.columns import Late, Loans, Waterfall, principal_paid
from forbear.aging.columns.rows import Day, Whole

YEAR_0 = 1970 * 12
"""Months from the year 0 to 1970."""


def months_of(days: Day) -> Whole:
    """The number of each day's month, as the SQL files count them (year * 12 + month - 1)."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + YEAR_0


def by_month(days: Day, **sums: Whole | None) -> pa.Table:
    """One row a month that occurs: each sum over its days, or how many there are where None is given."""
    names = list(sums)
    if not len(days):
        return pa.table({"month_number": pa.array([], pa.int32())} | {n: pa.array([], pa.int64()) for n in names})
    first = int(days.min())
    span = months_of(np.arange(first, int(days.max()) + 1, dtype=np.int32))
    slot = (span - span[0])[days - first]
    count = np.bincount(slot)
    made = {
        name: count if of is None else np.rint(np.bincount(slot, weights=of)).astype(np.int64)
        for name, of in sums.items()
    }
    there = np.flatnonzero(count)
    months = (there + span[0]).astype(np.int32)
    return pa.table({"month_number": months, **{name: found[there] for name, found in made.items()}})


def added_up(rows: pa.Table) -> pa.Table:
    """One row a month, from rows of which several may tell of the same."""
    names = [name for name in rows.column_names if name != "month_number"]
    summed = rows.group_by("month_number", use_threads=False).aggregate([(name, "sum") for name in names])
    return summed.select(["month_number", *(f"{name}_sum" for name in names)]).rename_columns(
        ["month_number", *names]
    )


def month_due(loans: Loans, as_of: int) -> pa.Table:
    """As month_due.sql."""
    plan = loans.installments
    due = plan.due_on < as_of
    return by_month(plan.due_on[due], installments=None, due=plan.total[due])


def month_received(loans: Loans) -> pa.Table:
    """As month_received.sql."""
    paid = loans.payments
    made = by_month(paid.paid_on, payments=None, received=paid.amount)
    return made.append_column("undone", pa.array(np.zeros(made.num_rows, np.int64)))


def month_unpaid(late: Late) -> pa.Table:
    """As month_unpaid.sql."""
    unpaid = late.unpaid_principal + late.unpaid_interest + late.unpaid_fees
    return by_month(late.due_on[late.is_open], unpaid=unpaid[late.is_open])


def principal_after(loans: Loans, fall: Waterfall, sums: Whole) -> Whole:
    """Principal paid on its loan by each payment and those before it."""
    plan, paid = loans.installments, loans.payments
    reached = principal_paid(loans, fall, sums, fall.completed, fall.reach)
    return reached - np.repeat(sums[plan.starts[:-1]], np.diff(paid.starts))


def repaid(loans: Loans, after_each: Whole, loan_id: pa.Array) -> tuple[pa.Table, pa.Table]:
    """As repaid.sql, one row a payment that paid principal, and month_repaid.sql."""
    paid = loans.payments
    counts = np.diff(paid.starts)
    principal = np.diff(after_each, prepend=0)
    firsts = paid.starts[:-1][counts > 0]
    principal[firsts] = after_each[firsts]
    some = np.flatnonzero(principal)
    loan = np.repeat(np.arange(len(loans)), counts)[some]
    rows = pa.table(
        {
            "loan_id": loan_id.take(pa.array(loan)),
            "moved_on": pa.array(paid.paid_on[some]).cast(pa.date32()),
            "principal": pa.array(principal[some]),
        }
    )
    counted_on = np.maximum(paid.paid_on[some], loans.disbursed_on[loan])
    return rows, by_month(counted_on, principal=principal[some])


def closed_spells(loans: Loans, fall: Waterfall, after_each: Whole, loan_id: pa.Array, after: int) -> pa.Table:
    """As closed_spells.sql; payments of the same day give stretches of no length, which add nothing."""
    plan, paid = loans.installments, loans.payments
    counts = np.diff(paid.starts)
    some = np.flatnonzero(fall.completed == np.repeat(plan.starts[1:], counts))
    loan = np.repeat(np.arange(len(loans)), counts)[some]
    following = np.append(paid.paid_on[1:], np.int32(after))
    following[paid.starts[1:][counts > 0] - 1] = after
    day = pa.date32()
    return pa.table(
        {
            "loan_id": loan_id.take(pa.array(loan)),
            "disbursed_on": pa.array(loans.disbursed_on[loan]).cast(day),
            "since_on": pa.array(paid.paid_on[some]).cast(day),
            "before_on": pa.array(following[some]).cast(day),
            "principal": pa.array(np.maximum(loans.principal[loan] - after_each[some], 0)),
        }
    )
