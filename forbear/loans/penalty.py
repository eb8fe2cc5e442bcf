"""Penalty interest on overdue principal, and the cap that keeps the whole loan's cost lawful.

Penalty runs on the principal that is overdue, day by day, at a multiple of the contract rate and in its place. What
may be charged of it is bounded: with everything the borrower has paid, and all she would pay on the day, the annual
cost of the loan stays at or under the cap. The bound is closed-form, rounded down to the minor unit:

- by cash flows (`xirr`): the value of all flows, compounded at the cap to the day, must not favor the lender;
- simple: all charges must not exceed cap x principal in use x days / 365.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from functools import cache
from importlib.resources import files
from math import floor

from forbear.basics.errors import WrongUse
from forbear.loans.allocation import Rule, Timing, timing_of
from forbear.loans.cost import cash_flows
from forbear.loans.dues import Component, dues_of
from forbear.loans.periods import build_periods, rate_on
from forbear.loans.prepayment import accrued
from forbear.loans.replay import Payment, Replay, replay
from forbear.loans.schedule import Schedule
from forbear.loans.terms import Method, as_rate

BASES = ("xirr", "simple", "both")
CAP_YEAR = 365
"""Days over which a cap is annual."""

Flow = tuple[date, int]


@dataclass(frozen=True)
class CapPolicy:
    """How penalty is charged and capped; see `caps.toml`."""

    annual_cap: Fraction
    penalty_multiple: Fraction
    basis: str = "both"
    days_in_year: int = 365
    source: str = ""

    def __post_init__(self) -> None:
        if self.basis not in BASES or self.annual_cap < 0 or self.penalty_multiple < 0 or self.days_in_year < 360:
            raise WrongUse(
                f"no cap can be {self}",
                f"basis is one of {', '.join(BASES)}; no number is negative; a year is 360 up",
            )


@dataclass(frozen=True)
class Penalty:
    """Penalty interest on a day, minor units.

    Args:
        accrued: by rate and days alone, rounded down.
        room: what the cap leaves for it.
        charged: what may be asked for: the smaller.
    """

    accrued: int
    room: int
    charged: int


@cache
def cap_policy(jurisdiction: str = "cn") -> CapPolicy:
    """The shipped policy of a jurisdiction.

    Raises:
        WrongUse: none is shipped for it.
    """
    tables = tomllib.loads(files("forbear.loans").joinpath("caps.toml").read_text(encoding="utf-8"))
    if jurisdiction not in tables:
        raise WrongUse(f"no cap is known for {jurisdiction!r}", "use one of " + ", ".join(tables))
    table = tables[jurisdiction]
    return CapPolicy(
        as_rate(table["annual_cap"]),
        as_rate(table["penalty_multiple"]),
        table["basis"],
        table["days_in_year"],
        table["source"],
    )


def penalty_on(
    schedule: Schedule, payments: Sequence[Payment], as_of: date, rule: Rule, policy: CapPolicy | None = None
) -> Penalty:
    """Penalty interest that may be charged on `as_of`, for the whole time the loan was overdue.

    Payments are those up to `as_of`; what of them paid penalty before counts as cost like any other money.

    Args:
        schedule: what was agreed.
        payments: money received; later ones than `as_of` are left out.
        as_of: the day.
        rule: how payments are allocated.
        policy: the cap; by default mainland China's.
    """
    policy = policy or cap_policy()
    received = [payment for payment in payments if payment.paid_on <= as_of]
    state = replay(dues_of(schedule), received, rule)
    by_rate = floor(_by_rate(schedule, state, as_of, policy))
    flows = [flow for flow in cash_flows(schedule) if flow[1] < 0 and flow[0] <= as_of]
    flows += [(payment.paid_on, payment.amount) for payment in received]
    flows.append((as_of, _settlement(schedule, state, as_of)))
    room = room_under_cap(flows, _principal_days(schedule, state, as_of), as_of, policy)
    return Penalty(by_rate, room, min(by_rate, room))


def room_under_cap(flows: Sequence[Flow], principal_days: int, on: date, policy: CapPolicy) -> int:
    """The most that may be charged on `on` beside `flows`, minor units; zero where they are at the cap already.

    Args:
        flows: money by date from the lender's side, all that would be settled on `on` included.
        principal_days: principal in use times days, minor units times days.
        on: the day; no flow may be later.
        policy: the cap.
    """
    if any(day > on for day, _ in flows):
        raise WrongUse(f"a flow lies after {on}", "leave out what has not happened")
    rooms = []
    if policy.basis in ("xirr", "both"):
        rooms.append(_room_by_flows(flows, on, policy.annual_cap))
    if policy.basis in ("simple", "both"):
        charges = sum(amount for _, amount in flows)
        rooms.append(floor(policy.annual_cap * principal_days / CAP_YEAR) - charges)
    return max(min(rooms), 0)


def _room_by_flows(flows: Sequence[Flow], on: date, cap: Fraction) -> int:
    with localcontext() as context:
        context.prec = 60
        growth = 1 + Decimal(cap.numerator) / Decimal(cap.denominator)
        value = sum((amount * growth ** (Decimal((on - day).days) / CAP_YEAR) for day, amount in flows), Decimal(0))
        return int((-value).to_integral_value(rounding=ROUND_FLOOR))


def _by_rate(schedule: Schedule, state: Replay, as_of: date, policy: CapPolicy) -> Fraction:
    """Penalty by rate and days, exact: each overdue piece of principal from its due date until paid, or `as_of`."""
    total = Fraction(0)
    for amount, since, until in _overdue_principal(state, as_of):
        rate = rate_on(schedule.terms, since) * policy.penalty_multiple
        total += amount * rate * (until - since).days / policy.days_in_year
    return total


def _overdue_principal(state: Replay, as_of: date) -> list[tuple[int, date, date]]:
    """(minor units, due date, day paid or `as_of`) of every piece of principal that was or is overdue."""
    late = [
        (part.amount, part.due_on, posting.payment.paid_on)
        for posting in state.postings
        for part in posting.parts
        if part.component == Component.principal and part.timing == Timing.past_due
    ]
    still = [
        (due.amount, due.due_on, as_of)
        for due in state.unpaid
        if due.component == Component.principal and due.due_on < as_of
    ]
    return late + still


def _settlement(schedule: Schedule, state: Replay, as_of: date) -> int:
    """What would settle the loan on `as_of` but for penalty: all due, all principal, interest to the day.

    Money left over is credited.
    """
    principal = sum(due.amount for due in state.unpaid if due.component == Component.principal)
    due = sum(
        due.amount
        for due in state.unpaid
        if due.component != Component.principal and timing_of(due.due_on, as_of) != Timing.in_advance
    )
    running = max(floor(_running_interest(schedule, as_of)) - _interest_in_advance(state, as_of), 0)
    return principal + due + running - state.overpaid


def _running_interest(schedule: Schedule, as_of: date) -> Fraction:
    """Interest of the period that `as_of` falls into, up to that day; none after the last due date."""
    if schedule.terms.method == Method.zero_interest:
        return Fraction(0)
    for period in build_periods(schedule.terms):
        if period.start <= as_of < period.end:
            return accrued(schedule, period, as_of)
    return Fraction(0)


def _interest_in_advance(state: Replay, as_of: date) -> int:
    return sum(
        part.amount
        for posting in state.postings
        for part in posting.parts
        if part.component == Component.interest and part.due_on > as_of
    )


def _principal_days(schedule: Schedule, state: Replay, as_of: date) -> int:
    """Principal in use times days, from disbursal to `as_of`, the money truly had: an upfront fee never was."""
    out = [(day, -amount) for day, amount in cash_flows(schedule) if amount < 0 and day <= as_of]
    back = [
        (posting.payment.paid_on, part.amount)
        for posting in state.postings
        for part in posting.parts
        if part.component == Component.principal
    ]
    return sum(amount * (as_of - day).days for day, amount in out) - sum(
        amount * (as_of - day).days for day, amount in back
    )
