"""A book's loans on one day, a row a loan: what scoring a whole book stands on.

Parts of the book are worked out side by side (`forbear.risk.columns`); loans that columns cannot answer for take the
SQL files, restricted to them. The answer is one table in order of loan_id. Its columns are those of the tables that
`features.sql` joins, by the short names which that file gives them: `s_overdue` is `s.overdue` there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from forbear.aging.columns.reading import BATCH_ROWS, Scratch
from forbear.book import Book
from forbear.book.cells import quoted
from forbear.book.parts import PART_ROWS, divide
from forbear.book.schema import EXTRA_PREFIX
from forbear.risk.columns import GIVEN, WINDOW, Asked, source_bits, worked
from forbear.risk.places import by_loan, inverse, places
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
SHORT = {"standing": "s", "habits": "h", "money": "m", "recent": "r"}
"""What the tables made here are called in `features.sql`; `recent` is not joined there."""
_LOANS = """SELECT loan_id, borrower_id, disbursed_on, principal, annual_rate, COALESCE(product, '') AS product,
    COALESCE(repayment_method, '') AS repayment_method{more} FROM {loans} WHERE {condition}"""
NEEDED = ("loan_id", "borrower_id", "disbursed_on", "principal")
"""Columns of loans without which a loan has no place."""


def rows_on(book: Book, as_of: date, words: Mapping[str, Word], extras: Sequence[str] = ()) -> pa.Table | None:
    """A row a loan of the book, in order of loan_id, as of one day.

    Args:
        book: opened, of events.
        as_of: nothing later counts.
        words: values of the SQL files' words.
        extras: further columns of loans, which come as `l_<name>`.

    Returns:
        Loans as `t_…` (all of them), their tables as in `SHORT`, null where there is no row.
        None when loans are named twice or lack what they need: then the files must do.
    """
    db = book.connection
    asked = Asked(as_of, bool(words["interest_known"]), source_bits(db))
    with TemporaryDirectory(prefix="forbear-parts-") as staging:
        parts = divide(book, db, Path(staging), PART_ROWS)
        conditions = parts.conditions()
        work = _Part(book, asked, words, parts.sources, extras)
        [(threads,)] = db.execute("SELECT current_setting('threads')").fetchall()
        with ThreadPoolExecutor(min(int(threads), len(conditions), MOST_AT_ONCE)) as pool:
            made = list(pool.map(work, range(len(conditions)), conditions))
    whole = [part for part in made if part is not None]
    if len(whole) < len(made):
        return None
    return pa.concat_tables(whole, promote_options="permissive").unify_dictionaries()


def coded(rows: duckdb.DuckDBPyRelation, plain: Sequence[str]) -> pa.Table:
    """Rows as a table, texts other than the `plain` ones by their place among those that differ."""
    batches = []
    for batch in rows.to_arrow_reader(BATCH_ROWS):
        columns = {
            name: column.dictionary_encode() if pa.types.is_string(column.type) and name not in plain else column
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        }
        batches.append(pa.table(columns))
    if not batches:
        return rows.to_arrow_table()
    return pa.concat_tables(batches).unify_dictionaries()


class _Part:
    """One part of the book at a time: by columns, and by the files what these leave."""

    def __init__(
        self,
        book: Book,
        asked: Asked,
        words: Mapping[str, Word],
        sources: Mapping[str, str],
        extras: Sequence[str],
    ) -> None:
        self._book, self._asked, self._words, self._sources = book, asked, words, sources
        self._more = "".join(f", {quoted(name)}" for name in extras)
        self._scratch = Scratch()

    def __call__(self, number: int, condition: str) -> pa.Table | None:
        with self._book.connection.cursor() as db:
            query = _LOANS.format(more=self._more, condition=condition, **self._sources)
            own = by_loan(coded(db.sql(query), NEEDED))
            if not _is_sound(own):
                return None
            made = worked(db, self._sources, condition, own, self._asked, self._scratch)
            tables = made.tables
            if made.rest is None or len(made.rest):
                left = self._left(db, f"left_{number}", condition, made.rest)
                tables = {n: _both(tables[n], left[n]) for n in GIVEN} if tables else left
                tables = {n: _in_order(rows, own["loan_id"]) for n, rows in tables.items()}
        return _beside_one_another(own, tables)

    def _left(
        self, db: duckdb.DuckDBPyConnection, schema: str, condition: str, rest: pa.Array | None
    ) -> dict[str, pa.Table]:
        """The tables by the SQL files, of the loans left to them; of the whole part when `rest` is None."""
        told = {"as_of": self._asked.as_of, "window": WINDOW}
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


def _is_sound(own: pa.Table) -> bool:
    """Whether every loan is named once and has what it needs."""
    if any(own[name].null_count for name in NEEDED):
        return False
    ids = own["loan_id"]
    return len(ids) < 2 or not pc.any(pc.equal(ids[1:], ids[:-1])).as_py()


def _in_order(rows: pa.Table, loan_ids: pa.ChunkedArray) -> pa.Table:
    """The row of each loan, which are in any order and need not be there."""
    return rows.combine_chunks().take(inverse(places(rows["loan_id"], loan_ids.combine_chunks()), len(loan_ids)))


def _beside_one_another(own: pa.Table, tables: Mapping[str, pa.Table]) -> pa.Table:
    """Loans with their rows of each table, which lie in the same order."""
    columns = {
        f"{'l' if name.lower().startswith(EXTRA_PREFIX) else 't'}_{name}": own[name] for name in own.column_names
    }
    for name, short in SHORT.items():
        rows = tables[name]
        columns |= {f"{short}_{column}": rows[column] for column in rows.column_names if column != "loan_id"}
    return pa.table(columns)
