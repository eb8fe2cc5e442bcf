"""What somebody can pay a month: income less what the household lives on and what is repaid elsewhere.

Living costs are what she says, but never less than the place's floor for her household: a plan that eats the bread of
tomorrow is broken the day after. An income or spending that nobody has seen is taken as said; where much depends on it,
proof is asked (`options`). Money is minor units a month.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from forbear.basics.errors import WrongUse
from forbear.basics.money import minor_digits
from forbear.relief.policy import Policy


@dataclass(frozen=True)
class Budget:
    """Income and spending a month, minor units.

    Args:
        income: all that comes in.
        spending: what the household lives on, rent included; None: not told, the floor is taken.
        obligations: repaid on other debts.
        adults, dependants: who lives on it; dependants are those without an income.
        verified: whether somebody saw proof of the income.
        savings: a sum at hand now, for a settlement or arrears.
        recovers_on: from that day on the income is `income_later`; None: no change is expected.
        income_later: minor units a month.
    """

    income: int
    spending: int | None = None
    obligations: int = 0
    adults: int = 1
    dependants: int = 0
    verified: bool = False
    savings: int = 0
    recovers_on: date | None = None
    income_later: int | None = None

    def __post_init__(self) -> None:
        for name in ("income", "spending", "obligations", "adults", "dependants", "savings", "income_later"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise WrongUse(f"{name} is {value}", "give nothing or more")
        if (self.recovers_on is None) != (self.income_later is None):
            raise WrongUse("a recovery has a day and an income", "give both recovers_on and income_later")


@dataclass(frozen=True)
class Surplus:
    """What is left a month, minor units.

    Args:
        now: for a plan; never below nothing.
        later: from `later_on` on; the same as `now` where no change is expected.
        living: what the household is left to live on.
        floor: the least it is left.
        floor_used: whether the floor took the place of what she said.
        short: by how much income does not even cover living and obligations.
        savings: a sum at hand now.
        verified: whether somebody saw proof of the income.
        evidence: proof that any plan on it asks for.
    """

    now: int
    later: int
    later_on: date | None
    living: int
    floor: int
    floor_used: bool
    short: int
    savings: int
    verified: bool
    evidence: tuple[str, ...]

    def in_month(self, day: date) -> int:
        """What is there in the month of a day; in the month of recovery itself still the old sum."""
        if self.later_on is None or (day.year, day.month) <= (self.later_on.year, self.later_on.month):
            return self.now
        return self.later


def floor_of(budget: Budget, policy: Policy, currency: str) -> int:
    """The least the household is left, minor units; nothing where the place's floor is in another currency."""
    place = policy.place
    if place.currency != currency:
        return 0
    major = place.living.adult * max(budget.adults, 1) + place.living.dependant * budget.dependants
    return int(major * 10 ** minor_digits(currency))


def surplus_of(budget: Budget, policy: Policy, currency: str) -> Surplus:
    """The surplus of a budget.

    Args:
        budget: as told.
        policy: with the place's floor.
        currency: of the money.

    Raises:
        WrongUse: neither spending nor a floor is known.
    """
    floor = floor_of(budget, policy, currency)
    if budget.spending is None and not floor:
        raise WrongUse(
            f"no living costs in {currency} are known for {policy.place.name}", "tell what the household spends"
        )
    living = max(budget.spending or 0, floor)
    left = budget.income - living - budget.obligations
    later = left if budget.income_later is None else budget.income_later - living - budget.obligations
    asked = () if budget.recovers_on is None else ("recovery_proof",)
    return Surplus(
        max(left, 0),
        max(later, 0),
        budget.recovers_on,
        living,
        floor,
        budget.spending is None or budget.spending < floor,
        max(-left, 0),
        budget.savings,
        budget.verified,
        asked,
    )
