"""Where loans stand and how they have paid, by columns instead of by joins: for scoring a whole book on one day.

`worked` gives the rows of `standing`, `habits` and `money`, and what `punctuality` needs, for the plain loans of a
part, by sums over whole columns (docs/decisions/91-scores-by-columns.md); the others are named and left to the SQL
files, which stay the meaning. Nothing after the day is read: payments up to it, schedules as contract facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from forbear.aging.columns import (
    NEVER,
    Installments,
    Loans,
    Payments,
    Waterfall,
    days_or_null,
    plain,
    running,
    waterfall,
)
from forbear.aging.columns.reading import BATCH_ROWS, Runs, Scratch, in_order, numbers_of, read_runs
from forbear.risk.nulls import known_where

Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Made = dict[str, pa.Array]
GIVEN = ("standing", "habits", "money", "recent")
"""Tables made here; `recent` is what `punctuality` needs of each loan: dues of the last 90 days, and those late."""
EPOCH = date(1970, 1, 1)
BLOCK_ROWS = 100_000
"""Installments worked on at once: they stay in the processor's cache."""
BITS = {7: "TINYINT", 15: "SMALLINT", 31: "INTEGER", 62: "BIGINT"}
MOST_SOURCES = max(BITS)
LEAST_DAYS, MOST_DAYS = -31, 90
WINDOW = 90
READ = {
    "installments": "SELECT loan_id, due_on, principal_due, {interest} AS interest_due, fees_due FROM {installments}"
    " WHERE {condition}",
    "payments": "SELECT loan_id, paid_on, amount, CAST(installment_number IS NULL AS TINYINT) AS unnumbered,"
    " {source} AS source FROM {payments} WHERE {condition} AND paid_on <= DATE '{as_of}'",
    "events": "SELECT DISTINCT loan_id FROM {events} WHERE {condition} AND loan_id IS NOT NULL",
}


@dataclass(frozen=True)
class Asked:
    """What is the same for all parts: the day, whether the schedule's interest was known beforehand, and an SQL
    expression that gives each source of money a bit of its own (None: they are too many).
    """

    as_of: date
    interest_known: bool
    source: str | None


@dataclass(frozen=True)
class Worked:
    """What was made of a part.

    Attributes:
        tables: rows by table, with the column loan_id.
        rest: loans left to the SQL files; None: all of the part.
    """

    tables: Mapping[str, pa.Table]
    rest: pa.Array | None


def source_bits(connection: duckdb.DuckDBPyConnection) -> str | None:
    """SQL that gives each source of money in the book a bit, and 0 to none; None when they are too many.

    The numbers are as short as the bits allow: they are copied with every payment.
    """
    found = connection.execute(
        f"SELECT DISTINCT source FROM book.payments WHERE source IS NOT NULL LIMIT {MOST_SOURCES + 1}"
    ).fetchall()
    if len(found) > MOST_SOURCES:
        return None
    quoted = ["'" + name.replace("'", "''") + "'" for (name,) in sorted(found)]
    cases = [f"WHEN {name} THEN {1 << bit}" for bit, name in enumerate(quoted)]
    kind = next(kind for most, kind in BITS.items() if len(cases) <= most)
    return f"CAST(CASE source {' '.join(cases)} ELSE 0 END AS {kind})" if cases else f"CAST(0 AS {kind})"


