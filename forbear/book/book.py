"""Opening a book: its files become typed views in DuckDB, with fingerprints and what was wrong on the way.

`open_book` never refuses a book for its content: faults that show while reading are kept in `Book.faults`, and
`check` finds the rest. It refuses only what is no book at all.
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from forbear.basics.money import minor_digits
from forbear.book.cells import Money, quoted
from forbear.book.faults import Fault, fault
from forbear.book.files import BookFile, Found, book_files, find, open_folder
from forbear.book.mapped import derive, read_sources
from forbear.book.mapping import Mapping, read_mapping
from forbear.book.raw import RawFile, load, relation
from forbear.book.schema import EVENT_BOOK, TABLES
from forbear.book.settings import Settings, read_settings
from forbear.book.text import Dialect
from forbear.book.views import Cells, Part, layout_faults, make_views, parts_of, whole_identities

DEFAULT_CURRENCY = "CNY"


@dataclass(frozen=True)
class Waived:
    """A rule that a mapping says does not apply to its book, and why."""

    rule: str
    why: str


@dataclass(frozen=True)
class Book:
    """An opened book.

    Attributes:
        path: its folder.
        connection: the DuckDB connection that holds the views `book.<table>` and `book_rows.<table>`.
        tables: names of the tables it has.
        currency: ISO 4217 code of its money.
        minor_digits: digits of that currency's minor unit.
        time_zone: zone of instants written without one; empty when nothing says.
        files: input files with fingerprints.
        mapping: name of the mapping it was read through, or None for a canonical book.
        faults: what was wrong with files, headers and lines.
        settings: what `book.toml` says.
        parts, cells, raws: how its tables, cells and files are read; for the checks.
        waived: rules the mapping says do not apply, and why.
        notes: what the mapping left out or made up, counted, in words.
        hindsight: columns (`table.column`) that the mapping made from what happened later; models leave them out.
    """

    path: Path
    connection: duckdb.DuckDBPyConnection
    tables: tuple[str, ...]
    currency: str
    minor_digits: int
    time_zone: str
    files: tuple[BookFile, ...]
    mapping: str | None
    faults: tuple[Fault, ...]
    settings: Settings = field(default_factory=Settings)
    parts: tuple[Part, ...] = ()
    cells: tuple[Cells, ...] = ()
    raws: tuple[RawFile, ...] = ()
    waived: tuple[Waived, ...] = ()
    notes: tuple[str, ...] = ()
    hindsight: tuple[str, ...] = ()

    def __contains__(self, table: str) -> bool:
        """Whether the book has the table."""
        return table in self.tables


def open_book(path: str | Path, connection: duckdb.DuckDBPyConnection, *, mapping: str | None = None) -> Book:
    """Open the book in the folder `path` and make its views in `connection`.

    Staged copies of CSV files live in a temporary folder until the connection is closed or collected.

    Args:
        path: the folder of the book.
        connection: where the views are made; views of a book opened earlier in it are replaced.
        mapping: name of a shipped mapping or path of a mapping file; None for a canonical book.

    Raises:
        UnreadableFile: the folder or its `book.toml` cannot be read.
        WrongUse: the mapping is unknown or wrong.
    """
    root = open_folder(Path(path))
    settings = read_settings(root)
    named = mapping or settings.mapping
    staging = _staging(connection)
    if named is None:
        return _canonical(root, settings, connection, staging)
    return _mapped(root, settings, read_mapping(_beside(root, named)), connection, staging)


def _beside(root: Path, name: str) -> str:
    """A mapping named in `book.toml` or on the command line may lie in the book's own folder."""
    own = root / name
    return str(own) if name.endswith(".toml") and own.is_file() and not Path(name).is_file() else name


def _staging(connection: duckdb.DuckDBPyConnection) -> Path:
    folder = tempfile.TemporaryDirectory(prefix="forbear-book-")
    weakref.finalize(connection, folder.cleanup)
    return Path(folder.name)


