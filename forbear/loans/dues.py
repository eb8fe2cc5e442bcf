"""What a borrower owes, item by item: one amount of one component of one installment, due on one day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from forbear.basics.errors import WrongUse
from forbear.loans.schedule import Schedule


class Component(StrEnum):
    """The parts of what falls due."""

    fees = "fees"
    penalty = "penalty"
    interest = "interest"
    principal = "principal"


@dataclass(frozen=True)
class Due:
    """An amount due, in minor units.

    Args:
        number: the installment it belongs to.
        component: what it is.
        due_on: when this item falls due; a charge may fall due before its installment does.
        amount: minor units, not negative.
        installment_due_on: when the installment falls due; None is `due_on`.
    """

    number: int
    component: Component
    due_on: date
    amount: int
    installment_due_on: date | None = None

    @property
    def installment_on(self) -> date:
        """When the installment falls due."""
        return self.installment_due_on or self.due_on


def dues_of(schedule: Schedule) -> list[Due]:
    """The items of a schedule; nothing for components that are zero."""
    return [
        Due(row.number, component, row.due_on, amount)
        for row in schedule.installments
        for component, amount in (
            (Component.fees, row.fees),
            (Component.interest, row.interest),
            (Component.principal, row.principal),
        )
        if amount
    ]


def with_charge(dues: Iterable[Due], component: Component, due_on: date, amount: int) -> list[Due]:
    """`dues` with one charge more, which belongs to the first installment due on or after the charge's own day.

    A charge after the last installment joins the last.

    Raises:
        WrongUse: a negative amount, or nothing to join it to.
    """
    items = list(dues)
    if amount < 0 or not items:
        raise WrongUse(f"a charge of {amount} on {len(items)} items cannot be", "charge an amount on a schedule")
    days = installment_days(items)
    number = next((number for number, day in days.items() if day >= due_on), max(days))
    return [*items, Due(number, component, due_on, amount, days[number])]


def installment_days(dues: Iterable[Due]) -> Mapping[int, date]:
    """Each installment's due date, in order of number."""
    return dict(sorted({due.number: due.installment_on for due in dues}.items()))
