"""Complaints by API: what an app, a hotline or a regulator's mailbox took is handed in; told again it is the same."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.complaints.taking import LONGEST, take
from forbear.desk.contact.api import Name
from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NO, Instant
from forbear.desk.record.models import Complaint
from forbear.desk.record.visible import visible_borrowers

router = Router(tags=["complaints"])


class ComplaintIn(Schema):
    """A complaint or a dispute as it was received."""

    complaint_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")] = Field(
        description="the caller's own name for it; told again it is the same"
    )
    borrower_id: Name
    kind: Literal["complaint", "dispute"] = "complaint"
    channel: Literal["call", "sms", "email", "chat", "app_push", "letter", "visit", "portal", "regulator"]
    text: Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=r"^[^\x00]*$")]
    received_at: Instant
    contact_id: Name | None = Field(None, description="the contact of hers that it is about")
    loan_id: Name | None = Field(None, description="the loan it is about; absent: all of hers")


class ComplaintOut(Schema):
    """A complaint that was taken: its clock, and the day by which it is answered."""

    complaint_id: str
    borrower_id: str
    kind: str
    clock: str
    answer_due_on: date


@router.post("", response={201: ComplaintOut, 200: ComplaintOut, **NO})
@requires("complaints.take")
def take_complaint(request: HttpRequest, told: ComplaintIn) -> Any:
    """Take a complaint; contact about payment is paused before this answers, until it is answered."""
    now = timezone.now()
    if told.received_at > now:
        raise WrongUse(
            f"received_at is {told.received_at.isoformat()}, which is yet to come", "say when it was received"
        )
    if not visible_borrowers(request.user).filter(pk=told.borrower_id).exists():
        raise Http404(f"no borrower {told.borrower_id!r}")
    given = told.dict()
    borrower_id, text, at = given.pop("borrower_id"), given.pop("text"), given.pop("received_at")
    try:
        with transaction.atomic():
            return Status(201, take(request.user, borrower_id, text, at, **given))
    except IntegrityError:
        return Status(200, _the_same(told))


def _the_same(told: ComplaintIn) -> Complaint:
    """What was taken under this name before.

    Raises:
        AnswerIsNo: it was another complaint.
    """
    row = Complaint.objects.get(pk=told.complaint_id)
    asked = (told.borrower_id, told.kind, told.channel, told.text.strip(), told.received_at)
    if (row.borrower_id, row.kind, row.channel, row.text, row.received_at) != asked:
        raise AnswerIsNo(f"complaint {told.complaint_id!r} is another one", "give each a name of its own")
    return row
