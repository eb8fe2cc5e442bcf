"""What two people do with agencies: terms, placing a batch, lifting a suspension."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from forbear.desk.people.approvals import Decision, kind
from forbear.desk.placements import agreeing, placing


class Terms(BaseModel):
    """Terms to be agreed."""

    model_config = ConfigDict(extra="forbid")
    agency_id: str
    name: str = ""
    schedule: str
    capacity: int
    public_key: str = ""
    standing: dict[str, str]


class One(BaseModel):
    """A case to be placed."""

    model_config = ConfigDict(extra="forbid")
    case_id: str
    randomised: bool


class Placing(BaseModel):
    """A batch to be placed."""

    model_config = ConfigDict(extra="forbid")
    agency_id: str
    cases: list[One]


class Lifting(BaseModel):
    """A suspension to be lifted."""

    model_config = ConfigDict(extra="forbid")
    agency_id: str
    why: str


@kind(agreeing.AGREE, payload=Terms, propose="placements.manage")
def agree(payload: Terms, decision: Decision) -> dict[str, Any]:
    """Put terms in force."""
    return {"agency_id": agreeing.agree(payload.model_dump(), decision).pk}


@kind(placing.PLACE, payload=Placing, propose="placements.manage")
def place(payload: Placing, decision: Decision) -> dict[str, Any]:
    """Place a batch."""
    rows = [(one.case_id, one.randomised) for one in payload.cases]
    batch = placing.place(payload.agency_id, rows, decision.proposed_by, decision.approved_by, decision.at)
    return {"batch_id": batch.pk, "count": batch.count}


@kind(agreeing.LIFT, payload=Lifting, propose="placements.manage")
def lift(payload: Lifting, decision: Decision) -> dict[str, Any]:
    """Lift a suspension."""
    agreeing.lift(payload.agency_id, decision)
    return {"agency_id": payload.agency_id}
