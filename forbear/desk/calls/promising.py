"""Promises to pay: written down in one or several parts, told to the gate, judged from the ledger, settled.

Until the last part's day nobody calls about it (`promise_open`). The background judges those whose day has come: kept,
kept in part, or broken; what is broken brings the case back to the worklist at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from forbear.basics.errors import WrongUse
from forbear.conduct import sending
from forbear.desk.audit.log import record
from forbear.desk.calls.judging import TERMS, Money, Part, judged
from forbear.desk.ledger.models import Entry
from forbear.desk.record.models import Case, Contact, Fact, Loan, Promise
from forbear.desk.record.work import MOST_DAYS_PROMISED
from forbear.desk.record.zones import zone_of

MOST_PARTS = 6
METHODS = ("transfer", "card", "app", "direct_debit", "cash", "other")
"""How she means to pay, as the call screen offers it; a reply's promise has its channel."""
FACT = "promise_open"
CAME = ("payment", "refund")
"""Kinds of entries that bring money or take it back; what moves it between her loans is neither."""

__all__ = ["Part", "promise", "settle", "settle_now", "withdraw"]


def promise(
    user: Any,
    borrower_id: str,
    parts: Sequence[Part],
    at: datetime,
    *,
    currency: str,
    contact_id: str | None = None,
    method: str = "",
    actor: str = "forbear replies",
) -> list[Promise]:
    """Write a promise down; each of its parts is a row.

    Args:
        user: who writes it down; None: it came by message.
        borrower_id: whose.
        parts: days and amounts in minor units.
        at: now.
        currency: of the amounts.
        contact_id: the contact in which it was made.
        method: how she means to pay.
        actor: the program that writes it down, where no user does.

    Raises:
        WrongUse: there are none or too many, an amount is not positive, or a day is past or too far off.
    """
    if not 1 <= len(parts) <= MOST_PARTS:
        raise WrongUse(_("a promise has one to %(most)s parts") % {"most": MOST_PARTS}, _("offer a plan for more"))
    for part in parts:
        if part.amount <= 0:
            raise WrongUse(_("a promise is of more than nothing"), _("enter what was promised"))
        if not at.date() <= part.due_on <= at.date() + timedelta(days=MOST_DAYS_PROMISED):
            raise WrongUse(
                _("%(day)s is no day for a promise") % {"day": part.due_on},
                _("between today and %(days)s days on; offer a plan for later") % {"days": MOST_DAYS_PROMISED},
            )
    series = uuid4().hex if len(parts) > 1 else None
    with transaction.atomic():
        sending.lock_borrower(connection, borrower_id)
        strategy = Contact.objects.filter(pk=contact_id).values_list("strategy", flat=True).first()
        made = [
            Promise.objects.create(
                promise_id=uuid4().hex,
                borrower_id=borrower_id,
                contact_id=contact_id,
                series=series,
                method=method,
                amount=part.amount,
                currency=currency,
                due_on=part.due_on,
                made_at=at,
                made_by=user,
                strategy=strategy,
            )
            for part in parts
        ]
        last = max(part.due_on for part in parts)
        Fact.objects.create(
            borrower_id=borrower_id, fact=FACT, value="true", since=at, until=_day_after(borrower_id, last), by=user
        )
        facts = {
            "promise": made[0].pk,
            "parts": [[part.amount, str(part.due_on)] for part in parts],
            "method": method,
        }
        record(user or actor, "promise.made", f"borrower:{borrower_id}", **facts)
    return made


def withdraw(user: Any, promise_id: str, at: datetime) -> None:
    """Take a promise back that was written down in error; calls are no longer held back for it.

    Raises:
        WrongUse: there is no such open promise.
    """
    with transaction.atomic():
        row = Promise.objects.filter(pk=promise_id, state="open").first()
        if row is None:
            raise WrongUse(_("there is no such open promise"), _("look at the timeline"))
        sending.lock_borrower(connection, row.borrower_id)
        same = Q(series=row.series) if row.series else Q(pk=row.pk)
        Promise.objects.filter(same, state="open").update(state="withdrawn", settled_at=at)
        _end_fact(row.borrower_id, at)
        record(user, "promise.withdrawn", f"borrower:{row.borrower_id}", promise=row.pk)


def settle(at: datetime, *, most: int = 500) -> int:
    """Judge open promises whose day has come; how many were settled. Doing it twice at once does no harm."""
    due = Promise.objects.filter(state="open", due_on__lte=at.date() + timedelta(days=1))
    found = due.order_by("due_on", "promise_id").values_list("borrower_id", flat=True)[:most]
    return sum(_settle_borrower(borrower_id, at) for borrower_id in sorted(set(found)))


def settle_now() -> int:
    """`settle` by the clock, for the background."""
    return settle(timezone.now())


def _settle_borrower(borrower_id: str, at: datetime) -> int:
    with transaction.atomic():
        sending.lock_borrower(connection, borrower_id)
        rows = list(Promise.objects.filter(borrower_id=borrower_id).exclude(state="withdrawn").order_by("due_on"))
        series: dict[str, list[Promise]] = {}
        for row in rows:
            series.setdefault(row.series or row.pk, []).append(row)
        count = sum(_settle_series(group, at) for group in series.values() if any(r.state == "open" for r in group))
        if count and not Promise.objects.filter(borrower_id=borrower_id, state="open").exists():
            _end_fact(borrower_id, at)
    return count


def _settle_series(rows: list[Promise], at: datetime) -> int:
    today = at.astimezone(zone_of(rows[0].borrower_id)).date()
    came = _came(rows[0].borrower_id, rows[0].made_at, at)
    states = judged([Part(row.due_on, row.amount) for row in rows], came, today, TERMS)
    count = 0
    for row, state in zip(rows, states, strict=True):
        if row.state != "open" or state == "open":
            continue
        row.state, row.settled_at = state, at
        row.save(update_fields=["state", "settled_at"])
        record("forbear desk", "promise.settled", f"borrower:{row.borrower_id}", promise=row.pk, state=state)
        if state in ("broken", "part_kept"):
            _bring_back(row.borrower_id, today)
        count += 1
    return count


def _came(borrower_id: str, since: datetime, at: datetime) -> list[Money]:
    """Money of the borrower that counts from the day of the promise on, as booked after it was made."""
    entries = Entry.objects.filter(
        loan_id__in=Loan.objects.filter(borrower_id=borrower_id).values("loan_id"),
        kind__in=CAME,
        booked_at__gte=since,
        booked_at__lte=at,
        effective_on__gte=since.astimezone(zone_of(borrower_id)).date(),
        of_entry__isnull=True,
    )
    found = entries.filter(reversed_by__isnull=True).values_list("effective_on", "kind", "amount")
    return [Money(on, -amount if kind == "refund" else amount) for on, kind, amount in found]


def _bring_back(borrower_id: str, today: date) -> None:
    Case.objects.filter(borrower_id=borrower_id, closed_at__isnull=True).update(next_action_on=today)


def _end_fact(borrower_id: str, at: datetime) -> None:
    Fact.objects.filter(Q(until__isnull=True) | Q(until__gt=at), borrower_id=borrower_id, fact=FACT).update(
        until=at
    )


def _day_after(borrower_id: str, day: date) -> datetime:
    """The midnight after a day, where the borrower is."""
    return datetime.combine(day + timedelta(days=1), time(), zone_of(borrower_id))
