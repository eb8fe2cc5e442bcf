"""The installments of a sample's loans, to the cent, many loans at a time.

Monthly periods of a twelfth of a year (30/360), interest rounded half to even, the remainder in the last
installment, due on the day of disbursal or the month's last. This is arithmetic for the sample's handful of
products; the schedules of real products are `forbear.loans`, to which the tests hold these equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from forbear.book.sample_loans import FACTOR_SCALE, Loans, level_factor
from forbear.book.sample_recipe import LONGEST_TERM, METHODS, Ints, Recipe


@dataclass(frozen=True, eq=False)
class Schedule:
    """Installments of a block of loans, ordered by loan and number.

    Attributes:
        start: where each loan's installments begin in the arrays below; one more than loans.
        loan: index of the loan in its block.
        number, due, principal, interest, fees: one entry an installment; money in minor units, days since 1970.
        paid_until: cumulative totals within the loan, with a leading 0 (loan i's begin at `start[i] + i`).
    """

    start: Ints
    loan: Ints
    number: Ints
    due: Ints
    principal: Ints
    interest: Ints
    fees: Ints
    paid_until: Ints


def divided(numerator: Ints, denominator: int) -> Ints:
    """Numerator / denominator rounded half to even, in whole numbers; numerator not negative."""
    quotient, rest = np.divmod(numerator, denominator)
    twice = 2 * rest
    up = (twice > denominator) | ((twice == denominator) & (quotient % 2 == 1))
    whole: Ints = quotient + up
    return whole


def schedule(recipe: Recipe, loans: Loans) -> Schedule:
    """Every installment of the block."""
    shape = (len(loans), LONGEST_TERM)
    principal, interest, fees = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    for index, name in enumerate(METHODS):
        own = np.flatnonzero(loans.method == index)
        part = (loans.principal[own], loans.rate_bp[own], loans.term[own])
        principal[own], interest[own] = _AMORTISE[name](*part)
        if name == "zero_interest":
            fees[own] = divided(part[0] * recipe.raw["loan"]["fee_bp"], 10_000)[:, None]
    number = np.broadcast_to(np.arange(1, LONGEST_TERM + 1), shape)
    is_one = number <= loans.term[:, None]
    totals = np.where(is_one, principal + interest + fees, 0)
    until = np.concatenate([np.zeros((len(loans), 1), dtype=np.int64), np.cumsum(totals, axis=1)], axis=1)
    in_until = np.concatenate([np.ones((len(loans), 1), dtype=bool), is_one], axis=1)
    due = due_days(loans.disbursed[:, None], number)
    start = np.concatenate([[0], np.cumsum(loans.term)])
    loan = np.repeat(np.arange(len(loans)), loans.term)
    flat = (number[is_one], due[is_one], principal[is_one], interest[is_one], fees[is_one])
    return Schedule(start, loan, *flat, until[in_until])


def _level(principal: Ints, rate_bp: Ints, term: Ints) -> tuple[Ints, Ints]:
    factors = _factors()[rate_bp, term]
    payment = divided(principal * factors, FACTOR_SCALE)
    return _run_down(principal, rate_bp, term, lambda interest: payment - interest)


def _equal_principal(principal: Ints, rate_bp: Ints, term: Ints) -> tuple[Ints, Ints]:
    part = divided_by(principal, term)
    return _run_down(principal, rate_bp, term, lambda _interest: part)


def _interest_first(principal: Ints, rate_bp: Ints, term: Ints) -> tuple[Ints, Ints]:
    return _run_down(principal, rate_bp, term, np.zeros_like)


def _flat(principal: Ints, rate_bp: Ints, term: Ints) -> tuple[Ints, Ints]:
    parts, _ = _equal_principal(principal, rate_bp, term)
    interest = divided(principal * rate_bp, 120_000)
    return parts, np.repeat(interest[:, None], LONGEST_TERM, axis=1)


_AMORTISE = {
    "equal_installment": _level,
    "equal_principal": _equal_principal,
    "interest_first": _interest_first,
    "flat": _flat,
    "zero_interest": _equal_principal,
}


def divided_by(principal: Ints, term: Ints) -> Ints:
    """Principal / term rounded half to even, elementwise."""
    quotient, rest = np.divmod(principal, term)
    whole: Ints = quotient + ((2 * rest > term) | ((2 * rest == term) & (quotient % 2 == 1)))
    return whole


def _run_down(principal: Ints, rate_bp: Ints, term: Ints, part_of) -> tuple[Ints, Ints]:  # type: ignore[no-untyped-def]
    """(principal, interest) by installment: interest on the balance, a part of principal, the rest at the end."""
    parts, interests = (np.zeros((len(principal), LONGEST_TERM), dtype=np.int64) for _ in range(2))
    balance = principal.copy()
    for k in range(LONGEST_TERM):
        interest = divided(balance * rate_bp, 120_000)
        part = np.where(term == k + 1, balance, np.clip(part_of(interest), 0, balance))
        parts[:, k], interests[:, k] = part, interest
        balance -= part
    return parts, interests


@cache
def _factors() -> Ints:
    """Level factors by [rate in basis points, term]; only whole multiples of 60 basis points are used."""
    table = np.zeros((3601, LONGEST_TERM + 1), dtype=np.int64)
    for rate_bp in range(0, 3601, 60):
        for term in range(1, LONGEST_TERM + 1):
            table[rate_bp, term] = level_factor(rate_bp, term)
    return table


@cache
def _months() -> tuple[Ints, Ints, Ints]:
    """(month index of a day, first day of a month, length of a month), months and days since 1970."""
    firsts = np.arange("1970-01", "2201-01", dtype="datetime64[M]").astype("datetime64[D]").astype(np.int64)
    lengths = np.diff(firsts)
    return np.repeat(np.arange(len(lengths)), lengths), firsts[:-1], lengths


def due_days(disbursed: Ints, months: Ints) -> Ints:
    """The same day of the month, so many months later, or that month's last day."""
    month_of, first, length = _months()
    start = month_of[disbursed]
    then = start + months
    due: Ints = first[then] + np.minimum(disbursed - first[start], length[then] - 1)
    return due
