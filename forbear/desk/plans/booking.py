"""A plan replaces the schedule through the ledger: charges let go, new schedule, what else is let go; or none of it.

The preview books in a savepoint that is undone, so it cannot differ from what is booked afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from forbear.basics.errors import AnswerIsNo
from forbear.desk.ledger.acts import Row
from forbear.desk.ledger.balances import items
from forbear.desk.ledger.booking import book
from forbear.desk.ledger.models import Posting
from forbear.desk.ledger.reading import history
from forbear.desk.plans.models import Plan
from forbear.desk.plans.rows import charges_let_go, rescheduled
from forbear.relief import Option
from forbear.relief.plain import from_plain

FAR = date(2199, 12, 31)


@dataclass(frozen=True)
class Booked:
    """What booking a plan came to: entries, changes by account and component, what is unpaid by day, the schedule."""

    entries: tuple[int, ...]
    changes: dict[str, int]
    unpaid: tuple[tuple[date, int], ...]
    rows: tuple[Row, ...]


class _Undone(Exception):
    """Carries the preview out of the savepoint that it undoes."""


def preview(plan: Plan, on: date, at: datetime) -> Booked:
    """What booking the plan on a day would do; nothing is saved.

    Raises:
        Refused, AnswerIsNo: it could not be booked.
    """
    told: list[Booked] = []
    try:
        with transaction.atomic():
            told.append(book_plan(plan, on, at, actor="preview"))
            raise _Undone
    except _Undone:
        return told[0]


def book_plan(plan: Plan, on: date, at: datetime, *, actor: str) -> Booked:
    """Book the plan in the caller's transaction, under the loan's lock, once for ever by its key.

    Raises:
        Refused: the ledger will not have a part of it.
        AnswerIsNo: what it comes to is not what was agreed.
    """
    option, loan_id, cause = from_plain(plan.option), plan.loan_id, f"plan:{plan.pk}"
    with transaction.atomic():
        before = history(loan_id, lock=True)
        common: dict[str, Any] = {"actor": actor, "at": at}
        entries = [
            book("waiver", loan_id, on, parts, cause, f"{cause}:charges:{number}", number=number, **common).entry_id
            for number, parts in charges_let_go(option, before, on)
        ]
        made = rescheduled(option, history(loan_id), on)
        rows = [list(row) for row in made.rows]
        scheduled = book("re-amortize", loan_id, on, None, cause, f"{cause}:schedule", installments=rows, **common)
        entries.append(scheduled.entry_id)
        if made.waived_number is not None:
            gone = {
                "principal": option.waived.principal,
                "interest": option.waived.interest,
                "fees": option.waived.fees,
            }
            parts = {name: amount for name, amount in gone.items() if amount}
            number = made.waived_number
            entries.append(
                book("waiver", loan_id, on, parts, cause, f"{cause}:waiver", number=number, **common).entry_id
            )
        unpaid = _unpaid(loan_id)
        _refuse_other(option, unpaid)
    return Booked(tuple(entries), _changes(entries), unpaid, made.rows)


def _unpaid(loan_id: str) -> tuple[tuple[date, int], ...]:
    by_day: dict[date, int] = {}
    for one in items(loan_id, FAR):
        if one.unpaid:
            by_day[one.due_on] = by_day.get(one.due_on, 0) + one.unpaid
    return tuple(sorted(by_day.items()))


def _refuse_other(option: Option, unpaid: tuple[tuple[date, int], ...]) -> None:
    """All that is unpaid afterwards is what was agreed, day by day.

    Money that had been paid on a charge which moves counts toward the plan's first payment, and the charge is whole on
    its own day: there alone a day may ask for more, and the sum is the same.
    """
    agreed, charged = dict(option.payments), {one.due_on for one in option.charges}
    over = [day for day, amount in unpaid if amount > agreed.get(day, 0) and day not in charged]
    found = sum(amount for _, amount in unpaid)
    if over or found != option.total:
        raise AnswerIsNo(
            f"{found} would be unpaid on {option.loan_id} afterwards, not {option.total}, or not by the plan's days",
            "compute the plan anew; a loan whose payments pay by another order than oldest first may need its own",
        )


def _changes(entries: list[int]) -> dict[str, int]:
    """What the entries, and what followed from them, come to by account and component; debits positive."""
    total: dict[str, int] = {}
    rows = Posting.objects.filter(entry_id__in=entries) | Posting.objects.filter(entry__of_entry__in=entries)
    for account, component, amount in rows.values_list("account", "component", "amount"):
        name = f"{account} {component}" if component else account
        total[name] = total.get(name, 0) + amount
    return {name: amount for name, amount in sorted(total.items()) if amount}
