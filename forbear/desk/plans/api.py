"""Plans by API: which fit, ask, write down proof and agreement, put forward, grant, see, the way back.

Money is integers of the minor unit, a month's where it is an income or a spending.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status
from pydantic import StrictInt

from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NO
from forbear.desk.plans import life, services
from forbear.desk.plans.granting import grant as grant_plan
from forbear.desk.plans.models import Plan
from forbear.desk.plans.offering import offers_for
from forbear.desk.plans.returning import ways_back
from forbear.desk.record.models import Loan
from forbear.desk.record.visible import visible_borrowers, visible_loans
from forbear.relief import Budget
from forbear.relief.plain import told_plain

router = Router(tags=["plans"])
MOST = 10**15
Minor = Annotated[StrictInt, Field(ge=0, le=MOST)]
People = Annotated[StrictInt, Field(ge=0, le=50)]
Key = Annotated[int, Field(ge=1, le=2**63 - 1)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Words = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)


class PlanBudgetIn(Schema):
    """Income and spending a month."""

    income: Minor
    spending: Minor | None = Field(None, description="rent included; null: the least for such a household is taken")
    obligations: Minor = 0
    adults: Annotated[StrictInt, Field(ge=1, le=50)] = 1
    dependants: People = 0
    verified: bool = Field(False, description="whether somebody saw proof of the income")
    savings: Minor = 0
    recovers_on: Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)] | None = None
    income_later: Minor | None = Field(None, description="from `recovers_on` on; given together with it")


class PlanOptionsIn(Schema):
    """Which plans fit?"""

    loan_id: Name
    budget: PlanBudgetIn


class PlanAskIn(PlanOptionsIn):
    """One of the plans that were shown, for the same budget on the same day."""

    option_id: Name
    channel: Annotated[str, Field(pattern=r"^[a-z_]{1,20}$")] = "portal"
    evidence: Words = Field("", description="what was shown as proof, as a reference")


class PlanEvidenceIn(Schema):
    """Proof that was seen."""

    evidence: Words


class PlanAgreeIn(Schema):
    """She was shown what it costs, and confirmed it."""

    confirmed: bool


class PlanReasonIn(Schema):
    """Why it is refused, as she is told."""

    reason: Words


class PlanOut(Schema):
    """A plan. `option` is as it was shown: sentences, payments, effects."""

    plan_id: int
    borrower_id: str
    loan_id: str
    kind: str
    state: str
    waits_for: str
    option: dict[str, Any]
    asked_at: datetime
    agreed_at: datetime | None
    granted_at: datetime | None
    ended_at: datetime | None
    ended_because: str
    paid: int
    missed_on: date | None
    approval_id: str | None
    verdict: dict[str, Any] | None


class PlanOptionsOut(Schema):
    """The surplus, the best few plans, why the others are not among them; `ruled_out`: not now, and why."""

    surplus: dict[str, Any]
    shown: list[dict[str, Any]]
    all: list[str]
    refused: list[dict[str, Any]]
    evidence: dict[str, Any]
    ruled_out: dict[str, str]


class WayStepOut(Schema):
    """A step of the way back."""

    code: str
    done: bool
    on: date | None
    en: str
    zh: str
    rule: str
    verified: bool


class WayBackOut(Schema):
    """The way back of one loan."""

    loan_id: str
    steps: list[WayStepOut]


class PlansAsked(Schema):
    """Whose plans."""

    borrower_id: Name
    state: Annotated[str, Field(pattern=r"^[a-z]{0,20}$")] = ""


@router.post("/options", response={200: PlanOptionsOut, **NO}, summary="Which plans fit a budget")
@requires("plans.ask")
def options(request: HttpRequest, body: PlanOptionsIn) -> Any:
    """Computed from the ledger as it stands; nothing is kept."""
    loan = _loan(request, body.loan_id)
    found = offers_for(loan.pk, Budget(**body.budget.model_dump()), timezone.now())
    return {**told_plain(found.told), "ruled_out": found.ruled_out}


@router.post("", response={201: PlanOut, **NO}, summary="Ask for a plan")
@requires("plans.ask")
def ask(request: HttpRequest, body: PlanAskIn) -> Any:
    """Ask for one of the plans shown; contact is paused from now on."""
    loan, budget = _loan(request, body.loan_id), Budget(**body.budget.model_dump())
    made = life.ask(
        loan.pk,
        body.option_id,
        request.user,
        timezone.now(),
        budget=budget,
        channel=body.channel,
        evidence=body.evidence,
    )
    return Status(201, _told(made))


@router.get("", response={200: list[PlanOut], **NO}, summary="A borrower's plans")
@requires("plans.see")
def of_borrower(request: HttpRequest, asked: Query[PlansAsked]) -> Any:
    """All of them, the newest first."""
    borrower_id = _borrower(request, asked.borrower_id)
    rows = services.state_of(borrower_id)
    return [_told(one.plan) for one in rows if asked.state in ("", one.plan.state)]


@router.get("/way-back", response={200: list[WayBackOut], **NO}, summary="A borrower's way back")
@requires("plans.see")
def way_back(request: HttpRequest, asked: Query[PlansAsked]) -> Any:
    """The steps to a restored status, limit and record, loan by loan, with dates."""
    ways = ways_back(_borrower(request, asked.borrower_id), timezone.now())
    return [{"loan_id": one.loan_id, "steps": [vars(step) for step in one.steps]} for one in ways]


@router.get("/{plan_id}", response={200: PlanOut, **NO}, summary="One plan")
@requires("plans.see")
def one(request: HttpRequest, plan_id: Key) -> Any:
    """One plan with its state."""
    return _told(_plan(request, plan_id))


@router.post("/{plan_id}/offer", response={200: PlanOut, **NO}, summary="Offer a plan whose proof was seen")
@requires("plans.ask")
def offer(request: HttpRequest, plan_id: Key, body: PlanEvidenceIn) -> Any:
    """Write down what was shown."""
    return _told(life.offer(_plan(request, plan_id).pk, request.user, timezone.now(), evidence=body.evidence))


@router.post("/{plan_id}/agree", response={200: PlanOut, **NO}, summary="The borrower agrees")
@requires("plans.ask")
def agree(request: HttpRequest, plan_id: Key, body: PlanAgreeIn) -> Any:
    """Write her agreement down."""
    return _told(life.agree(_plan(request, plan_id).pk, request.user, timezone.now(), confirmed=body.confirmed))


@router.post("/{plan_id}/forward", response={200: PlanOut, **NO}, summary="Put a plan forward")
@requires("plans.forward")
def forward(request: HttpRequest, plan_id: Key) -> Any:
    """Propose that it be granted."""
    return _told(services.put_forward(_plan(request, plan_id).pk, request.user, timezone.now()))


@router.post("/{plan_id}/grant", response={200: PlanOut, **NO}, summary="Grant a plan")
@requires("plans.grant")
def grant(request: HttpRequest, plan_id: Key) -> Any:
    """Grant what another has put forward; it replaces the schedule at once."""
    return _told(grant_plan(_plan(request, plan_id).pk, request.user, timezone.now()))


@router.post("/{plan_id}/refuse", response={200: PlanOut, **NO}, summary="Refuse a plan")
@requires("plans.grant")
def refuse(request: HttpRequest, plan_id: Key, body: PlanReasonIn) -> Any:
    """Refuse it with a reason."""
    return _told(life.refuse(_plan(request, plan_id).pk, request.user, timezone.now(), body.reason))


@router.post("/{plan_id}/withdraw", response={200: PlanOut, **NO}, summary="Take a plan back")
@requires("plans.ask")
def withdraw(request: HttpRequest, plan_id: Key) -> Any:
    """Take it back before it is granted."""
    return _told(life.withdraw(_plan(request, plan_id).pk, request.user, timezone.now()))


def _told(row: Plan) -> dict[str, Any]:
    names = [name for name in PlanOut.model_fields if name not in ("waits_for", "approval_id")]
    approval = str(row.approval_id) if row.approval_id else None
    return {name: getattr(row, name) for name in names} | {
        "waits_for": services.waits_for(row),
        "approval_id": approval,
    }


def _loan(request: HttpRequest, loan_id: str) -> Loan:
    loan = visible_loans(request.user).filter(loan_id=loan_id).first()
    if loan is None or not visible_borrowers(request.user).filter(pk=loan.borrower_id).exists():
        raise Http404("no such loan")
    return loan


def _borrower(request: HttpRequest, borrower_id: str) -> str:
    if not visible_borrowers(request.user).filter(pk=borrower_id).exists():
        raise Http404("no such borrower")
    return borrower_id


def _plan(request: HttpRequest, plan_id: int) -> Plan:
    row = Plan.objects.filter(pk=plan_id, borrower__in=visible_borrowers(request.user)).first()
    if row is None:
        raise Http404("no such plan")
    return row
