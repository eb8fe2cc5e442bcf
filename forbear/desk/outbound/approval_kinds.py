"""What two people do with webhooks: make one, so that no single person sends the lender's events elsewhere."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from forbear.desk.outbound import subscribing
from forbear.desk.people.approvals import Decision, kind


class Subscription(BaseModel):
    """A subscription to be made."""

    model_config = ConfigDict(extra="forbid")
    name: str
    url: str
    kinds: list[str]


@kind(subscribing.MAKE, payload=Subscription, propose="webhooks.manage", approve="users.approve")
def make(payload: Subscription, decision: Decision) -> dict[str, Any]:
    """Make it; an administrator then takes its secret."""
    hook = subscribing.made(decision.approved_by, payload.name, payload.url, payload.kinds, decision.at)
    return {"webhook_id": str(hook.pk)}
