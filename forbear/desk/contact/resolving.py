"""Finding out what became of attempts whose outcome nobody knows; and closing what is no longer wanted.

An attempt whose worker died, or whose provider did not answer, may have left. It counts as a contact, is never sent
again blindly, and is settled by a receipt or by asking the provider. Only where the provider is sure that it never saw
the message (and so never will send it) may the planned contact be tried anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction

from forbear.conduct import sending
from forbear.desk.contact import receipts, settling
from forbear.desk.contact.channels.base import Answer, News, Provider
from forbear.desk.contact.inbound import told_reply
from forbear.desk.contact.models import ProviderState
from forbear.desk.contact.named import named
from forbear.desk.contact.rows import rows_of

MOST = 500
NEWS_SPACE = sending.LOCK_SPACE + 1
"""First half of the advisory lock under which one process fetches a provider's news."""
ASK_AGAIN_SECONDS = 60
"""How long a provider is left alone with one question."""


def sweep(provider: Provider, at: datetime, *, ask_again: float = ASK_AGAIN_SECONDS) -> int:
    """Take a provider's receipts and answers, then ask it for what is unknown; how much was learnt."""
    return fetch_news(provider, at) + ask(provider, at, ask_again)


def abandoned() -> int:
    """Take attempts of dead workers for unknown; how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(named("abandoned"), {"space": sending.LOCK_SPACE, "most": MOST})
        return int(cursor.rowcount)


def lapse(at: datetime) -> int:
    """Close contacts whose time is over without their having been made; how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE planned_contacts SET state = 'lapsed', why = 'its time is over', ended_at = %(at)s "
            "WHERE planned_id IN (SELECT planned_id FROM planned_contacts WHERE state = 'waiting' "
            "AND wanted_until <= %(at)s ORDER BY wanted_until LIMIT 5000 FOR NO KEY UPDATE SKIP LOCKED)",
            {"at": at},
        )
        return int(cursor.rowcount)


def match_late(at: datetime) -> int:
    """Put receipts that crossed with the settling of their attempts to them; how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT r.provider, r.provider_ref FROM contact_receipts AS r JOIN contact_attempts AS a "
            "ON a.provider = r.provider AND a.provider_ref = r.provider_ref "
            "WHERE r.attempt_id IS NULL AND r.provider_ref <> '' AND a.provider_ref <> '' LIMIT %s",
            [MOST],
        )
        found = cursor.fetchall()
        for provider in sorted({name for name, _ in found}):
            receipts.match_early(provider, [ref for name, ref in found if name == provider], at)
    return len(found)


def fetch_news(provider: Provider, at: datetime) -> int:
    """Fetch receipts and answers from a provider that is asked for them; how many were new.

    One process at a time does it for a provider. Receipts and each answer are taken in transactions of their own, since
    an answer waits for its borrower's lock; the cursor moves last, so nothing is passed over, and what is told again
    is known by its key.
    """
    name = provider.account.name
    with _alone(f"news:{name}") as alone:
        if not alone:
            return 0
        held = ProviderState.objects.filter(pk=name).values_list("cursor", flat=True).first()
        if held is None:
            return 0
        told, cursor = provider.news(held)
        count = receipts.take(name, [one for one in told if isinstance(one, News)], at)
        for one in told:
            if isinstance(one, Answer):
                count += told_reply(name, provider.account.channel, one.sender, one.text, one.at, one.message_id)
        if cursor != held:
            ProviderState.objects.filter(pk=name).update(cursor=cursor)
    return count


@contextmanager
def _alone(what: str) -> Iterator[bool]:
    """Whether no other process does this just now; nobody waits."""
    key = (NEWS_SPACE, what)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", key)
        alone = bool(cursor.fetchone()[0])
        try:
            yield alone
        finally:
            if alone and connection.is_usable():
                cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", key)


def ask(provider: Provider, at: datetime, ask_again: float = ASK_AGAIN_SECONDS) -> int:
    """Ask a provider for attempts whose outcome is unknown; how many are settled now."""
    name, channel = provider.account.name, provider.account.channel
    with connection.cursor() as cursor:
        cursor.execute(named("to_be_asked"), {"provider": name, "pause": ask_again, "most": MOST})
        found = cursor.fetchall()
    rows = dict(zip((row[0] for row in found), rows_of(row[1:] for row in found), strict=True))
    if not rows:
        return 0
    said = provider.query(sorted(rows))
    with transaction.atomic():
        for borrower in sorted({rows[key].borrower_id for key in said}):
            sending.lock_borrower(connection, borrower)
        settling.settle_rows(name, channel, rows, list(said.values()), at)
    return len(said)
