"""Spreading what is left over months in level payments, and the fewest months that fit."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, log, log1p

from forbear.loans.rounding import rounded, shares
from forbear.loans.schedule import Installment, make_schedule
from forbear.loans.terms import Method, Terms
from forbear.relief.ground import Draft, Ground, PlanRow


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
        PlanRow(ground.pay_day(first + place), row.principal, row.interest + interest[place], fees[place])
        for place, row in enumerate(rows)
    )


def spread_capitalized(ground: Ground, months: int) -> tuple[PlanRow, ...]:
    """The same with the interest that is owed bearing interest like principal; it stays interest in every row."""
    debt = ground.debt
    rows = _level(ground, debt.principal + debt.interest, months, 0)
    if rows is None:
        return ()
    whole, told, principal_told = debt.principal + debt.interest, 0, 0
    fees, made = shares(debt.fees_due + debt.fees_ahead, months), list[PlanRow]()
    for place, row in enumerate(rows):
        told += row.principal
        principal = rounded(Fraction(debt.principal * told, whole)) - principal_told
        principal_told += principal
        interest = row.interest + row.principal - principal
        made.append(PlanRow(ground.pay_day(place), principal, interest, fees[place]))
    return tuple(made)


def _level(ground: Ground, balance: int, months: int, first: int) -> tuple[Installment, ...] | None:
    """The level payments of a balance; None where there are more payments than minor units."""
    if months < 1 or balance < months:
        return None
    terms = Terms(
        balance,
        ground.rate,
        months,
        Method.equal_installment,
        ground.debt.on,
        first_due_on=ground.pay_day(first),
        currency=ground.debt.currency,
    )
    return make_schedule(terms).installments


def least_count(ground: Ground, least: int, at: Callable[[int], Draft | None]) -> Draft | None:
    """The draft of the fewest payments from `least` on that has one; more payments are smaller ones.

    The closed formula gives a first guess; what counts is the exact schedule around it.
    """
    most = ground.most_payments
    if least > most:
        return None
    guess = min(max(_guess(ground), least), most)
    found = at(guess)
    if found:
        while guess > least and (fewer := at(guess - 1)):
            guess, found = guess - 1, fewer
        return found
    for months in range(guess + 1, most + 1):
        if found := at(months):
            return found
    return None


def _guess(ground: Ground) -> int:
    """Months that a level payment of the surplus takes, by the closed formula."""
    debt, monthly = ground.debt, float(ground.rate) / 12
    room = max(ground.surplus.now, ground.surplus.later if ground.surplus.later_on else 0)
    whole = debt.principal + debt.interest + debt.fees_due + debt.fees_ahead
    if room <= 0 or room <= whole * monthly:
        return ground.most_payments
    return ceil(-log(1 - whole * monthly / room) / log1p(monthly)) if monthly else ceil(whole / room)
