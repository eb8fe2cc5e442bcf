"""What two people do with templates: put words in force."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from forbear.desk.people.approvals import Decision, kind
from forbear.desk.wording import drafting


class Use(BaseModel):
    """The version whose words are to be used."""

    model_config = ConfigDict(extra="forbid")
    version_id: int


@kind(drafting.KIND, payload=Use, propose="templates.write", approve="templates.approve")
def use(payload: Use, decision: Decision) -> dict[str, Any]:
    """Put the words in force, unless whoever approves wrote them."""
    return {"version_id": drafting.put_in_force(payload.version_id, decision.approved_by, decision.at).pk}
