"""What two people do with personal data: erase it, for that cannot be undone."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from forbear.basics.errors import AnswerIsNo
from forbear.desk.people.approvals import Decision, kind
from forbear.desk.privacy.erasing import erase


class Request(BaseModel):
    """Whose data are to be erased, and why."""

    model_config = ConfigDict(extra="forbid")
    borrower_id: str
    why: str


@kind("privacy.erase", payload=Request, propose="borrower.erase")
def erase_borrower(payload: Request, decision: Decision) -> dict[str, Any]:
    """Erase, unless something has come to keep the data meanwhile."""
    answer = erase(payload.borrower_id, decision.approved_by, decision.at, payload.why)
    if not answer.done:
        reasons = "; ".join(keep.because for keep in answer.kept)
        raise AnswerIsNo(f"the data must stay: {reasons}", "refuse the proposal with these reasons")
    return {"borrower_id": payload.borrower_id}
