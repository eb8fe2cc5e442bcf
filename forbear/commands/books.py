"""What the commands of risk share: a day read, a book opened and checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from forbear.basics.console import Steps, words
from forbear.basics.errors import AnswerIsNo, WrongUse

if TYPE_CHECKING:
    from forbear.book import Book


def day(text: str) -> date:
    """A day as it is written on the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError as bad:
        raise WrongUse(f"--as-of {text!r} is not a day", "write it as 2026-01-31") from bad


@contextmanager
def opened_book(
    path: Path, as_of: date, mapping: str | None, quarantine: bool, threads: int | None, steps: Steps
) -> Iterator[Book]:
    """A book, opened and checked; loans with faults left out when `quarantine`, else the book is refused."""
    import duckdb

    from forbear.book import check_book, leave_out, open_book

    with duckdb.connect() as connection:
        if threads is not None:
            connection.execute(f"SET threads = {int(threads)}")
        with steps.step("reading the book"):
            opened = open_book(path, connection, mapping=mapping)
        with steps.step("checking the book"):
            checked = check_book(opened, None)
        if not checked.ok:
            kinds = ", ".join(f"{n:,} {rule}" for rule, n in sorted(checked.fault_counts.items()))
            if not quarantine:
                raise AnswerIsNo(
                    f"{opened.path}: the book has faults: {kinds}",
                    "`forbear check` names file, row, column and value of each; --quarantine leaves those loans out",
                )
            left = leave_out(opened, checked)
            words.print(f"left out {left.loans:,} loans with faults ({kinds})", markup=False)
        yield opened
