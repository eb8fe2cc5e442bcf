"""What two people do with strategies: put one in force."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from forbear.desk.people.approvals import Decision, kind
from forbear.desk.strategies import versions


class Use(BaseModel):
    """A version to come in force, and the one it was compared with (0: none)."""

    model_config = ConfigDict(extra="forbid")
    version_id: int
    strategy: str = ""
    against: int


@kind(versions.PLAIN, payload=Use, propose="strategies.propose", approve="strategies.approve")
def use(payload: Use, decision: Decision) -> dict[str, Any]:
    """Put a version in force that loosens nothing."""
    return _used(payload, decision, may_loosen=False)


@kind(versions.LOOSER, payload=Use, propose="strategies.propose", approve="strategies.loosen")
def loosen(payload: Use, decision: Decision) -> dict[str, Any]:
    """Put a version in force that loosens a rule: compliance has approved."""
    return _used(payload, decision, may_loosen=True)


def _used(payload: Use, decision: Decision, *, may_loosen: bool) -> dict[str, Any]:
    made = versions.put_in_force(
        payload.version_id,
        payload.against,
        may_loosen=may_loosen,
        by=(decision.proposed_by, decision.approved_by),
        at=decision.at,
    )
    return {"version_id": made.version_id, "use_id": made.pk}
