"""What two people do with the gate: vouch for a fact of a channel, which lets through what was shut."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from forbear.desk.people.approvals import Decision, kind
from forbear.desk.record.vouching import VOUCH, vouch


class Vouching(BaseModel):
    """A fact of every act on a channel, how the lender makes sure of it, and until when."""

    model_config = ConfigDict(extra="forbid")
    channel: str
    fact: str
    grounds: str
    until: datetime | None = None


@kind(VOUCH, payload=Vouching, propose="rules.vouch")
def vouch_for(payload: Vouching, decision: Decision) -> dict[str, Any]:
    """Vouch, in the name of whoever proposed it; the approval tells who the second was."""
    made = vouch(decision.proposed_by, payload.channel, payload.fact, payload.grounds, decision.at, payload.until)
    return {"vouched": made.pk}
