"""The mirror as books, one a currency: a folder each, with the tables of docs/book.md in minor units."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

from forbear.basics.errors import AnswerIsNo
from forbear.book.fineract.mirror import Mirror

COLUMNS = {
    "loans": (
        *("loan_id", "borrower_id", "disbursed_on", "principal", "annual_rate", "term", "currency"),
        *("product", "repayment_method", "funder_id"),
    ),
    "installments": ("loan_id", "number", "due_on", "principal_due", "interest_due", "fees_due"),
    "payments": ("payment_id", "loan_id", "paid_on", "amount", "source"),
    "events": ("event_id", "loan_id", "kind", "effective_on", "until_on", "payment_id", "recorded_on"),
}
PREFIX = "fineract-"
"""Begins the ids of payments, so that they meet none of another source."""


def write_books(
    mirror: Mirror, folder: str | Path, *, schedule: Literal["now", "first"] = "now"
) -> dict[str, Path]:
    """Write the loans of a mirror as books; folders by currency, whole or not at all.

    Args:
        mirror: entered.
        folder: gets one folder a currency, such as `KES`.
        schedule: the schedule as it is now (for a close), or as first seen (for a desk, where a later one is an act).

    Raises:
        AnswerIsNo: there is no loan to write.
    """
    target = Path(folder)
    fresh = target / ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    books: dict[str, _Book] = {}
    with ExitStack() as open_files:
        for first, now in mirror.loans():
            loan = now["loan"] if schedule == "now" else first["loan"]
            currency = loan["currency"]
            if currency not in books:
                books[currency] = _Book(fresh / currency, currency, open_files)
            books[currency].add(loan, (now if schedule == "now" else first)["installments"], now)
    if not books:
        raise AnswerIsNo("the server has no loan that a book could hold", "see what was left out, and why")
    for currency in books:
        shutil.rmtree(target / currency, ignore_errors=True)
        (fresh / currency).rename(target / currency)
    shutil.rmtree(fresh, ignore_errors=True)
    return {currency: target / currency for currency in sorted(books)}


class _Book:
    """The files of one currency's book."""

    def __init__(self, folder: Path, currency: str, held: ExitStack) -> None:
        folder.mkdir(parents=True)
        (folder / "book.toml").write_text(f'currency = "{currency}"\nmoney = "minor"\n', "utf-8")
        self._writers = {}
        for table, columns in COLUMNS.items():
            file = held.enter_context((folder / f"{table}.csv").open("w", newline="", encoding="utf-8"))
            self._writers[table] = csv.writer(file, lineterminator="\n")
            self._writers[table].writerow(columns)

    def add(self, loan: dict[str, Any], installments: list[list[Any]], now: dict[str, Any]) -> None:
        """Write one loan."""
        loan_id = loan["loan_id"]
        self._writers["loans"].writerow([loan[column] for column in COLUMNS["loans"]])
        self._writers["installments"].writerows([loan_id, *row] for row in installments)
        self._writers["payments"].writerows(_payments(loan_id, now))
        self._writers["events"].writerows(_events(loan_id, now))


def _payments(loan_id: str, now: dict[str, Any]) -> Iterator[list[Any]]:
    for key, (paid_on, amount, source) in now["payments"].items():
        yield [f"{PREFIX}{key}", loan_id, paid_on, amount, source]


def _events(loan_id: str, now: dict[str, Any]) -> Iterator[list[Any]]:
    for key, (effective_on, recorded_on) in now["reversals"].items():
        name = f"{PREFIX}{key}"
        yield [f"{name}-reversed", loan_id, "reversal", effective_on, None, name, recorded_on]
