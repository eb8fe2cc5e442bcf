"""The night's tables on DuckDB, in the process, part by part, as many parts at once as there are threads.

Tables of a part live in a schema of their own and are replaced by a later part's; those that a table over the whole
book reads are gathered in `whole`, in order of loan. Small steps of one part leave a core waiting; parts side by side
do not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from forbear.aging.words import Word
from forbear.book import Book
from forbear.night import parts as cut
from forbear.night.parts import Parts, divide
from forbear.night.tables import NightTable, needed, render

SCHEMAS = ("whole", "given")
MOST_AT_ONCE = 8
"""Parts worked on at once, however many threads there are: each holds its tables in memory."""
COPIED = {
    "installments": "loan_id, number, due_on, principal_due, interest_due, fees_due",
    "payments": "payment_id, loan_id, paid_on, amount",
}
"""Tables of the book that many tables read, and the columns they read: decoded once a part."""
ORDERED = ("aged",)
"""Gathered tables that keep the order of loans; the others are sums, whose order says nothing."""


@dataclass(frozen=True)
class DuckNight:
    """The tables of a night as relations of `connection`: `whole.<name>`."""

    connection: duckdb.DuckDBPyConnection

    def table(self, name: str) -> pa.Table:
        """A table of the whole book as Arrow."""
        return self.connection.sql(f"SELECT * FROM whole.{name}").to_arrow_table()

    def write_accounts(self, path: Path) -> None:
        """Write the accounts to a Parquet file, in order of loan_id."""
        target = path.as_posix().replace("'", "''")
        self.connection.execute(f"COPY (SELECT * FROM whole.accounts) TO '{target}' (FORMAT parquet)")


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
    """
    connection = book.connection
    _prepare(connection, sources)
    try:
        _run(book, needed(wanted, own), wanted, words, staging, progress, part_rows or cut.PART_ROWS)
        yield DuckNight(connection)
    finally:
        connection.execute("SET search_path = 'main'")
        for schema in SCHEMAS:
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


def _run(
    book: Book,
    tables: Sequence[NightTable],
    wanted: frozenset[str],
    words: Mapping[str, Word],
    staging: Path,
    progress: Callable[[int, int], None],
    part_rows: int,
) -> None:
    connection = book.connection
    parts = divide(book, connection, staging, part_rows)
    overall = [t for t in tables if t.whole]
    gathered = {name for t in overall for name in t.reads} | wanted
    queries = {t.name: render(t, words, book.minor_digits, "duckdb") for t in tables}
    by_part = [(t, queries[t.name]) for t in tables if not t.whole]
    _run_parts(connection, parts, by_part, gathered, progress)
    _see(connection, "whole")
    for table in overall:
        _make(connection, "whole", table, queries[table.name])


def _run_parts(
    connection: duckdb.DuckDBPyConnection,
    parts: Parts,
    tables: Sequence[tuple[NightTable, str]],
    gathered: set[str],
    progress: Callable[[int, int], None],
) -> None:
    """Make the tables of every part and gather what is read later, in order of the parts."""
    conditions = parts.conditions()
    slots = deque(f"part_{n}" for n in range(min(_threads(connection), len(conditions), MOST_AT_ONCE)))
    kept = [t.name for t, _ in tables if t.name in gathered]
    under_way: deque[tuple[str, Future[None]]] = deque()
    waiting = deque(conditions)
    with ThreadPoolExecutor(len(slots)) as pool:
        for done in range(len(conditions)):
            progress(done, len(conditions))
            while slots and waiting:
                schema = slots.popleft()
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
                job = (connection.cursor(), schema, parts.sources, waiting.popleft(), tables)
                under_way.append((schema, pool.submit(_run_part, *job)))
            schema, made = under_way.popleft()
            made.result()
            _gather(connection, schema, kept, first=done == 0)
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
            slots.append(schema)
    progress(len(conditions), len(conditions))


def _run_part(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    sources: Mapping[str, str],
    condition: str,
    tables: Sequence[tuple[NightTable, str]],
) -> None:
    with connection:
        for name, source in sources.items():
            kind, columns = ("TABLE", COPIED[name]) if name in COPIED else ("VIEW", "*")
            connection.execute(f"CREATE {kind} {schema}.{name} AS SELECT {columns} FROM {source} WHERE {condition}")
        _see(connection, schema)
        for table, query in tables:
            _make(connection, schema, table, query)


def _threads(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("SELECT current_setting('threads')").fetchone()
    return int(row[0]) if row else 1


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


def _gather(connection: duckdb.DuckDBPyConnection, schema: str, names: Sequence[str], *, first: bool) -> None:
    for name in names:
        rows = f"SELECT * FROM {schema}.{name}" + (" ORDER BY loan_id" if name in ORDERED else "")
        verb = f"CREATE OR REPLACE TABLE whole.{name} AS" if first else f"INSERT INTO whole.{name}"
        connection.execute(f"{verb} {rows}")
