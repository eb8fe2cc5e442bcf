"""Rows of the list `balances`: what loans owe as of a day, worked out by the ledger for the loans that someone sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from forbear.desk.ledger.balances import Balance, balances
from forbear.desk.lists.described import Described
from forbear.desk.lists.scope import scoped
from forbear.desk.record.models import Loan

AT_ONCE = 500


def balance_rows(
    of: Described, user: Any, filters: Mapping[str, Any], at: datetime, after: str = ""
) -> Iterator[tuple[Any, ...]]:
    """Where each loan stands, in order of loan_id; a loan not disbursed by the day is left out.

    Args:
        of: the list.
        user: who asks; None: the machine itself.
        filters: `as_of` (today when left out), `known_at`, `loan_id`.
        at: now.
        after: the last loan_id of the page before.
    """
    as_of: date = filters.get("as_of") or at.date()
    loans = scoped(Loan.objects.all(), "loans", user)
    if "loan_id" in filters:
        loans = loans.filter(loan_id=filters["loan_id"])
    while True:
        beyond = loans.filter(loan_id__gt=after) if after else loans
        ids = list(beyond.order_by("loan_id").values_list("loan_id", flat=True)[:AT_ONCE])
        if not ids:
            return
        found = balances(ids, as_of, filters.get("known_at"))
        for loan_id in ids:
            if loan_id in found:
                yield tuple(_cell(found[loan_id], column.name, as_of) for column in of.columns)
        after = ids[-1]


def _cell(balance: Balance, name: str, as_of: date) -> Any:
    if name == "as_of":
        return as_of
    return balance.arrears_total if name == "arrears" else getattr(balance, name)
