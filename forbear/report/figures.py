"""Figures as people read them: money, shares, counts and months.

Whatever is not the number it should be is shown as it stands (the template escapes it): a report must not fail, nor
invent, because one figure is odd.
"""

from __future__ import annotations

import string
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

from babel.numbers import get_currency_symbol

NOTHING = "–"
COMPACT = {
    "zh": ((Decimal(10**8), "亿"), (Decimal(10**4), "万")),
    "en": ((Decimal(10**9), "bn"), (Decimal(10**6), "m"), (Decimal(10**3), "k")),
}
"""Large amounts are told in these units in headlines and on axes."""
MOST_DIGITS = 60
"""A number with more digits before the point is no figure of a loan book; it is shown as it stands."""
WIDE = Context(prec=2 * MOST_DIGITS, rounding=ROUND_HALF_EVEN)
"""Wide enough that no figure let through is cut."""


def exact(value: object) -> Decimal | None:
    """A figure of the portfolio as a Decimal; None when it is none."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < MOST_DIGITS else None


def plain(value: object) -> float | None:
    """The figure for drawing."""
    number = exact(value)
    return None if number is None else float(number)


def percentage(value: object) -> float | None:
    """A rate from 0 to 1 as per cent, for drawing."""
    number = exact(value)
    return None if number is None else float(number * 100)


def rate(value: object, digits: int = 2) -> str:
    """A rate from 0 to 1 as `1.23%`."""
    number = exact(value)
    if number is None:
        return _odd(value)
    shown = WIDE.multiply(number, 100).quantize(Decimal(1).scaleb(-digits), context=WIDE)
    return f"{shown:,}%"


def count(value: object) -> str:
    """A whole number with its thousands apart."""
    number = exact(value)
    return _odd(value) if number is None else f"{number:,f}"


def money(value: object) -> str:
    """An amount with all its digits, its thousands apart, without a currency sign."""
    return count(value)


def compact(value: object, currency: object, language: str) -> str:
    """A large amount in few characters with its currency sign: ¥1.23亿, ¥123.4m."""
    number = exact(value)
    if number is None:
        return _odd(value)
    sign = _sign(str(currency))
    for unit, name in COMPACT[language]:
        if abs(number) >= unit:
            digits = Decimal(1) if abs(number) >= 1000 * unit else Decimal("0.01")
            return f"{sign}{WIDE.divide(number, unit).quantize(digits, context=WIDE):,}{name}"
    return f"{sign}{number:,f}"


def _sign(currency: str) -> str:
    """The currency's own sign (¥, not CN¥: a report has one currency and names it), or its code and a space."""
    sign = get_currency_symbol(currency, locale="en")
    bare = sign.lstrip(string.ascii_letters)
    return bare or f"{sign}\N{NO-BREAK SPACE}"


def _odd(value: object) -> str:
    return NOTHING if value is None else str(value)


def shade(value: object, steps: int = 6, most: Decimal = Decimal(1)) -> int:
    """A step from 0 (nothing) to `steps` for a rate, in proportion to `most`."""
    number = exact(value)
    if number is None or number <= 0 or most <= 0:
        return 0
    return min(steps, 1 + int(number / most * (steps - 1)))