def worked(
    connection: duckdb.DuckDBPyConnection,
    sources: Mapping[str, str],
    condition: str,
    own: pa.Table,
    asked: Asked,
    scratch: Scratch,
) -> Worked:
    """Work out the tables in `GIVEN` for a part of a book on one day.

    Args:
        connection: in which `sources` can be read.
        sources: SQL of installments, payments and events.
        condition: on loan_id, that makes the part.
        own: loan_id (rising, each once), disbursed_on and principal of the part's loans.
        asked: what is the same for all parts.
        scratch: memory for the rows; nothing that is returned lies in it.
    """
    if asked.source is None:
        return Worked({}, None)
    interest = "interest_due" if asked.interest_known else "CAST(0 AS BIGINT)"
    words = {"condition": condition, "as_of": asked.as_of, "interest": interest, "source": asked.source, **sources}
    query = {n: connection.sql(q.format(**words)) for n, q in READ.items()}
    plan, paid = (
        read_runs(query[name].to_arrow_reader(BATCH_ROWS), scratch, name) for name in ("installments", "payments")
    )
    ids, events = (t["loan_id"].combine_chunks() for t in (own, query["events"].to_arrow_table()))
    rows = _in_order(own, ids, plan, paid)
    if rows is None or events.type != ids.type:
        return Worked({}, None)
    loans, told = rows
    free = ~pc.is_in(ids, events).to_numpy(zero_copy_only=False)
    day = (asked.as_of - EPOCH).days
    blocks = [_block(loans.run(a, b), told.run(loans, a, b), ids[a:b], free[a:b], day) for a, b in _blocks(loans)]
    tables = {name: pa.concat_tables([made[name] for made, _ in blocks]) for name in GIVEN}
    return Worked(tables, pa.concat_arrays([rest for _, rest in blocks]))


def _blocks(loans: Loans) -> list[tuple[int, int]]:
    """First and last (not included) loan of each block."""
    starts = loans.installments.starts
    marks = np.arange(BLOCK_ROWS, int(starts[-1]), BLOCK_ROWS)
    return list(pairwise(sorted({0, *np.searchsorted(starts, marks).tolist(), len(loans)})))


def _block(loans: Loans, paid: _Paid, ids: pa.Array, free: Flags, day: int) -> tuple[dict[str, pa.Table], pa.Array]:
    """The tables of a block's plain loans among the `free` ones, and the others."""
    kept = plain(loans, 0, day) & free
    rest = ids.filter(pa.array(~kept))
    if not kept.all():
        paid = paid.only(kept, loans.payments.starts)
        loans, ids = loans.only(kept), ids.filter(pa.array(kept))
    work = _Work(loans, paid, waterfall(loans, 0, day + 1), day)
    made = {"standing": work.standing(), "habits": work.habits(), "money": work.money(), "recent": work.recent()}
    return {name: pa.table({"loan_id": ids, **columns}) for name, columns in made.items()}, rest


@dataclass(frozen=True)
class _Paid:
    """What is told of each payment beside its day and amount: no installment named, and a bit for its source."""

    unnumbered: npt.NDArray[np.int8]
    source: npt.NDArray[np.signedinteger[Any]]

    def only(self, kept: Flags, starts: Whole) -> _Paid:
        rows = np.repeat(kept, np.diff(starts))
        return _Paid(self.unnumbered[rows], self.source[rows])

    def run(self, loans: Loans, first: int, last: int) -> _Paid:
        a, b = loans.payments.starts[first], loans.payments.starts[last]
        return _Paid(self.unnumbered[a:b], self.source[a:b])


def _in_order(own: pa.Table, ids: pa.Array, plan: Runs | None, paid: Runs | None) -> tuple[Loans, _Paid] | None:
    """The rows as columns in order; None when they lack values or name an unknown loan."""
    if plan is None or paid is None or {plan.loan_ids.type, paid.loan_ids.type} != {ids.type}:
        return None
    due, got = in_order(plan, ids), in_order(paid, ids)
    if due is None or got is None or not len(ids):
        return None
    paid_on, amount, unnumbered, source = got[1]
    disbursed_on, principal = (numbers_of(own[c]) for c in ("disbursed_on", "principal"))
    loans = Loans(disbursed_on, principal, Installments(due[0], *due[1]), Payments(got[0], paid_on, amount))
    return loans, _Paid(unnumbered, source)


def _between(values: npt.NDArray[np.generic], first: Whole, last: Whole) -> Whole:
    """Sums of values from each `first` up to, not including, each `last`."""
    sums = running(values)  # type: ignore[arg-type]
    found: Whole = sums[last] - sums[first]
    return found


def _at(values: npt.NDArray[np.generic], rows: Whole, there: Flags) -> npt.NDArray[np.generic]:
    """Values at rows that are there; 0 elsewhere."""
    return np.where(there, values[np.where(there, rows, 0)], 0)


