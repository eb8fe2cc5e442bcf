"""Brand and conduct beside the money: contacts, contacts per cure and complaints, month by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from forbear.book import Book
from forbear.funding.periods import Every, period_end

MONTHS = 6
PER = 1_000
"""Complaints are told per so many contacts."""


def conduct_measures(book: Book, as_of: date, cures: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """By month: contacts, borrowers contacted, loans cured, contacts per cure, complaints, and their rate.

    Args:
        book: opened; without contacts there is nothing to tell.
        as_of: nothing after it counts.
        cures: of the night's portfolio: by period and bucket.
    """
    if "contacts" not in book:
        return []
    cured: dict[str, int] = {}
    for row in cures:
        month = str(row["to_date"])[:7]
        cured[month] = cured.get(month, 0) + row["cured"]
    text = Path(__file__).with_name("conduct.sql").read_text(encoding="utf-8")
    values = {"as_of": as_of, "since": period_end(as_of, -MONTHS, Every.month)}
    return [
        {
            "month": month,
            "contacts": contacts,
            "borrowers": borrowers,
            "cured": cured.get(month),
            "contacts_per_cure": _ratio(contacts, cured.get(month, 0)),
            "complaints": complaints,
            "complaints_per_1000": _ratio(PER * complaints, contacts),
        }
        for month, contacts, borrowers, complaints in book.connection.execute(text, values).fetchall()
    ]


def _ratio(part: int, whole: int) -> str | None:
    return str(round(Decimal(part) / whole, 2)) if whole else None
