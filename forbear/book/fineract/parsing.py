"""Fineract's values as ours: dates that come as [2026, 1, 15], amounts as Decimals with the currency's digits."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.basics.money import to_minor

MOST = Decimal(10) ** 15
"""An amount beyond this is no loan's."""


class Unmapped(Exception):
    """A loan that cannot be a book's loan; `reason` is a code that is counted, `detail` what it is about."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


def day(value: Any) -> date | None:
    """A date: [year, month, day], an ISO text, or null.

    Raises:
        Unmapped: it is none of these.
    """
    if value is None:
        return None
    try:
        if isinstance(value, list) and len(value) >= 3:
            return date(*(int(part) for part in value[:3]))
        if isinstance(value, str):
            return date.fromisoformat(value[:10])
    except (ValueError, TypeError):
        pass
    raise Unmapped("unreadable_date", str(value)[:40])


def needed_day(value: Any, what: str) -> date:
    """A date that must be there.

    Raises:
        Unmapped: it is not.
    """
    found = day(value)
    if found is None:
        raise Unmapped("no_date", what)
    return found


def minor(value: Any, currency: str) -> int:
    """An amount in minor units; null is nothing.

    Raises:
        Unmapped: it is no number, or finer than the currency's minor unit.
    """
    if value is None:
        return 0
    try:
        amount = Decimal(str(value))
        if amount.is_finite() and abs(amount) < MOST:
            return to_minor(amount, currency)
    except (InvalidOperation, WrongUse):
        pass
    raise Unmapped("unreadable_amount", f"{str(value)[:40]} {currency}")


def code(value: Any) -> int:
    """The id of an enumeration such as {"id": 300, "code": "...", "value": "Active"}; 0 when there is none."""
    return int(value["id"]) if isinstance(value, dict) and isinstance(value.get("id"), int) else 0
