"""Whether a plan is kept: money that came since it began against what it asked by then, with grace and tolerance.

Judged like the ledger pays: all that came pays the oldest payment first, so a payment a little late or in two parts
keeps the plan; a token does not. Pure: what fell due and what came in, one state out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import floor

from forbear.basics.money import to_minor
from forbear.relief.policy import Watch

RUNNING, LATE, BROKEN, KEPT = "running", "late", "broken", "kept"


@dataclass(frozen=True)
class Kept:
    """Where a plan stands.

    Args:
        state: running, late (within grace), broken, kept (all of it is paid).
        paid: payments of the plan that are made; `of`: all of them.
        short: what is missing of those whose day has come, minor units.
        since: the due date of the first that is missing.
        next_on, next_amount: the next that falls due; None when none is left.
    """

    state: str
    paid: int
    of: int
    short: int
    since: date | None
    next_on: date | None
    next_amount: int


def judged(
    payments: Sequence[tuple[date, int]], came: Sequence[tuple[date, int]], on: date, rules: Watch, currency: str
) -> Kept:
    """Judge a plan on a day.

    Args:
        payments: the plan's, (day, minor units), in order.
        came: money since the plan began, (day, minor units; below zero for what was taken back).
        on: the day; payments due on it are not late yet.
        rules: grace and tolerance.
        currency: of the money.

    Returns:
        Broken once a payment was missing, by more than the tolerance, at the end of its grace; what comes later does
        not mend it.
    """
    broke = next(
        (day for day, amount in _asked(payments) if _missed(payments, came, day, on, rules, currency)), None
    )
    whole, have = sum(amount for _, amount in payments), sum(amount for day, amount in came if day <= on)
    paid, left = 0, have
    for _, amount in payments:
        if left + _tolerated(amount, rules, currency) < amount:
            break
        paid, left = paid + 1, left - amount
    due = sum(amount for day, amount in payments if day < on)
    short = max(due - have, 0)
    missing = payments[paid] if paid < len(payments) else None
    late = missing is not None and missing[0] < on
    state = BROKEN if broke else KEPT if have >= whole else LATE if late else RUNNING
    if broke is None and paid == len(payments):
        state = KEPT if have >= whole - _tolerated(payments[-1][1], rules, currency) else state
    upcoming = next(
        ((day, amount) for day, amount in payments if day >= on and day >= (missing or payments[-1])[0]), None
    )
    return Kept(
        state,
        paid,
        len(payments),
        short,
        broke or (missing[0] if late and missing else None),
        upcoming[0] if upcoming and missing else None,
        upcoming[1] if upcoming and missing else 0,
    )


def _asked(payments: Sequence[tuple[date, int]]) -> Sequence[tuple[date, int]]:
    """Each payment's day with what was asked by then."""
    told, asked = 0, list[tuple[date, int]]()
    for day, amount in payments:
        told += amount
        asked.append((day, told))
    return asked


def _missed(
    payments: Sequence[tuple[date, int]],
    came: Sequence[tuple[date, int]],
    day: date,
    on: date,
    rules: Watch,
    currency: str,
) -> bool:
    """Whether, when the grace after a payment's day was over, more than the tolerance was missing."""
    last = day + timedelta(days=rules.grace_days)
    if last >= on:
        return False
    asked = sum(amount for one, amount in payments if one <= day)
    have = sum(amount for one, amount in came if one <= last)
    own = next(amount for one, amount in payments if one == day)
    return asked - have > _tolerated(own, rules, currency)


def _tolerated(amount: int, rules: Watch, currency: str) -> int:
    return min(floor(Decimal(amount) * rules.tolerance), to_minor(rules.tolerance_most, currency))
