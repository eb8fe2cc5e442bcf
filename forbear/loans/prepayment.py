"""Paying early: what pays a loan off on a day, and what remains after a part is repaid.

Interest runs for the time the money was had (民法典 art. 677, CN-INT-10), unless the contract says otherwise: so a
payoff is the principal outstanding, the interest since the last due date, and the fees of installments already due.
Both functions take the loan as paid as agreed up to that day; what is in arrears comes on top, from `replay`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from forbear.basics.errors import WrongUse
from forbear.loans.level import walk
from forbear.loans.periods import Period, build_periods, growth_between
from forbear.loans.rounding import rounded
from forbear.loans.schedule import Installment, Schedule, make_schedule
from forbear.loans.terms import Method, Terms

SHORTER = (Method.equal_installment, Method.equal_principal)


@dataclass(frozen=True)
class Payoff:
    """What pays a loan off on `on`, minor units."""

    on: date
    principal: int
    interest: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.principal + self.interest


def payoff(schedule: Schedule, on: date) -> Payoff:
    """What pays the loan off on `on`, after the installments due up to and on that day.

    Raises:
        WrongUse: a day before disbursal or after the last due date.
    """
    terms, periods = schedule.terms, build_periods(schedule.terms)
    place = _place_of(periods, on)
    principal = _outstanding(schedule, on)
    if place is None or terms.method == Method.zero_interest:
        return Payoff(on, principal, 0)
    interest = accrued(schedule, periods[place], on) + _waiting(schedule, periods, place)
    return Payoff(on, principal, rounded(interest, terms.rounding))


def accrued(schedule: Schedule, period: Period, on: date) -> Fraction:
    """Interest of a period up to `on`, minor units; on what is outstanding, or for flat on the first principal."""
    terms = schedule.terms
    inside = [(day, amount) for day, amount in terms.movements if period.start <= day <= on]
    opening = _outstanding(schedule, on) - sum(amount for _, amount in inside)
    base = _financed(schedule) if terms.method == Method.flat else opening
    interest = base * growth_between(terms, period, period.start, on)
    return interest + sum((amount * growth_between(terms, period, day, on) for day, amount in inside), Fraction(0))


def _financed(schedule: Schedule) -> int:
    return schedule.terms.principal - sum(row.principal for row in schedule.installments if row.period == 0)


def _place_of(periods: list[Period], on: date) -> int | None:
    """The period that `on` falls into, None on the last due date."""
    if not periods[0].start <= on <= periods[-1].end:
        raise WrongUse(
            f"{on} lies outside the loan, {periods[0].start} to {periods[-1].end}", "name a day within it"
        )
    return next((place for place, period in enumerate(periods) if on < period.end), None)


def _outstanding(schedule: Schedule, on: date) -> int:
    """Principal outstanding at the end of `on`, all that was due paid; a period is over on its contract date."""
    terms = schedule.terms
    over = sum(period.end <= on for period in build_periods(terms))
    paid_out = terms.principal + sum(amount for day, amount in terms.movements if day <= on)
    return paid_out - sum(row.principal for row in schedule.installments if row.period <= over)


def _waiting(schedule: Schedule, periods: list[Period], place: int) -> Fraction:
    """Interest of earlier periods that has not fallen due: held by grace, or due at the end as in a bullet."""
    terms = schedule.terms
    if terms.method == Method.bullet:
        return sum((accrued(schedule, period, period.end) for period in periods[:place]), Fraction(0))
    if 0 < place <= terms.grace_interest:
        free = make_schedule(replace(terms, grace_interest=0))
        return Fraction(sum(row.interest for row in free.installments if row.period <= place))
    return Fraction(0)


def prepay(schedule: Schedule, on: date, amount: int, *, keep: str = "term") -> Schedule:
    """The schedule after `amount` of principal is repaid on `on`, beside the installments.

    Interest on the part runs to that day and falls due with the next installment.

    Args:
        schedule: the loan as it stood.
        on: the day, within the loan.
        amount: principal, minor units; less than what is outstanding (else it is a payoff).
        keep: `term` keeps the number of installments and makes them smaller; `installment` keeps their size (the
            last may be smaller) and makes them fewer, for equal installments and equal principal.

    Raises:
        WrongUse: an amount that is no part of what is outstanding, a method or day it cannot be done for.
    """
    terms = schedule.terms
    outstanding = _outstanding(schedule, on)
    if not 0 < amount < outstanding:
        raise WrongUse(f"{amount} is no part of the {outstanding} outstanding on {on}", "a payoff repays all of it")
    if keep not in ("term", "installment"):
        raise WrongUse(f"keep is {keep!r}", "use term or installment")
    smaller = replace(terms, prepayments=(*terms.prepayments, (on, amount)))
    if keep == "term":
        return make_schedule(smaller)
    if terms.method not in SHORTER:
        raise WrongUse(f"{terms.method} has no level to keep", "keep the term instead")
    return _shortened(schedule, smaller, on)


def _shortened(schedule: Schedule, smaller: Terms, on: date) -> Schedule:
    """Installments as large as before from the period of `on`, and as few as that takes."""
    periods = build_periods(smaller)
    place = _place_of(periods, on)
    assert place is not None, "make_schedule refuses a change on the last due date"
    head = [row for row in schedule.installments if row.period <= place]
    row = next(row for row in schedule.installments if row.period == place + 1)
    balance = head[-1].balance if head else smaller.principal
    level = row.principal + row.interest
    ahead = periods[place:]
    for count in range(1, len(ahead) + 1):
        rows = _paid_at(smaller, balance, ahead[:count], level, row.principal)
        if sum(rows[-1]) <= max(level, 1):
            break
    tail = []
    for step, (principal, interest) in enumerate(rows):
        period = ahead[step]
        balance += period.added - principal
        tail.append(
            Installment(row.number + step, period.due_on, principal, interest, row.fees, balance, row.period + step)
        )
    return Schedule(replace(smaller, term=place + len(rows)), (*head, *tail))


def _paid_at(terms: Terms, balance: int, periods: list[Period], level: int, part: int) -> list[tuple[int, int]]:
    if terms.method == Method.equal_installment:
        return walk(balance, periods, level, terms.rounding)
    rows = []
    for place, period in enumerate(periods):
        interest = rounded(balance * period.growth + period.extra, terms.rounding)
        balance += period.added
        principal = balance if place == len(periods) - 1 else min(part, balance)
        balance -= principal
        rows.append((principal, interest))
    return rows
