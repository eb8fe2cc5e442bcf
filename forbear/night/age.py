"""Aging alone: every loan of an opened book as of a date, as an Arrow table, without check, report or files."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pyarrow as pa

from forbear.aging import AgingSettings
from forbear.book import Book
from forbear.night.engines import Engine, night_sources, night_words, run_night


def age(
    book: Book, *, as_of: date, settings: AgingSettings | None = None, engine: Engine | str = Engine.duckdb
) -> pa.Table:
    """Age every loan of an opened book.

    Args:
        book: as `forbear.book.open_book` gives it; its rows are taken as they are (see `check_book`).
        as_of: the date; nothing after it counts.
        settings: tolerance, grace, buckets and the like; the defaults when None.
        engine: duckdb or spark.

    Returns:
        The accounts table of docs/close.md, in order of loan_id.
    """
    using = settings or AgingSettings()
    with (
        tempfile.TemporaryDirectory(prefix="forbear-night-") as staging,
        run_night(
            Engine(engine),
            book,
            frozenset({"accounts"}),
            night_words(book, using, as_of),
            night_sources(using),
            Path(staging),
            lambda _done, _all: None,
        ) as night,
    ):
        return night.table("accounts")
