"""What two people do with a plan: grant it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from forbear.desk.people.approvals import Decision, kind


class Granting(BaseModel):
    """An agreed plan to be granted; `amount` is what she pays, minor units."""

    model_config = ConfigDict(extra="forbid")
    plan_id: int
    loan_id: str
    plan: str
    amount: int
    currency: str


@kind("plans.grant", payload=Granting, propose="plans.forward", approve="plans.grant")
def grant(payload: Granting, decision: Decision) -> dict[str, Any]:
    """Grant the plan: it replaces the schedule, in the approver's name."""
    from forbear.desk.plans.granting import grant_now

    return grant_now(payload.plan_id, decision)
