"""What a plan costs and is worth: annual cost, present value, the chance that it is kept, what is expected of it.

Annual cost is the greater of two effective rates by dates (`forbear.loans.xirr_of`): of the loan's whole life (paid
out, paid so far, the plan) and of the plan by itself (what is owed today against what it asks). The sources do not
settle which of the two a cap means, so both must hold. Present value discounts at the contract's effective rate, as
IFRS 9 does for a modification, or at the policy's floor where that is more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from math import exp

from forbear.loans.cost import DIGITS, xirr_of
from forbear.relief.debt import Debt
from forbear.relief.ground import Draft, Ground
from forbear.relief.policy import Policy, share_at

Payments = Sequence[tuple[date, int]]
DAYS_A_YEAR = 365
CHANCE_DIGITS = 2


def contract_payments(debt: Debt) -> list[tuple[date, int]]:
    """What would be paid if arrears were paid today and the rest as agreed."""
    flows = [(max(part.due_on, debt.on), part.total) for part in debt.unpaid]
    return [flow for flow in flows if flow[1]]


def cost_of_life(debt: Debt, payments: Payments) -> Decimal:
    """The effective annual rate of the whole loan with these payments to come; nothing where it costs nothing."""
    return _rate([(debt.disbursed_on, -debt.lent), *debt.paid, *payments])


def cost_of_plan(debt: Debt, payments: Payments) -> Decimal:
    """The effective annual rate of these payments against what is owed today."""
    return _rate([(debt.on, -debt.owed), *payments])


def annual_cost(debt: Debt, payments: Payments) -> Decimal:
    """The greater of the two."""
    return max(cost_of_life(debt, payments), cost_of_plan(debt, payments))


def _rate(flows: list[tuple[date, int]]) -> Decimal:
    if sum(amount for _, amount in flows) <= 0:
        return Decimal(0)
    rate = xirr_of(flows)
    if rate is None:  # money came back on the day it went: dearer than any cap
        return Decimal("Infinity")
    return max(round(Decimal(rate), DIGITS), Decimal(0))


def discount_rate(debt: Debt, policy: Policy) -> Decimal:
    """The yearly effective rate at which later money is discounted."""
    monthly = Fraction(1) + debt.annual_rate / 12
    effective = monthly**12 - 1
    exact = Decimal(effective.numerator) / Decimal(effective.denominator)
    return max(exact, policy.rules.limits.discount_floor)


def present_value(debt: Debt, payments: Payments, rate: Decimal) -> int:
    """What the payments are worth on the debt's day, minor units, rounded once."""
    base = 1 + rate
    worth = sum(
        (Decimal(amount) / base ** (Decimal((day - debt.on).days) / DAYS_A_YEAR) for day, amount in payments),
        Decimal(0),
    )
    return int(worth.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def share_used(ground: Ground, draft: Draft) -> Decimal:
    """The largest share of a month's surplus that the plan asks for; savings count in its first month."""
    most = Decimal(0)
    for place, ((year, month), amount) in enumerate(sorted(draft.months.items())):
        room = ground.room(date(year, month, 1)) + (draft.from_savings if place == 0 else 0)
        most = max(most, Decimal(amount) / Decimal(room))
    return most


def changed_payments(debt: Debt, payments: Payments) -> int:
    """Payments of the plan that are not as the contract has them, by day and amount."""
    agreed = {(part.due_on, part.total) for part in debt.ahead}
    return sum(flow not in agreed for flow in payments)


def chance_kept(policy: Policy, *, used: Decimal, changed: int, broken: int, wait_months: int) -> Decimal:
    """The chance that the plan is kept to its end: a logistic of four figures, its coefficients are data."""
    of = policy.rules.chance
    odds = of.base + of.share_used * float(used) + of.changed * changed / 12
    odds += of.broken * broken + of.wait * wait_months
    return round(Decimal(1 / (1 + exp(-odds))), CHANCE_DIGITS)


def expected(debt: Debt, policy: Policy, worth: int, chance: Decimal) -> int:
    """What the lender may expect: the plan's worth if kept, else what debts of this age bring."""
    else_ = share_at(policy.rules.recovery.shares, debt.dpd) or Decimal(0)
    return int((chance * worth + (1 - chance) * else_ * debt.owed).quantize(Decimal(1)))
