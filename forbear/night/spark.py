"""The night's tables on Spark: the same SQL files, rendered for it, over the book as Parquet.

The book is read and checked by the embedded engine, so that both engines stand on the same rows; its tables are handed
over as Parquet files, and every table that is made is a Parquet file too: plans that are never cut grow past any
memory, for each table is read by several. The accounts come back sorted and are written by the same writer. On a
cluster, the staging folder must be one that all its machines see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from forbear.aging.words import Word
from forbear.basics.spark import local_spark
from forbear.book import Book
from forbear.book.parts import DIVIDED
from forbear.night.tables import NightTable, needed, render

HANDED_OVER = (*DIVIDED, "borrowers")
ROWS_A_GROUP = 250_000


@dataclass(frozen=True)
class SparkNight:
    """The tables of a night as views of a Spark session.

    Attributes:
        session: the session.
        connection: the embedded engine, which writes the accounts.
        staging: folder for what is handed over.
    """

    session: Any
    connection: duckdb.DuckDBPyConnection
    staging: Path

    def table(self, name: str) -> pa.Table:
        """A table of the whole book as Arrow; the accounts in order of loan_id."""
        frame = self.session.table(name)
        return (frame.orderBy("loan_id") if name == "accounts" else frame).toArrow()

    def write_accounts(self, path: Path) -> None:
        """Write the accounts to a Parquet file, in order of loan_id."""
        rows = self.staging / "accounts"
        self.session.table("accounts").write.parquet(str(rows))
        source, target = (p.replace("'", "''") for p in (f"{rows.as_posix()}/*.parquet", path.as_posix()))
        self.connection.execute(
            f"COPY (SELECT * FROM read_parquet('{source}') ORDER BY loan_id) TO '{target}' (FORMAT parquet)"
        )


@contextmanager
def spark_night(
    book: Book,
    wanted: frozenset[str],
    words: Mapping[str, Word],
    sources: Mapping[str, pa.Table],
    staging: Path,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    own: Sequence[NightTable] = (),
) -> Iterator[SparkNight]:
    """Make the wanted tables of a book in a Spark session; what is kept of them is let go at the end.

    Args:
        book: an opened book.
        wanted: names of tables of the whole book; what they need is made too.
        words: values of the SQL files' words.
        sources: small tables beside the book's (the ladder, the month ends), by name.
        staging: folder for temporary files.
        progress: called with the tables named and their number.
        own: tables made from the book's own columns.

    Raises:
        WrongUse: Spark or Java is not installed.
    """
    session = local_spark()
    tables = needed(wanted, own)
    _hand_over(book, sources, staging, session)
    try:
        for done, table in enumerate(tables):
            progress(done, len(tables))
            frame = session.sql(render(table, words, book.minor_digits, "spark"))
            if not table.view:
                made = (staging / f"made-{table.name}").as_posix()
                frame.write.parquet(made)
                frame = session.read.schema(frame.schema).parquet(made)
            frame.createOrReplaceTempView(table.name)
        progress(len(tables), len(tables))
        yield SparkNight(session, book.connection, staging)
    finally:
        for name in {*HANDED_OVER, *sources, *(t.name for t in tables)}:
            session.catalog.dropTempView(name)


def _hand_over(book: Book, sources: Mapping[str, pa.Table], staging: Path, session: Any) -> None:
    for name in HANDED_OVER:
        target = staging / f"{name}.parquet"
        text = target.as_posix().replace("'", "''")
        book.connection.execute(
            f"COPY (SELECT * FROM book.{name}) TO '{text}' (FORMAT parquet, ROW_GROUP_SIZE {ROWS_A_GROUP})"
        )
        session.read.parquet(str(target)).createOrReplaceTempView(name)
    for name, table in sources.items():
        target = staging / f"{name}.parquet"
        pq.write_table(table, target)
        session.read.parquet(str(target)).createOrReplaceTempView(name)
