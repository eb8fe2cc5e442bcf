"""The periods of a loan: from when to when interest runs, and what share of a balance it comes to.

A period's interest is linear in the balance it opens with: `growth` times that balance, plus `extra` for money that
was paid out within it. Rate changes and tranches within a period cut it into pieces; the pieces add up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import pairwise

from forbear.basics.errors import WrongUse
from forbear.loans.day_counts import share_of_period, year_fraction
from forbear.loans.due_dates import contract_dates, move_due_dates, roll_all
from forbear.loans.every import add_steps
from forbear.loans.terms import Terms


@dataclass(frozen=True)
class Period:
    """One period.

    Args:
        start: the day interest begins to run in it.
        end: the contract's due date, up to which it runs.
        due_on: the day payment is due (end, rolled off a holiday where the terms say so).
        whole: the year fraction of the period, zero where it is free of interest.
        growth: interest of the period per unit of opening balance.
        extra: interest of the period on tranches paid out within it, less that on prepayments; minor units.
        added: tranches paid out within it, less prepayments; minor units.
        changed: whether a tranche or a new rate falls into it, so that the level is set anew.
    """

    start: date
    end: date
    due_on: date
    whole: Fraction
    growth: Fraction
    extra: Fraction
    added: int
    changed: bool


def build_periods(terms: Terms) -> list[Period]:
    """The periods of a loan, one for each installment but a down payment.

    Raises:
        WrongUse: due dates that cannot be, or a tranche or rate change after the last of them.
    """
    dates = contract_dates(terms.disbursed_on, terms.every, terms.term, terms.first_due_on, terms.month_end)
    regular_first = dates[0] == add_steps(terms.disbursed_on, terms.every, 1, terms.month_end)
    dates, broken = move_due_dates(dates, dict(terms.moved_due), terms.every, terms.month_end)
    if not regular_first:
        broken |= {0}
    for day, _ in (*terms.movements, *terms.rate_changes):
        if day >= dates[-1]:
            raise WrongUse(f"{day} is not before the last due date {dates[-1]}", "date the change within the loan")
    due = roll_all(dates, terms.roll, terms.calendar)
    starts = [terms.disbursed_on, *dates[:-1]]
    spans = zip(starts, dates, due, strict=True)
    return [_period(terms, place, start, end, on, place in broken) for place, (start, end, on) in enumerate(spans)]


def _period(terms: Terms, place: int, start: date, end: date, due_on: date, broken: bool) -> Period:
    free = place < terms.interest_free
    whole = Fraction(0) if free else year_fraction(terms.day_count, start, end, None if broken else terms.every)
    inside = [(day, amount) for day, amount in terms.movements if start <= day < end]
    changes = [day for day, _ in terms.rate_changes if start <= day < end]
    period = Period(start, end, due_on, whole, Fraction(0), Fraction(0), 0, bool(inside or changes))
    return replace(
        period,
        growth=growth_between(terms, period, start, end),
        extra=sum((amount * growth_between(terms, period, day, end) for day, amount in inside), Fraction(0)),
        added=sum(amount for _, amount in inside),
    )


def growth_between(terms: Terms, period: Period, since: date, until: date) -> Fraction:
    """Interest per unit of balance between two days of a period, each piece at the rate in force."""
    if not period.whole or since >= until:
        return Fraction(0)
    span = (period.start, period.end)
    cuts = [since, *(day for day, _ in terms.rate_changes if since < day < until), until]
    return sum(
        (
            rate_on(terms, begin) * share_of_period(terms.day_count, begin, stop, span, period.whole)
            for begin, stop in pairwise(cuts)
        ),
        Fraction(0),
    )


def rate_on(terms: Terms, day: date) -> Fraction:
    """The annual rate in force on `day`."""
    rate = terms.annual_rate
    for since, changed in terms.rate_changes:
        if since <= day:
            rate = changed
    return rate


def known_by(terms: Terms, end: date) -> Terms:
    """The terms as known in the period that ends on `end`: without later changes, and without moved dates."""
    return replace(
        terms,
        tranches=tuple(change for change in terms.tranches if change[0] < end),
        prepayments=tuple(change for change in terms.prepayments if change[0] < end),
        rate_changes=tuple(change for change in terms.rate_changes if change[0] < end),
        moved_due=(),
    )
