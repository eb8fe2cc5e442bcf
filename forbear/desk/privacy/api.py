"""Personal data by API: masked, revealed with a reason, found, recorded. Values travel in bodies, not in addresses."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema, Status
from pydantic import AwareDatetime

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.people.approvals import propose
from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NO, NotThere, Refused
from forbear.desk.privacy import consent, find, masked, masked_names, put, remove, reveal
from forbear.desk.privacy.fields import FIELDS
from forbear.desk.privacy.retention import keeps
from forbear.desk.record.models import Borrower
from forbear.desk.record.visible import visible_borrowers

router = Router(tags=["personal data"])
FOUND_AT_ONCE = 50


class Shown(Schema):
    """A personal value, masked."""

    value_id: int
    field: str = Field(description=f"one of: {', '.join(FIELDS)}")
    title: str
    label: str
    position: int
    shown: str = Field(description="the masked value")


class Asked(Schema):
    """A value to see in the clear, and why."""

    field: str
    position: int = Field(0, ge=0, lt=100)
    reason: str = Field(description="a code of the reasons, such as contact or complaint")


class Revealed(Schema):
    """A value in the clear."""

    value: str


class Value(Schema):
    """A value to record, or to replace the one in its place."""

    field: str
    value: str = Field(max_length=1000)
    label: str = ""
    position: int = Field(0, ge=0, lt=100)


class Wanted(Schema):
    """A value that a borrower is looked for by."""

    field: str
    value: str = Field(max_length=1000)


class Said(Schema):
    """What a borrower said of a purpose."""

    purpose: str
    channel: str
    given: bool
    at: datetime
    until: datetime | None
    source: str
    wording: str


class Saying(Schema):
    """What a borrower says of a purpose."""

    purpose: str = Field(description=f"one of: {', '.join(consent.purposes())}")
    given: bool
    source: str = Field(description=f"one of: {', '.join(consent.SOURCES)}")
    at: AwareDatetime | None = Field(None, description="when she said so; now")
    channel: str = Field("", max_length=40)
    until: AwareDatetime | None = None
    wording: str = Field("", max_length=200)


class WhyErased(Schema):
    """Why data are to be erased."""

    why: Literal["request", "retention", "unlawful"]


class ErasureWaits(Schema):
    """What another person must approve."""

    approval_id: str
    expires_at: datetime


class Found(Schema):
    """A borrower who has the value that was looked for."""

    borrower_id: str
    name: str


@router.get("/borrowers/{borrower_id}", response={200: list[Shown], 403: Refused, 404: Refused})
@requires("borrower.see")
def of_borrower(request: HttpRequest, borrower_id: str) -> object:
    """All personal values of a borrower, masked."""
    borrower = _visible(request, borrower_id)
    return [asdict(value) for value in masked(borrower)]


@router.post("/borrowers/{borrower_id}/reveal", response={200: Revealed, **NO})
@requires("borrower.reveal")
def reveal_one(request: HttpRequest, borrower_id: str, asked: Asked) -> object:
    """One value in the clear; it is logged, with the reason, before it is shown."""
    borrower = _visible(request, borrower_id)
    return {"value": reveal(request.user, borrower, asked.field, asked.reason, position=asked.position)}


@router.put("/borrowers/{borrower_id}/values", response={200: list[Shown], **NO})
@requires("borrower.correct")
def put_one(request: HttpRequest, borrower_id: str, value: Value) -> object:
    """Record a value, or replace the one in its place; answers with all values, masked."""
    borrower = _visible(request, borrower_id)
    put(borrower, value.field, value.value, request.user, label=value.label, position=value.position)
    return [asdict(shown) for shown in masked(borrower)]


@router.delete("/borrowers/{borrower_id}/values/{field}/{position}", response={204: None, **NO})
@requires("borrower.correct")
def remove_one(request: HttpRequest, borrower_id: str, field: str, position: int) -> object:
    """Take a value away, such as a number that is not hers."""
    borrower = _visible(request, borrower_id)
    if not 0 <= position < 100 or not remove(borrower.pk, field, position, request.user):
        raise _nobody()
    return Status(204, None)


@router.get("/borrowers/{borrower_id}/consents", response={200: list[Said], 403: Refused, 404: Refused})
@requires("borrower.see")
def consents(request: HttpRequest, borrower_id: str) -> object:
    """Everything a borrower agreed to and took back, oldest first."""
    borrower = _visible(request, borrower_id)
    return consent.history(borrower.pk)


@router.post("/borrowers/{borrower_id}/consents", response={200: Said, **NO})
@requires("borrower.correct")
def say_consent(request: HttpRequest, borrower_id: str, said: Saying) -> object:
    """Write down that a borrower agrees, or no longer does; the gate knows at once."""
    borrower = _visible(request, borrower_id)
    given = said.dict()
    at = given.pop("at") or timezone.now()
    return consent.say(borrower.pk, given.pop("purpose"), given.pop("given"), at, by=request.user, **given)


@router.post("/borrowers/{borrower_id}/erasure", response={202: ErasureWaits, **NO})
@requires("borrower.erase")
def propose_erasure(request: HttpRequest, borrower_id: str, why: WhyErased) -> object:
    """Propose to erase a borrower's personal data; 409 with the reasons where they must stay."""
    borrower = _visible(request, borrower_id)
    now = timezone.now()
    if kept := keeps(borrower.pk, now):
        raise AnswerIsNo(
            "the data must stay: " + "; ".join(keep.because for keep in kept), "answer with these reasons"
        )
    asked = {"borrower_id": borrower.pk, "why": why.why}
    made = propose(request.user, "privacy.erase", asked, f"borrower:{borrower.pk}", now)
    return Status(202, {"approval_id": str(made.pk), "expires_at": made.expires_at})


@router.post("/search", response={200: list[Found], 403: Refused, 422: Refused})
@requires("borrower.see")
def search(request: HttpRequest, wanted: Wanted) -> object:
    """The first 50 borrowers you may see who have exactly this name, phone, identity number or e-mail address."""
    if wanted.field not in FIELDS:
        raise WrongUse(f"no personal field {wanted.field!r}", f"one of: {', '.join(FIELDS)}")
    ids = [borrower.pk for borrower in find(request.user, wanted.field, wanted.value)[:FOUND_AT_ONCE]]
    names = masked_names(ids)
    return [{"borrower_id": one, "name": names.get(one, "")} for one in ids]


def _nobody() -> NotThere:
    return NotThere("nothing of that name", "it does not exist, or is not yours to see")


def _visible(request: HttpRequest, borrower_id: str) -> Borrower:
    """The borrower.

    Raises:
        NotThere: there is none that the user may see.
    """
    seen = None if "\0" in borrower_id else visible_borrowers(request.user).filter(pk=borrower_id).first()
    if seen is None:
        raise _nobody()
    return seen
