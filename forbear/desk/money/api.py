"""Payments by API: book (once a key), read, reverse by two people. Amounts are integers of the minor unit."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Header, Path, Query, Router, Schema, Status
from pydantic import BeforeValidator, StrictInt

from forbear.desk.api.words import Told
from forbear.desk.ledger.booking import LONGEST, Payment
from forbear.desk.ledger.refusals import KeyUsed, Refused
from forbear.desk.money import payments
from forbear.desk.money.acts import FIRST_DAY, LAST_DAY, MOST_MONEY, PRINTABLE
from forbear.desk.people.api_approvals import Proposal
from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NotThere
from forbear.desk.record.visible import STAFF, visible_loans

router = Router(tags=["payments"])
MOST = 100


def _written(value: Any) -> Any:
    """A date comes as text; a bare number is no date."""
    if not isinstance(value, str | date) or (isinstance(value, str) and len(value) != 10):
        raise ValueError("write the date as YYYY-MM-DD")
    return value


Name = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=PRINTABLE)]
Day = Annotated[date, BeforeValidator(_written), Field(ge=FIRST_DAY, le=LAST_DAY)]


class PaymentIn(Schema):
    """Money received for a loan."""

    loan_id: Name
    paid_on: Day
    amount: Annotated[StrictInt, Field(gt=0, le=MOST_MONEY, description="minor units of the loan's currency")]
    payment_id: Annotated[
        Name | None, Field(description="its own id in your system; made from the key when left out")
    ] = None
    source: Annotated[Name | None, Field(description="where it comes from, such as till or bank")] = None


class ReversalIn(Schema):
    """Why and from when a payment no longer counts."""

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=PRINTABLE)]
    effective_on: Day


def key_and_id(actor: str, key: str, payment_id: str | None) -> tuple[str, str]:
    """The ledger's key of a request, which no two users share, and the payment's id: made of it if need be."""
    key = f"api:{actor}:{key}"
    return key, payment_id or "key-" + hashlib.sha256(key.encode()).hexdigest()[:24]


def _no(status: int, error: Refused) -> Status:
    return Status(status, {"detail": error.message, "hint": error.hint})


def _may_see(request: HttpRequest, loan_id: str) -> bool:
    user = request.user
    return user.role in STAFF or visible_loans(user).filter(loan_id=loan_id).exists()


def _must_see(request: HttpRequest, loan_id: str) -> None:
    if not _may_see(request, loan_id):
        raise NotThere(f"there is no loan {loan_id!r}")


def _found(request: HttpRequest, payment_id: str) -> payments.PaymentNow:
    """The payment.

    Raises:
        Refused: there is none, or none that the user may see; she is told the same.
    """
    found = payments.payments(payment_id=payment_id, most=1)
    if not found or not _may_see(request, found[0].loan_id):
        raise Refused("unknown_payment", f"there is no payment {payment_id!r}")
    return found[0]


@router.post("", response={201: payments.PaymentBooked, (404, 409, 422): Told}, summary="Book a payment")
@requires("payments.book")
def book_payment(
    request: HttpRequest,
    response: HttpResponse,
    body: PaymentIn,
    idempotency_key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=100,
            pattern="^[!-~]+$",
            description="Names this request; sent again with it, the same body gets the same answer, another body 409.",
        ),
    ],
) -> Any:
    """Book money received, once for each key, and say what it paid."""
    actor = request.user.get_username()
    key, payment_id = key_and_id(actor, idempotency_key, body.payment_id)
    _must_see(request, body.loan_id)
    given = Payment(payment_id, body.loan_id, body.paid_on, body.amount, key, body.source or "")
    try:
        shown, receipt = payments.take(given, actor=actor, at=timezone.now())
    except KeyUsed as used:
        return _no(409, used)
    except Refused as refused:
        return _no(404 if refused.code == "unknown_loan" else 422, refused)
    if receipt.again:
        response["Idempotent-Replayed"] = "true"
    return Status(201, shown)


@router.get("", response={200: list[payments.PaymentNow], (404, 422): Told}, summary="Payments of a loan")
@requires("payments.see")
def list_payments(
    request: HttpRequest,
    loan_id: Annotated[str, Query(min_length=1, max_length=LONGEST, pattern=PRINTABLE)],
    before: Annotated[int, Query(ge=1, le=payments.NEWEST, description="the last entry_id seen")] = payments.NEWEST,
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> Any:
    """The payments of a loan, newest booked first, a page at a time."""
    _must_see(request, loan_id)
    return payments.payments(loan_id=loan_id, before=before, most=limit)


PaymentId = Annotated[str, Path(min_length=1, max_length=LONGEST, pattern=PRINTABLE)]


@router.get("/{payment_id}", response={200: payments.PaymentNow, (404, 422): Told}, summary="A payment")
@requires("payments.see")
def one_payment(request: HttpRequest, payment_id: PaymentId) -> Any:
    """A payment as it stands now: what it pays, and whether it was undone."""
    try:
        return _found(request, payment_id)
    except Refused as refused:
        return _no(404, refused)


@router.post(
    "/{payment_id}/reversals", response={201: Proposal, (404, 409, 422): Told}, summary="Propose a reversal"
)
@requires("payments.reverse")
def propose_reversal(request: HttpRequest, payment_id: PaymentId, body: ReversalIn) -> Any:
    """Propose that a payment no longer counts (a bounce, a chargeback); a second person approves it (/approvals)."""
    try:
        found = _found(request, payment_id)
    except Refused as refused:
        return _no(404, refused)
    try:
        return Status(
            201,
            payments.propose_reversal(found, body.effective_on, body.reason, by=request.user, at=timezone.now()),
        )
    except Refused as refused:
        return _no(409, refused)
