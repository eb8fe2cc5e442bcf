"""The canonical tables as views over whatever files carry them.

Files of one table that share a layout become one `Part`: for Parquet the views read the files lazily, with a cast
only where the stored type differs; CSV texts are cast once into typed Parquet beside the staged texts, because a
night reads them many times. `book.<table>` has the canonical columns; `book_rows.<table>` has `_file` and `_row`
too; `book_whole.<table>` is `book.<table>` as it was before any quarantine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import duckdb

from forbear.book.cells import WHOLE_TYPES, Money, Reading, absent, literal, quoted, read
from forbear.book.faults import Fault, fault
from forbear.book.raw import RawFile, located, relation
from forbear.book.schema import EXTRA_PREFIX, TABLES, Kind, Table

SCHEMA = "book"
ROWS_SCHEMA = "book_rows"
WHOLE_SCHEMA = "book_whole"
_MONEY_FLOATS = frozenset(("FLOAT", "DOUBLE"))


@dataclass(frozen=True)
class Cells:
    """Raw rows whose cells may be wrong, and how to tell.

    Attributes:
        table: the canonical table, or the mapping's source, they belong to.
        rows: SQL of the raw rows.
        located: SQL of the raw rows with `_file`, `_row`; and `owner_loan_id`, `owner_borrower_id` when the raw
            rows themselves name them.
        owned: whether `located` has those.
    """

    table: str
    readings: tuple[Reading, ...]
    rows: str
    located: str
    owned: bool = False


@dataclass(frozen=True)
class Part:
    """Rows of one table that come in one way.

    Attributes:
        select: SQL of the canonical columns.
        select_located: the same with `_file` and `_row`.
        cells: the raw rows behind it; None for rows a mapping derived.
    """

    table: Table
    select: str
    select_located: str
    cells: Cells | None = None


def whole_identities(raws: Iterable[RawFile]) -> frozenset[str]:
    """Names of identities that every file which has them stores as integers in Parquet."""
    kinds: dict[str, set[bool]] = {}
    for raw in raws:
        stored = {name.lower(): physical for name, physical in raw.columns}
        for column in TABLES[raw.file.table].columns:
            if column.kind is Kind.identity and column.name in stored:
                whole = not raw.staged and stored[column.name] in WHOLE_TYPES
                kinds.setdefault(column.name, set()).add(whole)
    return frozenset(name for name, seen in kinds.items() if seen == {True})


def parts_of(
    raws: Sequence[RawFile], money: Money, zone: str, connection: duckdb.DuckDBPyConnection, staging: Path
) -> tuple[Part, ...]:
    """The parts of every table, CSV texts cast into typed files below `staging`."""
    whole = whole_identities(r for r in raws if r.readable)
    readable = sorted((r for r in raws if r.readable), key=_layout)
    grouped = [(key, tuple(group)) for key, group in groupby(readable, key=_layout)]
    return tuple(_part(group, money, zone, whole, connection, staging) for _, group in grouped)


def _layout(raw: RawFile) -> tuple[int, bool, tuple[tuple[str, str], ...]]:
    return list(TABLES).index(raw.file.table), raw.staged, raw.columns


def _part(
    raws: tuple[RawFile, ...],
    money: Money,
    zone: str,
    whole: frozenset[str],
    connection: duckdb.DuckDBPyConnection,
    staging: Path,
) -> Part:
    first = raws[0]
    table = TABLES[first.file.table]
    stored = {name.lower(): (name, physical) for name, physical in first.columns}
    readings = tuple(
        read(c, *stored[c.name], money, zone=zone, ids_are_whole=c.name in whole)
        if c.name in stored
        else absent(c, money, ids_are_whole=c.name in whole)
        for c in table.columns
    )
    extras = _extras(raws, table, connection)
    columns = ", ".join([*(f"{r.sql} AS {quoted(r.column.name)}" for r in readings), *extras])
    cells = Cells(table.name, readings, relation(raws), union(located(r) for r in raws))
    if first.staged:
        return _typed_part(raws, cells, columns, connection, staging)
    placed = " UNION ALL ".join(f"SELECT {columns}, _file, _row FROM {located(r)}" for r in raws)
    return Part(table, f"SELECT {columns} FROM {relation(raws)}", placed, cells)


def _typed_part(
    raws: tuple[RawFile, ...],
    cells: Cells,
    columns: str,
    connection: duckdb.DuckDBPyConnection,
    staging: Path,
) -> Part:
    stores = []
    for raw in raws:
        target = staging / f"typed-{raw.store.name if raw.store else ''}"
        rows = f"SELECT {columns}, _file, _row FROM {located(raw)}"
        connection.execute(f"COPY ({rows}) TO {literal(str(target))} (FORMAT parquet)")
        stores.append(literal(str(target)))
    return stored_part(TABLES[cells.table], stores, cells)


def stored_part(table: Table, stores: Sequence[str], cells: Cells | None = None) -> Part:
    """A part whose canonical rows stand in Parquet files (SQL literals of their paths) with `_file` and `_row`."""
    typed = f"read_parquet([{', '.join(stores)}])"
    return Part(table, f"SELECT * EXCLUDE (_file, _row) FROM {typed}", f"SELECT * FROM {typed}", cells)


def union(selects: Iterable[str]) -> str:
    """SQL of all rows of several relations, columns matched by name."""
    return "(" + " UNION ALL BY NAME ".join(f"SELECT * FROM {s}" for s in selects) + ")"


def _extras(raws: Sequence[RawFile], table: Table, connection: duckdb.DuckDBPyConnection) -> list[str]:
    if not table.extras:
        return []
    names = [(name, physical) for name, physical in raws[0].columns if name.lower().startswith(EXTRA_PREFIX)]
    if not raws[0].staged:
        return [quoted(name) for name, _ in names]
    return [f"{_extra_cast(raws, name, connection)} AS {quoted(name)}" for name, _ in names]


_EXTRA_TYPES = (
    ("BIGINT", r"[+-]?\d{1,18}"),
    ("DOUBLE", r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"),
    ("DATE", r"\d{4}-\d{2}-\d{2}"),
    ("BOOLEAN", r"true|false|True|False|TRUE|FALSE"),
)


def _extra_cast(raws: Sequence[RawFile], name: str, connection: duckdb.DuckDBPyConnection) -> str:
    """A feature's text is a number, date or truth value only if every row's is; else it stays text."""
    cell = quoted(name)
    tests = ", ".join(
        f"count(*) FILTER ({cell} <> '' AND (NOT regexp_full_match({cell}, {literal(pattern)}) "
        f"OR TRY_CAST({cell} AS {kind}) IS NULL))"
        for kind, pattern in _EXTRA_TYPES
    )
    unfit = connection.execute(f"SELECT {tests}, count(*) FILTER ({cell} <> '') FROM {relation(raws)}").fetchone()
    assert unfit is not None
    fitting = [kind for (kind, _), bad in zip(_EXTRA_TYPES, unfit, strict=False) if not bad]
    if not fitting or not unfit[-1]:
        return f"NULLIF({cell}, '')"
    return f"TRY_CAST(NULLIF({cell}, '') AS {fitting[0]})"


def make_views(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Part], money: Money, whole_ids: frozenset[str]
) -> None:
    """Create `book.<table>` and `book_rows.<table>` for every table; a table without files is empty."""
    for schema in (SCHEMA, ROWS_SCHEMA, WHOLE_SCHEMA):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for table in TABLES.values():
        own = [p for p in parts if p.table is table]
        bare = _empty(table, money, whole_ids)
        select = " UNION ALL BY NAME ".join(f"({p.select})" for p in own) or bare
        placed = " UNION ALL BY NAME ".join(f"({p.select_located})" for p in own)
        placed = placed or f"SELECT *, '' AS _file, 0::BIGINT AS _row FROM ({bare})"
        whole = f"{WHOLE_SCHEMA}.{table.name}"
        connection.execute(f"CREATE OR REPLACE VIEW {whole} AS {select}")
        connection.execute(f"CREATE OR REPLACE VIEW {SCHEMA}.{table.name} AS SELECT * FROM {whole}")
        connection.execute(f"CREATE OR REPLACE VIEW {ROWS_SCHEMA}.{table.name} AS {placed}")


def _empty(table: Table, money: Money, whole: frozenset[str]) -> str:
    nothing = (absent(c, money, ids_are_whole=c.name in whole) for c in table.columns)
    return "SELECT " + ", ".join(f"{r.sql} AS {quoted(r.column.name)}" for r in nothing) + " WHERE false"


def layout_faults(raw: RawFile) -> list[Fault]:
    """Columns a file lacks, and columns nobody reads."""
    table = TABLES[raw.file.table]
    if not raw.readable:
        return []
    stored = {name.lower() for name, _ in raw.columns}
    missing = [c.name for c in table.columns if c.required and c.name not in stored]
    strange = [n for n, _ in raw.columns if not table.column(n.lower()) and not _is_extra(table, n)]
    floats = [
        n
        for n, physical in raw.columns
        if (c := table.column(n.lower())) and c.kind is Kind.money and physical in _MONEY_FLOATS
    ]
    kinds = {"missing_column": missing, "unknown_column": strange, "float_money_column": floats}
    return [fault(rule, raw.file.name, column=n, table=table.name) for rule, names in kinds.items() for n in names]


def _is_extra(table: Table, name: str) -> bool:
    return table.extras and name.lower().startswith(EXTRA_PREFIX)
