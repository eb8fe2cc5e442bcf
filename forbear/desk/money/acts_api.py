"""Waive, refund, write off, re-age, re-amortize by API: seen before, proposed by one, booked when another approves."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from forbear.desk.money.acts import Effect, Wanted, effect_of, propose_act
from forbear.desk.people.api_approvals import Proposal
from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NO

router = Router(tags=["acts"])


class ChangeOut(Schema):
    """One of the loan's sums before and after, minor units."""

    name: str
    before: int
    after: int


class RowOut(Schema):
    """An installment of a schedule, minor units."""

    number: int
    due_on: date
    principal: int
    interest: int
    fees: int


class EffectOut(Schema):
    """What an act would do: the loan's sums, and the new schedule if there is one."""

    standing: list[ChangeOut]
    schedule: list[RowOut] | None


@router.post("/previews", response={200: EffectOut, **NO}, summary="See what an act would do")
@requires("money.waive")
def preview(request: HttpRequest, body: Wanted) -> Any:
    """What the act would do if it was booked now, to the minor unit; nothing is saved."""
    return _told(effect_of(body))


@router.post("", response={201: Proposal, **NO}, summary="Propose an act")
@requires("money.waive")
def propose(request: HttpRequest, body: Wanted) -> Any:
    """Propose the act; another person approves it (/approvals), and it is booked if it still does what was seen."""
    return Status(201, propose_act(request.user, body, timezone.now()))


def _told(effect: Effect) -> dict[str, Any]:
    return {
        "standing": [{"name": name, "before": before, "after": after} for name, before, after in effect.standing],
        "schedule": None if effect.rows is None else [row._asdict() for row in effect.rows],
    }
