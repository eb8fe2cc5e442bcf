"""What the gate is told once a letter was posted: notice clocks start, an assignment has been told of.

A receipt of the provider says that it was posted or arrived; being put into the provider's folder says neither. A
notice counts from its arrival: as a receipt tells, else so many days after posting as its kind says.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from forbear.conduct import sending
from forbear.desk.audit.log import record
from forbear.desk.contact.models import Receipt
from forbear.desk.letters.archived import CAUSE
from forbear.desk.letters.models import Letter, Told
from forbear.desk.record.models import Fact
from forbear.recovery.letters import kind, kinds

POSTED = ("sent", "delivered", "read")
ARRIVED = ("delivered", "read")


def tell_now() -> int:
    """`tell` by the clock, for the background."""
    return tell(timezone.now())


def tell(at: datetime) -> int:
    """Tell the gate of letters that were posted since; how many."""
    telling = [one.name for one in kinds().values() if one.told or one.ends]
    waiting = Letter.objects.filter(kind__in=telling, told__isnull=True).order_by("written_at")
    return sum(_told(letter, at) for letter in waiting[:500])


def _told(letter: Letter, at: datetime) -> bool:
    receipts = Receipt.objects.filter(attempt__planned__key=f"{CAUSE}{letter.pk}", result__in=POSTED)
    found = sorted(receipts, key=lambda one: (one.result not in ARRIVED, one.at or one.received_at))
    if not found:
        return False
    first = found[0]
    made = kind(letter.kind)
    posted = first.at or first.received_at
    counts_from = posted if first.result in ARRIVED else posted + timedelta(days=made.arrives)
    try:
        with transaction.atomic():
            sending.lock_borrower(connection, letter.borrower_id)
            Told.objects.create(letter=letter, posted_at=posted, counts_from=counts_from, receipt=first.result)
            _tell_the_gate(letter, made.told, made.ends, counts_from)
            record("forbear desk", "letter.posted", f"borrower:{letter.borrower_id}", letter=letter.pk)
    except IntegrityError:  # another process told of it
        return False
    return True


def _tell_the_gate(letter: Letter, told: str, ends: str, since: datetime) -> None:
    own = {"borrower_id": letter.borrower_id, "loan_id": letter.loan_id}
    if told:
        Fact.objects.create(**own, fact=told, value="true", since=since)
    if ends:
        about = Q(loan_id=letter.loan_id) | Q(loan_id="") | Q(loan_id__isnull=True)
        open_ones = Fact.objects.filter(about, borrower_id=letter.borrower_id, fact=ends, until__isnull=True)
        open_ones.update(until=since)
