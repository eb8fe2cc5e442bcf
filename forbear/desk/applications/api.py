"""Applications by API: take, check, decide, accept, contest, pay out. Money is integers of the minor unit."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status
from pydantic import AllowInfNan, StrictInt

from forbear.desk.applications import deciding, paying_out, policies
from forbear.desk.applications.checking import latest_checks
from forbear.desk.applications.models import Application, Contest
from forbear.desk.applications.taking import Wanted, take
from forbear.desk.applications.visible import visible_applications
from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NO, NotThere
from forbear.risk.applied import MOST_MINOR

router = Router(tags=["applications"])
NEWEST = 2**63 - 1
Minor = Annotated[StrictInt, Field(ge=0, le=MOST_MINOR)]
Key = Annotated[int, Field(ge=1, le=NEWEST)]
Text = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Words = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]


class SaidIn(Schema):
    """What the applicant says, a month's where it is money."""

    income_declared: Minor | None = None
    income_verified: Minor | None = Field(None, description="as somebody else confirmed, such as a pay slip")
    obligations_declared: Minor | None = None
    housing: Minor = 0
    dependants: Annotated[StrictInt, Field(ge=0, le=50)] = 0
    employment_months: Annotated[StrictInt, Field(ge=0, le=1200)] | None = None
    is_student: bool | None = None
    purpose: Text = ""
    liveness: Text = Field("", description="token of the liveness check that ran elsewhere")
    features: dict[Annotated[str, Field(pattern=r"^x_[a-z0-9_]{1,60}$")], Annotated[float, AllowInfNan(False)]] = (
        Field({}, max_length=100)
    )


class ApplicationIn(Schema):
    """An application."""

    name: Text
    identity_number: Text
    phone: Text
    amount: Annotated[StrictInt, Field(gt=0, le=MOST_MINOR)]
    term: Annotated[StrictInt, Field(ge=1, le=1200)]
    method: Text = "equal_installment"
    said: SaidIn = SaidIn()
    agrees: list[Literal["identity_check", "credit_inquiry"]] = Field([], max_length=2)
    source: Literal["contract", "call", "portal", "letter", "message", "visit"] = "portal"
    wording: Text = Field("", description="name and version of the text she agreed to")


class OfferOut(Schema):
    """One way of repaying."""

    method: str
    term: int
    amount: int
    limit: int
    annual_rate: str
    upfront_fee: int
    fee: int
    cost: float = Field(description="annual cost, the greatest measure, all fees included; never above the cap")
    irr_annual: float
    needed: int
    first_due: int
    total: int


class ReasonOut(Schema):
    """A reason, as the applicant is told."""

    code: str
    leads: str
    words: str
    helps: str


class DecisionOut(Schema):
    """A decision and the fingerprints with which it is made again."""

    outcome: str
    automated: bool
    at: datetime
    limit: int
    annual_rate: Decimal | None
    points: int | None
    card: str
    cap: Decimal
    offers: list[OfferOut]
    reasons: list[ReasonOut]
    policy_sha256: str
    inputs_sha256: str
    forbear: str


class ApplicationRow(Schema):
    """An application in a list."""

    application_id: int
    borrower_id: str
    applied_at: datetime
    amount: int
    currency: str
    term: int
    method: str
    state: str
    outcome: str
    loan_id: str | None


class ApplicationOut(ApplicationRow):
    """An application as it stands."""

    checks: dict[str, str]
    decision: DecisionOut | None


class ContestOut(Schema):
    """A contest as it stands."""

    contest_id: int
    application_id: int | None
    state: str
    received_at: datetime
    answer_due_on: date


class WhichApplications(Schema):
    """WhichApplications applications; newest first."""

    outcome: Literal["", "approve", "refer", "decline"] = ""
    state: Literal["", "received", "decided", "accepted", "disbursed"] = ""
    before: Key = Field(NEWEST, description="application_id of the last of the page before")
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class PersonIn(Schema):
    """A person's decision and why, as it is told to the applicant."""

    outcome: Literal["approve", "decline"]
    note: Words


class AcceptIn(Schema):
    """The way of repaying that the borrower chose, and that she confirmed the table of costs."""

    method: Text
    costs_confirmed: bool


class ContestIn(Schema):
    """What the applicant says against the decision."""

    words: Words


class ContestAnswerIn(Schema):
    """A person's answer to a contest."""

    changed: bool
    answer: Words


class PolicyIn(Schema):
    """A policy as TOML."""

    text: Annotated[str, Field(max_length=200_000, pattern=r"^[^\x00]*$")]


class PolicyOut(Schema):
    """The policy in force."""

    version: int | None = Field(description="null: the shipped one")
    sha256: str
    text: str


class PayoutWaits(Schema):
    """What another person must approve."""

    approval_id: str
    expires_at: datetime


def _told(one: Application, language: str = "en") -> dict[str, Any]:
    last = one.decisions.order_by("-decision_id").first()
    names = ("application_id", "borrower_id", "applied_at", "amount", "currency", "term", "method", "state")
    kept = ("outcome", "automated", "at", "limit", "annual_rate", "points", "card", "cap", "offers")
    versions = ("policy_sha256", "inputs_sha256", "forbear")
    decision = None
    if last is not None:
        decision = {name: getattr(last, name) for name in (*kept, *versions)}
        decision["reasons"] = deciding.reasons_of(last, language)
    more = {"outcome": one.outcome, "checks": latest_checks(one), "decision": decision, "loan_id": one.loan_id}
    return {name: getattr(one, name) for name in names} | more


