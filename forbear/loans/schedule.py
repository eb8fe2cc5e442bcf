"""The schedule of a loan: what falls due, when, and what remains; made from the terms and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from forbear.loans.due_dates import rolled
from forbear.loans.methods import METHODS, Rows
from forbear.loans.periods import Period, build_periods
from forbear.loans.rounding import rounded
from forbear.loans.terms import Method, Terms


@dataclass(frozen=True)
class Installment:
    """One installment; money in minor units.

    Args:
        number: from 1.
        due_on: the day it falls due.
        principal: principal due.
        interest: interest due.
        fees: fees due.
        balance: principal outstanding once it is paid.
        period: which step of the schedule it closes (0 is the day of disbursal), for a rate per period.
    """

    number: int
    due_on: date
    principal: int
    interest: int
    fees: int
    balance: int
    period: int

    @property
    def total(self) -> int:
        """All that falls due."""
        return self.principal + self.interest + self.fees


@dataclass(frozen=True)
class Schedule:
    """The installments of a loan, with the terms they come from."""

    terms: Terms
    installments: tuple[Installment, ...]

    @property
    def principal(self) -> int:
        """All principal, tranches included."""
        return sum(row.principal for row in self.installments)

    @property
    def interest(self) -> int:
        """All interest."""
        return sum(row.interest for row in self.installments)

    @property
    def fees(self) -> int:
        """All fees that fall due with installments; the upfront fee is in the terms."""
        return sum(row.fees for row in self.installments)

    @property
    def total(self) -> int:
        """All that falls due."""
        return self.principal + self.interest + self.fees


def make_schedule(terms: Terms) -> Schedule:
    """The schedule of `terms`.

    Principal adds up to what was paid out and the balance ends at zero, always; no component is negative.

    Raises:
        WrongUse: on due dates or changes that cannot be (see `build_periods`).
    """
    periods = build_periods(terms)
    down = rounded(terms.principal * terms.down_payment, terms.rounding)
    rows = METHODS[terms.method](terms, terms.principal - down, periods)
    rows = _deferred(rows, terms.grace_interest)
    closing = periods[-len(rows) :]
    installments = (_down_payment(terms, down) if down else []) + _numbered(terms, down, rows, periods, closing)
    schedule = Schedule(terms, tuple(installments))
    assert schedule.installments[-1].balance == 0, "the last installment repays the loan"
    assert min(min(row.principal, row.interest, row.fees) for row in installments) >= 0, "nothing due is negative"
    return schedule


def _deferred(rows: Rows, grace: int) -> Rows:
    """Rows whose interest in the first `grace` falls due with the one after them."""
    if not grace:
        return rows
    held = sum(interest for _, interest in rows[:grace])
    head = [(principal, 0) for principal, _ in rows[:grace]]
    principal, interest = rows[grace]
    return [*head, (principal, interest + held), *rows[grace + 1 :]]


def _down_payment(terms: Terms, down: int) -> list[Installment]:
    on = rolled(terms.disbursed_on, terms.roll, terms.calendar)
    return [Installment(1, on, down, 0, 0, terms.principal - down, 0)]


def _numbered(
    terms: Terms, down: int, rows: Rows, periods: Sequence[Period], closing: Sequence[Period]
) -> list[Installment]:
    """The rows as installments, with their fees and the balance after each (tranches counted once paid out)."""
    first = 2 if down else 1
    skipped = len(periods) - len(rows)
    fees = terms.fee + rounded(terms.principal * terms.fee_rate, terms.rounding)
    paid_out = list(accumulate(period.added for period in periods))[skipped:]
    repaid = accumulate(principal for principal, _ in rows)
    return [
        Installment(
            number=first + place,
            due_on=period.due_on,
            principal=principal,
            interest=interest,
            fees=fees,
            balance=terms.principal - down + out - back,
            period=skipped + place + 1,
        )
        for place, ((principal, interest), period, out, back) in enumerate(
            zip(rows, closing, paid_out, repaid, strict=True)
        )
    ]


def installment_count(terms: Terms) -> int:
    """How many installments the schedule of `terms` has."""
    return (1 if terms.method == Method.bullet else terms.term) + (terms.down_payment > 0)
