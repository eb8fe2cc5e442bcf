"""A pack held against the ledger: its kept figures beside those that the postings give, as known when it was made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from django.db import connection

from forbear.aging import AgingSettings, ladder, words
from forbear.funding.loss import loss_parameters

NONE = {"contagion_over": None, "contagion_share": 0, "contagion_category": "", "contagion_below": -1}


def from_postings(
    as_of: date, currency: str, funder: str | None, known_at: datetime | None
) -> dict[str, tuple[int, int]]:
    """Each figure by its name: its value in loans or minor units, and the loans behind it.

    Args:
        as_of: entries in effect by the end of that day count.
        currency: of the pool's loans.
        funder: of the pool's loans; None: all.
        known_at: only what was booked by that instant; None: all.
    """
    settings, parameters = AgingSettings(), loss_parameters()
    rungs = ladder(settings)
    given = {**words(settings, as_of, currency), **({} if settings.contagion() else NONE)}
    values = {
        "as_of": as_of,
        "currency": currency,
        "funder": funder,
        "known_at": known_at,
        "ladder": [r.dpd for r in rungs],
        "buckets": [r.bucket for r in rungs],
        "categories": [r.category for r in rungs],
        "top": rungs[-1].dpd,
        "over": given["contagion_over"],
        "share": given["contagion_share"],
        "at_least": given["contagion_category"],
        "below": given["contagion_below"],
        "default_days": parameters.default_days,
        "sicr_over": parameters.sicr_over,
    }
    with connection.cursor() as cursor:
        cursor.execute(_statement(), values)
        return {name: (int(value or 0), int(loans)) for name, value, loans in cursor.fetchall()}


def beside(told: Mapping[str, Any], ledger: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    """`funding.json` with the ledger's figures of the postings instead of those of the exported book."""
    digits = told["minor_digits"]

    def line(figure: dict[str, Any]) -> dict[str, Any]:
        value, loans = ledger.get(figure["name"], (0, 0))
        scale = digits if figure["is_money"] else 0
        theirs = Decimal(value).scaleb(-scale)
        difference = Decimal(figure["value"]) - theirs
        return {
            **figure,
            "ledger": str(theirs),
            "difference": str(difference),
            "loans": loans,
            "holds": difference == 0,
        }

    figures = [line(f) for f in told["figures"]]
    return {**told, "figures": figures, "reconciled": all(f["holds"] for f in figures)}


@cache
def _statement() -> str:
    return files(__package__).joinpath("ledger.sql").read_text("utf-8")
