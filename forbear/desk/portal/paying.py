"""Setting out to pay: how much, on which loans, at which provider; and asking a provider that said nothing.

The sum is split over her loans before she pays (the longest overdue first), so that what is booked is what she saw. A
provider's notice may be lost: when she comes back, and in the background, orders that are open are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from forbear.basics.errors import WrongUse
from forbear.desk.audit.log import record
from forbear.desk.ledger.balances import Balance, owed_on
from forbear.desk.portal.checking import ACTOR
from forbear.desk.portal.models import Intent
from forbear.desk.portal.numbers import new_number, plain
from forbear.desk.portal.pay import told
from forbear.desk.portal.pay.base import NotGenuine, Order, Unreachable
from forbear.desk.portal.pay.registry import offered, providers
from forbear.desk.record.models import Loan
from forbear.desk.wording.rendering import today_of

LASTS = timedelta(minutes=45)
"""How long an order may be paid; what is owed is then looked up anew."""
STILL_TOLD = timedelta(days=2)
"""How long after that a provider is still asked what became of an order."""
ASK_AGAIN = timedelta(minutes=2)
MOST_OPEN = 10
"""So many orders a day may be begun and left open; providers mind more."""

log = structlog.get_logger("forbear.desk")


@dataclass(frozen=True)
class Due:
    """What may be paid now, in one currency: overdue, next due on its day, and all that is owed; minor units."""

    currency: str
    overdue: int
    outstanding: int
    loans: tuple[Balance, ...]


def due_of(borrower_id: str, at: datetime) -> list[Due]:
    """What may be paid now, by currency; loans on which nothing is owed are left out."""
    own = list(Loan.objects.filter(borrower_id=borrower_id).values_list("pk", flat=True))
    found = [
        one for one in owed_on(own, today_of(borrower_id, at)).values() if one.outstanding + one.written_off > 0
    ]
    made = []
    for currency in sorted({one.currency for one in found}):
        loans = tuple(
            sorted((one for one in found if one.currency == currency), key=lambda one: (-one.dpd, one.loan_id))
        )
        owed = sum(one.outstanding + one.written_off for one in loans)
        made.append(Due(currency, sum(one.arrears_total for one in loans), owed, loans))
    return made


def split(amount: int, due: Due) -> list[tuple[str, int]]:
    """An amount over her loans: what is overdue first, the longest overdue before others, then what is owed besides.

    Raises:
        WrongUse: it is nothing, or more than is owed.
    """
    if not 0 < amount <= due.outstanding:
        raise WrongUse(_("pay something, and not more than is owed"), _("look at the sums above"))
    left, parts = amount, dict.fromkeys((one.loan_id for one in due.loans), 0)
    for most in (
        {one.loan_id: one.arrears_total for one in due.loans},
        {one.loan_id: one.outstanding + one.written_off for one in due.loans},
    ):
        for loan_id, limit in most.items():
            part = min(left, limit - parts[loan_id])
            if part > 0:
                parts[loan_id] += part
                left -= part
    return [(loan_id, part) for loan_id, part in parts.items() if part]


def begin(borrower_id: str, amount: int, due: Due, provider: str, at: datetime, ip: str = "") -> Intent:
    """Begin a payment at a provider; nothing is booked before the provider says that it was paid.

    Raises:
        WrongUse: the sum, the provider or the number of open orders does not fit.
        Unreachable: the provider did not take the order.
    """
    named = {one.name: one for one in offered(due.currency)}
    if provider not in named:
        raise WrongUse(_("choose how you want to pay"))
    shares = split(amount, due)
    with transaction.atomic():
        today = Intent.objects.filter(borrower_id=borrower_id, opened_at__gt=at - timedelta(days=1), state="open")
        if today.count() >= MOST_OPEN:
            raise WrongUse(_("many payments were begun today and not ended"), _("call us, or come back tomorrow"))
        made = Intent.objects.create(
            reference=new_number(), borrower_id=borrower_id, provider=provider, amount=amount, currency=due.currency,
            shares=shares, opened_at=at, ends_at=at + LASTS,
        )  # fmt: skip
        record(ACTOR, "portal.payment_begun", f"borrower:{borrower_id}", reference=made.pk, amount=amount)
    begun = named[provider].begin(_order(made, ip))
    made.url, made.provider_ref = begun.url, begun.ref
    made.save(update_fields=["url", "provider_ref"])
    return made


def _order(made: Intent, ip: str) -> Order:
    base = f"{settings.PUBLIC_URL.scheme}://{settings.PUBLIC_URL.netloc}"
    return Order(
        plain(made.pk), made.amount, made.currency, f"{settings.LENDER['name'] or 'Forbear'} {made.pk}", made.ends_at,
        base + reverse("portal:payment", args=[made.pk]), base + reverse("portal:told", args=[made.provider]), ip,
    )  # fmt: skip


def ask(intent: Intent, at: datetime) -> Intent:
    """Ask the provider what became of an open order, at most every `ASK_AGAIN`; what it says is booked as if told."""
    mine = Intent.objects.filter(Q(asked_at=None) | Q(asked_at__lte=at - ASK_AGAIN), pk=intent.pk, state="open")
    if intent.provider not in providers() or not mine.update(asked_at=at):
        return intent
    try:
        paid = providers()[intent.provider].ask(plain(intent.pk), intent.provider_ref)
    except (Unreachable, NotGenuine) as no:
        log.warning("a payment provider did not say what became of an order", kind=intent.provider, why=no.message)
        return intent
    if paid is not None:
        told.put(intent.provider, paid, at)
    intent.refresh_from_db()
    return intent


def ask_open_now() -> int:
    """For the background: ask for orders that are open, end those whose time is over; how many were asked for."""
    at = timezone.now()
    Intent.objects.filter(state="open", ends_at__lte=at - STILL_TOLD).update(state="ended")
    waiting = Intent.objects.filter(state="open", opened_at__lte=at - ASK_AGAIN)
    found = waiting.order_by(F("asked_at").asc(nulls_first=True))[:50]
    for one in found:
        ask(one, at)
    return len(found)


def of(borrower_id: str) -> Sequence[Intent]:
    """Her payments by this page, the newest first."""
    return Intent.objects.filter(borrower_id=borrower_id).order_by("-opened_at")[:50]
