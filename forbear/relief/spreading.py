"""Spreading what is left over months in level payments, and the fewest months that fit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from functools import lru_cache
from math import ceil, log, log1p

from forbear.loans.level import level_payment, walk
from forbear.loans.periods import build_periods
from forbear.loans.rounding import rounded, shares
from forbear.loans.terms import Method, Terms
from forbear.relief.ground import Draft, Ground, PlanRow

HALF_EVEN = "half_even"


def spread(ground: Ground, months: int, first: int = 0) -> tuple[PlanRow, ...]:
    """All principal in level payments at the ground's rate; interest and fees that are owed go beside it, level too.

    Args:
        ground: what is owed, from the plan's day on.
        months: payments.
        first: the place of the first pay day.

    Returns:
        Empty where what is left does not divide into so many payments.
    """
    debt = ground.debt
    rows = _level(ground, debt.principal, months, first)
    if rows is None:
        return ()
    interest = shares(debt.interest, months)
    fees = shares(debt.fees_due + debt.fees_ahead, months)
    return tuple(
        PlanRow(ground.pay_day(first + place), principal, cost + interest[place], fees[place])
        for place, (principal, cost) in enumerate(rows)
    )


def spread_capitalized(ground: Ground, months: int) -> tuple[PlanRow, ...]:
    """The same with the interest that is owed bearing interest like principal; it stays interest in every row."""
    debt = ground.debt
    rows = _level(ground, debt.principal + debt.interest, months, 0)
    if rows is None:
        return ()
    whole, told, principal_told = debt.principal + debt.interest, 0, 0
    fees, made = shares(debt.fees_due + debt.fees_ahead, months), list[PlanRow]()
    for place, (repaid, cost) in enumerate(rows):
        told += repaid
        principal = rounded(Fraction(debt.principal * told, whole)) - principal_told
        principal_told += principal
        made.append(PlanRow(ground.pay_day(place), principal, cost + repaid - principal, fees[place]))
    return tuple(made)


def _level(ground: Ground, balance: int, months: int, first: int) -> tuple[tuple[int, int], ...] | None:
    """(principal, interest) of level payments of a balance; None where there are more payments than minor units."""
    if months < 1 or balance < months:
        return None
    return _level_rows(balance, ground.rate, months, ground.debt.on, ground.pay_day(first))


@lru_cache(maxsize=4096)
def _level_rows(
    balance: int, rate: Fraction, months: int, on: date, first_due_on: date
) -> tuple[tuple[int, int], ...]:
    """As `make_schedule` for equal installments, by the same two steps; several kinds ask for the same ones."""
    periods = build_periods(Terms(balance, rate, months, Method.equal_installment, on, first_due_on=first_due_on))
    return tuple(walk(balance, periods, level_payment(balance, periods), HALF_EVEN))


def least_count(ground: Ground, least: int, at: Callable[[int], Draft | None]) -> Draft | None:
    """The draft of the fewest payments from `least` on that has one; more payments are smaller ones.

    The closed formula gives a first guess; what counts is the exact schedule around it.
    """
    most, wanted = ground.most_payments, _guess(ground)
    if least > most or wanted > most + SLACK:
        return None
    guess = min(max(wanted, least), most)
    found = at(guess)
    if found:
        while guess > least and (fewer := at(guess - 1)):
            guess, found = guess - 1, fewer
        return found
    for months in range(guess + 1, most + 1):
        if found := at(months):
            return found
    return None


SLACK = 2
"""The closed formula is off by less than this many payments: a first period may be longer than a month."""


def _guess(ground: Ground) -> int:
    """Months that a level payment of the surplus takes, by the closed formula; too many where it never ends."""
    debt, monthly = ground.debt, float(ground.rate) / 12
    room = max(ground.surplus.now, ground.surplus.later if ground.surplus.later_on else 0)
    whole = debt.principal + debt.interest + debt.fees_due + debt.fees_ahead
    if room <= 0 or room <= whole * monthly:
        return ground.most_payments + SLACK + 1
    return ceil(-log(1 - whole * monthly / room) / log1p(monthly)) if monthly else ceil(whole / room)
