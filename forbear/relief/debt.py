"""What a loan owes on a day, installment by installment: the ground that every plan is built on.

The desk makes it from the ledger, `from_book` from a book; both give unpaid amounts only. Charges (penalty, fees
charged beside the schedule) stay with the installment they were charged on: a plan can move or waive them, not split
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from forbear.loans.rounding import rounded
from forbear.loans.terms import Method


@dataclass(frozen=True)
class Part:
    """What is unpaid of one installment, minor units; `charged` is penalty and fees charged beside the schedule."""

    number: int
    due_on: date
    principal: int
    interest: int
    fees: int = 0
    charged: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.principal + self.interest + self.fees + self.charged


@dataclass(frozen=True)
class Debt:
    """A loan on a day.

    Args:
        loan_id: the loan.
        on: the day.
        currency: of the amounts.
        annual_rate: contract rate.
        method: how it is repaid.
        disbursed_on: when it began.
        lent: principal paid out, minor units.
        term: installments by contract.
        contract_ends_on: the last due date of the first schedule.
        began_on: the last due date up to `on`, or the disbursal: interest of the running period counts from it.
        unpaid: what is unpaid, in order of due date.
        paid: money received, (day, minor units).
        late_since: the due date of the oldest unpaid installment before `on`; None: nothing is late.
    """

    loan_id: str
    on: date
    currency: str
    annual_rate: Fraction
    method: Method
    disbursed_on: date
    lent: int
    term: int
    contract_ends_on: date
    began_on: date
    unpaid: tuple[Part, ...]
    paid: tuple[tuple[date, int], ...] = ()
    late_since: date | None = None

    @property
    def contract_months(self) -> int:
        """From the disbursal to the last due date of the contract, whole months, at least one."""
        months = (self.contract_ends_on.year - self.disbursed_on.year) * 12
        months += self.contract_ends_on.month - self.disbursed_on.month
        return max(months, 1)

    @property
    def dpd(self) -> int:
        """Days past due."""
        return (self.on - self.late_since).days if self.late_since else 0

    @property
    def arrears(self) -> tuple[Part, ...]:
        """Installments due up to the day that are not paid."""
        return tuple(part for part in self.unpaid if part.due_on <= self.on)

    @property
    def ahead(self) -> tuple[Part, ...]:
        """Installments not yet due."""
        return tuple(part for part in self.unpaid if part.due_on > self.on)

    @property
    def principal(self) -> int:
        """All unpaid principal."""
        return sum(part.principal for part in self.unpaid)

    @property
    def charged(self) -> int:
        """All unpaid charges."""
        return sum(part.charged for part in self.unpaid)

    @property
    def accrued(self) -> int:
        """Interest of the running period up to the day, of what is not yet due: by days of the period."""
        ahead = self.ahead
        if not ahead or ahead[0].interest == 0:
            return 0
        days = (ahead[0].due_on - self.began_on).days
        passed = max((self.on - self.began_on).days, 0)
        share = Fraction(ahead[0].interest * passed, days) if days > 0 else Fraction(0)
        return min(rounded(share), ahead[0].interest)

    @property
    def interest(self) -> int:
        """Interest owed for time that is over: overdue, and accrued since the last due date."""
        return sum(part.interest for part in self.arrears) + self.accrued

    @property
    def fees_due(self) -> int:
        """Scheduled fees that fell due."""
        return sum(part.fees for part in self.arrears)

    @property
    def fees_ahead(self) -> int:
        """Scheduled fees that have not fallen due."""
        return sum(part.fees for part in self.ahead)

    @property
    def owed(self) -> int:
        """What would pay the loan off on the day: principal, interest for time that is over, fees due, charges."""
        return self.principal + self.interest + self.fees_due + self.charged

    @property
    def in_arrears(self) -> int:
        """All that fell due and is unpaid."""
        return sum(part.total for part in self.arrears)
