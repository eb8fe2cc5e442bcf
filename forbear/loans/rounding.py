"""Rounding exact fractions of the minor unit, and sharing a sum out so that the last part takes the remainder."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from forbear.basics.money import ROUNDINGS

HALVES = tuple(ROUNDINGS)
"""How a half is rounded: to even (the default), or up."""


def rounded(amount: Fraction, rounding: str = "half_even", step: int = 1) -> int:
    """`amount` (minor units, not negative) as the nearest multiple of `step`; a half goes by `rounding`."""
    steps = amount / step
    whole = round(steps) if rounding == "half_even" else floor(steps + Fraction(1, 2))
    return whole * step


def shares(total: int, count: int, rounding: str = "half_even", step: int = 1) -> list[int]:
    """`total` in `count` level parts, multiples of `step`; the last takes the remainder and is never negative.

    Where rounding up would use the total up before the last part, the level is rounded down instead.
    """
    level = rounded(Fraction(total, count), rounding, step)
    if level * (count - 1) >= total:
        level = total // count // step * step
    return [level] * (count - 1) + [total - level * (count - 1)]
