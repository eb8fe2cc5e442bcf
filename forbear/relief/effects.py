"""What a plan does to the loan's classification and to the borrower's record at a credit bureau, with dates.

Both follow from a place's rules (`places.toml`). Where the law was not seen the strict reading holds: a restructured
loan is at least in the category the entry names until it was watched long enough, and bad conduct ends when the plan
is paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from forbear.aging.classification import scheme
from forbear.loans.every import MONTHLY, add_steps
from forbear.relief.debt import Debt
from forbear.relief.policy import Bureau, Place

DEFAULT_DAYS = 90


@dataclass(frozen=True)
class ClassEffect:
    """The category before and with the plan, and until when the loan is observed."""

    scheme: str
    before: str
    after: str
    observed_until: date
    rule: str
    verified: bool


@dataclass(frozen=True)
class BureauEffect:
    """How the loan is reported with the plan, and from when the adverse record is gone; None: nothing adverse."""

    reported_as: str
    adverse_until: date | None
    rule: str
    verified: bool


def class_effect(debt: Debt, place: Place, payments: list[tuple[date, int]], *, again: bool) -> ClassEffect:
    """The effect on classification.

    Args:
        debt: with its days past due.
        place: whose rules.
        payments: of the plan.
        again: whether another plan came within its observation.
    """
    rules = place.classification
    known = scheme(rules.scheme, DEFAULT_DAYS)
    before = known.category_at(debt.dpd)
    order = [one.category for one in known.categories]
    least = rules.again_at_least if again else rules.at_least
    after = max(before, least, key=order.index) if least in order else before
    return ClassEffect(
        rules.scheme, before, after, observed_until(place, [day for day, _ in payments]), rules.rule, rules.verified
    )


def observed_until(place: Place, days: list[date]) -> date:
    """The first day after the observation: so many months from the plan's first due date, and so many due dates."""
    rules = place.classification
    by_months = add_steps(days[0], MONTHLY, rules.observed_months)
    by_payments = days[min(max(rules.observed_payments, 1), len(days)) - 1] + timedelta(days=1)
    return max(by_months, by_payments)


def bureau_effect(debt: Debt, place: Place, kind: str, last_on: date) -> BureauEffect:
    """The effect on the record: a plan adds no adverse item by itself; what was late stays as long as law says."""
    rules = place.bureau
    reported = "settled_for_less" if kind == "settlement" else "paying_by_plan"
    if debt.late_since is None and kind != "settlement":
        return BureauEffect(reported, None, rules.rule, rules.verified)
    until = adverse_until(rules, debt.late_since or debt.on, last_on, charged_off=kind == "settlement")
    return BureauEffect(reported, until, rules.rule, rules.verified)


def adverse_until(rules: Bureau, began: date, ended: date | None, *, charged_off: bool = False) -> date | None:
    """The day from which adverse conduct may no longer be shown; None while it has not ended and its end counts."""
    if rules.from_event == "end":
        return None if ended is None else add_steps(ended, MONTHLY, 12 * rules.years)
    start = began + timedelta(days=rules.extra_days if charged_off else 0)
    return add_steps(start, MONTHLY, 12 * rules.years)