def _spread(columns: Mapping[str, npt.NDArray[np.generic]], rows: Whole, count: int) -> Made:
    """Columns of some of a run's loans as columns of all of them, null for the others."""
    there = np.zeros(count, bool)
    there[rows] = True
    made = {}
    for name, values in columns.items():
        whole = np.zeros(count, values.dtype)
        whole[rows] = values
        made[name] = known_where(whole, there)
    return made


@dataclass(frozen=True)
class _Work:
    """A part's plain loans; every method gives a table's columns, null for loans that have no row there."""

    loans: Loans
    paid: _Paid
    fall: Waterfall
    day: int

    @property
    def _first(self) -> Whole:
        return self.loans.installments.starts[:-1]

    @property
    def _end(self) -> Whole:
        return self.loans.installments.starts[1:]

    def _due_before(self, day: int) -> Whole:
        """Of each loan, the place on the line of its first installment due on a day or later."""
        plan = self.loans.installments
        return self._first + _between(plan.due_on < day, self._first, self._end)

    @cached_property
    def _past(self) -> Whole:
        """Of each loan, the place of its first installment due on the day or later."""
        return self._due_before(self.day)

    def standing(self) -> Made:
        """The columns of standing.sql."""
        plan, fall, day = self.loans.installments, self.fall, self.day
        first, end = self._first, self._end
        past = self._past
        soon = self._due_before(day + 30)
        base, paid = fall.bases[:-1], fall.paid_total
        total, due_past = np.diff(fall.bases), fall.ends[past] - base
        overdue = np.maximum(past - fall.first_unpaid, 0)
        upcoming = np.maximum(past, fall.first_unpaid)
        has_next, has_past = upcoming < end, past > first
        is_closed = paid >= total
        return {
            "installments": pa.array((end - first).astype(np.int32)),
            "paid_total": pa.array(paid),
            "total_due": pa.array(total),
            "dues_past": pa.array((past - first).astype(np.int32)),
            "due_past": pa.array(due_past),
            "overdue": pa.array(overdue.astype(np.int32)),
            "oldest_unpaid_on": self._day(_at(plan.due_on, fall.first_unpaid, overdue > 0), overdue > 0),
            "arrears": pa.array(np.maximum(due_past - paid, 0)),
            "next_place": known_where((upcoming - first + 1).astype(np.int32), has_next),
            "next_due_on": self._day(_at(plan.due_on, upcoming, has_next), has_next),
            "next_due": known_where(self._least_from(upcoming, has_next), has_next),
            "due_30d": pa.array(np.maximum(fall.ends[soon] - base - np.maximum(due_past, paid), 0)),
            "outstanding": pa.array(self._outstanding()),
            "is_closed": pa.array(is_closed),
            "first_due_on": days_or_null(plan.due_on[first]),
            "last_due_on": days_or_null(plan.due_on[end - 1]),
            "past_due_on": self._day(_at(plan.due_on, past - 1, has_past), has_past),
            "closed_on": self._day(fall.completed_on[end - 1], is_closed),
        }

    def _day(self, days: npt.NDArray[np.generic], there: Flags) -> pa.Array:
        return days_or_null(np.where(there, days, NEVER).astype(np.int32))

    def _least_from(self, place: Whole, there: Flags) -> Whole:
        """The least that any installment from a place on asks for."""
        asked = np.append(self.loans.installments.total, 0)  # one more, so that the last loan's end is a place too
        runs = np.stack((place, self._end), axis=1).ravel()
        return np.where(there, np.minimum.reduceat(asked, runs)[::2], 0)

    def _outstanding(self) -> Whole:
        """Principal not yet paid: money goes to the oldest installment, its principal last."""
        plan, fall = self.loans.installments, self.fall
        sums, at = running(plan.principal), fall.first_unpaid
        is_open = at < self._end
        left = fall.ends[np.where(is_open, at + 1, at)] - fall.bases[:-1] - fall.paid_total
        of_first = np.minimum(left, _at(plan.principal, at, is_open))
        after = np.where(is_open, at + 1, at)
        return np.where(is_open, of_first, 0) + sums[self._end] - sums[after]

    def habits(self) -> Made:
        """The columns of habits.sql, of loans with an installment due before the day."""
        plan, day = self.loans.installments, self.day
        past = self._past
        known = np.flatnonzero(past > self._first)
        rows = np.flatnonzero(plan.due_on < day)
        late = np.minimum(self.fall.completed_on[rows], np.int32(day)) - plan.due_on[rows]
        days = np.clip(late, LEAST_DAYS, MOST_DAYS).astype(np.int8)
        count = (past - self._first)[known]
        ends = np.cumsum(count)
        starts = ends - count

        def told(values: npt.NDArray[np.generic]) -> Whole:
            return _between(values, starts, ends)

        def number(values: npt.NDArray[np.generic]) -> npt.NDArray[np.int32]:
            return told(values).astype(np.int32)

        if not len(known):
            days, starts = np.zeros(1, np.int8), np.zeros(0, np.int64)
        place = np.arange(len(rows))
        total, last3 = told(days), np.maximum(ends - 3, starts)
        mean = total / count
        spread = told(days.astype(np.int64) ** 2) / count - mean * mean
        made = {
            "lates": number(days > 0),
            "lates_7": number(days > 7),
            "lates_30": number(days > 30),
            "last_minutes": number(days == 0),
            "earlies": number(days < -3),
            "mean_days": mean,
            "mean_days_late": (told(np.maximum(days, 0)) / count).astype(np.float32),
            "worst_days": np.maximum.reduceat(days, starts) if len(known) else days[:0],
            "first_days": days[starts],
            "recent_days": _between(days, last3, ends) / np.minimum(count, 3),
            "kept_streak": _since(days > 0, place, starts, ends).astype(np.int32),
            "broken_streak": _since(days <= 0, place, starts, ends).astype(np.int32),
            "unsteady_days": np.sqrt(np.maximum(spread, 0)).astype(np.float32),
        }
        columns = _spread(made, known, len(past))
        for steps, name in enumerate(("last_days", "last2_days", "last3_days")):
            there = count > steps
            columns |= _spread({name: _at(days, ends - 1 - steps, there)[there]}, known[there], len(past))
        return columns

    def money(self) -> Made:
        """The columns of money.sql, of loans that received money; their total is in standing."""
        paid, day = self.loans.payments, self.day
        known = np.flatnonzero(np.diff(paid.starts) > 0)
        first, end = paid.starts[:-1][known], paid.starts[1:][known]
        bits = np.bitwise_or.reduceat(self.paid.source, first) if len(known) else self.paid.source[:0]
        made = {
            "receipts": (end - first).astype(np.int32),
            "paid_30d": _between(np.where(paid.paid_on > day - 30, paid.amount, 0), first, end),
            "receipts_60d": _between(paid.paid_on > day - 60, first, end).astype(np.int32),
            "reversals": np.zeros(len(known), np.int32),
            "last_received_on": paid.paid_on[end - 1],
            "unnumbered": _between(self.paid.unnumbered, first, end).astype(np.int32),
            "sources": np.bitwise_count(bits).astype(np.int32),
        }
        columns = _spread(made, known, len(paid.starts) - 1)
        return {**columns, "last_received_on": columns["last_received_on"].cast(pa.date32())}

    def recent(self) -> Made:
        """Installments of each loan due in the last 90 days, and those not paid on their day."""
        plan = self.loans.installments
        within = (plan.due_on < self.day) & (plan.due_on >= self.day - WINDOW)
        dues = _between(within, self._first, self._end)
        lates = _between(within & (self.fall.completed_on > plan.due_on), self._first, self._end)
        return {name: known_where(n.astype(np.int32), dues > 0) for name, n in (("dues", dues), ("lates", lates))}


def _since(ends_it: Flags, place: Whole, starts: Whole, ends: Whole) -> Whole:
    """Of each run of rows, how many lie after the last that ends the streak; all of them when none does."""
    if not len(starts):
        return starts
    last = np.maximum.reduceat(np.where(ends_it, place, -1), starts)
    found: Whole = np.where(last >= starts, ends - 1 - last, ends - starts)
    return found
