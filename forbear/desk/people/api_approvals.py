"""What waits for a second person, by API: look, approve, refuse, take back. Proposing is each app's own."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from forbear.desk.people import approvals
from forbear.desk.people.models import Approval
from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NO, Instant

router = Router(tags=["approvals"])


class Proposal(Schema):
    """Something proposed, and what became of it."""

    approval_id: UUID
    kind: str
    payload: dict[str, Any]
    subject: str
    state: str
    proposed_by: str = Field(alias="proposed_by.username")
    proposed_at: datetime
    expires_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str
    result: dict[str, Any] | None

    @staticmethod
    def resolve_decided_by(row: Approval) -> str | None:
        """The username of whoever decided."""
        return row.decided_by.username if row.decided_by else None


class WhichProposals(Schema):
    """Which proposals; newest first."""

    state: Literal["", "proposed", "executed", "refused", "withdrawn", "expired"] = "proposed"
    before: Instant | None = Field(None, description="proposed_at of the last of the page before")
    page: int = Field(100, ge=1, le=1000)


class WhyRefused(Schema):
    """Why a proposal is refused."""

    reason: str = Field(max_length=approvals.REASON_LENGTH)


@router.get("", response={200: list[Proposal], 403: NO[403]})
@requires("approvals.see")
def listed(request: HttpRequest, which: Query[WhichProposals]) -> object:
    """Proposals, newest first."""
    found = Approval.objects.select_related("proposed_by", "decided_by")
    if which.state:
        found = found.filter(state=which.state)
    if which.before:
        found = found.filter(proposed_at__lt=which.before)
    return list(found.order_by("-proposed_at", "-approval_id")[: which.page])


@router.post("/{approval_id}/approve", response={200: Proposal, **NO})
@requires("approvals.see")
def approve(request: HttpRequest, approval_id: UUID) -> object:
    """Approve what another proposed, and do it; its kind says who may."""
    return approvals.approve(request.user, approval_id, timezone.now())


@router.post("/{approval_id}/refuse", response={200: Proposal, **NO})
@requires("approvals.see")
def refuse(request: HttpRequest, approval_id: UUID, why: WhyRefused) -> object:
    """Refuse what another proposed."""
    return approvals.refuse(request.user, approval_id, why.reason, timezone.now())


@router.post("/{approval_id}/withdraw", response={200: Proposal, **NO})
@requires("approvals.see")
def withdraw(request: HttpRequest, approval_id: UUID) -> object:
    """Take back what you proposed."""
    return approvals.withdraw(request.user, approval_id, timezone.now())
