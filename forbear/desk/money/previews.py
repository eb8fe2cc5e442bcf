"""What approving a proposal would do to the loans it names, as they stand now: for whoever decides."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone

from forbear.desk.ledger.refusals import Refused
from forbear.desk.money.acts import KIND, Effect, LedgerAct, changed_since, effect, effect_of
from forbear.desk.money.models import Share
from forbear.desk.money.receipts import BOUNCE, UNMATCH
from forbear.desk.people.models import Approval

PLAN = "plans.grant"
"""The kind of approval of a plan of relief, whose app stands above this one."""


def effects(row: Approval) -> list[Effect]:
    """The effect on each loan; none where the proposal moves no loan's money.

    Raises:
        Refused: it can no longer be done.
    """
    payload: dict[str, Any] = row.payload
    if row.kind == KIND:
        return [effect_of(LedgerAct.model_validate(payload))]
    if row.kind == PLAN:
        from forbear.desk.plans.showing import effect_of_plan

        return [effect_of_plan(row, timezone.now())]
    if row.kind == "payments.reverse":
        undone = [(payload["loan_id"], payload["entry_id"])]
    elif row.kind == UNMATCH:
        undone = [(share["loan_id"], share["entry_id"]) for share in payload["shares"]]
    elif row.kind == BOUNCE:
        shares = Share.objects.filter(receipt_id=payload["of"], undone_at__isnull=True).order_by("loan_id")
        undone = list(shares.values_list("loan_id", "entry_id"))
    else:
        return []
    on = date.fromisoformat(payload["effective_on"])
    return [effect("reversal", loan, on, None, entry=entry) for loan, entry in undone]


def is_stale(row: Approval) -> bool:
    """Whether it would no longer do what was proposed, or cannot be done."""
    if row.kind == KIND:
        return changed_since(LedgerAct.model_validate(row.payload))
    if row.kind == PLAN:
        from forbear.desk.plans.showing import plan_is_stale

        return plan_is_stale(row, timezone.now())
    try:
        effects(row)
    except Refused:
        return True
    return False
