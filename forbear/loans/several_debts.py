"""One payment and several debts to one creditor: the civil code's order.

民法典 art. 560 (CN-PAY-02): the debtor may say which debt a payment pays. Otherwise it pays the debt that is due;
among several due (or none), the one without or with the least security; among equally secured, the one that weighs
heaviest on the debtor; among equally heavy, in the order of their due dates; due on one day, in proportion. How a
debt's share splits into costs, interest and principal is art. 561, in `allocation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import groupby

from forbear.basics.errors import WrongUse


@dataclass(frozen=True)
class Debt:
    """A debt of one debtor.

    Args:
        debt_id: its name.
        due_on: when it falls due.
        amount: what is unpaid, minor units.
        secured: the part of it that security covers, 0 to 1.
        burden: how heavily it weighs, as an annual rate (penalty interest included).
    """

    debt_id: str
    due_on: date
    amount: int
    secured: Fraction = Fraction(0)
    burden: Fraction = Fraction(0)


def share_among(
    debts: Iterable[Debt], amount: int, as_of: date, *, designated: Sequence[str] = ()
) -> dict[str, int]:
    """How much of a payment goes to each debt, in minor units; what exceeds them all goes to none.

    Args:
        debts: all debts of the same kind to the creditor.
        amount: the payment, minor units.
        as_of: the day of payment.
        designated: ids the debtor named, in her order; they come before all others.

    Raises:
        WrongUse: a negative payment, or a designated debt that is not there.
    """
    known = {debt.debt_id: debt for debt in debts}
    missing = [name for name in designated if name not in known]
    if amount < 0 or missing:
        raise WrongUse(
            f"cannot share {amount} with {missing or 'debts'}", "name debts in the list, share money received"
        )
    paid = dict.fromkeys(known, 0)
    for name in dict.fromkeys(designated):
        paid[name] = min(known[name].amount, amount)
        amount -= paid[name]
    rest = sorted(
        (debt for name, debt in known.items() if name not in designated), key=lambda one: _rank(one, as_of)
    )
    for _, equals in groupby(rest, key=lambda one: _rank(one, as_of)):
        shared = _in_proportion(list(equals), amount)
        paid |= shared
        amount -= sum(shared.values())
    return paid


def _rank(debt: Debt, as_of: date) -> tuple[bool, Fraction, Fraction, date]:
    return (debt.due_on > as_of, debt.secured, -debt.burden, debt.due_on)


def _in_proportion(debts: list[Debt], amount: int) -> dict[str, int]:
    """Shares in proportion to the debts; each rounded so that together they are exact."""
    left, paid = sum(debt.amount for debt in debts), {}
    amount = min(amount, left)
    for debt in debts:
        paid[debt.debt_id] = round(Fraction(amount * debt.amount, left)) if left else 0
        amount -= paid[debt.debt_id]
        left -= debt.amount
    return paid