def _none() -> NotThere:
    return NotThere("there is no such application", "it does not exist, or is not yours to see")


def _of(request: HttpRequest, application_id: int) -> Application:
    """The application.

    Raises:
        NotThere: there is none that the user may see.
    """
    one = visible_applications(request.user).filter(pk=application_id).first()
    if one is None:
        raise _none()
    return one


def _language(request: HttpRequest) -> str:
    return str(getattr(request, "LANGUAGE_CODE", "en"))


@router.post("", response={201: ApplicationOut, **NO}, summary="Take an application")
@requires("applications.take")
def take_application(request: HttpRequest, body: ApplicationIn) -> Any:
    """Take an application; nothing is asked of anybody yet."""
    policy, _version = policies.in_force()
    wanted = Wanted(
        body.name,
        body.identity_number,
        body.phone,
        body.amount,
        body.term,
        body.method,
        policy.currency,
        body.said.dict(),
        tuple(body.agrees),
        body.source,
        body.wording,
    )
    return Status(201, _told(take(wanted, by=request.user, at=timezone.now()), _language(request)))


@router.get("", response={200: list[ApplicationRow], 403: NO[403], 422: NO[422]}, summary="Applications")
@requires("applications.see")
def list_applications(request: HttpRequest, which: Query[WhichApplications]) -> Any:
    """Applications, newest first, a page at a time."""
    asked = {name: value for name, value in (("outcome", which.outcome), ("state", which.state)) if value}
    found = visible_applications(request.user).filter(application_id__lt=which.before, **asked)
    return list(found.order_by("-application_id")[: which.limit])


@router.get("/policy", response={200: PolicyOut, 403: NO[403]}, summary="The policy in force")
@requires("applications.see")
def read_policy_in_force(request: HttpRequest) -> Any:
    """The policy in force as it is written."""
    held, version = policies.in_force()
    return {"version": version.pk if version else None, "sha256": held.sha256, "text": policies.text_in_force()}


@router.post("/policy", response={202: PayoutWaits, **NO}, summary="Propose a policy")
@requires("assessment.policy")
def propose_policy(request: HttpRequest, body: PolicyIn) -> Any:
    """Propose a policy; compliance or risk puts it in force (/approvals)."""
    made = policies.propose_policy(request.user, body.text, timezone.now())
    return Status(202, {"approval_id": str(made.pk), "expires_at": made.expires_at})


@router.get("/{application_id}", response={200: ApplicationOut, **NO}, summary="An application")
@requires("applications.see")
def one_application(request: HttpRequest, application_id: Key) -> Any:
    """An application with its checks and its decision, reasons in the reader's language."""
    one = _of(request, application_id)
    return _told(one, _language(request))


@router.post("/{application_id}/assessment", response={200: ApplicationOut, **NO}, summary="Check and decide")
@requires("applications.take")
def assess_application(request: HttpRequest, application_id: Key) -> Any:
    """Ask the providers whatever is not answered yet, and decide by the policy in force."""
    one = _of(request, application_id)
    deciding.check_and_decide(one, by=request.user, at=timezone.now())
    one.refresh_from_db()
    return _told(one, _language(request))


@router.post("/{application_id}/decision", response={200: ApplicationOut, **NO}, summary="Decide as a person")
@requires("applications.decide")
def decide_as_person(request: HttpRequest, application_id: Key, body: PersonIn) -> Any:
    """A person's decision on what was referred, or against what was decided."""
    one = _of(request, application_id)
    deciding.by_person(one, body.outcome, body.note, by=request.user, at=timezone.now())
    one.refresh_from_db()
    return _told(one, _language(request))


@router.post("/{application_id}/acceptance", response={200: ApplicationOut, **NO}, summary="Accept an offer")
@requires("applications.take")
def accept_offer(request: HttpRequest, application_id: Key, body: AcceptIn) -> Any:
    """The borrower chose a way of repaying and confirmed the table of costs."""
    one = _of(request, application_id)
    made = paying_out.accept(one, body.method, body.costs_confirmed, by=request.user, at=timezone.now())
    return _told(made, _language(request))


@router.post("/{application_id}/contests", response={201: ContestOut, **NO}, summary="Contest a decision")
@requires("applications.contest")
def contest_decision(request: HttpRequest, application_id: Key, body: ContestIn) -> Any:
    """Write down that the applicant contests the decision; a person answers."""
    one = _of(request, application_id)
    made = deciding.contest(one.borrower, body.words, by=request.user, at=timezone.now(), application=one)
    return Status(201, made)


@router.post(
    "/{application_id}/contests/{contest_id}/answer",
    response={200: ContestOut, **NO},
    summary="Answer a contest",
)
@requires("applications.decide")
def answer_contest(request: HttpRequest, application_id: Key, contest_id: Key, body: ContestAnswerIn) -> Any:
    """A person's answer: the decision stands, or it is changed."""
    one = _of(request, application_id)
    row = Contest.objects.filter(pk=contest_id, application=one).first()
    if row is None:
        raise _none()
    return deciding.answer_contest(row.pk, body.changed, body.answer, by=request.user, at=timezone.now())


@router.post("/{application_id}/disbursal", response={202: PayoutWaits, **NO}, summary="Propose to pay out")
@requires("applications.disburse")
def propose_disbursal(request: HttpRequest, application_id: Key) -> Any:
    """Propose that the accepted loan is paid out; a second person approves it (/approvals)."""
    one = _of(request, application_id)
    made = paying_out.propose_disbursal(one, by=request.user, at=timezone.now())
    return Status(202, {"approval_id": str(made.pk), "expires_at": made.expires_at})
