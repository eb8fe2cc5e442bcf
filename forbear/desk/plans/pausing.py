"""Contact pauses while somebody asks for a plan, and goes on when it is settled; what the gate knows of a plan.

Asking is telling of hardship: the same facts and holds as a message that says so (`replies.acting`). A plan in force is
the fact `plan_kept`, which keeps a suit away (LENDER-LIT-02).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from forbear.desk.plans.models import Plan
from forbear.desk.record.models import Fact
from forbear.desk.replies.acting import Said, act
from forbear.desk.replies.models import Task

KEPT_FACT = "plan_kept"
PAUSES = ("hardship", "cease_request", "channel_declined")
"""Facts by which asking pauses contact; the last two only where no rule in force knows hardship."""


def pause(plan: Plan, at: datetime, by: Any) -> None:
    """Pause contact from now on; the caller holds the borrower's lock."""
    act("hardship", Said(plan.borrower_id, at, plan.channel, "", by=by or "forbear plans"))
    Task.objects.filter(borrower_id=plan.borrower_id, kind="offer_relief", opened_at=at, done_at=None).update(
        done_at=at, outcome=f"plan {plan.pk}"
    )


def resume(plan: Plan, at: datetime) -> None:
    """End what asking for this plan had paused; what she told at another time stays."""
    _open(plan, PAUSES).filter(since=plan.asked_at).update(until=at)


def begin(plan: Plan, at: datetime) -> None:
    """Tell the gate that a plan is in force."""
    Fact.objects.create(
        borrower_id=plan.borrower_id,
        fact=KEPT_FACT,
        value="true",
        since=at,
        loan_id=plan.loan_id,
        by=plan.granted_by,
    )


def end(plan: Plan, at: datetime) -> None:
    """Tell the gate that it no longer is."""
    _open(plan, (KEPT_FACT,)).filter(loan_id=plan.loan_id).update(until=at)


def _open(plan: Plan, facts: tuple[str, ...]) -> Any:
    return Fact.objects.filter(
        Q(until__isnull=True) | Q(until__gt=plan.asked_at), borrower_id=plan.borrower_id, fact__in=facts
    )
