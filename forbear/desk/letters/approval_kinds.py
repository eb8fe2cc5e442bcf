"""Letters that two people want: a plan's agreement, an assignment, a lawyer's letter."""

from __future__ import annotations

from typing import Any

from forbear.desk.letters.writing import APPROVE, KIND, WRITE, Wanted, write_approved
from forbear.desk.people.approvals import Decision, kind


@kind(KIND, payload=Wanted, propose=WRITE, approve=APPROVE)
def write_letter(payload: Wanted, decision: Decision) -> dict[str, Any]:
    """Write it, in the proposer's name with the approver beside."""
    made = write_approved(payload, decision.proposed_by, decision.approved_by, decision.at)
    return {"letter": made.pk, "sha256": made.sha256}
