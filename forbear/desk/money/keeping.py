"""How long payers stay known: with the borrower they paid for, or until some days after nobody needs them.

Texts matched to one borrower stand under her key and go with it. Of receipts that were returned or set aside, texts and
hashes are taken out `texts_days` after (privacy/retention.toml, `[receipts]`). The key of receipts is exchanged every
`key_days`; an old one is destroyed once no text stands under it, so that copies of the database lose them as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet

from forbear.desk.audit.log import record
from forbear.desk.money.models import OTHER, RETURNED, Receipt, Share
from forbear.desk.privacy.keys import forget
from forbear.desk.privacy.models import DataKey
from forbear.desk.privacy.payers import SHOWN
from forbear.desk.privacy.retention import receipts_term
from forbear.desk.record.models import Loan

EMPTY = "payer_name = '', payer_account = '', text = '', name_hash = NULL, account_hash = NULL"
STANDS_UNDER = f"""
SELECT EXISTS (SELECT FROM receipts WHERE %s IN ({", ".join(f"substring({name} from 2 for 8)" for name in SHOWN)}))
"""
ACTOR = "forbear retention"


@dataclass(frozen=True)
class Tidied:
    """How many receipts lost their texts, and how many keys were destroyed."""

    receipts: int
    keys: int


def due(at: datetime) -> QuerySet[Receipt]:
    """Receipts whose texts nobody needs any more."""
    settled = at - timedelta(days=receipts_term()["texts_days"])
    return Receipt.objects.filter(state__in=[RETURNED, OTHER], settled_at__lt=settled, erased_at=None)


def tidy(at: datetime) -> Tidied:
    """Take out what is due, exchange the key of receipts when it is old, destroy those that nothing stands under."""
    with transaction.atomic():
        gone = _take_out(list(due(at).select_for_update(of=("self",)).values_list("pk", flat=True)), at)
        if gone:
            record(ACTOR, "receipts.erased", "receipts", count=gone)
    return Tidied(gone, _renew_key(at))


def forget_payer(borrower_id: str, at: datetime) -> None:
    """A borrower is erased: what tells who paid for her goes, also where others were paid for at once.

    To be called in the transaction that destroys her key.
    """
    hers = Receipt.objects.filter(borrower_id=borrower_id).values_list("pk", flat=True)
    loans = Loan.objects.filter(borrower_id=borrower_id).values("loan_id")
    shared = Share.objects.filter(loan_id__in=loans).values_list("receipt_id", flat=True)
    _take_out(sorted({*hers, *shared}), at)


def _take_out(receipt_ids: list[int], at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE receipts SET {EMPTY}, erased_at = %s WHERE receipt_id = ANY(%s)", [at, receipt_ids])
    return len(receipt_ids)


def _renew_key(at: datetime) -> int:
    old = at - timedelta(days=receipts_term()["key_days"])
    DataKey.objects.filter(purpose="receipts", replaced_at=None, destroyed_at=None, made_at__lt=old).update(
        replaced_at=at
    )
    gone = 0
    for key in DataKey.objects.filter(
        purpose="receipts", replaced_at__lt=at - timedelta(hours=1), destroyed_at=None
    ):
        with connection.cursor() as cursor:
            cursor.execute(STANDS_UNDER, [key.pk.to_bytes(8, "big")])
            if cursor.fetchone()[0]:
                continue
        DataKey.objects.filter(pk=key.pk).update(wrapped=None, destroyed_at=at)
        forget([key.pk])
        gone += 1
    return gone
