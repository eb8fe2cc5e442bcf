"""What two people do with experiments: start one."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from forbear.desk.experiments import defining
from forbear.desk.people.approvals import Decision, kind


class Start(BaseModel):
    """An experiment that is to start."""

    model_config = ConfigDict(extra="forbid")
    experiment_id: int
    name: str = ""


@kind(defining.PLAIN, payload=Start, propose="strategies.propose", approve="strategies.approve")
def start(payload: Start, decision: Decision) -> dict[str, Any]:
    """Start an experiment whose challengers loosen nothing."""
    return _started(payload, decision, may_loosen=False)


@kind(defining.LOOSER, payload=Start, propose="strategies.propose", approve="strategies.loosen")
def start_loosening(payload: Start, decision: Decision) -> dict[str, Any]:
    """Start an experiment with a challenger that loosens a rule: compliance has approved."""
    return _started(payload, decision, may_loosen=True)


def _started(payload: Start, decision: Decision, *, may_loosen: bool) -> dict[str, Any]:
    by = (decision.proposed_by, decision.approved_by)
    return {"experiment_id": defining.start(payload.experiment_id, may_loosen=may_loosen, by=by, at=decision.at).pk}
