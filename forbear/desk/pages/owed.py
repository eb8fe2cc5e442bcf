"""What is owed and why: each loan's arrears by component, its next installment, its schedule and its payments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.db import connection

from forbear.desk.ledger.balances import Balance, Item, balances
from forbear.desk.ledger.kinds import COMPONENTS
from forbear.desk.ledger.models import Entry
from forbear.desk.ledger.named import named
from forbear.desk.record.models import Loan

MOST_LOANS = 20
"""So many of a borrower's loans, the latest disbursed first, are shown with their schedules."""
MOST_ACTS = 50
"""So many of a loan's acts, the latest first."""


@dataclass(frozen=True)
class Row:
    """One installment: what was due of each component, and what is unpaid of all of them."""

    number: int
    due_on: date
    due: int
    paid: int
    unpaid: int
    late: bool


@dataclass(frozen=True)
class Owed:
    """Where a loan stands; `balance` is None where the ledger does not know the loan."""

    loan: Loan
    balance: Balance | None
    parts: tuple[tuple[str, int], ...]
    rows: tuple[Row, ...]
    acts: tuple[Any, ...]

    @property
    def next(self) -> Row | None:
        """The next installment that is not late yet and not paid."""
        return next((row for row in self.rows if row.unpaid and not row.late), None)


def owed(loans: Iterable[Loan], as_of: date) -> list[Owed]:
    """What is owed on each loan as of a day, from the ledger; the same few queries for one loan or for many."""
    shown = list(loans)[:MOST_LOANS]
    ids = [loan.pk for loan in shown]
    standing = balances(ids, as_of)
    parts, acts = _items(ids, as_of), _acts(ids)
    return [
        _of(loan, standing.get(loan.pk), parts.get(loan.pk, []), acts.get(loan.pk, []), as_of) for loan in shown
    ]


def _acts(loan_ids: list[str]) -> dict[str, list[Entry]]:
    """What was done with each loan's money, the latest first; what followed from an act is left out."""
    entries = Entry.objects.filter(loan_id__in=loan_ids, of_entry__isnull=True).prefetch_related("reversed_by")
    found: dict[str, list[Entry]] = {}
    for entry in entries.order_by("-effective_on", "-entry_id")[: MOST_ACTS * MOST_LOANS]:
        found.setdefault(entry.loan_id, []).append(entry)
    return found


def _items(loan_ids: list[str], as_of: date) -> dict[str, list[Item]]:
    """`ledger.balances.items` of several loans in one query: its own statement, asked once for each loan."""
    of_one = named("items").replace("%(loan)s", "l.loan_id")
    statement = (
        f"SELECT l.loan_id, i.* FROM unnest(%(loans)s::text[]) AS l (loan_id) CROSS JOIN LATERAL ({of_one}) AS i"
    )
    found: dict[str, list[Item]] = {}
    with connection.cursor() as cursor:
        cursor.execute(statement, {"loans": loan_ids, "as_of": as_of, "known_at": None})
        for loan_id, *item in cursor.fetchall():
            found.setdefault(loan_id, []).append(Item(*item))
    return found


def _of(loan: Loan, balance: Balance | None, found: list[Item], acts: list[Entry], as_of: date) -> Owed:
    if balance is None:
        return Owed(loan, None, (), (), ())
    parts = tuple((name, getattr(balance, f"arrears_{name}")) for name in reversed(COMPONENTS))
    return Owed(loan, balance, parts, _rows(found, as_of), tuple(acts[:MOST_ACTS]))


def _rows(found: Iterable[Item], as_of: date) -> tuple[Row, ...]:
    ordered = sorted(found, key=lambda item: (item.due_on, item.number))
    made = []
    for (due_on, number), parts in groupby(ordered, key=lambda item: (item.due_on, item.number)):
        held = list(parts)
        unpaid = sum(item.unpaid for item in held)
        due, paid = sum(item.due for item in held), sum(item.paid for item in held)
        made.append(Row(number, due_on, due, paid, unpaid, late=bool(unpaid) and due_on < as_of))
    return tuple(made)
