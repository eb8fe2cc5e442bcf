"""What a loan costs a year, all fees included: IRR per period made annual, and XIRR by dates.

Three figures, each under its own name, because people mean different things by "annual":

- `irr_annual`: the internal rate per period times the periods in a year (nominal; 1.5 % a month is 18 %). This is
  what a Chinese lender calls IRR 年化; without fees and with equal periods it is the contract rate.
- `irr_effective`: the same rate per period compounded over a year (1.5 % a month is 19.56 %).
- `xirr`: effective, by the true dates over 365 days, as in spreadsheets.

Rates are measured with floats (pyxirr) from exact sums; no money comes back from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import isfinite

import pyxirr

from forbear.loans.schedule import Schedule

DIGITS = 8
"""Decimals kept of a rate: a ten-thousandth of a basis point is far below what a minor unit can move."""


@dataclass(frozen=True)
class AnnualCost:
    """Annual cost by three conventions; None where there is no such rate."""

    irr_annual: float | None
    irr_effective: float | None
    xirr: float | None


def cash_flows(schedule: Schedule) -> list[tuple[date, int]]:
    """Money by date from the lender's side, in minor units: paid out is negative, due is positive.

    An upfront fee lessens what is paid out.
    """
    terms = schedule.terms
    out = [(terms.disbursed_on, terms.upfront_fee - terms.principal)]
    out += [(day, -amount) for day, amount in terms.movements]
    return out + [(row.due_on, row.total) for row in schedule.installments]


def annual_cost(schedule: Schedule) -> AnnualCost:
    """The annual cost of a schedule paid as agreed.

    The rate per period takes every period as one step of the schedule, a broken first one too, and is None where
    money moves in between; `xirr` counts every day.
    """
    flows = cash_flows(schedule)
    per_period = None if schedule.terms.movements else _rate_per_period(schedule)
    a_year = float(schedule.terms.every.a_year)
    return AnnualCost(
        irr_annual=_kept(None if per_period is None else per_period * a_year),
        irr_effective=_kept(None if per_period is None else _compounded(per_period, a_year)),
        xirr=_kept(xirr_of(flows)),
    )


def _rate_per_period(schedule: Schedule) -> float | None:
    terms = schedule.terms
    amounts = [0] * (schedule.installments[-1].period + 1)
    amounts[0] = terms.upfront_fee - terms.principal
    for row in schedule.installments:
        amounts[row.period] += row.total
    return _zero_or(pyxirr.irr([float(amount) for amount in amounts], silent=True), sum(amounts))


def xirr_of(flows: list[tuple[date, int]]) -> float | None:
    """The effective annual rate at which dated flows (minor units) are worth nothing; None if there is none."""
    days, amounts = zip(*flows, strict=True)
    return _zero_or(pyxirr.xirr(days, [float(amount) for amount in amounts], silent=True), sum(amounts))


def _zero_or(rate: float | None, sum_of_flows: int) -> float | None:
    """Flows that add up to nothing have the rate zero, exactly; the search would come near it only."""
    return 0.0 if sum_of_flows == 0 else rate


def _compounded(per_period: float, a_year: float) -> float | None:
    try:
        return float((1 + per_period) ** a_year - 1)
    except OverflowError:
        return None


def _kept(rate: float | None) -> float | None:
    """The rate to DIGITS decimals; None for one too large to be a number, which JSON could not carry either."""
    return None if rate is None or not isfinite(rate) else round(rate, DIGITS)
