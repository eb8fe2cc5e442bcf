"""The two engines of a night behind one call: the same tables from the same files of SQL, as Arrow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from forbear.aging import AgingSettings, ladder, words
from forbear.aging.words import Word
from forbear.book import Book
from forbear.night.tables import NightTable

Progress = Callable[[int, int], None]


class Engine(StrEnum):
    """Where the tables are made."""

    duckdb = "duckdb"
    spark = "spark"


class Night(Protocol):
    """The tables of a night, made."""

    def table(self, name: str) -> pa.Table:
        """A table of the whole book."""

    def write_accounts(self, path: Path) -> None:
        """Write the accounts to a Parquet file, in order of loan_id."""


def night_words(book: Book, settings: AgingSettings, as_of: date) -> Mapping[str, Word]:
    """The values of the SQL files' words for this book and day."""
    return words(settings, as_of, book.currency)


def night_sources(settings: AgingSettings) -> dict[str, pa.Table]:
    """The small tables beside the book's that aging reads."""
    return {"ladder": pa.Table.from_pylist([vars(rung) for rung in ladder(settings)])}


def run_night(
    engine: Engine,
    book: Book,
    wanted: frozenset[str],
    given: Mapping[str, Word],
    sources: Mapping[str, pa.Table],
    staging: Path,
    progress: Progress,
    own: Sequence[NightTable] = (),
) -> AbstractContextManager[Night]:
    """Make the wanted tables on an engine; the context holds what must live until they are read."""
    made: AbstractContextManager[Night]
    if engine is Engine.spark:
        from forbear.night.spark import spark_night

        made = spark_night(book, wanted, given, sources, staging, progress, own)
    else:
        from forbear.night.duck import duck_night

        made = duck_night(book, wanted, given, sources, staging, progress, own)
    return made
