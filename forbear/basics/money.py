"""Money as integers of the minor unit, and back.

Inside the engine money is an integer count of the currency's minor unit (fen, cent); at the edge it is a
`Decimal` in the major unit. Nothing here ever passes through a float.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache

from babel.core import get_global
from babel.numbers import format_currency

from forbear.basics.errors import WrongUse

ROUNDINGS = {"half_even": ROUND_HALF_EVEN, "half_up": ROUND_HALF_UP}


@cache
def minor_digits(currency: str) -> int:
    """Digits after the point in `currency` (ISO 4217; CNY 2, JPY 0, KWD 3), from CLDR.

    Raises:
        WrongUse: `currency` is not an ISO 4217 code.
    """
    code = currency.upper()
    if code not in get_global("all_currencies"):
        raise WrongUse(f"{currency!r} is not a currency code", "use an ISO 4217 code such as CNY, USD or NGN")
    fractions: dict[str, tuple[int, int, int, int]] = get_global("currency_fractions")  # type: ignore[assignment]
    return fractions.get(code, fractions["DEFAULT"])[0]


def to_minor(amount: Decimal | str | int, currency: str) -> int:
    """The amount in minor units.

    Raises:
        WrongUse: not a number, not finite, or finer than the minor unit (nothing is rounded away in silence).
    """
    try:
        scaled = Decimal(amount).scaleb(minor_digits(currency))
    except (InvalidOperation, ValueError, TypeError) as bad:
        raise WrongUse(f"{amount!r} is not an amount of money") from bad
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise WrongUse(f"{amount!r} is not a whole number of {currency} minor units")
    return int(scaled)


def to_major(minor: int, currency: str) -> Decimal:
    """The amount in the major unit, with all its digits (12 fen is 0.12)."""
    return Decimal(minor).scaleb(-minor_digits(currency))


def rounded(amount: Decimal, digits: int, rounding: str = "half_even") -> Decimal:
    """`amount` rounded to `digits` decimals by a rule named in ROUNDINGS."""
    return amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUNDINGS[rounding])


def shown(minor: int, currency: str, language: str = "en") -> str:
    """The amount as a person in `language` (en, zh) writes it, with the currency's sign."""
    locale = "zh_Hans_CN" if language.startswith("zh") else "en"
    return format_currency(to_major(minor, currency), currency, locale=locale)
