"""Booking parts of a receipt on loans, and undoing them: the one place where a receipt's money enters the ledger.

Callers hold the receipt's row (`locked`) in their transaction; loans are locked by the ledger, in order of their ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import Sum

from forbear.basics.errors import AnswerIsNo
from forbear.desk.ledger.booking import Payment, book, pay_many
from forbear.desk.money.models import MATCHED, PARKED, RETURNED, Receipt, Share
from forbear.desk.privacy.payers import SHOWN
from forbear.desk.record.models import Loan

SOURCE = "bank"


class Part(NamedTuple):
    """A part of a receipt for a loan, minor units, and what spoke for it."""

    loan_id: str
    amount: int
    why: tuple[str, ...] = ()


def locked(receipt_id: int) -> Receipt:
    """The receipt, held until the transaction ends.

    Raises:
        AnswerIsNo: there is none.
    """
    found = Receipt.objects.select_for_update(of=("self",)).filter(pk=receipt_id).first()
    if found is None:
        raise AnswerIsNo(f"there is no receipt {receipt_id}", "look at the list of parked receipts")
    return found


def standing_shares(receipt: Receipt) -> Any:
    """The receipt's shares that were not undone."""
    return Share.objects.filter(receipt=receipt, undone_at__isnull=True).order_by("share_id")


def rest(receipt: Receipt) -> int:
    """What of the receipt is neither booked nor returned."""
    booked = standing_shares(receipt).aggregate(total=Sum("amount"))["total"] or 0
    return int(receipt.amount - receipt.returned - booked)


def payments_for(receipt: Receipt, parts: Sequence[Part]) -> list[Payment]:
    """The payments that these parts are: their ids follow from the receipt, so that none is booked twice."""
    before = Share.objects.filter(receipt=receipt).count()
    made = []
    for number, part in enumerate(parts, before + 1):
        mark = hashlib.sha256(f"{receipt.mark}:{number}".encode()).hexdigest()
        made.append(
            Payment(f"bank-{mark[:24]}", part.loan_id, receipt.counted_on, part.amount, f"receipt:{mark}", SOURCE)
        )
    return made


def book_parts(receipt: Receipt, parts: Sequence[Part], *, actor: str, at: datetime) -> list[Share]:
    """Book parts of a receipt that is held, and bring its state up to date.

    Raises:
        Refused: the ledger cannot book one of them; nothing is booked then.
    """
    payments = payments_for(receipt, parts)
    receipts = pay_many(payments, actor=actor, at=at)
    shares = Share.objects.bulk_create(
        Share(
            receipt=receipt,
            loan_id=part.loan_id,
            amount=part.amount,
            payment_id=payment.payment_id,
            entry_id=booked.entry_id,
            why=list(part.why),
            made_by=actor,
            made_at=at,
        )
        for part, payment, booked in zip(parts, payments, receipts, strict=True)
    )
    settle(receipt, at)
    return shares


def undo(share: Share, effective_on: date, *, cause: str, actor: str, at: datetime) -> int:
    """Reverse a share's payment in the ledger; the entry of the reversal. `settle` its receipt afterwards."""
    key = f"{cause}:{share.pk}"
    made = book("reversal", share.loan_id, effective_on, None, cause, key, actor=actor, at=at, entry=share.entry_id)
    share.undone_at = at
    share.save(update_fields=["undone_at"])
    return made.entry_id


def payment_undone(entry_id: int, at: datetime) -> None:
    """A payment was reversed by its own way: if it came from a receipt, that money is parked again."""
    share = Share.objects.filter(entry_id=entry_id, undone_at__isnull=True).first()
    if share is not None:
        receipt = locked(share.receipt_id)
        share.undone_at = at
        share.save(update_fields=["undone_at"])
        settle(receipt, at)


def settle(receipt: Receipt, at: datetime) -> None:
    """Bring a held receipt's state and owner up to date with its shares, and save it.

    Its texts are sealed anew when they change hands: under the borrower's key while all that stands of it is one
    borrower's, else under that of receipts.
    """
    shares = list(standing_shares(receipt))
    left = receipt.amount - receipt.returned - sum(share.amount for share in shares)
    state = PARKED if left else MATCHED if shares else RETURNED
    receipt.state, receipt.settled_at = state, None if left else at
    receipt.tried_at = receipt.tried_at or at
    if left or shares:
        receipt.reason = ""
    borrowers = set(
        Loan.objects.filter(pk__in=[share.loan_id for share in shares]).values_list("borrower_id", flat=True)
    )
    owner = borrowers.pop() if len(borrowers) == 1 else None
    if owner != receipt.borrower_id and not receipt.erased_at:
        for name in SHOWN:
            setattr(receipt, name, getattr(receipt, name))  # opened, to be sealed under the other key
        receipt.borrower_id = owner
    receipt.save()
