"""Links to borrowers' pages for the lender's own systems, which know who is signed in with them; taking links back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from forbear.desk.api.words import Told
from forbear.desk.audit.log import record
from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NotThere
from forbear.desk.portal import links
from forbear.desk.record.visible import visible_borrowers

router = Router(tags=["portal"])
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Whose(Schema):
    """A borrower."""

    borrower_id: Name


class LinkOut(Schema):
    """A link to a borrower's page: give it to her alone; behind it stands a second check."""

    url: str
    expires_at: datetime


def _must_be_there(request: HttpRequest, whose: Whose) -> None:
    if not visible_borrowers(request.user).filter(pk=whose.borrower_id).exists():
        raise NotThere("no such borrower", "import the book first")


@router.post("/links", response={201: LinkOut, 404: Told}, summary="Make a link to a borrower's page")
@requires("portal.link")
def make_link(request: HttpRequest, whose: Whose) -> Any:
    """Make a link, for an app or a message of the lender's own; logged."""
    _must_be_there(request, whose)
    at = timezone.now()
    record(request.user, "portal.link_made", f"borrower:{whose.borrower_id}")
    return Status(201, LinkOut(url=links.make(whose.borrower_id), expires_at=at + links.LASTS))


@router.post("/links/take-back", response={200: Whose, 404: Told}, summary="Take a borrower's links back")
@requires("portal.take_back")
def take_back(request: HttpRequest, whose: Whose) -> Any:
    """Let no link that was made until now open anything, as when her number turned out to be another's."""
    _must_be_there(request, whose)
    links.take_back(whose.borrower_id, timezone.now(), request.user)
    return whose
