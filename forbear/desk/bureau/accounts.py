"""Accounts as bureaus are told of them, from the ledger: owed now, what happened, how late at the ends of 24 months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection

from forbear.desk.bureau.models import Dispute
from forbear.desk.ledger.balances import Balance, Late, balances, late_on
from forbear.desk.record.models import Case
from forbear.desk.statements import statement
from forbear.recovery.bureau.accounts import Account, MonthEnd

MONTHS = 24


@dataclass(frozen=True)
class Owed:
    """An account and whose it is."""

    borrower_id: str
    account: Account


def accounts(loan_ids: Sequence[str], as_of: date) -> dict[str, Owed]:
    """The accounts of these loans as of a day, by loan_id; a loan not disbursed by then is left out."""
    ends = month_ends(as_of)
    with connection.cursor() as cursor:
        cursor.execute(
            statement(__package__, "accounts"), {"loans": list(loan_ids), "as_of": as_of, "since": ends[0]}
        )
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    loans = [row["loan_id"] for row in rows]
    now, before = balances(loans, as_of), late_on(loans, ends)
    disputes = Dispute.objects.filter(loan_id__in=loans)
    open_ones = set(disputes.filter(answered_at=None).values_list("loan_id", flat=True))
    settled = set(disputes.filter(outcome="confirmed").values_list("loan_id", flat=True)) - open_ones
    collecting = in_collection()
    return {
        row["loan_id"]: Owed(
            row["borrower_id"],
            _account(
                row,
                now[row["loan_id"]],
                _months(row, ends, before.get(row["loan_id"], {})),
                as_of,
                disputed=row["loan_id"] in open_ones,
                dispute_settled=row["loan_id"] in settled,
                in_collection=row["borrower_id"] in collecting,
            ),
        )
        for row in rows
        if row["loan_id"] in now
    }


def in_collection() -> set[str]:
    """Borrowers whose cases are placed for collection now."""
    placed = Case.objects.filter(closed_at=None, agency__isnull=False)
    return set(placed.values_list("borrower_id", flat=True))


def month_ends(as_of: date, months: int = MONTHS) -> list[date]:
    """The ends of the months before the day's, the latest first."""
    ends, day = [], as_of
    for _ in range(months):
        day = day.replace(day=1) - timedelta(days=1)
        ends.append(day)
    return ends


def _account(row: dict[str, Any], owed: Balance, months: Sequence[MonthEnd], as_of: date, **known: bool) -> Account:
    balance = owed.outstanding + owed.written_off
    closed_on = row["last_on"] if balance <= 0 else None
    return Account(
        loan_id=row["loan_id"],
        as_of=as_of,
        currency=row["currency"],
        opened_on=row["disbursed_on"],
        original=row["principal"],
        term_months=row["term"],
        scheduled=row["scheduled"],
        balance=balance,
        past_due=owed.arrears_total + owed.written_off,
        dpd=owed.dpd,
        oldest_unpaid_due_on=owed.oldest_unpaid_due_on,
        months=tuple(month for month in months if closed_on is None or month.on < closed_on),
        paid_in_period=row["paid"],
        last_paid_on=row["last_paid_on"],
        closed_on=closed_on,
        charged_off=row["charged_off"],
        charged_off_on=row["charged_off_on"],
        settled=balance <= 0 and row["let_go"] > 0,
        **known,
    )


def _months(row: dict[str, Any], ends: Sequence[date], late: Mapping[date, Late]) -> list[MonthEnd]:
    """How the account stood at each month's end, the latest first; not late where nothing is said of the day."""
    opened = row["disbursed_on"]
    return [_month(end, late[end]) if end in late else _plain_month(end, existed=end >= opened) for end in ends]


def _month(end: date, then: Late) -> MonthEnd:
    return MonthEnd(end, then.dpd, then.oldest_unpaid_due_on, charged_off=then.written_off)


@lru_cache(maxsize=256)
def _plain_month(end: date, *, existed: bool) -> MonthEnd:
    """A month's end at which nothing was overdue: the same for all accounts."""
    return MonthEnd(end, 0, existed=existed)
