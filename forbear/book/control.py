"""Control totals and fingerprints: what `book.toml` says the book must be, held against what it is.

A payment changed from 100.00 to 900.00 is a well-formed payment; only a total that was taken where the file was
written can tell. `sealed` takes those totals, `control_faults` holds a book to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import duckdb

from forbear.book.book import Book
from forbear.book.faults import Fault, fault
from forbear.book.schema import TABLES, Kind
from forbear.book.views import SCHEMA


def control_faults(book: Book) -> list[Fault]:
    """Files that are not the ones described, and tables whose totals differ."""
    return [*_changed_files(book), *_wrong_totals(book)]


def _changed_files(book: Book) -> Iterator[Fault]:
    prints = {file.name: file.sha256 for file in book.files}
    for name, wanted in book.settings.files.items():
        seen = prints.get(name)
        if seen != wanted.sha256:
            value = "the file is missing" if seen is None else seen
            yield fault("changed_file", name, value=value, sha256=wanted.sha256)


def _wrong_totals(book: Book) -> Iterator[Fault]:
    for table, wanted in book.settings.control.items():
        try:
            seen = totals(book, table)
        except duckdb.Error:
            continue  # the rows cannot be read; the checks say so
        for column, figure in {"rows": wanted.rows, **(wanted.__pydantic_extra__ or {})}.items():
            if figure is not None and seen.get(column) != figure:
                said = f"{column} of {figure}" if column == "rows" else f"a sum of {column} of {figure}"
                yield fault("control_mismatch", table=table, column=column, value=str(seen.get(column)), said=said)


def totals(book: Book, table: str) -> dict[str, Decimal]:
    """Rows of a table and the sums of its money columns in the major unit; empty for a table that is not one."""
    if table not in TABLES:
        return {}
    columns = [c.name for c in TABLES[table].columns if c.kind is Kind.money]
    sums = "".join(f", COALESCE(sum({name}), 0)" for name in columns)
    row = book.connection.execute(f"SELECT count(*){sums} FROM {SCHEMA}.{table}").fetchone()
    assert row is not None
    money = [Decimal(int(value)).scaleb(-book.minor_digits) for value in row[1:]]
    return dict(zip(["rows", *columns], [Decimal(row[0]), *money], strict=True))


def sealed(book: Book) -> str:
    """The `[control]` and `[files]` tables of `book.toml` for a book as it is now, as TOML."""
    lines = []
    for table in book.tables:
        lines.append(f"[control.{table}]")
        seen = totals(book, table)
        lines += [f"{name} = {value}" if name == "rows" else f'{name} = "{value}"' for name, value in seen.items()]
        lines.append("")
    for file in book.files:
        lines += [f'[files."{file.name}"]', f'sha256 = "{file.sha256}"', ""]
    return "\n".join(lines)
