"""The terms of a loan: all that its schedule depends on, and nothing that happens to it later but agreed changes.

Money is integers of the currency's minor unit, rates are annual fractions (0.24 is 24 %) as exact `Fraction`s.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction

from forbear.basics.errors import WrongUse
from forbear.basics.money import minor_digits
from forbear.loans.day_counts import day_count_named
from forbear.loans.due_dates import MONTH_ENDS, ROLLS, Calendar
from forbear.loans.every import MONTHLY, Every
from forbear.loans.rounding import HALVES

MAX_TERM = 1_200
"""Installments; a hundred years of months. More is a slip of the keyboard."""
MAX_ANNUAL_RATE = Fraction(10)
"""1000 % a year. Above it somebody wrote per cent where a fraction was asked for."""
MAX_PRINCIPAL = 10**15
"""Minor units."""


class Method(StrEnum):
    """How a loan is repaid; the Chinese name beside each."""

    equal_installment = "equal_installment"  # 等额本息
    equal_principal = "equal_principal"  # 等额本金
    interest_first = "interest_first"  # 先息后本
    bullet = "bullet"  # 到期一次还本付息
    flat = "flat"  # 等本等息
    zero_interest = "zero_interest"  # 免息分期, with a fee per installment


CHINESE = {
    Method.equal_installment: "等额本息",
    Method.equal_principal: "等额本金",
    Method.interest_first: "先息后本",
    Method.bullet: "到期一次还本付息",
    Method.flat: "等本等息",
    Method.zero_interest: "免息分期",
}


def as_rate(value: Fraction | Decimal | str | int, name: str = "the annual rate") -> Fraction:
    """`value` as an exact fraction.

    Raises:
        WrongUse: not a finite number, or a float (which is not what was written).
    """
    try:
        if isinstance(value, float) or (isinstance(value, Decimal) and not value.is_finite()):
            raise ValueError
        number = Decimal(value) if isinstance(value, str) else value
        if isinstance(number, Decimal) and (not number.is_finite() or not -40 <= number.adjusted() <= 20):
            raise ValueError
        return Fraction(number)
    except (ValueError, TypeError, InvalidOperation, OverflowError) as bad:
        raise WrongUse(f"{name} is {value!r}, which is not a number", "write a fraction: 0.18 is 18 %") from bad


@dataclass(frozen=True)
class Terms:
    """The terms of one loan.

    Args:
        principal: minor units paid out on `disbursed_on` (before any upfront fee is kept back).
        annual_rate: contract rate, a fraction of a year; text and `Decimal` are read exactly, a float is refused.
        term: number of installments; for `bullet`, of the steps after which the single one falls due.
        method: see `Method`.
        disbursed_on: the day interest begins.
        first_due_on: the first due date; None derives it, one step after disbursal.
        every: step between due dates.
        day_count: a name of `day_counts.NAMES`.
        currency: ISO 4217.
        rounding: how half a minor unit goes, `half_even` or `half_up`.
        multiple_of: level installments are multiples of this many minor units (1 is none); the last takes the rest.
        grace_principal: in the first so many installments no principal falls due.
        grace_interest: in the first so many no interest falls due; it is added, bearing none itself, to the next.
        interest_free: in the first so many periods no interest arises.
        fee_rate: fee with each installment, as a share of the principal.
        fee: fee with each installment, minor units, beside `fee_rate`.
        upfront_fee: kept back from, or paid at, disbursal; minor units. Counts in the annual cost only.
        down_payment: share of the principal that falls due on the day of disbursal as an installment of its own.
        month_end: what becomes of a day the month does not have: `clamp` or `roll` (see `every.add_steps`).
        roll: what becomes of a due date that is not worked: a name of `due_dates.ROLLS`.
        calendar: which days are worked.
        tranches: further disbursals, (date, minor units).
        prepayments: principal repaid beside the installments, (date, minor units); see `prepayment`.
        rate_changes: (from that day on, new annual rate).
        moved_due: (contract due date, new one); later ones follow.
        smoothing: nudge the level payment by whole minor units where that brings the last one closer.

    Raises:
        WrongUse: on what no loan can be; the message names the term and its value.
    """

    principal: int
    annual_rate: Fraction
    term: int
    method: Method
    disbursed_on: date
    first_due_on: date | None = None
    every: Every = MONTHLY
    day_count: str = "30/360"
    currency: str = "CNY"
    rounding: str = "half_even"
    multiple_of: int = 1
    grace_principal: int = 0
    grace_interest: int = 0
    interest_free: int = 0
    fee_rate: Fraction = Fraction(0)
    fee: int = 0
    upfront_fee: int = 0
    down_payment: Fraction = Fraction(0)
    month_end: str = "clamp"
    roll: str = "none"
    calendar: Calendar = field(default_factory=Calendar)
    tranches: tuple[tuple[date, int], ...] = ()
    prepayments: tuple[tuple[date, int], ...] = ()
    rate_changes: tuple[tuple[date, Fraction], ...] = ()
    moved_due: tuple[tuple[date, date], ...] = ()
    smoothing: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "annual_rate", as_rate(self.annual_rate))
        object.__setattr__(self, "fee_rate", as_rate(self.fee_rate, "the fee rate"))
        object.__setattr__(self, "down_payment", as_rate(self.down_payment, "the down payment"))
        object.__setattr__(self, "rate_changes", _true_changes(self.annual_rate, self.rate_changes))
        object.__setattr__(self, "tranches", tuple(sorted(self.tranches)))
        object.__setattr__(self, "prepayments", tuple(sorted(self.prepayments)))
        object.__setattr__(self, "day_count", day_count_named(self.day_count))
        object.__setattr__(self, "currency", self.currency.upper())
        minor_digits(self.currency)
        _refuse_bad_sizes(self)
        _refuse_bad_choices(self)
        _refuse_bad_changes(self)

    @property
    def movements(self) -> tuple[tuple[date, int], ...]:
        """Principal paid out after disbursal, and (negative) principal repaid beside the installments, by date."""
        return tuple(sorted((*self.tranches, *((day, -amount) for day, amount in self.prepayments))))


def _true_changes(rate: Fraction, changes: Iterable[tuple[date, Fraction]]) -> tuple[tuple[date, Fraction], ...]:
    """Changes in order of date, without those to the rate in force already."""
    kept = []
    for day, new in sorted((day, as_rate(new, "the new rate")) for day, new in changes):
        if new != rate:
            kept.append((day, new))
        rate = new
    return tuple(kept)


def _within(name: str, value: Fraction | int, low: Fraction | int, high: Fraction | int, hint: str = "") -> None:
    if not low <= value <= high:
        shown = float(value) if isinstance(value, Fraction) else value
        raise WrongUse(f"{name} is {shown}, outside {low} to {high}", hint)


def _refuse_bad_sizes(terms: Terms) -> None:
    _within("the term", terms.term, 1, MAX_TERM, "the term is the number of installments")
    _within("the principal (in minor units)", terms.principal, 1, MAX_PRINCIPAL)
    rates = (terms.annual_rate, *(rate for _, rate in terms.rate_changes))
    for rate in rates:
        _within("the annual rate", rate, 0, MAX_ANNUAL_RATE, "rates are fractions: 18 % is 0.18")
    _within("the fee rate", terms.fee_rate, 0, 1, "the share of the principal charged with each installment")
    _within("the fee", terms.fee, 0, MAX_PRINCIPAL)
    _within("the upfront fee", terms.upfront_fee, 0, terms.principal - 1, "it must leave something paid out")
    _within("multiple-of (in minor units)", terms.multiple_of, 1, MAX_PRINCIPAL)
    if not 0 <= terms.down_payment < 1:
        raise WrongUse(f"the down payment is {float(terms.down_payment)}, not a share from 0 to below 1")
    graces = {
        "grace on principal": terms.grace_principal,
        "grace on interest": terms.grace_interest,
        "interest-free periods": terms.interest_free,
    }
    for name, value in graces.items():
        last = terms.term if name.startswith("interest") else terms.term - 1
        _within(name, value, 0, last, "the last installment can have no grace")
    financed = int(terms.principal * (1 - terms.down_payment))
    if financed < terms.term * terms.multiple_of:
        raise WrongUse(
            f"{financed} minor units do not divide into {terms.term} installments that are multiples of "
            f"{terms.multiple_of}",
            "lower the term or the multiple",
        )


def _refuse_bad_choices(terms: Terms) -> None:
    choices = {"rounding": HALVES, "month_end": MONTH_ENDS, "roll": ROLLS}
    for name, allowed in choices.items():
        if getattr(terms, name) not in allowed:
            raise WrongUse(f"{name} is {getattr(terms, name)!r}", "use one of " + ", ".join(allowed))
    single = terms.method in (Method.bullet, Method.interest_first)
    if single and terms.grace_principal:
        raise WrongUse(f"{terms.method} repays all principal at the end, so grace on principal has no meaning")
    if terms.method == Method.bullet and terms.grace_interest:
        raise WrongUse("bullet pays all interest at the end, so grace on interest has no meaning")


def _refuse_bad_changes(terms: Terms) -> None:
    for day, amount in (*terms.tranches, *terms.prepayments):
        _within(f"the tranche or prepayment of {day}", amount, 1, MAX_PRINCIPAL)
    if terms.prepayments and terms.method in (Method.flat, Method.zero_interest):
        raise WrongUse(f"{terms.method} charges on what was paid out, so a prepayment would change nothing")
    dated = [day for day, _ in (*terms.tranches, *terms.prepayments, *terms.rate_changes)]
    if any(day < terms.disbursed_on for day in dated):
        raise WrongUse(
            f"{min(dated)} lies before the disbursal on {terms.disbursed_on}", "date it on or after that"
        )
