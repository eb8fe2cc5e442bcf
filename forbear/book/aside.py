"""Writing bad rows aside: every row that breaks a rule, whole, with the reason, one CSV file for each input file.

The files hold the rows as they came, personal data too: they are for the people who mend the book.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from forbear.book.book import Book
from forbear.book.cells import literal
from forbear.book.check import FOUND
from forbear.book.raw import RawFile, located


def write_aside(book: Book, folder: Path) -> list[Path]:
    """Write the bad rows of a checked book below `folder`; returns the files written, in order of name.

    Each row stands once for every rule it breaks: `_rule`, `_column`, `_expected`, `_row`, then the row's own
    columns; broken lines go to a file of their own with the line's text.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for raw in book.raws:
        written += _rows(book, raw, folder) + _lines(book, raw, folder)
    return sorted(written)


def _rows(book: Book, raw: RawFile, folder: Path) -> list[Path]:
    name = literal(raw.file.name)
    any_row = book.connection.execute(f"SELECT 1 FROM {FOUND} WHERE file = {name} LIMIT 1").fetchone()
    if not any_row or not raw.readable:
        return []
    target = folder / f"{_flat(raw)}.bad.csv"
    reasons = f"""SELECT row AS _row, rule AS _rule, column_name AS _column, expected AS _expected
        FROM {FOUND} WHERE file = {name}"""
    query = f"""SELECT f._rule, f._column, f._expected, r._row, r.* EXCLUDE (_row, _file)
        FROM ({reasons}) AS f JOIN {located(raw)} AS r USING (_row) ORDER BY r._row, f._rule, f._column"""
    try:
        book.connection.execute(f"COPY ({query}) TO {literal(str(target))} (FORMAT csv, HEADER true)")
    except duckdb.Error:
        target.unlink(missing_ok=True)  # a damaged file, which the check names; its rows cannot be copied
        return []
    return [target]


def _lines(book: Book, raw: RawFile, folder: Path) -> list[Path]:
    if not raw.bad_lines:
        return []
    target = folder / f"{_flat(raw)}.lines.csv"
    columns = [[b.row for b in raw.bad_lines], [b.rule for b in raw.bad_lines], [b.text for b in raw.bad_lines]]
    query = "SELECT unnest(?) AS _row, unnest(?) AS _rule, unnest(?) AS _line"
    book.connection.execute(f"COPY ({query}) TO {literal(str(target))} (FORMAT csv, HEADER true)", columns)
    return [target]


def _flat(raw: RawFile) -> str:
    return raw.file.name.replace("/", "-")
