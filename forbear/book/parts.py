"""Parts of a book: ranges of loans small enough that a part's tables stay in the processor's cache.

Most exports lie in order of loan, so a range reads few row groups; where a large table does not, it is sorted once
into a temporary file. Small books are one part. The cut depends on the book alone, never on threads or memory.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from forbear.book import Book

PART_ROWS = 3_000_000
"""Installments in a part: at 250,000 loans joins ran three times as fast as at a million (measured, 2 MiB of L2)."""
DIVIDED = ("loans", "installments", "payments", "events")
"""Tables of a book that are read part by part."""


@dataclass(frozen=True)
class RowGroup:
    """A run of rows of a Parquet file, with the least and the greatest loan_id in it."""

    least: Any
    greatest: Any
    rows: int


@dataclass(frozen=True)
class Parts:
    """How a book is divided.

    Attributes:
        starts: first loan_id of every part after the first; empty for one part.
        sources: SQL of each divided table.
    """

    starts: tuple[Any, ...]
    sources: dict[str, str]

    def conditions(self) -> list[str]:
        """An SQL condition on loan_id for each part, in rising order; together they take every loan once."""
        if not self.starts:
            return ["TRUE"]
        texts = [_literal(s) for s in self.starts]
        between = [f"loan_id >= {a} AND loan_id < {b}" for a, b in itertools.pairwise(texts)]
        return [f"loan_id < {texts[0]}", *between, f"loan_id >= {texts[-1]}"]


def divide(book: Book, connection: duckdb.DuckDBPyConnection, staging: Path, rows: int = PART_ROWS) -> Parts:
    """Decide the parts of a book; sorted copies of tables that lie out of order go below `staging`."""
    sources = {table: f"book.{table}" for table in DIVIDED}
    if _count(connection, "installments") <= 2 * rows:
        return Parts((), sources)
    for table in DIVIDED:
        groups = _row_groups(book, connection, table)
        if not in_order(groups) and _count(connection, table) > rows // 10:
            sources[table] = _sorted_copy(connection, table, staging)
    lying = _stored_groups(connection, [sources["installments"]], _whole_ids(connection))
    groups = lying or _row_groups(book, connection, "installments")
    return Parts(cut(groups, rows), sources)


def in_order(groups: Sequence[RowGroup]) -> bool:
    """Whether row groups follow one another by loan, all but a few."""
    ordered = sorted(groups, key=lambda g: (g.least, g.greatest))
    overlaps = sum(a.greatest > b.least for a, b in itertools.pairwise(ordered))
    return bool(groups) and overlaps * 20 <= len(groups)


def cut(groups: Iterable[RowGroup], rows: int) -> tuple[Any, ...]:
    """First loans of the parts after the first, each part of about `rows` rows."""
    starts: list[Any] = []
    gathered = 0
    for group in sorted(groups, key=lambda g: (g.least, g.greatest)):
        if gathered >= rows and (not starts or group.least > starts[-1]):
            starts.append(group.least)
            gathered = 0
        gathered += group.rows
    return tuple(starts)


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM book.{table}").fetchone()
    return int(row[0]) if row else 0


def _whole_ids(connection: duckdb.DuckDBPyConnection) -> bool:
    described = connection.execute("DESCRIBE SELECT loan_id FROM book.loans").fetchone()
    return bool(described and described[1] == "BIGINT")


def _row_groups(book: Book, connection: duckdb.DuckDBPyConnection, table: str) -> list[RowGroup]:
    """Row groups of the table's files; none when it is derived by a mapping or staged from CSV."""
    own = [r for r in book.raws if r.file.table == table]
    if book.mapping or not own or any(r.staged or r.store is None for r in own):
        return []
    return _stored_groups(connection, [str(r.store) for r in own], _whole_ids(connection))


def _stored_groups(connection: duckdb.DuckDBPyConnection, files: Sequence[str], whole: bool) -> list[RowGroup]:
    paths = [f.removeprefix("read_parquet('").removesuffix("')") for f in files]
    if any(not p.endswith(".parquet") for p in paths):
        return []
    found = connection.execute(
        """SELECT stats_min_value, stats_max_value, row_group_num_rows FROM parquet_metadata(?)
        WHERE lower(path_in_schema) = 'loan_id' AND stats_min_value IS NOT NULL""",
        [paths],
    ).fetchall()
    cast = int if whole else str
    return [RowGroup(cast(least), cast(greatest), rows) for least, greatest, rows in found]


def _sorted_copy(connection: duckdb.DuckDBPyConnection, table: str, staging: Path) -> str:
    target = (staging / f"sorted-{table}.parquet").as_posix().replace("'", "''")
    connection.execute(
        f"""COPY (SELECT * FROM book.{table} ORDER BY loan_id) TO '{target}'
        (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 250000)"""
    )
    return f"read_parquet('{target}')"


def _literal(value: Any) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
