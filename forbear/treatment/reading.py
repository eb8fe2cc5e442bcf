"""Reading the two tables an allocation stands on: who could get what at which value, and what there is of everything.

Both may be Parquet or CSV. A CSV file is turned into a Parquet file beside it (in a temporary folder), so that what
follows reads one thing. What is wrong is told with file, row, column and value; rows are counted from 1, the header
of a CSV file not counted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.treatment import csv_text

NAMED = ("borrower_id", "action", "value")
"""Columns of the values that are not capacities."""
ENDINGS = (".parquet", ".csv")
NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
"""A number as text, the same for every reader: `1_000` and digits of other scripts are none."""
MOST = 1e100
"""Greatest size of a value or use: products and sums of such numbers are still numbers."""
FINITE = "a number, finite"
NOT_BELOW_ZERO = "a number, finite, not below zero"
INDEX = re.compile(r"__index_level_\d+__")
"""The columns in which pandas keeps a table's index: no capacity of anybody's, passed over."""


@dataclass(frozen=True)
class Capacities:
    """What there is of everything that borrowers share.

    Attributes:
        names: of the capacities, in the file's order.
        limits: of each, in its own unit.
    """

    names: tuple[str, ...]
    limits: tuple[float, ...]


@dataclass(frozen=True)
class ValuesFile:
    """The values as a Parquet file with known columns.

    Attributes:
        told: the file that was named, for messages.
        path: the Parquet file to read: the same, or what was made of a CSV file, or a sorted copy.
        as_told: the Parquet file with the rows in the order of `told`.
        used: for each capacity whether the file has its column; one without takes nothing of it.
    """

    told: Path
    path: Path
    as_told: Path
    used: tuple[bool, ...]


def bad(file: Path, row: int | None, column: str, value: object, expected: str, hint: str = "") -> UnreadableFile:
    """The error for one cell (or one column, without a row)."""
    place = f"{file}" + (f", row {row}" if row else "") + f", column {column}"
    seen = "empty" if value is None else repr(value)
    return UnreadableFile(f"{place}: {seen}, expected {expected}", hint)


def read_capacities(path: Path) -> Capacities:
    """The capacities and limits of a file.

    Raises:
        UnreadableFile: not such a table; a limit that is no number, not finite or below zero; a name given twice.
    """
    with duckdb.connect() as connection:
        rows = _fetched(connection, path, ("capacity", "limit"))
    names: list[str] = []
    limits: list[float] = []
    for number, (name, limit) in enumerate(rows, start=1):
        if name is None or not str(name).strip():
            raise bad(path, number, "capacity", name, "the name of a capacity")
        if str(name).casefold() in {known.casefold() for known in (*names, *NAMED)}:
            hint = "each capacity stands in one row, under a name that is no other column's, in capitals or not"
            raise bad(path, number, "capacity", str(name), "a name not used before", hint)
        names.append(str(name))
        limits.append(_limit(path, number, limit))
    if not names:
        raise UnreadableFile(f"{path}: no capacities", "give at least one row: capacity, limit")
    return Capacities(tuple(names), tuple(limits))


def _limit(path: Path, number: int, limit: Any) -> float:
    hint = "write how much of the capacity there is in the period decided for"
    written = isinstance(limit, str) and NUMBER.fullmatch(limit)
    if not written and (isinstance(limit, bool) or not isinstance(limit, int | float | Decimal)):
        raise bad(path, number, "limit", limit, NOT_BELOW_ZERO, hint)
    found = float(limit)
    if not math.isfinite(found) or found < 0:
        raise bad(path, number, "limit", limit, NOT_BELOW_ZERO, hint)
    return found


def open_values(path: Path, capacities: Capacities, staging: Path, ignored: Sequence[str] = ()) -> ValuesFile:
    """The values, ready to be read in pieces; their cells are checked while they are read.

    Raises:
        UnreadableFile: no such table, a column missing, unknown or of a kind that cannot be used.
        WrongUse: `ignored` names a column that is needed.
    """
    _known_ending(path)
    needed = next((name for name in ignored if name in (*NAMED, *capacities.names)), None)
    if needed is not None:
        what = "is a column that is needed" if needed in NAMED else "is among the capacities, with a limit to hold"
        raise WrongUse(f"--ignore {needed}: {needed} {what}", "ignore only columns that are no capacities")
    if path.suffix.lower() == ".csv":
        stored = _from_csv(path, staging, capacities, ignored)
    else:
        stored = path
        _columns(path, _names(path), capacities, ignored)
    schema = pq.read_schema(stored)
    for name in (*NAMED, *capacities.names):
        if name in schema.names:
            _kind(path, name, schema.field(name).type, stored)
    return ValuesFile(path, stored, stored, tuple(name in schema.names for name in capacities.names))


def _columns(path: Path, found: Sequence[str], capacities: Capacities, ignored: Sequence[str]) -> None:
    for name in NAMED:
        if name not in found:
            raise UnreadableFile(
                f"{path}: no column {name}; found {', '.join(found) or 'none'}",
                "expected are borrower_id, action, value and one column for each capacity used",
            )
    twice = {name for name in found if list(found).count(name) > 1}
    if twice:
        raise UnreadableFile(f"{path}: column {sorted(twice)[0]} stands there twice", "give each column once")
    for name in found:
        if name not in (*NAMED, *capacities.names, *ignored) and not INDEX.fullmatch(name):
            raise UnreadableFile(
                f"{path}: column {name} is not among the capacities ({', '.join(capacities.names) or 'none'})",
                f"name it with its limit in the capacities, or pass it over with --ignore {name}",
            )


def _kind(path: Path, name: str, kind: pa.DataType, stored: Path) -> None:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    text = pa.types.is_string(plain) or pa.types.is_large_string(plain) or pa.types.is_string_view(plain)
    whole = pa.types.is_integer(plain)
    if name == "borrower_id":
        good, expected = text or whole, "text or whole numbers"
    elif name == "action":
        good, expected = text, "text"
    else:
        number = pa.types.is_floating(plain) or pa.types.is_decimal(plain)
        good, expected = whole or number or pa.types.is_null(plain), "numbers"
    if not good and not (pa.types.is_null(plain) and not pq.read_metadata(stored).num_rows):
        first = next(iter(pq.ParquetFile(stored).iter_batches(1, columns=[name])), None)
        value = first.column(0)[0].as_py() if first is not None and first.num_rows else None
        raise bad(path, 1, name, value, f"{expected}, but the column holds {kind}")


def _known_ending(path: Path) -> None:
    if path.suffix.lower() not in ENDINGS:
        raise UnreadableFile(f"{path}: unknown kind of file", f"known are {', '.join(ENDINGS)}")
    if not path.is_file():
        raise UnreadableFile(f"{path}: no such file")


def _fetched(connection: duckdb.DuckDBPyConnection, path: Path, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    _known_ending(path)
    try:
        found = connection.sql(all_of(path))
        missing = [c for c in columns if c not in found.columns]
        if missing:
            raise UnreadableFile(
                f"{path}: no column {missing[0]}; found {', '.join(found.columns) or 'none'}",
                f"expected are {', '.join(columns)}",
            )
        return found.select(*(f'"{c}"' for c in columns)).fetchall()
    except duckdb.Error as unread:
        raise _unread(path, unread) from unread


def all_of(path: Path) -> str:
    """The SQL that reads all of a table, of a CSV file as it is written.

    Raises:
        UnreadableFile: a CSV file whose header cannot be read.
    """
    if path.suffix.lower() == ".csv":
        return csv_text.reading(path, csv_text.header(path))
    text = str(path).replace("'", "''")
    return f"SELECT * FROM read_parquet('{text}')"


def _unread(path: Path, unread: Exception) -> UnreadableFile:
    if path.suffix.lower() == ".csv":
        return csv_text.unreadable(path, unread)
    told = " ".join(str(unread).split())
    return UnreadableFile(f"{path}: cannot be read: {told[:300]}", "give a Parquet file with its ending")


def _names(path: Path) -> list[str]:
    try:
        return list(pq.read_schema(path).names)
    except (OSError, pa.ArrowInvalid) as unread:
        raise UnreadableFile(f"{path}: cannot be read: {unread}", "give a Parquet file with its ending") from unread


def _from_csv(path: Path, staging: Path, capacities: Capacities, ignored: Sequence[str]) -> Path:
    """A Parquet file with the rows of a CSV file: ids whole numbers where all are written so, numbers as numbers."""
    target = staging / "values.parquet"
    columns = csv_text.header(path)
    _columns(path, columns, capacities, ignored)
    with duckdb.connect() as connection:
        try:
            connection.execute(f"CREATE TABLE cells AS {csv_text.reading(path, columns)}")
        except duckdb.Error as unread:
            raise _unread(path, unread) from unread
        chosen = [_cell(connection, path, name) for name in columns if name not in ignored]
        out = str(target).replace("'", "''")
        connection.execute(f"COPY (SELECT {', '.join(chosen)} FROM cells) TO '{out}' (FORMAT parquet)")
    return target


def _cell(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if name == "borrower_id":
        written = f"regexp_full_match({quoted}, '0|-?[1-9][0-9]{{0,17}}')"
        every = connection.execute(f"SELECT bool_and(coalesce({written}, false)) FROM cells").fetchone()
        return f"CAST({quoted} AS BIGINT) AS {quoted}" if every and every[0] else quoted
    if name == "action":
        return quoted
    found = connection.execute(
        f"""SELECT n, cell FROM (SELECT row_number() OVER () AS n, {quoted} AS cell FROM cells)
        WHERE TRY_CAST(cell AS DOUBLE) IS NULL OR contains(cell, '_') ORDER BY n LIMIT 1"""
    ).fetchone()
    if found:
        raise bad(path, found[0], name, found[1], FINITE if name == "value" else NOT_BELOW_ZERO)
    return f"CAST({quoted} AS DOUBLE) AS {quoted}"
