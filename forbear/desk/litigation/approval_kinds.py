"""What two people do about a suit: file it, apply for enforcement."""

from __future__ import annotations

from typing import Any

from forbear.desk.litigation.filing import APPROVE, KIND, WORK, Wanted, do_approved
from forbear.desk.people.approvals import Decision, kind


@kind(KIND, payload=Wanted, propose=WORK, approve=APPROVE)
def file_it(payload: Wanted, decision: Decision) -> dict[str, Any]:
    """File or enforce, in the proposer's name with the approver beside."""
    made = do_approved(payload, decision.proposed_by, decision.approved_by, decision.at)
    return {"event": made.pk, "stage": made.stage}
