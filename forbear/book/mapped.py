"""Reading other people's files through a mapping: sources typed, odd rows counted, canonical tables derived.

Every cell of a source goes through text: nulls and sentinels become NULL, values are replaced, and what then does
not parse is a fault of that file, row and column. The typed sources are stored once as Parquet; the tables of the
book are derived from them by the mapping's expressions and stored likewise, each row with the file and row it came
from.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import duckdb

from forbear.basics.errors import WrongUse
from forbear.book.cells import Money, absent, literal, quoted
from forbear.book.expression import compiled
from forbear.book.faults import Fault, fault
from forbear.book.files import book_files, walk
from forbear.book.mapping import Derived, Mapping, Source
from forbear.book.raw import RawFile, describe, first_line, load, located, read_through
from forbear.book.schema import SQL_TYPE, TABLES, Column, Kind, Table
from forbear.book.source_cells import read_cell
from forbear.book.text import Dialect
from forbear.book.views import Cells, Part, stored_part

_WHOLE = frozenset(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"))


@dataclass(frozen=True)
class Sources:
    """What a mapping's sources gave.

    Attributes:
        stores: Parquet files of typed rows (with `_file`, `_row`) by source; a source without files has none.
    """

    raws: tuple[RawFile, ...]
    cells: tuple[Cells, ...]
    stores: Dict[str, tuple[Path, ...]]
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]


def read_sources(
    root: Path, mapping: Mapping, money: Money, zone: str, connection: duckdb.DuckDBPyConnection, staging: Path
) -> Sources:
    """Read every source of a mapping: its files found, their cells typed, its left-out rows counted."""
    raws: list[RawFile] = []
    cells: list[Cells] = []
    stores: dict[str, tuple[Path, ...]] = {}
    faults, notes = list(_strangers(root, mapping)), []
    for name, source in mapping.sources.items():
        own = _raws(root, name, source, connection, staging)
        raws += own
        faults += _missing(name, source, own)
        damaged = {r.file.name: said for r in own if r.readable and (said := _damage(r))}
        faults += damaged.values()
        readable = [r for r in own if r.readable and not _lacking(source, r) and r.file.name not in damaged]
        read = tuple(_cells(name, source, raw, money, zone) for raw in readable)
        cells += read
        stores[name] = tuple(_store(c, source, n, name, connection, staging) for n, c in enumerate(read))
        notes += _told(name, source, read, stores[name], connection)
    return Sources(tuple(raws), tuple(cells), stores, tuple(faults), tuple(notes))


def _strangers(root: Path, mapping: Mapping) -> list[Fault]:
    known = [*mapping.ignore, *(p for s in mapping.sources.values() for p in s.files)]
    names = [p.relative_to(root).as_posix() for p in walk(root)]
    return [fault("unknown_file", n) for n in names if not any(fnmatch(n, p) for p in known)]


def _raws(
    root: Path, name: str, source: Source, connection: duckdb.DuckDBPyConnection, staging: Path
) -> list[RawFile]:
    paths = [p for p in walk(root) if any(fnmatch(p.relative_to(root).as_posix(), f) for f in source.files)]
    dialect = Dialect(source.delimiter, source.encoding, source.quote, source.skip_lines, source.header)
    return [load(file, connection, staging, dialect) for file in book_files(root, [(name, paths)])]


def _missing(name: str, source: Source, raws: Sequence[RawFile]) -> list[Fault]:
    if not raws:
        wanted = " or ".join(source.files)
        return [] if source.optional else [fault("missing_source", table=name, words=wanted)]
    return [fault("missing_column", r.file.name, column=c, table=name) for r in raws for c in _lacking(source, r)]


def _damage(raw: RawFile) -> Fault | None:
    """A Parquet file whose values cannot all be read."""
    try:
        read_through(raw)
    except duckdb.Error as broken:
        return fault("unread_rows", raw.file.name, value=first_line(broken), table=raw.file.table)
    return None


def _lacking(source: Source, raw: RawFile) -> list[str]:
    stored = {name for name, _ in raw.columns}
    return [name for name in source.columns if name not in stored] if raw.readable else []


def _cells(name: str, source: Source, raw: RawFile, money: Money, zone: str) -> Cells:
    readings = tuple(read_cell(n, t, source, money, zone) for n, t in source.columns.items())
    texts = ", ".join(f"CAST({quoted(n)} AS VARCHAR) AS {quoted(n)}" for n in source.columns)
    loan = next((r.sql for r in readings if r.stored == source.loan), "NULL")
    owner = f"CAST({loan} AS VARCHAR) AS owner_loan_id, CAST(NULL AS VARCHAR) AS owner_borrower_id"
    rows = f"(SELECT {texts}, _file, _row FROM {located(raw)})"
    return Cells(name, readings, rows, f"(SELECT *, {owner} FROM {rows})", owned=True)


def _store(
    cells: Cells, source: Source, number: int, name: str, connection: duckdb.DuckDBPyConnection, staging: Path
) -> Path:
    target = staging / f"source-{name}-{number}.parquet"
    columns = ", ".join(f"{r.sql} AS {quoted(r.stored)}" for r in cells.readings)
    connection.execute(
        f"COPY (SELECT {columns}, _file, _row FROM {cells.rows}) TO {literal(str(target))} (FORMAT parquet)"
    )
    return target


def _typed(stores: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(literal(str(s)) for s in stores)}])"


def _told(
    name: str, source: Source, read: Sequence[Cells], stores: Sequence[Path], connection: duckdb.DuckDBPyConnection
) -> list[str]:
    """Rows that the mapping leaves out or calls odd, counted and named."""
    said = []
    for verb, listed in (("left out", source.leave_out), ("kept, but odd", source.odd)):
        for told in listed if stores else ():
            when = compiled(told.when, source.columns, f"sources.{name}: {told.name}")
            count = connection.execute(
                f"SELECT count(*) FILTER (x) FROM (SELECT {when} AS x FROM {_typed(stores)})"
            )
            row = count.fetchone()
            said.append(f"{name}: {row[0] if row else 0:,} rows {verb}: {told.name}")
    return said


def derive(
    mapping: Mapping, read: Sources, money: Money, connection: duckdb.DuckDBPyConnection, staging: Path
) -> tuple[Part, ...]:
    """The canonical tables a mapping derives from its typed sources.

    Raises:
        WrongUse: an expression is wrong, or gives something its column cannot hold.
    """
    parts = []
    for name, ways in mapping.tables.items():
        stores = []
        for number, way in enumerate(ways):
            source = mapping.sources[way.source]
            if read.stores[way.source]:
                target = staging / f"table-{name}-{number}.parquet"
                _derive(TABLES[name], way, source, read.stores[way.source], money, connection, target)
                stores.append(literal(str(target)))
        if stores:
            parts.append(stored_part(TABLES[name], stores))
    return tuple(parts)


def _derive(
    table: Table,
    way: Derived,
    source: Source,
    stores: Sequence[Path],
    money: Money,
    connection: duckdb.DuckDBPyConnection,
    target: Path,
) -> None:
    query = _query(table, way, source, stores, money)
    try:
        stored = dict(describe(connection, query))
        _whole_money(table, stored)
        cast = ", ".join(_final(table, name, physical) for name, physical in stored.items())
        connection.execute(f"COPY (SELECT {cast} FROM ({query})) TO {literal(str(target))} (FORMAT parquet)")
    except duckdb.Error as bad:
        said = str(bad).splitlines()[0]
        raise WrongUse(f"tables.{table.name}: {said}", "look at the expressions of this table") from bad


def _query(table: Table, way: Derived, source: Source, stores: Sequence[Path], money: Money) -> str:
    where = f"tables.{table.name}"
    names = tuple(source.columns)
    values = {n: compiled(e, names, f"{where}.{n}") for n, e in way.columns.items()}
    for column in table.columns:
        if column.name not in values:
            values[column.name] = absent(column, money).sql
    listed = ", ".join(f"{sql} AS {quoted(n)}" for n, sql in _ordered(table, values))
    kept = [f"NOT COALESCE({compiled(t.when, names, t.name)}, false)" for t in source.leave_out]
    kept += [f"({compiled(way.where, names, f'{where}.where')})"] if way.where else []
    rows = f"SELECT * FROM {_typed(stores)}" + (f" WHERE {' AND '.join(kept)}" if kept else "")
    if way.repeat:
        times = compiled(way.repeat, names, f"{where}.repeat")
        rows = f"SELECT *, unnest(generate_series(1, CAST({times} AS BIGINT))) AS n FROM ({rows})"
    if way.one_per:
        keys = ", ".join(compiled(k, names, f"{where}.one_per") for k in (quoted(k) for k in way.one_per))
        return f"SELECT {listed}, min(_file) AS _file, min(_row) AS _row FROM ({rows}) GROUP BY {keys}"
    return f"SELECT {listed}, _file, _row FROM ({rows})"


def _ordered(table: Table, values: Dict[str, str]) -> list[tuple[str, str]]:
    """Canonical columns in the table's order, then features."""
    names = [c.name for c in table.columns]
    return [(n, values[n]) for n in (*names, *(n for n in values if n not in names))]


def _whole_money(table: Table, stored: Dict[str, str]) -> None:
    for column in table.columns:
        if column.kind is Kind.money and stored[column.name] not in _WHOLE and stored[column.name] != '"NULL"':
            gives = stored[column.name]
            raise WrongUse(
                f"tables.{table.name}.{column.name}: the expression gives {gives}, not whole minor units",
                "say how it is rounded, as in CAST(round(…) AS BIGINT)",
            )


def _final(table: Table, name: str, physical: str) -> str:
    column: Column | None = table.column(name)
    if column is None:
        return quoted(name)
    return f"CAST({quoted(name)} AS {SQL_TYPE[column.kind]}) AS {quoted(name)}"
