"""Payments in: booked once a key, read back, reversed by two people.

Stops at money that names its loan; what comes without (bank files) is taken in by `taking` and matched in `receipts`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from ninja import Field, Schema

from forbear.desk.ledger.booking import Payment, Receipt, pay
from forbear.desk.ledger.refusals import Refused
from forbear.desk.people.approvals import propose
from forbear.desk.people.models import Approval, User
from forbear.desk.statements import statement

REVERSE = "payments.reverse"
"""The kind of approval that reverses a payment."""

AHEAD = timedelta(days=1)
"""How far from today (UTC) a payment's day may lie ahead: somewhere it is tomorrow already."""


class PaymentPart(Schema):
    """What a payment pays of one component of one installment."""

    number: int
    component: str
    amount: int


class PaymentBooked(Schema):
    """A payment as it was booked; minor units."""

    payment_id: str
    loan_id: str
    paid_on: date
    amount: int
    currency: str
    entry_id: int
    booked_at: datetime
    parts: list[PaymentPart]
    unapplied: int = Field(description="what of it has paid nothing: the borrower's credit")


class PaymentNow(PaymentBooked):
    """A payment as it stands now."""

    reversed_on: date | None = None
    source: str | None = None


def named(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return statement(__package__, name)


def _booked(row: Any) -> PaymentBooked:
    """A row of `booked.sql`, or the same of a payment booked just now."""
    return PaymentBooked(**_fields(row))


def _now(row: Any) -> PaymentNow:
    """A row of `payments.sql`."""
    return PaymentNow(**_fields(row), reversed_on=row[8], source=row[9])


def _fields(row: Any) -> dict[str, Any]:
    names = ("payment_id", "loan_id", "paid_on", "amount", "currency", "entry_id", "booked_at")
    paid = [PaymentPart(number=n, component=name, amount=amount) for n, name, amount in json.loads(row[7] or "[]")]
    told = dict(zip(names, row[:7], strict=True))
    return {**told, "parts": paid, "unapplied": row[3] - sum(part.amount for part in paid)}


def take(payment: Payment, *, actor: str, at: datetime) -> tuple[PaymentBooked, Receipt]:
    """Book a payment; the answer is the same however often it is asked with the same key.

    Raises:
        KeyUsed: the key, or the payment's own id, was used for something else.
        Refused: it cannot be booked, or its day has not come.
    """
    if payment.paid_on > at.date() + AHEAD:
        raise Refused("future", f"{payment.paid_on} has not come yet", "book money on the day it is received")
    receipt, told = pay(payment, actor=actor, at=at)
    if not told:
        return as_booked(receipt.entry_id), receipt
    return just_booked(payment, told), receipt


def just_booked(payment: Payment, told: Mapping[str, Any]) -> PaymentBooked:
    """A payment as `ledger_pay` has just booked it."""
    row = [
        *(payment.payment_id, payment.loan_id, payment.paid_on, payment.amount, told["currency"]),
        *(told["entry"], datetime.fromisoformat(told["booked_at"]), json.dumps(told["parts"])),
    ]
    return _booked(row)


def as_booked(entry_id: int) -> PaymentBooked:
    """A payment as it was booked, whatever has happened to it since."""
    with connection.cursor() as cursor:
        cursor.execute(named("booked"), {"entry": entry_id})
        return _booked(cursor.fetchone())


NEWEST = 1 << 62


def payments(*, payment_id: str = "", loan_id: str = "", before: int = NEWEST, most: int = 100) -> list[PaymentNow]:
    """Payments as they stand now, newest booked first: one by its id, or those of a loan booked before an entry."""
    with connection.cursor() as cursor:
        cursor.execute(
            named("payments"),
            {"payment": payment_id or None, "loan": loan_id or None, "before": before, "most": most},
        )
        return [_now(row) for row in cursor.fetchall()]


def propose_reversal(payment: PaymentNow, effective_on: date, reason: str, *, by: User, at: datetime) -> Approval:
    """Propose that a payment no longer counts; nothing is booked until another approves.

    Raises:
        Refused: it is reversed, or proposed, already.
        PermissionDenied: the user may not propose it.
    """
    subject = f"payment:{payment.payment_id}"
    if payment.reversed_on is not None:
        raise Refused("reversed", f"payment {payment.payment_id} was reversed on {payment.reversed_on}")
    if Approval.objects.filter(kind=REVERSE, subject=subject, state="proposed", expires_at__gt=at).exists():
        raise Refused("proposed", f"a reversal of {payment.payment_id} waits already", "let it be decided first")
    asked = {
        "payment_id": payment.payment_id,
        "loan_id": payment.loan_id,
        "entry_id": payment.entry_id,
        "effective_on": effective_on.isoformat(),
        "reason": reason,
    }
    return propose(by, REVERSE, asked, subject, at)
