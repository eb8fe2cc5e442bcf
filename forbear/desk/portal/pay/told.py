"""What becomes of a provider's word: each payment once, compared with what was asked, booked or given to a person.

One transaction, on the intent's lock: the news is kept, the shares are booked by `desk.money`, the intent is paid. Told
again, the same payment is the same row and books nothing. What is not as it was asked (another sum, another currency, a
second payment of an order, an order nobody knows, a loan that cannot be booked on) is kept too, with a task where it is
somebody's, so that money that came is never dropped and never guessed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from forbear.desk.audit.log import record
from forbear.desk.ledger.booking import Payment
from forbear.desk.ledger.refusals import KeyUsed, Refused
from forbear.desk.money import payments
from forbear.desk.portal.models import Intent, News
from forbear.desk.portal.numbers import grouped
from forbear.desk.portal.pay.base import Paid, Provider
from forbear.desk.record.zones import zone_of
from forbear.desk.replies.acting import Said, open_task


def take(provider: Provider, headers: Mapping[str, str], body: bytes, at: datetime) -> News | None:
    """Take what a provider tells; None: it told of no payment.

    Raises:
        NotGenuine: its signature does not hold; nothing is kept.
    """
    paid = provider.read(headers, body, at)
    return put(provider.name, paid, at) if paid else None


def put(provider: str, paid: Paid, at: datetime) -> News:
    """Put a payment to its intent; the same payment again changes nothing."""
    reference = grouped(paid.number)
    with transaction.atomic():
        intent = Intent.objects.select_for_update().filter(pk=reference, provider=provider).first()
        news, new = News.objects.get_or_create(
            provider=provider,
            payment=paid.payment[:200],
            defaults={
                "reference": reference[:100], "intent": intent, "amount": paid.amount, "currency": paid.currency[:10],
                "paid_at": paid.paid_at, "told_at": at, "outcome": "unknown",
            },
        )  # fmt: skip
        if not new:
            return news
        news.outcome, news.why = _settled(intent, paid, at) if intent else ("unknown", "no such order")
        news.save(update_fields=["outcome", "why"])
        subject = f"borrower:{intent.borrower_id}" if intent else f"provider:{provider}"
        facts = {"reference": reference, "amount": paid.amount, "outcome": news.outcome, "why": news.why}
        record(f"pay:{provider}", "portal.payment_told", subject, **facts)
        if intent and news.outcome != "booked":
            open_task("check_payment", Said(intent.borrower_id, at, "portal", "", by=f"pay:{provider}"), 1)
    return news


def _settled(intent: Intent, paid: Paid, at: datetime) -> tuple[str, str]:
    """What becomes of a payment of an intent that is locked: the outcome, and why it is not booked."""
    if intent.state in ("paid", "differs"):
        return "differs", "the order was paid before: this is a second payment"
    if (paid.amount, paid.currency) != (intent.amount, intent.currency):
        intent.state = "differs"
        intent.save(update_fields=["state"])
        return "differs", f"asked {intent.amount} {intent.currency}, came {paid.amount} {paid.currency}"
    try:
        with transaction.atomic():
            made = _booked(intent, paid, at)
    except (Refused, KeyUsed) as no:
        intent.state = "differs"
        intent.save(update_fields=["state"])
        return "refused", no.message[:300]
    intent.state, intent.paid_at, intent.payments = "paid", paid.paid_at, made
    intent.save(update_fields=["state", "paid_at", "payments"])
    return "booked", ""


def _booked(intent: Intent, paid: Paid, at: datetime) -> list[str]:
    day = min(max(paid.paid_at, intent.opened_at), at).astimezone(zone_of(intent.borrower_id)).date()
    made = []
    for loan_id, amount in intent.shares:
        one = Payment(
            f"{intent.provider}-{intent.pk}-{loan_id}",
            loan_id,
            day,
            amount,
            f"pay:{intent.pk}:{loan_id}",
            intent.provider,
        )
        made.append(payments.take(one, actor=f"pay:{intent.provider}", at=at)[0].payment_id)
    return made
