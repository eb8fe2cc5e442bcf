"""Staging: a checked book's tables are copied into tables of the import's own, piece by piece, by COPY.

A piece is a share of a table's rows, picked by a hash of their keys, so that an import that was killed finds the same
pieces again. Staging tables are unlogged (they are fast, and empty after a crash of the database): what is there is
counted before it is relied on. Nothing that people see changes here; that is `merging`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.db import transaction

from forbear.book import Book
from forbear.book.cells import literal, quoted
from forbear.book.schema import EXTRA_PREFIX, TABLES, Column, Kind, Table
from forbear.desk.imports.copying import copy_in
from forbear.desk.imports.models import Import, Piece

STAGED = ("borrowers", "loans", "installments", "payments", "events", "contacts")
ROWS_A_PIECE = 2_000_000

_POSTGRES = {
    Kind.identity: "text",
    Kind.money: "bigint",
    Kind.rate: "numeric(12,8)",
    Kind.date: "date",
    Kind.instant: "timestamptz",
    Kind.count: "integer",
    Kind.text: "text",
}

Progress = Callable[[int, int], None]


def staging_table(of: Import, table: str) -> str:
    """The qualified name of an import's own copy of a table."""
    return f"staging.import_{of.pk}_{table}"


def prepare(cursor: Any, of: Import, book: Book) -> None:
    """Make the import's staging tables, empty ones for tables that the book does not have."""
    cursor.execute("CREATE SCHEMA IF NOT EXISTS staging")
    for name in STAGED:
        columns = ", ".join(f"{c.name} {_POSTGRES[c.kind]}" for c in TABLES[name].columns)
        features = ", features jsonb" if TABLES[name].extras else ""
        cursor.execute(
            f"CREATE UNLOGGED TABLE IF NOT EXISTS {staging_table(of, name)} (piece integer, {columns}{features})"
        )


def clear_away(cursor: Any, of: Import) -> None:
    """Drop the import's staging tables."""
    for name in STAGED:
        cursor.execute(f"DROP TABLE IF EXISTS {staging_table(of, name)}")


def stage(connection: Any, of: Import, book: Book, progress: Progress) -> dict[str, int]:
    """Copy every table of the book that is not yet staged; rows by table.

    Args:
        connection: Django's, in autocommit: each piece is a transaction of its own.
        of: the import.
        book: opened and checked.
        progress: told pieces done and pieces in all.
    """
    plan = list(_pieces(book))
    for done, (table, number, pieces) in enumerate(plan):
        progress(done, len(plan))
        if not _is_staged(connection, of, table, number):
            _stage_piece(connection, of, book, table, number, pieces)
    progress(len(plan), len(plan))
    return {name: sum(p.rows for p in of.pieces.filter(table=name)) for name in STAGED}


def _pieces(book: Book) -> Iterator[tuple[str, int, int]]:
    for name in STAGED:
        if name in book:
            rows = book.connection.execute(f"SELECT count(*) FROM book.{name}").fetchall()[0][0]
            pieces = 1 + int(rows) // ROWS_A_PIECE
            yield from ((name, number, pieces) for number in range(pieces))


def _is_staged(connection: Any, of: Import, table: str, number: int) -> bool:
    known = Piece.objects.filter(of=of, table=table, number=number).first()
    if known is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {staging_table(of, table)} WHERE piece = %s", [number])
        return int(cursor.fetchone()[0]) == known.rows


def _stage_piece(connection: Any, of: Import, book: Book, table: str, number: int, pieces: int) -> None:
    with tempfile.TemporaryDirectory(prefix="forbear-import-") as folder, transaction.atomic():
        file = Path(folder) / "piece.csv"
        rows = book.connection.execute(
            f"COPY ({_selected(book, TABLES[table], number, pieces)}) TO '{file}' (FORMAT csv, HEADER false)"
        ).fetchall()[0][0]
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {staging_table(of, table)} WHERE piece = %s", [number])
            copy_in(cursor, staging_table(of, table), file)
        Piece.objects.update_or_create(of=of, table=table, number=number, defaults={"rows": rows})


def _selected(book: Book, table: Table, number: int, pieces: int) -> str:
    key = ", ".join(f'"{name}"' for name in table.key)
    columns = ", ".join(_as_text(column) for column in table.columns)
    features = f", {_features(book, table)}" if table.extras else ""
    picked = f" WHERE hash({key}) % {pieces} = {number}" if pieces > 1 else ""
    return f"SELECT {number}, {columns}{features} FROM book.{table.name}{picked}"


def _as_text(column: Column) -> str:
    name = f'"{column.name}"'
    if column.kind is Kind.instant:
        return f"CAST({name} AS VARCHAR) || '+00'"
    return f"CAST({name} AS VARCHAR)"


def _features(book: Book, table: Table) -> str:
    told = book.connection.execute(f"DESCRIBE book.{table.name}").fetchall()
    names = [row[0] for row in told if row[0].lower().startswith(EXTRA_PREFIX)]
    if not names:
        return "'{}'"
    pairs = ", ".join(f"{literal(name)}, {quoted(name)}" for name in names)
    return f"CAST(json_object({pairs}) AS VARCHAR)"
