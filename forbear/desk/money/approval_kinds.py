"""What two people do with money: reverse a payment."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

from forbear.desk.ledger.booking import book
from forbear.desk.people.approvals import Decision, kind


class Reversal(BaseModel):
    """A payment that no longer counts from a day on, and why; `entry_id` is its ledger entry."""

    model_config = ConfigDict(extra="forbid")
    payment_id: str
    loan_id: str
    entry_id: int
    effective_on: date
    reason: str


@kind("payments.reverse", payload=Reversal, propose="payments.reverse")
def reverse(payload: Reversal, decision: Decision) -> dict[str, Any]:
    """Book the reversal, in the approver's name."""
    receipt = book(
        "reversal",
        payload.loan_id,
        payload.effective_on,
        None,
        f"approval {decision.approval_id}",
        f"approval:{decision.approval_id}",
        actor=decision.approved_by.get_username(),
        at=decision.at,
        entry=payload.entry_id,
    )
    return {"entry": receipt.entry_id}