def _canonical(root: Path, settings: Settings, connection: duckdb.DuckDBPyConnection, staging: Path) -> Book:
    found = find(root)
    files = book_files(root, found.tables.items())
    raws = tuple(load(file, connection, staging, Dialect()) for file in files)
    currency = settings.currency or _currency(raws, connection)
    money = Money(currency, minor_digits(currency), settings.money or "")
    parts = parts_of(raws, money, settings.time_zone or "", connection, staging)
    make_views(connection, parts, money, whole_identities(r for r in raws if r.readable))
    faults = (*_folder_faults(root, found), *_file_faults(raws))
    return Book(
        root,
        connection,
        tuple(found.tables),
        currency,
        money.digits,
        settings.time_zone or "",
        files,
        None,
        faults,
        settings,
        parts,
        tuple(p.cells for p in parts if p.cells),
        raws,
    )


def _mapped(
    root: Path, settings: Settings, mapping: Mapping, connection: duckdb.DuckDBPyConnection, staging: Path
) -> Book:
    currency = settings.currency or mapping.currency
    money = Money(currency, minor_digits(currency))
    zone = settings.time_zone or mapping.time_zone
    read = read_sources(root, mapping, money, zone, connection, staging)
    parts = derive(mapping, read, money, connection, staging)
    make_views(connection, parts, money, frozenset())
    return Book(
        root,
        connection,
        tuple(name for name in TABLES if name in mapping.tables and any(p.table.name == name for p in parts)),
        currency,
        money.digits,
        zone,
        tuple(raw.file for raw in read.raws),
        mapping.name,
        (*read.faults, *(f for raw in read.raws for f in raw.faults), *_ends(read.raws)),
        settings,
        parts,
        read.cells,
        read.raws,
        tuple(Waived(w.rule, w.why) for w in mapping.waive),
        (*mapping.notes, *read.notes),
        mapping.hindsight,
    )


def _currency(raws: Sequence[RawFile], connection: duckdb.DuckDBPyConnection) -> str:
    """The currency most loans name, if it is one; the checks tell of any other."""
    for raw in raws:
        named = [n for n, t in raw.columns if n.lower() == "currency" and t == "VARCHAR"]
        for code in _codes(raw, named[0], connection) if raw.file.table == "loans" and named else []:
            if _is_currency(code):
                return code
    return DEFAULT_CURRENCY


def _codes(raw: RawFile, column: str, connection: duckdb.DuckDBPyConnection) -> list[str]:
    most = f"""SELECT {quoted(column)} AS code FROM {relation([raw])} WHERE code <> ''
        GROUP BY 1 ORDER BY count(*) DESC, 1"""
    try:
        return [row[0] for row in connection.execute(most).fetchall()]
    except duckdb.Error:
        return []  # a damaged file, which the checks name


def _is_currency(code: str) -> bool:
    try:
        minor_digits(code)
    except Exception:
        return False
    return code == code.upper()


def _folder_faults(root: Path, found: Found) -> list[Fault]:
    missing = [] if "statuses" in found.tables else [t for t in EVENT_BOOK if t not in found.tables]
    strangers = [fault("unknown_file", p.relative_to(root).as_posix()) for p in found.strangers]
    return [*(fault("missing_table", table=t) for t in missing), *strangers]


def _file_faults(raws: Sequence[RawFile]) -> list[Fault]:
    return [f for raw in raws for f in (*raw.faults, *layout_faults(raw))] + _ends(raws)


def _ends(raws: Sequence[RawFile]) -> list[Fault]:
    """CSV files whose last line has no end: cut, when the book's others end well; else perhaps."""
    texts = [r for r in raws if r.staged and r.readable]
    some_end_well = any(r.ends_with_newline for r in texts)
    rule = "no_final_newline" if some_end_well else "no_final_newline_warning"
    return [fault(rule, r.file.name, table=r.file.table) for r in texts if not r.ends_with_newline]
