"""What two people do with channels."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from forbear.desk.contact.opening import open_now
from forbear.desk.people.approvals import Decision, kind


class Opening(BaseModel):
    """A channel to be opened: to an allow-list of borrowers, or to everyone."""

    model_config = ConfigDict(extra="forbid")
    channel: str
    mode: str
    allowed: list[str] = []


@kind("contact.open", payload=Opening, propose="contact.open", approve="approvals.decide")
def open_channel(payload: Opening, decision: Decision) -> dict[str, Any]:
    """Open the channel."""
    two = {"by": decision.proposed_by, "approved_by": decision.approved_by, "at": decision.at}
    open_now(payload.channel, payload.mode, payload.allowed, **two)
    return {"channel": payload.channel, "mode": payload.mode}
