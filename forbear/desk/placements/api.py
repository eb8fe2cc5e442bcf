"""Placements by API: an agency's systems, or the lender's, report contacts; each is judged as of its own time."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from forbear.conduct.situation import RESULTS
from forbear.desk.contact.api import Channel, Name
from forbear.desk.people.models import Agency
from forbear.desk.people.rights import requires
from forbear.desk.people.roles import Role
from forbear.desk.people.wire import NO, Instant, NotThere
from forbear.desk.placements import returning
from forbear.recovery.placement_files import Reported

router = Router(tags=["placements"])
MOST = 1_000
"""Contacts in one request."""
_RESULT = "|".join(sorted(RESULTS))


class ContactIn(Schema):
    """A contact that an agency made."""

    placement_id: Name
    at: Instant
    channel: Channel
    result: Annotated[str, Field(pattern=f"^({_RESULT})$")]
    party: Name = "borrower"
    facts: dict[Name, Name] = Field(default_factory=dict, description="of the contact: identified, recorded, …")


class ContactsIn(Schema):
    """Contacts, taken in whole or not at all."""

    contacts: Annotated[list[ContactIn], Field(min_length=1, max_length=MOST)]


class ReportedOut(Schema):
    """What came of them."""

    contacts: int
    known: int
    breaches: int
    suspended: bool


@router.post("/{agency_id}/contacts", response={200: ReportedOut, **NO}, summary="Report an agency's contacts")
@requires("placements.report")
def report(request: HttpRequest, agency_id: str, body: ContactsIn) -> Status:
    """Write contacts down and judge each as of its own time; a breach suspends the agency at once."""
    foreign = request.user.role == Role.AGENCY and request.user.agency_id != agency_id
    if foreign or not Agency.objects.filter(pk=agency_id).exists():
        raise NotThere("there is no such agency")
    rows = [
        Reported(number, one.placement_id, one.at, one.channel, one.result, one.party, one.facts)
        for number, one in enumerate(body.contacts, 1)
    ]
    taken = returning.take_rows(agency_id, rows, request.user, timezone.now())
    return Status(200, ReportedOut(**taken.__dict__))
