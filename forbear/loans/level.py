"""The level payment: the one amount that, paid every period, repays a balance exactly.

With true period rates f the balance after a period is (1 + f) times the one before, less the payment; so the level
is P * prod(1 + f) / sum over the payments of the product of all later (1 + f), in exact fractions, rounded once.
Smoothing is the convention of Apache Fineract's progressive schedules: where the last payment is off by more than
half as many minor units as there are payments, the level is moved by the difference over their number, and the move
is kept if it brings the last payment closer.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from forbear.loans.periods import Period
from forbear.loans.rounding import rounded

SMOOTHING_ROUNDS = 3
"""Moves tried at most; each but the first is rare."""


def exact_level(balance: int, periods: Sequence[Period]) -> Fraction:
    """The exact level payment, in minor units, that repays `balance`, and the periods' tranches, over `periods`."""
    grown, weight = Fraction(balance), Fraction(0)
    for period in periods:
        factor = 1 + period.growth
        grown = grown * factor + period.added + period.extra
        weight = weight * factor + 1
    return grown / weight


def walk(balance: int, periods: Sequence[Period], level: int, rounding: str) -> list[tuple[int, int]]:
    """(principal, interest) of each period paid at `level`; the last repays what is left.

    A payment never takes more principal than there is, nor less than none: where a period's interest alone exceeds
    the level, the interest is what falls due.
    """
    rows = []
    for place, period in enumerate(periods):
        interest = rounded(balance * period.growth + period.extra, rounding)
        balance += period.added
        last = place == len(periods) - 1
        principal = balance if last else min(max(level - interest, 0), balance)
        balance -= principal
        rows.append((principal, interest))
    return rows


def level_payment(
    balance: int, periods: Sequence[Period], *, rounding: str = "half_even", step: int = 1, smoothing: bool = True
) -> int:
    """The level payment in minor units, a multiple of `step`.

    Rounded to the nearest step, but down where rounding up would repay the loan before its last installment.
    """
    exact = exact_level(balance, periods)
    level = rounded(exact, rounding, step)
    if _ends_early(balance, periods, level, rounding):
        return int(exact // step) * step
    return _smoothed(balance, periods, level, rounding, step) if smoothing else level


def _ends_early(balance: int, periods: Sequence[Period], level: int, rounding: str) -> bool:
    return len(periods) > 1 and walk(balance, periods, level, rounding)[-1][0] <= 0


def _off_by(balance: int, periods: Sequence[Period], level: int, rounding: str) -> int:
    return sum(walk(balance, periods, level, rounding)[-1]) - level


def _smoothed(balance: int, periods: Sequence[Period], level: int, rounding: str, step: int) -> int:
    count = len(periods)
    off = _off_by(balance, periods, level, rounding)
    for _ in range(SMOOTHING_ROUNDS):
        if abs(off) <= count // 2:
            break
        move = round(Fraction(off, count))
        other = rounded(Fraction(max(level + move, 0)), rounding, step)
        if other == level or _ends_early(balance, periods, other, rounding):
            break
        other_off = _off_by(balance, periods, other, rounding)
        if abs(other_off) >= abs(off):
            break
        level, off = other, other_off
    return level
