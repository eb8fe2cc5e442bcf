"""Watching plans in force: each is looked at on the day after a payment was due; kept, late, or broken.

Money counts as the ledger has it: what came on the loan since the plan was granted. A broken plan frees contact and
suit again (`plan_kept` ends) and brings the case back to the worklist; a kept one ends in peace.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from forbear.desk.audit.log import record
from forbear.desk.ledger.models import Entry
from forbear.desk.plans.life import expire, locked
from forbear.desk.plans.models import BROKEN, GRANTED, KEPT, Plan
from forbear.desk.plans.offering import day_of, policy_in_force
from forbear.desk.plans.pausing import end
from forbear.desk.record.models import Case
from forbear.relief import Kept, judged
from forbear.relief.plain import from_plain

MOVES = {"payment": 1, "transfer": 1, "refund": -1}


def watch(at: datetime, *, most: int = 500) -> int:
    """Look at the plans whose day has come; how many ended. Doing it twice at once does no harm."""
    due = Plan.objects.filter(state=GRANTED, look_on__lte=at.date() + timedelta(days=1))
    found = list(due.order_by("look_on", "plan_id").values_list("pk", flat=True)[:most])
    return sum(look(plan_id, at) for plan_id in found)


def watch_now() -> int:
    """`watch` and `expire` by the clock, for the background."""
    now = timezone.now()
    return watch(now) + expire(now)


def look(plan_id: int, at: datetime) -> bool:
    """Judge one plan in force; whether it ended."""
    with transaction.atomic():
        held = Plan.objects.filter(pk=plan_id, state=GRANTED).exists()
        if not held:
            return False
        row = locked(plan_id, (GRANTED,))
        on = day_of(row.borrower_id, at)
        told = standing_of(row, on)
        row.paid, row.missed_on = told.paid, told.since
        row.short = told.short  # type: ignore[assignment]
        row.look_on = _next_look(told, on)
        if told.state in (KEPT, BROKEN):
            _finish(row, told, at, on)
        row.save()
    return row.state != GRANTED


def standing_of(row: Plan, on: date) -> Kept:
    """How a granted plan stands on a day."""
    option = from_plain(row.option)
    return judged(option.payments, came(row), on, policy_in_force().rules.watch, row.currency)


def came(row: Plan) -> list[tuple[date, int]]:
    """Money of the loan that was booked after the plan was, and stands."""
    assert row.granted_at is not None, "a plan in force was granted"
    entries = Entry.objects.filter(
        loan_id=row.loan_id, kind__in=list(MOVES), of_entry__isnull=True, reversed_by__isnull=True
    )
    since = entries.filter(
        Q(booked_at__gte=row.granted_at), effective_on__gte=day_of(row.borrower_id, row.granted_at)
    )
    return [(on, MOVES[kind] * amount) for on, kind, amount in since.values_list("effective_on", "kind", "amount")]


def _next_look(told: Kept, on: date) -> date:
    if told.state == "late" or told.next_on is None:
        return on + timedelta(days=1)
    return told.next_on + timedelta(days=1)


def _finish(row: Plan, told: Kept, at: datetime, on: date) -> None:
    row.state, row.ended_at = told.state, at
    end(row, at)
    if told.state == BROKEN:
        Case.objects.filter(borrower_id=row.borrower_id, closed_at__isnull=True).update(next_action_on=on)
    facts = {"plan": row.pk, "loan": row.loan_id, "paid": told.paid, "of": told.of, "short": told.short}
    record("forbear desk", f"plan.{told.state}", f"borrower:{row.borrower_id}", **facts)
