"""The night's tables on DuckDB, in the process, part by part, as many parts at once as there are threads.

Most loans are aged by columns (`forbear.night.columns`), those left by all of the SQL files; the other tables of a part
read what both gave. Tables of a part live in a schema of their own; those that a table over the whole book reads are
gathered as Arrow, in order of the parts. Small steps of one part leave a core waiting; parts side by side do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from forbear.aging.columns.reading import Scratch
from forbear.aging.words import Word
from forbear.book import Book
from forbear.book import parts as cut
from forbear.book.parts import Parts, divide
from forbear.night.columns import GIVEN, ByColumns, aged_by_columns, together
from forbear.night.tables import NightTable, needed, render

SCHEMAS = ("whole", "given")
MOST_AT_ONCE = 8
"""Parts worked on at once, however many threads there are: each holds its tables in memory."""
COPIED = {
    "loans": "loan_id, borrower_id, disbursed_on, principal",
    "installments": "loan_id, number, due_on, principal_due, interest_due, fees_due",
    "payments": "payment_id, loan_id, paid_on, amount",
    "events": "*",
}
"""Tables of the book that the files read for the loans left to them, and the columns they read: decoded once a part."""
ORDERED = "aged"
"""The gathered table that keeps the order of loans; the others are sums, whose order says nothing."""
DRAWN, DEBTORS = "drawn", "debtors"
"""The rows of `ORDERED` with a column more, by way of these borrowers: looked up here, since a join keeps no order."""
ENCODED = ("status", "bucket", "category")
"""Its columns of few texts, kept as codes."""


@dataclass(frozen=True)
class DuckNight:
    """The tables of a night, made.

    Attributes:
        connection: in which tables of the whole book are `whole.<name>`.
        gathered: those that parts made, by name.
    """

    connection: duckdb.DuckDBPyConnection
    gathered: Mapping[str, pa.Table]

    def table(self, name: str) -> pa.Table:
        """A table of the whole book as Arrow; the accounts in order of loan_id."""
        if name in self.gathered:
            return self.gathered[name]
        return self.connection.sql(f"FROM whole.{name}").to_arrow_table()

    def write_accounts(self, path: Path) -> None:
        """Write the accounts to a Parquet file, in order of loan_id."""
        target = path.as_posix().replace("'", "''")
        # a table knows which of its columns are never empty, and the file says so
        self.connection.execute("CREATE TABLE whole.written AS FROM whole.accounts")
        self.connection.execute(f"COPY whole.written TO '{target}' (FORMAT parquet)")
        self.connection.execute("DROP TABLE whole.written")


@contextmanager
def duck_night(
    book: Book,
    wanted: frozenset[str],
    words: Mapping[str, Word],
    sources: Mapping[str, pa.Table],
    staging: Path,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    own: Sequence[NightTable] = (),
    part_rows: int | None = None,
    by_columns: bool = True,
) -> Iterator[DuckNight]:
    """Make the wanted tables of a book in its own connection; they are dropped at the end.

    Args:
        book: an opened book; its connection does the work.
        wanted: names of tables of the whole book; what they need is made too.
        words: values of the SQL files' words.
        sources: small tables beside the book's (the ladder, the month ends), by name.
        staging: folder for temporary files.
        progress: called with the parts done and their number.
        own: tables made from the book's own columns.
        part_rows: installments in a part; `parts.PART_ROWS` when None.
        by_columns: whether most loans are aged by columns; else all of them by the SQL files, to the same end.
    """
    connection = book.connection
    _prepare(connection, sources)
    order = _order(book, wanted, words, sources, own, by_columns=by_columns)
    try:
        yield DuckNight(connection, _run(book, order, wanted, staging, progress, part_rows or cut.PART_ROWS))
    finally:
        connection.execute("SET search_path = 'main'")
        for name in order.given.union((t.name for t, _ in order.outer), (DRAWN,)):
            connection.unregister(name)
        for schema in SCHEMAS:
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


@dataclass(frozen=True)
class _Order:
    """What is to be made, with the queries filled in.

    Attributes:
        given: tables of a part that are made by columns for most loans, by the files for those left to them.
        by_columns: whether any are made by columns.
        inner: tables of a part for the loans left to the files.
        outer: tables of a part for all of its loans.
        overall: tables of the whole book.
        words: values of the files' words.
        ladder: the table of that name.
    """

    given: frozenset[str]
    by_columns: bool
    inner: tuple[_Query, ...]
    outer: tuple[_Query, ...]
    overall: tuple[_Query, ...]
    words: Mapping[str, Word]
    ladder: pa.Table


_Query = tuple[NightTable, str]


def _order(
    book: Book,
    wanted: frozenset[str],
    words: Mapping[str, Word],
    sources: Mapping[str, pa.Table],
    own: Sequence[NightTable],
    *,
    by_columns: bool,
) -> _Order:
    outer = needed(wanted, own, given=GIVEN)
    asked = wanted.union(*(t.reads for t in outer)) & GIVEN

    def queries(tables: Sequence[NightTable], *, whole: bool) -> tuple[_Query, ...]:
        return tuple((t, render(t, words, book.minor_digits, "duckdb")) for t in tables if t.whole is whole)

    return _Order(
        asked,
        by_columns,
        queries(needed(asked, own), whole=False),
        queries(outer, whole=False),
        queries(outer, whole=True),
        words,
        sources["ladder"],
    )


def _run(
    book: Book,
    order: _Order,
    wanted: frozenset[str],
    staging: Path,
    progress: Callable[[int, int], None],
    part_rows: int,
) -> dict[str, pa.Table]:
    connection = book.connection
    parts = divide(book, connection, staging, part_rows)
    read = {name for t, _ in order.overall for name in t.reads} | wanted
    gathered = _run_parts(connection, parts, order, read, progress)
    for name, rows in gathered.items():
        connection.register(name, rows)
    _see(connection, "whole")
    for table, query in order.overall:
        if table.name == DRAWN:
            connection.register(DRAWN, _drawn(connection, gathered[ORDERED]))
        else:
            _make(connection, "whole", table, query)
    return gathered


def _drawn(connection: duckdb.DuckDBPyConnection, rows: pa.Table) -> pa.Table:
    """The table `DRAWN`, in the order of `rows`."""
    debtors = connection.sql(f"FROM whole.{DEBTORS}").to_arrow_table()["borrower_id"].combine_chunks()
    found = pc.is_in(rows["borrower_id"], value_set=debtors.cast(rows.schema.field("borrower_id").type))
    return rows.append_column(DRAWN, found)


def _run_parts(
    connection: duckdb.DuckDBPyConnection,
    parts: Parts,
    order: _Order,
    read: set[str],
    progress: Callable[[int, int], None],
) -> dict[str, pa.Table]:
    """Make the tables of every part and gather what is read later, in order of the parts."""
    conditions = parts.conditions()
    kept = sorted({*order.given, *(t.name for t, _ in order.outer)} & read)
    at_once = min(_threads(connection), len(conditions), MOST_AT_ONCE)
    made: list[dict[str, pa.Table]] = []
    scratch = Scratch()
    with ThreadPoolExecutor(at_once) as pool:
        running = [
            pool.submit(_run_part, connection.cursor(), f"part_{n}", parts.sources, condition, order, kept, scratch)
            for n, condition in enumerate(conditions)
        ]
        try:
            for done, part in enumerate(running):
                progress(done, len(conditions))
                made.append(part.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)  # parts not begun never are
            raise
    progress(len(conditions), len(conditions))
    return {name: pa.concat_tables([tables[name] for tables in made]) for name in kept}


def _run_part(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    sources: Mapping[str, str],
    condition: str,
    order: _Order,
    kept: Sequence[str],
    scratch: Scratch,
) -> dict[str, pa.Table]:
    """Make a part's tables: those given by columns, with the rows of the loans left to the files, then the others."""
    with connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        given = _given(connection, f"{schema}_left", sources, condition, order, scratch)
        for name, rows in given.items():
            connection.register(name, rows)
        for name, source in sources.items():
            connection.execute(f"CREATE VIEW {schema}.{name} AS SELECT * FROM {source} WHERE {condition}")
        _see(connection, schema)
        for table, query in order.outer:
            _make(connection, schema, table, query)
        made = {n: given[n] if n in given else connection.sql(f"FROM {schema}.{n}").to_arrow_table() for n in kept}
        connection.execute(f"SET search_path = 'main'; DROP SCHEMA {schema} CASCADE")
    return made


