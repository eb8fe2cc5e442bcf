"""What every plan stands on: pay days, what is there each month, how far a plan may go; and the draft of a plan.

A plan's months are calendar months: all that falls due within one counts together against the surplus of that month.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from itertools import count
from math import floor

from forbear.basics.money import to_minor
from forbear.loans.every import MONTHLY, add_steps
from forbear.relief.budget import Surplus
from forbear.relief.debt import Debt
from forbear.relief.policy import Policy

MonthTotals = dict[tuple[int, int], int]


@dataclass(frozen=True)
class PlanRow:
    """A payment of a plan, minor units."""

    due_on: date
    principal: int
    interest: int = 0
    fees: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.principal + self.interest + self.fees


@dataclass(frozen=True)
class Moved:
    """Charges of an installment that fall due on another day; they cannot be split."""

    number: int
    due_on: date
    amount: int


@dataclass(frozen=True)
class Waived:
    """What is let go, minor units; charges by the installment they were charged on."""

    principal: int = 0
    interest: int = 0
    fees: int = 0
    charged: tuple[tuple[int, int], ...] = ()

    @property
    def total(self) -> int:
        """All of it."""
        return self.principal + self.interest + self.fees + sum(amount for _, amount in self.charged)


@dataclass(frozen=True)
class Draft:
    """A plan as built: what is paid when, what is let go, at which rate; `terms` are figures for the sentence."""

    kind: str
    rows: tuple[PlanRow, ...]
    charges: tuple[Moved, ...]
    waived: Waived
    rate: Fraction
    from_savings: int = 0
    terms: Mapping[str, object] = field(default_factory=dict)

    @property
    def payments(self) -> list[tuple[date, int]]:
        """What falls due on each day, in order."""
        sums: dict[date, int] = {}
        for row in self.rows:
            sums[row.due_on] = sums.get(row.due_on, 0) + row.total
        for one in self.charges:
            sums[one.due_on] = sums.get(one.due_on, 0) + one.amount
        return sorted((day, amount) for day, amount in sums.items() if amount)

    @property
    def total(self) -> int:
        """All that is paid."""
        return sum(amount for _, amount in self.payments)

    @property
    def months(self) -> MonthTotals:
        """What falls due in each calendar month."""
        sums: MonthTotals = {}
        for day, amount in self.payments:
            sums[day.year, day.month] = sums.get((day.year, day.month), 0) + amount
        return sums


@dataclass(frozen=True)
class Ground:
    """What a builder works from.

    Args:
        debt: what is owed.
        surplus: what is there.
        policy: how far a plan may go.
        rate: annual rate from the plan's day on; the contract's or less.
        waive_charges: whether unpaid charges are let go.
    """

    debt: Debt
    surplus: Surplus
    policy: Policy
    rate: Fraction
    waive_charges: bool = False

    @cached_property
    def first_pay_day(self) -> date:
        """The first day on which the plan can ask for money: her usual day, some days away."""
        return next(day for day in self._usual_days() if day >= self._earliest)

    @cached_property
    def latest(self) -> date:
        """The last day on which a plan may end: within the policy's months and the extension that law allows."""
        limits, debt = self.policy.rules.limits, self.debt
        months = limits.longest_extension
        if debt.contract_months <= 12:
            months = min(months, floor(limits.extension_to_term * debt.contract_months))
        else:
            months = min(months, max(limits.longest_months - debt.contract_months, 0))
        from_contract = add_steps(max(debt.contract_ends_on, debt.on), MONTHLY, months)
        return min(from_contract, add_steps(debt.on, MONTHLY, limits.longest_months))

    @cached_property
    def most_payments(self) -> int:
        """Monthly payments that fit before `latest`."""
        months = (self.latest.year - self.first_pay_day.year) * 12 + self.latest.month - self.first_pay_day.month
        return max(months + (1 if self.pay_day(max(months, 0)) <= self.latest else 0), 0)

    @property
    def least_payment(self) -> int:
        """A month below this is a token, minor units."""
        return to_minor(self.policy.rules.offer.least_payment, self.debt.currency)

    def pay_day(self, place: int) -> date:
        """The pay day so many months after the first."""
        days = self._pay_days
        while len(days) <= place:
            days.append(add_steps(self.first_pay_day, MONTHLY, len(days)))
        return days[place]

    def room(self, day: date) -> int:
        """What is there in a day's month."""
        return self.surplus.in_month(day)

    def fits(self, draft: Draft) -> bool:
        """Whether no month asks for more than is there, and the plan ends in time."""
        if not draft.payments or draft.payments[-1][0] > self.latest:
            return False
        for place, ((year, month), amount) in enumerate(sorted(draft.months.items())):
            extra = draft.from_savings if place == 0 else 0
            if amount > self.room(date(year, month, 1)) + extra:
                return False
        return True

    @cached_property
    def _pay_days(self) -> list[date]:
        return []

    @property
    def _earliest(self) -> date:
        return self.debt.on + timedelta(days=self.policy.rules.offer.first_payment_days)

    def _usual_days(self) -> Iterable[date]:
        ahead = self.debt.ahead
        anchor = ahead[0].due_on if ahead else self.debt.contract_ends_on
        back = max((anchor.year - self.debt.on.year) * 12 + anchor.month - self.debt.on.month, 0)
        start = 0 if anchor <= self.debt.on else -back
        skip = max((self.debt.on.year - anchor.year) * 12 + self.debt.on.month - anchor.month, 0)
        return (add_steps(anchor, MONTHLY, start + skip + place) for place in count())


def with_charges(draft: Draft, ground: Ground) -> Draft:
    """The draft with unpaid charges let go, or put into the first months from its end on that have room for them.

    What of one installment's charges is more than a month has room for is let go: it cannot be split.
    """
    charged = [(part.number, part.charged) for part in ground.debt.unpaid if part.charged]
    if ground.waive_charges or not charged:
        waived = Waived(draft.waived.principal, draft.waived.interest, draft.waived.fees, tuple(charged))
        return Draft(draft.kind, draft.rows, (), waived, draft.rate, draft.from_savings, draft.terms)
    used, moved, gone = draft.months, list[Moved](), list[tuple[int, int]]()
    place = _place_of(draft, ground)
    for number, amount in charged:
        day = ground.pay_day(place)
        while used.get((day.year, day.month), 0) + amount > ground.room(day) and (
            used.get((day.year, day.month), 0) or ground.room(day) < ground.surplus.later
        ):
            place += 1
            day = ground.pay_day(place)
            if day > ground.latest:
                break
        piece = min(amount, max(ground.room(day) - used.get((day.year, day.month), 0), 0))
        piece = piece if day <= ground.latest else 0
        if piece:
            moved.append(Moved(number, day, piece))
            used[day.year, day.month] = used.get((day.year, day.month), 0) + piece
        if amount > piece:
            gone.append((number, amount - piece))
    waived = Waived(draft.waived.principal, draft.waived.interest, draft.waived.fees, tuple(gone))
    return Draft(draft.kind, draft.rows, tuple(moved), waived, draft.rate, draft.from_savings, draft.terms)


def _place_of(draft: Draft, ground: Ground) -> int:
    last = draft.rows[-1].due_on if draft.rows else ground.first_pay_day
    return next(place for place in count() if ground.pay_day(place) >= last)
