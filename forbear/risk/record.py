"""Features and outcomes of books of statuses (a state a month): the same kind of frame as of books of events.

Months are the clock of such a book: a moment is a loan and the last day of a month (or any day in it), and labels are
told in days of thirty a month so that both kinds of book speak of the same horizons.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from forbear.aging.states import Kind, meaning
from forbear.book import Book
from forbear.book.cells import quoted
from forbear.risk.frame import (
    SCHEMA,
    Extra,
    Frame,
    _floats,
    _texts,
    extra_columns,
    known_by,
    made_tables,
    marked,
    record_catalog,
)

DAYS_A_MONTH = 30
_MARKS = ("loan_id", "borrower_id", "as_of", "kind_now", "dpd_now", "worst_ever", "first_time", "history")
_AFTER = ("next_dpd", "next_kind", "months_known", "months_to_60", "months_to_90")


def state_words(book: Book) -> pa.Table:
    """What each state of the book means; states of unknown meaning are left out."""
    told = book.connection.execute("SELECT DISTINCT state FROM book.statuses WHERE state IS NOT NULL").fetchall()
    known = [s for s in (meaning(str(name)) for (name,) in told) if s.kind is not Kind.unknown]
    rows = [{"state": s.name, "kind": s.kind.value, "dpd_from": s.dpd_from} for s in known]
    schema = pa.schema([("state", pa.string()), ("kind", pa.string()), ("dpd_from", pa.int32())])
    return pa.Table.from_pylist(sorted(rows, key=lambda r: str(r["state"])), schema=schema)


def record_frame(book: Book, moments: pa.Table, until: date, *, outcomes: bool = False) -> Frame:
    """Features of the moments of a book of statuses; moments in whose month nothing was told are left out.

    Args:
        book: opened, with statuses.
        moments: columns moment, loan_id, as_of.
        until: the day up to which labels know.
        outcomes: labels too.
    """
    extras = extra_columns(book) if "loans" in book else ()
    wanted = ["record", *(["record_after"] if outcomes else [])]
    given = {"state_words": state_words(book)}
    with made_tables(book, moments, until, wanted, given=given) as db:
        own = "".join(f", {_extra(e)} AS {quoted(e.name)}" for e in extras)
        after = f"LEFT JOIN {SCHEMA}.record_after AS a USING (moment)" if outcomes else ""
        picked = ", " + ", ".join(f"a.{n}" for n in _AFTER) if outcomes else ""
        table = db.sql(
            f"""SELECT r.*, COALESCE(CAST(l.borrower_id AS VARCHAR), CAST(r.loan_id AS VARCHAR)) AS borrower_id,
            r.months_seen <= 1 AS first_time, r.months_seen - 1 AS history {own} {picked}
            FROM {SCHEMA}.record AS r
            LEFT JOIN book.loans AS l ON l.loan_id = r.loan_id AND l.disbursed_on <= r.as_of
            LEFT JOIN book.borrowers AS b ON b.borrower_id = l.borrower_id {after}
            WHERE r.kind_now IS NOT NULL ORDER BY moment"""
        ).to_arrow_table()
    return _frame(table, extras, outcomes)


def _extra(extra: Extra) -> str:
    cell = f"{extra.table}.{quoted(extra.name)}"
    value = {"text": f"CAST({cell} AS VARCHAR)", "date": f"DATE_DIFF('day', {cell}, r.as_of)::DOUBLE"}.get(
        extra.kind, f"CAST({cell} AS DOUBLE)"
    )
    if extra.kind == "date":
        value = f"CASE WHEN {cell} <= r.as_of THEN {value} END"
    if extra.known_on:
        value = f"CASE WHEN {known_by(extra)} <= r.as_of THEN {value} END"
    return value


def _frame(table: pa.Table, extras: Sequence[Extra], outcomes: bool) -> Frame:
    numeric = [*record_catalog(), *(e.name for e in extras if e.kind != "text" and not e.is_protected)]
    numbers = np.empty((table.num_rows, len(numeric)), dtype=np.float32)
    for place, name in enumerate(numeric):
        numbers[:, place] = _floats(table[name])
    texts = [e.name for e in extras if e.kind == "text" and not e.is_protected]
    return Frame(
        tuple(numeric),
        numbers,
        {n: _texts(table[n]) for n in texts},
        {n: marked(table[n]) for n in _MARKS},
        _labels(table) if outcomes else {},
        {e.name: _texts(table[e.name]) for e in extras if e.is_protected},
    )


def _labels(table: pa.Table) -> dict[str, Any]:
    now, after = _floats(table["dpd_now"]), _floats(table["next_dpd"])
    kind = _texts(table["next_kind"])
    told = kind != ""
    better = told & (after < 30)
    worse = told & (after > now) & (after >= 30)
    return {
        "known_days": np.nan_to_num(_floats(table["months_known"])) * DAYS_A_MONTH,
        "roll_days": np.where(worse, float(DAYS_A_MONTH), np.nan),
        "roll_known": np.where(told, float(DAYS_A_MONTH), 0.0),
        "cure_days": np.where(better, float(DAYS_A_MONTH), np.nan),
        "days_to_60": _floats(table["months_to_60"]) * DAYS_A_MONTH,
        "days_to_90": _floats(table["months_to_90"]) * DAYS_A_MONTH,
    }
