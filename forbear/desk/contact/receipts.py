"""What providers tell afterwards: taken once, whenever and in whatever order it comes, and put to its attempt.

A receipt that comes before its attempt is settled waits under the provider's own name for the message. A receipt for an
attempt whose outcome was unknown settles it: it left.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from forbear.desk.contact.channels.base import News
from forbear.desk.contact.models import Attempt, Receipt
from forbear.desk.contact.named import named
from forbear.desk.contact.rows import columns
from forbear.desk.record.models import Contact, Fact

RANKS = {
    "failed": 1,
    "sent": 2,
    **dict.fromkeys(("undelivered", "bounced", "busy", "not_in_service", "no_answer", "rejected", "voicemail"), 3),
    **dict.fromkeys(("delivered", "hung_up", "third_party"), 4),
    **dict.fromkeys(("read", "conversation", "promise", "refused"), 5),
}
"""How much a result says; a later receipt that says less changes nothing."""
NOT_REACHED = frozenset(("undelivered", "bounced", "not_in_service", "busy", "no_answer", "rejected"))
DEAD = frozenset(("dead_number", "5.1.1", "5.1.10", "UNREGISTERED", "not_in_service"))
"""Codes by which a provider says that nobody is at the address; it is not tried again."""


def take(provider: str, news: Sequence[News], at: datetime) -> int:
    """Take receipts of a provider; those told before change nothing.

    Args:
        provider: who told.
        news: what it told, in any order; of results that are not known only the receipt is kept.
        at: now.

    Returns:
        How many were new.
    """
    if not news:
        return 0
    with transaction.atomic():
        fresh = _kept(provider, list({one.key: one for one in news}.values()))
        _apply([(attempt, result, detail) for attempt, result, detail in fresh if attempt], at)
    return len(fresh)


def match_early(provider: str, refs: Sequence[str], at: datetime) -> None:
    """Put receipts that came before their attempts were settled to them, in the caller's transaction."""
    if not refs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE contact_receipts AS r SET attempt_id = a.attempt_id FROM contact_attempts AS a "
            "WHERE r.provider = %(provider)s AND r.attempt_id IS NULL AND r.provider_ref = ANY(%(refs)s) "
            "AND a.provider = r.provider AND a.provider_ref = r.provider_ref "
            "RETURNING r.attempt_id, r.result, r.detail",
            {"provider": provider, "refs": list(refs)},
        )
        found = cursor.fetchall()
    _apply(found, at)


def _kept(provider: str, news: Sequence[News]) -> list[tuple[str, str, str]]:
    rows = [(one.key, one.ref, one.attempt_id, one.result, one.at, one.detail) for one in news]
    names = ("keys", "refs", "ids", "results", "ats", "details")
    with connection.cursor() as cursor:
        cursor.execute(named("receipts"), {**columns(rows, names), "provider": provider})
        return list(cursor.fetchall())


def _apply(told: Sequence[tuple[str, str, str]], at: datetime) -> None:
    """Put what is known to its attempts and contacts."""
    known = [
        (attempt, result, RANKS[result], "undelivered" if result in NOT_REACHED else "delivered")
        for attempt, result, _ in sorted(told)
        if result in RANKS and result not in ("sent", "failed")
    ]
    if known:
        given = columns(known, ("attempts", "results", "ranks", "states"))
        with connection.cursor() as cursor:
            cursor.execute(named("news"), {**given, "rank_of": json.dumps(RANKS), "at": at})
    for attempt, result, detail in told:
        if result in NOT_REACHED and (detail in DEAD or result in DEAD):
            _note_dead(attempt, at)


def _note_dead(attempt_id: str, at: datetime) -> None:
    contact = Contact.objects.filter(contact_id=attempt_id, number__isnull=False).first()
    if contact is None:
        return
    known = {"borrower_id": contact.borrower_id, "fact": "dead_number", "number": contact.number}
    if not Fact.objects.filter(**known, until__isnull=True).exists():
        Fact.objects.create(**known, value="true", since=at, channel=contact.channel)


def told_of(attempt: Attempt) -> list[Receipt]:
    """The receipts of an attempt, in the order in which they came."""
    return list(attempt.receipts.order_by("receipt_id"))
