"""The address that payment providers call: POST /api/v1/hooks/{sender}/payments, signed (see `webhook`)."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Header, Path, Router, Status
from pydantic import Field, ValidationError

from forbear.desk.api.words import Told
from forbear.desk.ledger.booking import Payment
from forbear.desk.ledger.refusals import KeyUsed, Refused
from forbear.desk.money import payments
from forbear.desk.money.acts import PRINTABLE
from forbear.desk.money.api import PaymentIn
from forbear.desk.money.webhook import is_genuine

router = Router(tags=["payments"])


class HookIn(PaymentIn):
    """A payment as a provider tells it."""

    event_id: Annotated[
        str,
        Field(
            min_length=1,
            max_length=100,
            pattern=PRINTABLE,
            description="the provider's own id of this event; told again, it is booked once",
        ),
    ]


@router.post(
    "/{sender}/payments",
    response={201: payments.PaymentBooked, (400, 401, 404, 409, 422): Told},
    auth=None,
    summary="A provider tells of a payment",
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": HookIn.model_json_schema()}}}
    },
)
def told_of_payment(
    request: HttpRequest,
    sender: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")],
    timestamp: Annotated[
        str, Header(alias="Forbear-Timestamp", max_length=12, description="seconds since 1970")
    ] = "",
    signature: Annotated[
        str,
        Header(alias="Forbear-Signature", max_length=1000, description="v1=HMAC-SHA-256 of timestamp.body, hex"),
    ] = "",
) -> Any:
    """Book a payment that a known sender signs; nothing is read before the signature holds."""
    body = request.body
    if not is_genuine(sender, timestamp, signature, body, at=timezone.now()):
        return Status(
            401, {"detail": "the signature or its time does not hold", "hint": "sign timestamp.body anew"}
        )
    try:
        given = HookIn.model_validate_json(body)
    except ValidationError as wrong:
        faults = [{"loc": list(e["loc"]), "msg": e["msg"], "type": e["type"]} for e in wrong.errors()]
        return Status(422, {"detail": faults, "hint": "see /api/v1/openapi.json"})
    key = f"hook:{sender}:{given.event_id}"
    payment_id = given.payment_id or f"{sender}-{given.event_id}"
    made = Payment(payment_id, given.loan_id, given.paid_on, given.amount, key, given.source or sender)
    try:
        return Status(201, payments.take(made, actor=f"hook:{sender}", at=timezone.now())[0])
    except KeyUsed as used:
        return Status(409, {"detail": used.message, "hint": used.hint})
    except Refused as refused:
        status = 404 if refused.code == "unknown_loan" else 422
        return Status(status, {"detail": refused.message, "hint": refused.hint})
