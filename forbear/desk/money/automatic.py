"""Receipts that are surely a loan's, booked by themselves: some hundred at a time, each batch whole or not at all.

What is sure does not depend on which other money has come (see `matching`): the same files in any order are booked
alike. A run that was cut short leaves receipts that were not tried yet; the next one, or the background, goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from forbear.desk.audit.log import record
from forbear.desk.ledger.models import Account
from forbear.desk.ledger.refusals import Refused
from forbear.desk.money.evidence import facts_of
from forbear.desk.money.matching import Proposal, ranked
from forbear.desk.money.models import PARKED, TWIN, Receipt
from forbear.desk.money.payments import AHEAD
from forbear.desk.money.shares import Part, book_parts

ACTOR = "forbear bank"
BATCH = 200


def book_sure(at: datetime) -> int:
    """Look at every receipt that was not tried yet and book those that are sure; how many."""
    booked = 0
    while True:
        with transaction.atomic():
            rows = list(_untried().select_for_update(of=("self",), skip_locked=True)[:BATCH])
            booked += _book_those(rows, at)
        if not rows:
            return booked


def book_waiting_now() -> int:
    """`book_sure` by the clock, for the background: what a killed run has left."""
    return book_sure(timezone.now())


def try_again() -> int:
    """Let every parked receipt that nobody has touched be looked at again, after new loans or names; how many."""
    untouched = Receipt.objects.filter(state=PARKED, incoming=True, reversal=False, shares=None).exclude(note=TWIN)
    return int(untouched.update(tried_at=None))


def _untried() -> Any:
    return Receipt.objects.filter(state=PARKED, tried_at__isnull=True).order_by("receipt_id")


def _book_those(rows: Sequence[Receipt], at: datetime) -> int:
    sure = {pk: best for pk, known in facts_of(rows, now=False).items() if (best := _best(ranked(known)))}
    with_account = set(
        Account.objects.filter(pk__in={one.loan_id for one in sure.values()}).values_list("pk", flat=True)
    )
    count = 0
    for row in sorted(rows, key=lambda row: sure[row.pk].loan_id if row.pk in sure else ""):
        best = sure.get(row.pk)
        possible = row.incoming and not row.reversal and row.counted_on <= at.date() + AHEAD
        if best and possible and best.loan_id in with_account and _booked(row, best, at):
            count += 1
        else:
            Receipt.objects.filter(pk=row.pk).update(tried_at=at)
    return count


def _best(proposals: list[Proposal]) -> Proposal | None:
    return proposals[0] if proposals and proposals[0].sure else None


def _booked(row: Receipt, best: Proposal, at: datetime) -> bool:
    """Book it in a savepoint; a refusal leaves it parked."""
    try:
        with transaction.atomic():
            (share,) = book_parts(row, [Part(best.loan_id, row.amount, best.reasons)], actor=ACTOR, at=at)
            facts = {"loan": share.loan_id, "amount": share.amount, "entry": share.entry_id}
            record(ACTOR, "receipt.matched", f"receipt:{row.pk}", **facts)
    except Refused:
        row.refresh_from_db()
        return False
    return True
