"""What somebody can repay a month: income that counts, living costs, what is repaid already, the burden afterwards.

A loan is affordable when, putting the same sum aside every month, she could meet every due date of its schedule
(`needed_monthly`): level installments need their own amount, one repaid at the end needs its twelfth a month. All money
is minor units a month.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from forbear.loans.schedule import Schedule
from forbear.risk.applied import Application, Evidence
from forbear.risk.assess_policy import Policy


@dataclass(frozen=True)
class Means:
    """What somebody has and owes a month.

    Args:
        income: what counts of it; None when nothing is known.
        verified: whether somebody else confirmed it.
        obligations: repaid on loans already; the larger of what was said and what the bureau knows.
        living: of her and who lives on her income, housing included.
        room: the most that a new loan may need a month.
        most_debt: the most principal that all debts known leave under the multiple of income.
    """

    income: int | None
    verified: bool
    obligations: int
    living: int
    room: int
    most_debt: int

    @property
    def burden_before(self) -> float | None:
        """Obligations over income; None when the income is not known."""
        return self.burden(0)

    def burden(self, needed: int) -> float | None:
        """All obligations with `needed` more, over income; infinite without any."""
        if self.income is None:
            return None
        return (self.obligations + needed) / self.income if self.income else float("inf")


def means_of(application: Application, evidence: Evidence, policy: Policy) -> Means:
    """What the applicant can repay, by a policy."""
    rules = policy.affordability
    said = application.income_declared
    counted = None if said is None else floor(said * rules.declared_share)
    income = application.income_verified if application.income_verified is not None else counted
    bureau = evidence.bureau
    obligations = max(application.obligations_declared or 0, (bureau.obligations or 0) if bureau else 0)
    living = (
        policy.minor(rules.adult_living + application.dependants * rules.dependant_living) + application.housing
    )
    debts = (bureau.debts or 0) if bureau else 0
    if income is None:
        return Means(None, False, obligations, living, 0, 0)
    room = min(floor(income * rules.most_burden) - obligations, income - living - obligations)
    most_debt = floor(income * Decimal(rules.most_income_multiple)) - debts
    return Means(
        income, application.income_verified is not None, obligations, living, max(room, 0), max(most_debt, 0)
    )


def needed_monthly(schedule: Schedule) -> int:
    """What must be put aside a month, from the first on, to meet every due date of a schedule of months."""
    told, most = 0, Fraction(0)
    for row in schedule.installments:
        told += row.total
        most = max(most, Fraction(told, max(row.period, 1)))
    return ceil(most)
