"""What two people do with applications: put a policy in force, pay a loan out."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from forbear.desk.people.approvals import Decision, kind


class PolicyText(BaseModel):
    """A policy as it is written."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=200_000)


class Disbursal(BaseModel):
    """An accepted application whose loan is to be paid out."""

    model_config = ConfigDict(extra="forbid")
    application_id: int


@kind("assessment.policy", payload=PolicyText, propose="assessment.policy", approve="assessment.approve")
def put_in_force(payload: PolicyText, decision: Decision) -> dict[str, Any]:
    """Put the policy in force from now on; what was decided before stays as it was decided."""
    from forbear.desk.applications.models import PolicyVersion
    from forbear.risk.assess_policy import read_policy

    read = read_policy(payload.text, "the policy")
    made = PolicyVersion.objects.create(
        text=payload.text,
        sha256=read.sha256,
        name=read.name,
        from_at=decision.at,
        proposed_by=decision.proposed_by,
        approved_by=decision.approved_by,
    )
    return {"version": made.pk, "sha256": made.sha256}


@kind("applications.disburse", payload=Disbursal, propose="applications.disburse")
def disburse(payload: Disbursal, decision: Decision) -> dict[str, Any]:
    """Open the loan in the ledger, in the approver's name."""
    from forbear.desk.applications.paying_out import pay_out

    loan = pay_out(payload.application_id, by=decision.approved_by, at=decision.at)
    return {"loan_id": loan.pk}
