"""The kinds of events and what each carries: the types that `sql/telling.sql` fills, described as JSON schema.

A message's body is `{"type": kind, "timestamp": when it happened, "data": ...}`. Amounts are integers of the currency's
minor unit. `docs/webhooks.schema.json` is made from here (`python -m forbear.desk.outbound.kinds FILE`); a test holds
both together, and every event that the database writes to these types.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Told(BaseModel):
    """What every event's data has: exactly its fields."""

    model_config = ConfigDict(extra="forbid")


class LedgerEvent(Told):
    """Something booked in a loan's ledger."""

    loan_id: str
    borrower_id: str
    entry_id: int
    entry_kind: str = Field(description="the ledger's own word, such as payment, penalty, re-age")
    effective_on: date = Field(description="from this day on it counts")
    booked_at: datetime
    amount: int
    currency: str
    payment_id: str | None = Field(description="of a payment, or of the payment that is reversed")
    reverses: int | None = Field(description="the entry that is undone")


class CaseEvent(Told):
    """A borrower's case, with the night's figures over all her loans."""

    case_id: str
    borrower_id: str
    opened_at: datetime
    closed_at: datetime | None
    queue: str
    strategy: str
    agency_id: str | None
    as_of: date | None = Field(description="the day of the figures")
    dpd: int = Field(description="days past due")
    bucket: str
    arrears: int
    outstanding: int
    currency: str


class PromiseEvent(Told):
    """A promise to pay."""

    promise_id: str
    borrower_id: str
    loan_id: str | None
    amount: int
    currency: str
    due_on: date
    made_at: datetime
    settled_at: datetime | None


class ContactEvent(Told):
    """An attempt at contact; a result that is null is not known yet."""

    contact_id: str
    borrower_id: str
    loan_ids: list[str]
    at: datetime
    channel: str
    direction: str
    result: str | None
    party: str | None
    sender: str | None


class ComplaintEvent(Told):
    """A complaint or dispute, without its words."""

    complaint_id: str
    borrower_id: str
    loan_id: str | None
    complaint_kind: str
    channel: str
    received_at: datetime
    answer_due_on: date | None
    answered_at: datetime | None


class ConsentEvent(Told):
    """A consent given or withdrawn."""

    consent_id: str
    borrower_id: str
    purpose: str
    channel: str = Field(description="empty: every channel")
    given: bool
    at: datetime
    until: datetime | None


class ApprovalEvent(Told):
    """Something that two people do: proposed, or decided on."""

    approval_id: UUID
    approval_kind: str
    state: str
    loan_id: str | None
    borrower_id: str | None
    proposed_at: datetime
    decided_at: datetime | None


class TestEvent(Told):
    """A message that an administrator sends to see whether it arrives."""

    webhook_id: UUID


KINDS: dict[str, tuple[type[Told], str]] = {
    "loan.opened": (LedgerEvent, "a loan is paid out, or taken in from a book"),
    "payment.booked": (LedgerEvent, "money received is booked"),
    "payment.reversed": (LedgerEvent, "a payment no longer counts"),
    "payment.refunded": (LedgerEvent, "money that paid nothing is given back"),
    "loan.charged": (LedgerEvent, "a fee or penalty is charged"),
    "loan.waived": (LedgerEvent, "a part of what is owed is let go"),
    "loan.written_off": (LedgerEvent, "a part of what is owed is no longer expected"),
    "loan.rescheduled": (LedgerEvent, "installments fall due later, or are spread anew"),
    "loan.paused": (LedgerEvent, "delinquency does not grow for a while"),
    "loan.transferred": (LedgerEvent, "money moves to another loan, or from it"),
    "loan.act_reversed": (LedgerEvent, "something other than a payment is undone"),
    "case.opened": (CaseEvent, "a night finds a borrower in arrears"),
    "case.cured": (CaseEvent, "a night finds her no longer in arrears"),
    "case.closed": (CaseEvent, "a case is closed for another reason"),
    "promise.made": (PromiseEvent, "a borrower promises to pay"),
    "promise.kept": (PromiseEvent, "she did"),
    "promise.part_kept": (PromiseEvent, "she paid a part"),
    "promise.broken": (PromiseEvent, "she did not"),
    "promise.withdrawn": (PromiseEvent, "it is taken back"),
    "contact.made": (ContactEvent, "a contact is reserved, made or recorded"),
    "contact.settled": (ContactEvent, "its result is known"),
    "complaint.received": (ComplaintEvent, "a borrower complains or disputes"),
    "complaint.answered": (ComplaintEvent, "she is answered"),
    "consent.changed": (ConsentEvent, "a consent is given or withdrawn"),
    "approval.proposed": (ApprovalEvent, "something waits for a second person"),
    "approval.decided": (ApprovalEvent, "it was approved and done, refused, withdrawn, or its time is over"),
}
"""Kinds that can be subscribed to, the type of their data, and what happened."""

TEST = "webhook.test"
"""Sent when an administrator asks for it, whatever a subscription is for."""


def schema() -> dict[str, Any]:
    """The JSON schema of a message's body: one of the kinds, each with its data."""
    every: dict[str, tuple[type[Told], str]] = {
        **KINDS,
        TEST: (TestEvent, "an administrator tries the subscription"),
    }
    shapes: dict[str, Any] = {}
    for made in {type_ for type_, _ in every.values()}:
        shapes[made.__name__] = made.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A message of Forbear's webhooks",
        "oneOf": [
            {
                "title": kind,
                "description": about,
                "type": "object",
                "required": ["type", "timestamp", "data"],
                "properties": {
                    "type": {"const": kind},
                    "timestamp": {"type": "string", "format": "date-time"},
                    "data": {"$ref": f"#/$defs/{made.__name__}"},
                },
            }
            for kind, (made, about) in every.items()
        ],
        "$defs": dict(sorted(shapes.items())),
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(schema(), indent=2) + "\n", "utf-8")
