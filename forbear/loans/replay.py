"""Every payment of a loan, replayed from zero: what each paid, and what is unpaid now.

Nothing is undone and nothing is stored: a payment that was backdated is one more payment with an early date, a
reversal takes one out of the list, and the answer is worked out anew. So any order of arrival gives one answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date

from forbear.basics.errors import WrongUse
from forbear.loans.allocation import Part, Rule, allocate
from forbear.loans.dues import Due, installment_days


@dataclass(frozen=True)
class Payment:
    """Money received; minor units."""

    payment_id: str
    paid_on: date
    amount: int


@dataclass(frozen=True)
class Posting:
    """What a payment paid, and what of it paid nothing (credit)."""

    payment: Payment
    parts: tuple[Part, ...]
    left_over: int


@dataclass(frozen=True)
class InstallmentState:
    """An installment after all payments; minor units.

    Args:
        number: the installment.
        due_on: when it falls due.
        due: all that falls due.
        paid: all that was paid on it.
        in_advance: of that, paid before its due date.
        late: of that, paid after it.
        paid_on: the day it was paid in full, None while anything of it is open.
    """

    number: int
    due_on: date
    due: int
    paid: int
    in_advance: int
    late: int
    paid_on: date | None

    @property
    def outstanding(self) -> int:
        """What is unpaid."""
        return self.due - self.paid


@dataclass(frozen=True)
class Replay:
    """The outcome of a replay."""

    postings: tuple[Posting, ...]
    unpaid: tuple[Due, ...]
    installments: tuple[InstallmentState, ...]

    @property
    def overpaid(self) -> int:
        """Money received that nothing was owed for."""
        return sum(posting.left_over for posting in self.postings)

    @property
    def outstanding(self) -> int:
        """All that is unpaid, due or not."""
        return sum(due.amount for due in self.unpaid)


def replay(
    dues: Iterable[Due], payments: Iterable[Payment], rule: Rule, *, reversed_ids: Collection[str] = ()
) -> Replay:
    """Allocate all payments that stand, by day (and, within a day, in the order given).

    Raises:
        WrongUse: two payments of one id, a negative payment, or a reversal of a payment that is not there.
    """
    items, received = list(dues), list(payments)
    ids = [payment.payment_id for payment in received]
    if len(set(ids)) != len(ids):
        twice = next(one for one in ids if ids.count(one) > 1)
        raise WrongUse(f"payment {twice!r} is there twice", "give each payment an id of its own")
    if unknown := set(reversed_ids) - set(ids):
        raise WrongUse(f"no payment {min(unknown)!r} to reverse", "reverse by the id of a payment in the list")
    standing = [payment for payment in received if payment.payment_id not in reversed_ids]
    unpaid, postings = items, []
    for payment in sorted(standing, key=lambda one: one.paid_on):
        parts, left = allocate(unpaid, payment.amount, payment.paid_on, rule)
        unpaid = _less(unpaid, parts)
        postings.append(Posting(payment, tuple(parts), left))
    return Replay(tuple(postings), tuple(unpaid), tuple(_states(items, postings)))


def _less(unpaid: list[Due], parts: Iterable[Part]) -> list[Due]:
    """What is unpaid after `parts`."""
    paid: dict[tuple[int, str, date], int] = {}
    for part in parts:
        key = (part.number, part.component, part.due_on)
        paid[key] = paid.get(key, 0) + part.amount
    left = []
    for due in unpaid:
        key = (due.number, due.component, due.due_on)
        piece = min(paid.get(key, 0), due.amount)
        paid[key] = paid.get(key, 0) - piece
        if due.amount > piece:
            left.append(replace(due, amount=due.amount - piece))
    return left


def _states(items: list[Due], postings: list[Posting]) -> list[InstallmentState]:
    return [_state(number, on, items, postings) for number, on in installment_days(items).items()]


def _state(number: int, due_on: date, items: list[Due], postings: list[Posting]) -> InstallmentState:
    due = sum(item.amount for item in items if item.number == number)
    paid = in_advance = late = 0
    paid_on = None
    for posting in postings:
        piece = sum(part.amount for part in posting.parts if part.number == number)
        day = posting.payment.paid_on
        paid += piece
        in_advance += piece if day < due_on else 0
        late += piece if day > due_on else 0
        paid_on = day if piece and paid == due else paid_on
    return InstallmentState(number, due_on, due, paid, in_advance, late, paid_on)