def _given(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    sources: Mapping[str, str],
    condition: str,
    order: _Order,
    scratch: Scratch,
) -> dict[str, pa.Table]:
    """The tables `order.given` of a part, of all its loans."""
    made = ByColumns({}, None)
    if order.by_columns:
        made = aged_by_columns(connection, sources, condition, order.given, order.words, order.ladder, scratch)
    if made.rest is not None and not len(made.rest):
        return made.tables
    left = _run_left(connection, schema, sources, condition, made.rest, order)
    if not made.tables:
        return left
    return {name: _both_ways(name, made.tables[name], left[name]) for name in order.given}


def _both_ways(name: str, by_columns: pa.Table, left: pa.Table) -> pa.Table:
    both = together(name, [by_columns, left.select(by_columns.column_names).cast(by_columns.schema)])
    return both.combine_chunks().sort_by("loan_id") if name == ORDERED else both


def _run_left(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    sources: Mapping[str, str],
    condition: str,
    rest: pa.Array | None,
    order: _Order,
) -> dict[str, pa.Table]:
    """The given tables by the files, for the loans left to them; for all of the part when `rest` is None."""
    connection.execute(f"CREATE SCHEMA {schema}")
    if rest is not None:
        connection.register("left_over", pa.table({"loan_id": rest}))
        condition += " AND loan_id IN (SELECT loan_id FROM left_over)"
    for name, source in sources.items():
        query = f"SELECT {COPIED[name]} FROM {source} WHERE {condition}"
        connection.execute(f"CREATE TABLE {schema}.{name} AS {query}")
    _see(connection, schema)
    for table, query in order.inner:
        _make(connection, schema, table, query)
    made = {}
    for name in order.given:
        sort = " ORDER BY loan_id" if name == ORDERED else ""
        made[name] = _encoded(connection.sql(f"FROM {schema}.{name}{sort}").to_arrow_table())
    connection.execute(f"SET search_path = 'main'; DROP SCHEMA {schema} CASCADE")
    return made


def _encoded(rows: pa.Table) -> pa.Table:
    for name in set(ENCODED) & set(rows.column_names):
        rows = rows.set_column(rows.column_names.index(name), name, rows[name].dictionary_encode())
    return rows


def _threads(connection: duckdb.DuckDBPyConnection) -> int:
    [(threads,)] = connection.execute("SELECT current_setting('threads')").fetchall()
    return int(threads)


def _prepare(connection: duckdb.DuckDBPyConnection, sources: Mapping[str, pa.Table]) -> None:
    for schema in SCHEMAS:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for name, table in sources.items():
        connection.register("given_rows", table)
        connection.execute(f"CREATE OR REPLACE TABLE given.{name} AS SELECT * FROM given_rows")
        connection.unregister("given_rows")


def _see(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Names without a schema mean tables of this one, then the given ones, then the book's."""
    connection.execute(f"SET search_path = '{schema},given,book'")


def _make(connection: duckdb.DuckDBPyConnection, schema: str, table: NightTable, query: str) -> None:
    kind = "VIEW" if table.view else "TABLE"
    connection.execute(f"CREATE OR REPLACE {kind} {schema}.{table.name} AS {query}")
