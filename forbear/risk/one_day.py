"""The tables of a book's loans on one day, most of them by columns: what scoring a whole book stands on.

Parts of the book are worked out side by side (`forbear.risk.columns`); loans that columns cannot answer for take the
SQL files, restricted to them. The answer is Arrow tables by the names that the files of features read.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from forbear.book import Book
from forbear.book.parts import PART_ROWS, divide
from forbear.risk.columns import GIVEN, WINDOW, worked
from forbear.risk.tables import Word, needed, render, risk_tables

MOST_AT_ONCE = 8
LEFT = {
    "loans": "loan_id, borrower_id, disbursed_on, principal",
    "installments": "loan_id, number, due_on, principal_due, interest_due, fees_due",
    "payments": "payment_id, loan_id, paid_on, amount, source, installment_number",
    "events": "*",
}
"""Columns that the files read of the loans left to them."""
_SUBJECTS = """SELECT loan_id, borrower_id, disbursed_on, principal, DATE '{as_of}' AS as_of, 1 AS turn
    FROM loans WHERE disbursed_on <= DATE '{as_of}'"""
_RECENT = """SELECT loan_id, count(*) AS dues,
    CAST(sum(CASE WHEN done_on <= due_on THEN 0 ELSE 1 END) AS BIGINT) AS lates
    FROM done WHERE due_on < DATE '{as_of}' AND due_on >= DATE '{as_of}' - {window} GROUP BY loan_id"""
_PUNCTUALITY = """SELECT COALESCE(l.product, '') AS product, COALESCE(b.region, '') AS region,
    CAST(year(l.disbursed_on) * 12 + month(l.disbursed_on) AS INTEGER) AS vintage, DATE '{as_of}' - 1 AS due_on,
    CAST(sum(r.dues) AS BIGINT) AS dues, CAST(sum(r.lates) AS BIGINT) AS lates
    FROM recent AS r JOIN book.loans AS l ON l.loan_id = r.loan_id
    LEFT JOIN book.borrowers AS b ON b.borrower_id = l.borrower_id GROUP BY 1, 2, 3"""
"""As punctuality.sql, all dues of the 90 days before the day told as due on its eve."""


def tables_on(book: Book, as_of: date, words: Mapping[str, Word]) -> dict[str, pa.Table]:
    """`standing`, `habits`, `money` and `punctuality` of every loan of the book as of one day.

    Args:
        book: opened, of events.
        as_of: nothing later counts.
        words: values of the SQL files' words.
    """
    db = book.connection
    with TemporaryDirectory(prefix="forbear-parts-") as staging:
        parts = divide(book, db, Path(staging), PART_ROWS)
        conditions = parts.conditions()
        work = _Part(book, as_of, words, parts.sources)
        [(threads,)] = db.execute("SELECT current_setting('threads')").fetchall()
        with ThreadPoolExecutor(min(int(threads), len(conditions), MOST_AT_ONCE)) as pool:
            made = list(pool.map(work, range(len(conditions)), conditions))
    whole = {n: pa.concat_tables([m[n] for m in made], promote_options="permissive") for n in GIVEN}
    told = {"as_of": as_of, "window": WINDOW}
    with db.cursor() as own:
        own.register("recent", whole.pop("recent"))
        whole["punctuality"] = own.sql(_PUNCTUALITY.format(**told)).to_arrow_table()
    return {n: t if n == "punctuality" else _on(t, as_of) for n, t in whole.items()}


def _on(rows: pa.Table, as_of: date) -> pa.Table:
    return rows.append_column("as_of", pa.repeat(pa.scalar(as_of, pa.date32()), rows.num_rows))


class _Part:
    """One part of the book at a time: by columns, and by the files what these leave."""

    def __init__(self, book: Book, as_of: date, words: Mapping[str, Word], sources: Mapping[str, str]) -> None:
        self._book, self._as_of, self._words, self._sources = book, as_of, words, sources

    def __call__(self, number: int, condition: str) -> dict[str, pa.Table]:
        with self._book.connection.cursor() as db:
            known = bool(self._words["interest_known"])
            made = worked(db, self._sources, condition, self._as_of, interest_known=known)
            if made.rest is not None and not len(made.rest):
                return dict(made.tables)
            left = self._left(db, f"left_{number}", condition, made.rest)
        if not made.tables:
            return left
        return {n: _both(made.tables[n], left[n]) for n in GIVEN}

    def _left(
        self, db: duckdb.DuckDBPyConnection, schema: str, condition: str, rest: pa.Array | None
    ) -> dict[str, pa.Table]:
        """The tables by the SQL files, of the loans left to them; of the whole part when `rest` is None."""
        told = {"as_of": self._as_of, "window": WINDOW}
        db.execute(f"CREATE SCHEMA {schema}")
        try:
            if rest is not None:
                db.register("left_over", pa.table({"loan_id": rest}))
                condition += " AND loan_id IN (SELECT loan_id FROM left_over)"
            for name, source in self._sources.items():
                db.execute(f"CREATE TABLE {schema}.{name} AS SELECT {LEFT[name]} FROM {source} WHERE {condition}")
            db.execute(f"SET search_path = '{schema}'")
            db.execute(f"CREATE TABLE {schema}.subjects AS {_SUBJECTS.format(**told)}")
            tables = {n: t for n, t in risk_tables().items() if n != "subjects"}
            for table in needed(("standing", "habits", "money"), tables):
                kind = "VIEW" if table.view else "TABLE"
                db.execute(f"CREATE {kind} {schema}.{table.name} AS {render(table, self._words)}")
            made = {
                n: db.sql(f"SELECT * EXCLUDE (as_of) FROM {n}").to_arrow_table() for n in GIVEN if n != "recent"
            }
            return {**made, "recent": db.sql(_RECENT.format(**told)).to_arrow_table()}
        finally:
            db.execute("SET search_path = 'main'")
            db.execute(f"DROP SCHEMA {schema} CASCADE")


def _both(by_columns: pa.Table, left: pa.Table) -> pa.Table:
    return pa.concat_tables([by_columns, left.select(by_columns.column_names).cast(by_columns.schema)])
