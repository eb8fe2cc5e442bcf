"""Files of a book as relations of DuckDB, before any meaning is read into them.

A CSV file is staged as texts (`text`), a Parquet file stays where it is. Both give the same thing: a relation with
the file's own columns, and on request `_file` and `_row`, so that a fault can be placed. What the file as a whole
breaks is kept beside it.
"""

from __future__ import annotations

import gzip
import shutil
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from forbear.book.cells import literal, quoted
from forbear.book.faults import Fault, fault
from forbear.book.files import BookFile
from forbear.book.text import BadLine, Dialect, stage


@dataclass(frozen=True)
class RawFile:
    """One file as read: where its rows are, what columns they have, what is wrong with the file or its lines.

    Attributes:
        store: the Parquet file the rows are read from (the file itself, or the staged texts of a CSV file).
        columns: (name, DuckDB type) in the file's order; empty when the file cannot be read.
        staged: True when `store` holds texts with `_row`.
    """

    file: BookFile
    store: Path | None
    columns: tuple[tuple[str, str], ...]
    staged: bool
    faults: tuple[Fault, ...] = ()
    bad_lines: tuple[BadLine, ...] = ()
    ends_with_newline: bool = True

    @property
    def readable(self) -> bool:
        """Whether there are columns to read at all."""
        return bool(self.columns)


def load(file: BookFile, connection: duckdb.DuckDBPyConnection, staging: Path, dialect: Dialect) -> RawFile:
    """Read one file; CSV is staged below `staging`."""
    target = staging / f"{len(list(staging.iterdir())):05d}.parquet"
    return _csv(file, target, dialect) if file.format == "csv" else _parquet(file, connection, target)


def _csv(file: BookFile, target: Path, dialect: Dialect) -> RawFile:
    staged = stage(file.path, target, dialect, gzipped=file.gzipped)
    found = [fault(rule, file.name, value=seen, table=file.table) for rule, seen in staged.whole_file]
    width = len(staged.columns)
    for bad in staged.bad:
        found.append(
            fault(
                bad.rule,
                file.name,
                bad.row,
                value=bad.text,
                table=file.table,
                personal=True,
                width=width,
                found=bad.found,
            )
        )
    if staged.blank:
        found.append(
            fault("blank_line", file.name, staged.first_blank, value=f"{staged.blank} blank", table=file.table)
        )
    columns = tuple((name, "VARCHAR") for name in staged.columns) if staged.path else ()
    return RawFile(file, staged.path, columns, True, tuple(found), tuple(staged.bad), staged.ends_with_newline)


def _parquet(file: BookFile, connection: duckdb.DuckDBPyConnection, target: Path) -> RawFile:
    try:
        store = _unzipped(file.path, target) if file.gzipped else file.path
        columns = describe(connection, f"SELECT * FROM read_parquet({literal(str(store))})")
    except (duckdb.Error, EOFError, OSError, zlib.error) as broken:
        rule = "empty_file" if not file.bytes else "broken_parquet"
        told = fault(rule, file.name, value=first_line(broken), table=file.table)
        return RawFile(file, None, (), False, (told,))
    return RawFile(file, store, columns, False)


def _unzipped(path: Path, target: Path) -> Path:
    with gzip.open(path) as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return target


def first_line(error: Exception) -> str:
    """An error's first line, without the engine's own prefix and paths' noise."""
    said = str(error).strip().splitlines() or [type(error).__name__]
    return said[0]


def describe(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[tuple[str, str], ...]:
    """(name, DuckDB type) of a query's columns."""
    return tuple((row[0], row[1]) for row in connection.execute(f"DESCRIBE {query}").fetchall())


def relation(raws: Sequence[RawFile]) -> str:
    """SQL of the rows of files that share a layout, without their places."""
    stores = ", ".join(literal(str(r.store)) for r in raws)
    return f"(SELECT * FROM read_parquet([{stores}]))"


def located(raw: RawFile) -> str:
    """SQL of one file's rows with `_file` (its name below the book) and `_row`."""
    name = f"{literal(raw.file.name)} AS _file"
    store = literal(str(raw.store))
    if raw.staged:
        return f"(SELECT *, {name} FROM read_parquet({store}))"
    numbered = f"read_parquet({store}, file_row_number=true)"
    return f"(SELECT * EXCLUDE (file_row_number), {name}, file_row_number + 1 AS _row FROM {numbered})"


def read_through(raw: RawFile) -> None:
    """Read every value of a file, in a connection of its own, since damage can take a connection down.

    Raises:
        duckdb.Error: some value cannot be read.
    """
    columns = ", ".join(f"bit_xor(hash({quoted(name)}))" for name, _ in raw.columns)
    with duckdb.connect() as apart:
        apart.execute(f"SELECT {columns} FROM read_parquet({literal(str(raw.store))})").fetchall()
