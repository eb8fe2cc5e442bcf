"""A part of the book aged by columns: its rows read once, most loans worked out, the rest named for the SQL files.

`aged_by_columns` gives the rows of the tables in `GIVEN` for the loans that `forbear.aging.columns` can answer for, in
blocks that stay in the processor's cache. The loans it cannot answer for (pauses, reversals, oddities) are left to the
files; so is the whole part when its rows are not what the check of the book asks for.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forbear.aging import columns as aging
from forbear.aging.columns import NEVER, Installments, Ladder, Loans, Payments
from forbear.aging.columns.reading import BATCH_ROWS, Runs, Scratch, in_order, numbers_of, read_runs
from forbear.aging.words import Word, number
from forbear.funding import columns as funding

GIVEN = frozenset(
    ("aged", "late_days", "repaid", "closed_spells", "month_due", "month_received", "month_unpaid", "month_repaid")
)
"""Tables that are made here; every other table of a part reads these or the book alone."""
BLOCK_ROWS = 400_000
"""Installments worked on at once."""
EPOCH = date(1970, 1, 1)
READ = {
    "loans": "SELECT loan_id, borrower_id, disbursed_on, principal FROM {source} WHERE {condition} ORDER BY loan_id",
    "installments": "SELECT loan_id, due_on, principal_due, interest_due, fees_due FROM {source} WHERE {condition}",
    "payments": "SELECT loan_id, paid_on, amount FROM {source} WHERE {condition} AND paid_on <= DATE '{as_of}'",
    "events": "SELECT DISTINCT loan_id FROM {source} WHERE {condition} AND loan_id IS NOT NULL",
}


@dataclass(frozen=True)
class ByColumns:
    """What was made of a part.

    Attributes:
        tables: rows of the wanted tables among `GIVEN`, by name.
        rest: loan_ids left to the SQL files; None when that is all of them.
    """

    tables: dict[str, pa.Table]
    rest: pa.Array | None


def aged_by_columns(
    connection: duckdb.DuckDBPyConnection,
    sources: Mapping[str, str],
    condition: str,
    wanted: Set[str],
    words: Mapping[str, Word],
    ladder: pa.Table,
    scratch: Scratch,
) -> ByColumns:
    """Work out the wanted tables of a part.

    Args:
        connection: in which `sources` can be read.
        sources: SQL of each divided table.
        condition: on loan_id, that makes the part.
        wanted: names, all in `GIVEN`.
        words: values of the SQL files' words.
        ladder: the table `ladder`.
        scratch: memory for the rows; nothing that is returned lies in it.
    """
    as_of = words["as_of"]
    query = {
        n: connection.sql(q.format(source=sources[n], condition=condition, as_of=as_of)) for n, q in READ.items()
    }
    own, restless = (query[name].to_arrow_table() for name in ("loans", "events"))
    ids, events = (rows["loan_id"].combine_chunks() for rows in (own, restless))
    plan, paid = (
        read_runs(query[name].to_arrow_reader(BATCH_ROWS), scratch, name) for name in ("installments", "payments")
    )
    loans = _in_order(own, ids, plan, paid)
    if loans is None or events.type != ids.type or not isinstance(as_of, date):
        return ByColumns({}, None)
    left = pc.is_in(ids, events).to_numpy(zero_copy_only=False)
    work = _Work(wanted, words, _ladder(ladder), (as_of - EPOCH).days)
    made = [_block(work, loans.run(a, b), own.slice(a, b - a), ~left[a:b]) for a, b in _blocks(loans)]
    return ByColumns(
        {name: together(name, [tables[name] for tables, _ in made]) for name in wanted},
        pa.concat_arrays([rest for _, rest in made]),
    )


def together(name: str, rows: list[pa.Table]) -> pa.Table:
    """Rows of one table from several runs of loans; months added up."""
    every = pa.concat_tables(rows)
    return funding.added_up(every) if name.startswith("month_") else every


@dataclass(frozen=True)
class _Work:
    """What is to be made of every block; `as_of` in days since 1970-01-01."""

    wanted: Set[str]
    words: Mapping[str, Word]
    ladder: Ladder
    as_of: int


def _blocks(loans: Loans) -> list[tuple[int, int]]:
    """First and last (not included) loan of each block."""
    starts = loans.installments.starts
    marks = np.arange(BLOCK_ROWS, int(starts[-1]), BLOCK_ROWS)
    cuts = sorted({0, *np.searchsorted(starts, marks).tolist(), len(loans)})
    return list(pairwise(cuts))


def _block(work: _Work, loans: Loans, own: pa.Table, free: np.ndarray) -> tuple[dict[str, pa.Table], pa.Array]:
    """The tables of a block's plain loans among the `free` ones, and the loan_ids of the others."""
    slack, as_of, after = number(work.words, "slack"), work.as_of, work.as_of + 1
    kept = aging.plain(loans, slack, as_of) & free
    rest = own["loan_id"].combine_chunks().filter(pa.array(~kept))
    loans = loans.only(kept)
    own = own if kept.all() else own.filter(pa.array(kept))
    fall = aging.waterfall(loans, slack, after)
    late = aging.late_spells(loans, fall, as_of)
    was = aging.lateness(late, len(loans), work.words, NEVER)
    sums = aging.running(loans.installments.principal)
    reached = np.minimum(fall.bases[:-1] + fall.paid_total, fall.bases[1:])
    paid = aging.principal_paid(loans, fall, sums, fall.first_unpaid, reached)
    paid -= sums[loans.installments.starts[:-1]]
    stands = aging.standing(loans, fall, was, paid, work.words, work.ladder, as_of)
    made = {"aged": pa.table({**{name: own[name] for name in own.column_names}, **stands})}
    if work.wanted > {"aged"}:
        loan_id = own["loan_id"].combine_chunks()
        after_each = funding.principal_after(loans, fall, sums)
        repaid, month_repaid = funding.repaid(loans, after_each, loan_id)
        made |= {
            "late_days": aging.late_table(late, loan_id),
            "month_unpaid": funding.month_unpaid(late),
            "month_due": funding.month_due(loans, as_of),
            "month_received": funding.month_received(loans),
            "repaid": repaid,
            "month_repaid": month_repaid,
            "closed_spells": funding.closed_spells(loans, fall, after_each, loan_id, after),
        }
    return made, rest


def _ladder(rungs: pa.Table) -> Ladder:
    ordered = rungs.sort_by("dpd")
    return Ladder(*(ordered[name].combine_chunks().dictionary_encode() for name in ("bucket", "category")))


def _in_order(own: pa.Table, ids: pa.Array, plan: Runs | None, paid: Runs | None) -> Loans | None:
    """The rows as columns in order; None when they lack values, repeat a loan, or name an unknown one."""
    if plan is None or paid is None or any(own[c].null_count for c in own.column_names):
        return None
    if {plan.loan_ids.type, paid.loan_ids.type} != {ids.type}:
        return None
    if not len(ids) or pc.any(pc.equal(ids[1:], ids[:-1])).as_py():
        return None
    due, received = in_order(plan, ids), in_order(paid, ids)
    if due is None or received is None:
        return None
    disbursed_on, principal = (numbers_of(own[c]) for c in ("disbursed_on", "principal"))
    return Loans(disbursed_on, principal, Installments(due[0], *due[1]), Payments(received[0], *received[1]))
