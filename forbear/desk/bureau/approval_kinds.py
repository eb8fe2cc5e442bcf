"""What two people do with bureau records: send a run, correct or delete what a bureau holds."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from forbear.desk.bureau import correcting, running
from forbear.desk.people.approvals import Decision, kind


class Sending(BaseModel):
    """A run to be sent."""

    model_config = ConfigDict(extra="forbid")
    run_id: int


class Changing(BaseModel):
    """A correction or deletion."""

    model_config = ConfigDict(extra="forbid")
    loan_id: str
    act: Literal["correct", "delete"]
    why: str


@kind(running.SEND, payload=Sending, propose="bureau.run")
def send(payload: Sending, decision: Decision) -> dict[str, Any]:
    """Send it."""
    run = running.send(payload.run_id, decision.approved_by, decision.at)
    return {"run_id": run.pk, "told": run.told, "held_back": run.held_back}


@kind(correcting.CHANGE, payload=Changing, propose="bureau.change")
def change(payload: Changing, decision: Decision) -> dict[str, Any]:
    """Correct or delete."""
    made = correcting.change(payload.loan_id, payload.act, payload.why, decision)
    return {"change_id": made.pk, "act": made.act}
