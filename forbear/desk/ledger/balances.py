"""What loans owe and have paid: as of any date, and as it was known at any instant. One query, however many loans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.db import connection

from forbear.desk.ledger.kinds import CHARGES, SCHEDULING
from forbear.desk.ledger.named import named


class Balance(NamedTuple):
    """Where a loan stands as of a date; money in minor units.

    Arrears are what is unpaid of installments due before the date; outstanding is all that is unpaid, due or not.
    `written_off` is what is written off and still owed, `unapplied` money that has paid nothing.
    """

    loan_id: str
    currency: str
    arrears_principal: int
    arrears_interest: int
    arrears_fees: int
    arrears_penalty: int
    installments_overdue: int
    oldest_unpaid_due_on: date | None
    dpd: int
    principal_outstanding: int
    interest_outstanding: int
    fees_outstanding: int
    penalty_outstanding: int
    paid_total: int
    unapplied: int
    written_off: int
    recovered: int
    waived: int

    @property
    def arrears_total(self) -> int:
        """All that is overdue."""
        return self.arrears_principal + self.arrears_interest + self.arrears_fees + self.arrears_penalty

    @property
    def outstanding(self) -> int:
        """All that is unpaid, due or not."""
        return (
            self.principal_outstanding
            + self.interest_outstanding
            + self.fees_outstanding
            + self.penalty_outstanding
        )


class Late(NamedTuple):
    """How late a loan was as of a day; `oldest_unpaid_due_on` None: nothing was overdue, something was written off."""

    oldest_unpaid_due_on: date | None
    dpd: int
    written_off: bool


PLAIN = frozenset(["loan_id", "currency", "installments_overdue", "oldest_unpaid_due_on", "dpd"])
"""Fields of a balance that are no money."""


ADDING = ("disbursal", *sorted(SCHEDULING), *sorted(CHARGES), "pause")
"""Kinds that add to what is owed or move its schedule: they count from the day on which they take effect."""


class Item(NamedTuple):
    """A component of an installment; money in minor units."""

    number: int
    due_on: date
    component: str
    due: int
    paid: int
    unpaid: int


def balances(
    loan_ids: Iterable[str], as_of: date, known_at: datetime | None = None, *, paid_early: bool = False
) -> dict[str, Balance]:
    """Where loans stand, by loan_id; a loan that was not disbursed by the date is left out.

    Args:
        loan_ids: the loans, any number.
        as_of: entries in effect by the end of that day count.
        known_at: only entries booked by that instant count; None: all.
        paid_early: money counts even where it takes effect after the date (see `owed_on`).
    """
    asked = {"loans": list(loan_ids), "as_of": as_of, "known_at": known_at}
    with connection.cursor() as cursor:
        cursor.execute(named("balances"), {**asked, "paid_early": paid_early, "adding": list(ADDING)})
        return {row[0]: Balance(*row) for row in cursor.fetchall()}


def owed_on(loan_ids: Iterable[str], today: date) -> dict[str, Balance]:
    """What loans owe on a borrower's own day, as she is to be told it: what was due by that day, less all that is paid.

    A payment is dated by the lender's calendar, which may be a day ahead of hers (paid on the 6th in Beijing, while it
    is the 5th where she is). It is received all the same, and nobody may ask her for it again.
    """
    return balances(loan_ids, today, paid_early=True)


def late_on(loan_ids: Iterable[str], days: Sequence[date]) -> dict[str, dict[date, Late]]:
    """How late loans were as of each of several days, as `balances` has it day by day, in one query.

    Args:
        loan_ids: the loans, any number.
        days: entries in effect by the end of each count for it.

    Returns:
        By loan_id, by day; a day on which nothing was overdue and nothing written off is left out.
    """
    found: dict[str, dict[date, Late]] = {}
    if not days:
        return found
    with connection.cursor() as cursor:
        cursor.execute(named("late_on"), {"loans": list(loan_ids), "days": list(days), "last": max(days)})
        for loan_id, day, *told in cursor.fetchall():
            found.setdefault(loan_id, {})[day] = Late(*told)
    return found


def every_balance(as_of: date, known_at: datetime | None = None, *, at_once: int = 5_000) -> Iterator[Balance]:
    """Where every loan stands, in order of loan_id, some thousands in memory at a time."""
    last = ""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT loan_id FROM ledger_accounts WHERE loan_id > %s ORDER BY loan_id LIMIT %s", [last, at_once]
            )
            loans = [row[0] for row in cursor.fetchall()]
        if not loans:
            return
        yield from balances(loans, as_of, known_at).values()
        last = loans[-1]


def items(loan_id: str, as_of: date, known_at: datetime | None = None) -> list[Item]:
    """What each component of each installment of a loan comes to, in order of due date; see `balances`."""
    with connection.cursor() as cursor:
        cursor.execute(named("items"), {"loan": loan_id, "as_of": as_of, "known_at": known_at})
        return [Item(*row) for row in cursor.fetchall()]
