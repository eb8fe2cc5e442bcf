"""Figures as `portfolio.json` writes them: money and shares as decimal strings, exact, never through a float."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

SHARE_DIGITS = Decimal("0.000001")
Row = dict[str, Any]


def share(part: int, whole: int) -> str | None:
    """`part` of `whole` with six digits; None when there is no whole."""
    if whole == 0:
        return None
    return str((Decimal(part) / Decimal(whole)).quantize(SHARE_DIGITS, ROUND_HALF_EVEN))


@dataclass(frozen=True)
class Money:
    """Writes minor units in the major unit of a currency with that many digits."""

    digits: int

    def __call__(self, minor: int) -> str:
        """The amount, with all its digits: 12 fen is `0.12`."""
        return str(Decimal(minor).scaleb(-self.digits)) if self.digits else str(minor)


@dataclass(frozen=True)
class Mass:
    """A number of loans and their principal in minor units; masses add and subtract."""

    loans: int = 0
    principal: int = 0

    def __add__(self, other: Mass) -> Mass:
        return Mass(self.loans + other.loans, self.principal + other.principal)

    def __sub__(self, other: Mass) -> Mass:
        return Mass(self.loans - other.loans, self.principal - other.principal)

    def of(self, whole: Mass, money: Money) -> Row:
        """Loans and principal, each with its share of a whole."""
        return {
            "loans": self.loans,
            "share_loans": share(self.loans, whole.loans),
            "principal": money(self.principal),
            "share_principal": share(self.principal, whole.principal),
        }


def added_up(rows: Iterable[Row], key: str) -> list[Row]:
    """Rows of the same key as one, every other column added up; in order of the key.

    The night makes such rows for each part of a book.
    """
    sums: dict[Any, Row] = {}
    for row in rows:
        kept = sums.setdefault(row[key], {key: row[key]})
        for name, value in row.items():
            if name != key:
                kept[name] = kept.get(name, 0) + value
    return [sums[k] for k in sorted(sums)]


def total(masses: Any) -> Mass:
    """The sum of masses."""
    return sum(masses, Mass())
