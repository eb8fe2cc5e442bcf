"""What can be offered: for each way of repaying the price within the cap, the limit within the means, and the schedule.

The annual cost of an offer is the greatest of the three figures of `forbear.loans.annual_cost`, all fees included: by
period (nominal), compounded, and by dates; the sources do not settle which one the cap means, so all must hold (the
same strict reading as `forbear/loans/caps.toml`). The rate is the band's, lowered by basis points until the cost fits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from forbear.loans import Method, Schedule, Terms, annual_cost, make_schedule
from forbear.risk.affordability import Means, needed_monthly
from forbear.risk.applied import Application
from forbear.risk.assess_policy import Policy

TICK = Decimal("0.0001")
"""Rates are whole basis points."""
SINGLE = frozenset([Method.interest_first, Method.bullet])
"""Ways of repaying whose principal falls due in one sum."""


@dataclass(frozen=True)
class Offer:
    """One way of repaying.

    Args:
        amount: lent, minor units: what was asked for, or the limit where that is less.
        limit: the most that could be lent this way.
        annual_rate: contract rate.
        upfront_fee: kept back at disbursal.
        fee: with each installment.
        cost: the annual cost, the greatest of the measures.
        irr_annual: of these the nominal one, which Chinese lenders publish.
        needed: put aside a month, minor units.
        first_due: the first installment, minor units; `total`: all that falls due.
    """

    method: Method
    term: int
    amount: int
    limit: int
    annual_rate: Decimal
    upfront_fee: int
    fee: int
    cost: float
    irr_annual: float
    needed: int
    first_due: int
    total: int


def terms_of(
    amount: int,
    rate: Decimal,
    term: int,
    method: Method,
    on: date,
    policy: Policy,
    first_due_on: date | None = None,
) -> Terms:
    """The terms of a loan under a policy's fees."""
    return Terms(
        amount,
        Fraction(rate),
        term,
        method,
        on,
        first_due_on=first_due_on,
        currency=policy.currency,
        fee_rate=Fraction(policy.amounts.fee_rate),
        upfront_fee=round(amount * policy.amounts.upfront_fee),
    )


def cost_of(schedule: Schedule) -> float | None:
    """The greatest measure of the annual cost; None where there is no such rate."""
    told = annual_cost(schedule)
    known = (told.irr_annual, told.irr_effective, told.xirr)
    return None if None in known else max(one for one in known if one is not None)


def offered(
    application: Application,
    method: Method,
    means: Means,
    *,
    most: int,
    rate: Decimal,
    cap: Decimal,
    policy: Policy,
) -> Offer | None:
    """The offer of one way of repaying; None where the cap or the means leave none.

    Args:
        application: what is asked for.
        method: the way of repaying.
        means: what she can repay.
        most: the greatest limit by policy and band, minor units.
        rate: the band's.
        cap: on the annual cost.
        policy: amounts and fees.
    """

    def schedule(amount: int, at: Decimal) -> Schedule:
        return make_schedule(terms_of(amount, at, application.term, method, application.applied_on, policy))

    step, least = policy.minor(policy.amounts.step), policy.minor(policy.amounts.least)
    reference = max(least, min(application.amount, policy.minor(policy.amounts.most)))
    price = _price(lambda at: cost_of(schedule(reference, at)), rate, cap)
    if price is None:
        return None
    ceiling = min(most, means.most_debt) // step * step
    limit = _limit(lambda amount: needed_monthly(schedule(amount, price)), means.room, ceiling, reference, step)
    amount = min(application.amount, limit)
    if limit < least or amount < least:
        return None
    return _made(lambda at: schedule(amount, at), limit, price, cap)


def _price(cost: Callable[[Decimal], float | None], rate: Decimal, cap: Decimal) -> Decimal | None:
    """The highest rate up to `rate` whose cost is within the cap."""

    def fits(ticks: int) -> bool:
        found = cost(ticks * TICK)
        return found is not None and found <= cap

    high = int(rate / TICK)
    if fits(high):
        return high * TICK
    if not fits(0):
        return None
    low = 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low * TICK


def _limit(needed: Callable[[int], int], room: int, ceiling: int, reference: int, step: int) -> int:
    """The greatest multiple of `step` up to the ceiling that needs no more than the room."""
    if ceiling < step or room <= 0:
        return 0
    guess = min(ceiling, max(step, room * reference // max(needed(reference), 1) // step * step))
    while guess >= step and needed(guess) > room:
        guess -= step
    while step <= guess < ceiling and needed(guess + step) <= room:
        guess += step
    return guess


def _made(schedule_at: Callable[[Decimal], Schedule], limit: int, price: Decimal, cap: Decimal) -> Offer | None:
    """The offer at its own amount, whose rounding may move the cost by a hair: then the rate gives way."""
    while price >= 0:
        schedule = schedule_at(price)
        cost = cost_of(schedule)
        if cost is not None and cost <= cap:
            break
        price -= TICK
    else:
        return None
    irr = annual_cost(schedule).irr_annual
    assert irr is not None
    terms, rows = schedule.terms, schedule.installments
    return Offer(
        terms.method,
        terms.term,
        terms.principal,
        limit,
        price,
        terms.upfront_fee,
        rows[0].fees,
        cost,
        irr,
        needed_monthly(schedule),
        rows[0].total,
        schedule.total,
    )
