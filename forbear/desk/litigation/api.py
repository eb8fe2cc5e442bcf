"""Suits by API: a borrower's, opening a file, one with its stages, writing a stage down or proposing it.

Money is integers of the minor unit. Filing and enforcement take two people: they are proposed here and approved by
another; the gate is asked at both moments.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status
from pydantic import StrictInt

from forbear.basics.errors import WrongUse
from forbear.desk.litigation import filing
from forbear.desk.litigation.claims import money_of
from forbear.desk.litigation.models import Event, Suit
from forbear.desk.litigation.stages import may_follow, stages
from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NO
from forbear.desk.record.visible import visible_borrowers, visible_loans
from forbear.recovery.litigation.fees import court_fee

router = Router(tags=["suits"])
Minor = Annotated[StrictInt, Field(ge=0, le=10**15)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Words = Annotated[str, Field(max_length=filing.LONGEST, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2199, 12, 31))]
SUMS = ("surplus", "assets", "average_wage")
"""Words of filing that are sums: what is known of her means, and of wages where the court sits."""
_STAGE = "|".join(sorted(stages()))
_DECLARED = sorted({*filing.ALWAYS, *filing.PAPERS, *(one for names in filing.SAID.values() for one in names)})


class SuitOpenIn(Schema):
    """On which loan."""

    loan_id: Name


class SuitStageIn(Schema):
    """A stage of a suit: what its kind needs in words, its sums; of filing and enforcement what is declared."""

    stage: Annotated[str, Field(pattern=f"^({_STAGE})$")]
    on: Day
    words: dict[Name, Words] = Field(default_factory=dict, description="court, case_number, procedure, …")
    amounts: dict[Name, Minor] = Field(default_factory=dict, description="minor units, by what they are")
    next_on: Day | None = Field(None, description="when somebody looks again; null: as the stage has it")
    declared: list[Annotated[str, Field(pattern=f"^({'|'.join(_DECLARED)})$")]] = Field(
        default_factory=list, max_length=10, description="of filing and enforcement: what whoever files declares"
    )
    claimed: Minor = Field(0, description="of filing: what is claimed")


class SuitEventOut(Schema):
    """A stage that was written down; `words` are empty once they were erased."""

    stage: str
    on: date
    facts: dict[str, Any]
    words: dict[str, Any]
    verdict: dict[str, Any] | None
    next_on: date | None
    at: datetime


class SuitOut(Schema):
    """A suit: where it stands, what it has cost and brought, what may follow, its stages in order."""

    suit_id: str
    borrower_id: str
    loan_id: str
    opened_at: datetime
    stage: str
    next_on: date | None
    costs: int
    received: int
    may_follow: list[str]
    events: list[SuitEventOut]


class SuitProposedOut(Schema):
    """A stage that another person must approve."""

    approval_id: str


class SuitsAsked(Schema):
    """Whose suits."""

    borrower_id: Name


@router.get("", response={200: list[SuitOut], **NO}, summary="A borrower's suits")
@requires("litigation.see")
def of_borrower(request: HttpRequest, asked: Query[SuitsAsked]) -> Any:
    """All of them, the newest first."""
    if not visible_borrowers(request.user).filter(pk=asked.borrower_id).exists():
        raise Http404("no such borrower")
    rows = Suit.objects.filter(borrower_id=asked.borrower_id).select_related("loan").order_by("-opened_at")
    return [_told(row) for row in rows]


@router.post("", response={200: SuitOut, **NO}, summary="Open the file of a claim")
@requires("litigation.work")
def open_one(request: HttpRequest, body: SuitOpenIn) -> Any:
    """Open a file; one that is open already is given back."""
    loan = visible_loans(request.user).filter(pk=body.loan_id).first()
    if loan is None:
        raise Http404("no such loan")
    return _told(filing.open_suit(request.user, loan, timezone.now()))


@router.get("/{suit_id}", response={200: SuitOut, **NO}, summary="One suit")
@requires("litigation.see")
def one(request: HttpRequest, suit_id: Name) -> Any:
    """One suit with its stages."""
    return _told(_suit(request, suit_id))


@router.post(
    "/{suit_id}/stages",
    response={200: SuitOut, 202: SuitProposedOut, **NO},
    summary="Write a stage down, or propose it",
)
@requires("litigation.work")
def record_stage(request: HttpRequest, suit_id: Name, body: SuitStageIn) -> Any:
    """Written down at once; filing and enforcement are proposed, for another to approve."""
    suit, at = _suit(request, suit_id), timezone.now()
    told = {name: value.strip() for name, value in body.words.items() if value.strip()}
    if stages()[body.stage].two:
        approval = filing.propose_stage(request.user, _wanted(suit, body, told), at)
        return Status(202, {"approval_id": str(approval.pk)})
    filing.note(request.user, suit, filing.Note(body.stage, body.on, told, body.amounts, body.next_on), at)
    return Status(200, _told(suit))


def _wanted(suit: Suit, body: SuitStageIn, told: dict[str, str]) -> filing.Wanted:
    """What is proposed, with the court's fee where it is known; sums among its words are minor units.

    Raises:
        WrongUse: a sum among its words is none.
    """
    for name in SUMS:
        if name in told and not (
            told[name].isascii() and told[name].removeprefix("-").isdecimal() and len(told[name]) < 16
        ):
            raise WrongUse(_("%(name)s is no amount") % {"name": name}, _("minor units in digits, such as 150000"))
    procedure = told.get("procedure", "")
    known = body.stage == "filed" and procedure in filing.PROCEDURES
    return filing.Wanted(
        suit_id=suit.pk,
        stage=body.stage,
        on=body.on,
        words=[f"{name}={value}" for name, value in told.items()][:20],
        declared=body.declared,
        claimed=body.claimed,
        court_fee=court_fee(body.claimed, procedure) if known else 0,
    )


def _suit(request: HttpRequest, suit_id: str) -> Suit:
    rows = Suit.objects.filter(borrower__in=visible_borrowers(request.user)).select_related("loan")
    row = rows.filter(pk=suit_id).first()
    if row is None:
        raise Http404("no such suit")
    return row


def _told(row: Suit) -> dict[str, Any]:
    last, money = filing.now_of(row), money_of(row)
    return {
        **{name: getattr(row, name) for name in ("suit_id", "borrower_id", "loan_id", "opened_at")},
        "stage": last.stage,
        "next_on": last.next_on,
        "costs": money.costs,
        "received": money.received,
        "may_follow": [one.name for one in may_follow(last.stage)],
        "events": [_event(one) for one in row.history()],
    }


def _event(one: Event) -> dict[str, Any]:
    names = ("stage", "on", "facts", "verdict", "next_on", "at")
    return {name: getattr(one, name) for name in names} | {"words": one.told()}
