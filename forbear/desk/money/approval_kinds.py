"""What two people do with money: reverse a payment, give a receipt back, undo a match, change what a loan owes."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

from forbear.basics.errors import AnswerIsNo
from forbear.desk.audit.log import record
from forbear.desk.ledger.booking import book
from forbear.desk.money.acts import LedgerAct, book_act
from forbear.desk.money.models import OTHER, PARKED, Share
from forbear.desk.money.receipts import check_bounce
from forbear.desk.money.shares import locked, payment_undone, rest, settle, standing_shares, undo
from forbear.desk.people.approvals import Decision, kind


class _Payload(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Reversal(_Payload):
    """A payment that no longer counts from a day on, and why; `entry_id` is its ledger entry."""

    payment_id: str
    loan_id: str
    entry_id: int
    effective_on: date
    reason: str


class Return(_Payload):
    """Money of a parked receipt that goes back to the payer; minor units."""

    receipt_id: int
    amount: int
    currency: str
    reason: str


class ShareOf(_Payload):
    """A booked part of a receipt."""

    share_id: int
    loan_id: str
    amount: int
    entry_id: int


class Unmatch(_Payload):
    """Bookings of a receipt that are undone from a day on."""

    receipt_id: int
    shares: list[ShareOf]
    effective_on: date
    currency: str
    reason: str


class Bounce(_Payload):
    """A movement out that takes an earlier receipt back."""

    receipt_id: int
    of: int
    amount: int
    currency: str
    effective_on: date
    reason: str


def _by(decision: Decision) -> dict[str, Any]:
    return {"actor": decision.approved_by.get_username(), "at": decision.at}


@kind("payments.reverse", payload=Reversal, propose="payments.reverse")
def reverse(payload: Reversal, decision: Decision) -> dict[str, Any]:
    """Book the reversal, in the approver's name; what came by bank file is parked again."""
    payment_undone(payload.entry_id, decision.at)
    receipt = book(
        "reversal",
        payload.loan_id,
        payload.effective_on,
        None,
        f"approval {decision.approval_id}",
        f"approval:{decision.approval_id}",
        **_by(decision),
        entry=payload.entry_id,
    )
    return {"entry": receipt.entry_id}


@kind("receipts.return", payload=Return, propose="money.waive")
def give_back(payload: Return, decision: Decision) -> dict[str, Any]:
    """Write down that the money goes back; whoever pays at the bank does the rest."""
    receipt = locked(payload.receipt_id)
    if receipt.state != PARKED or payload.amount > rest(receipt):
        raise AnswerIsNo(f"less is left of receipt {receipt.pk} than was to go back", "refuse, and propose it anew")
    receipt.returned += payload.amount  # type: ignore[assignment]
    settle(receipt, decision.at)
    if receipt.state != PARKED:
        receipt.reason = payload.reason
        receipt.save(update_fields=["reason"])
    record(decision.approved_by, "receipt.returned", f"receipt:{receipt.pk}", amount=payload.amount)
    return {"receipt": receipt.pk, "returned": payload.amount}


@kind("receipts.unmatch", payload=Unmatch, propose="payments.reverse")
def unmatch(payload: Unmatch, decision: Decision) -> dict[str, Any]:
    """Reverse the payments; the money is parked again."""
    receipt = locked(payload.receipt_id)
    shares = list(Share.objects.filter(pk__in=[one.share_id for one in payload.shares], undone_at__isnull=True))
    if len(shares) < len(payload.shares):
        raise AnswerIsNo("a part of it was undone meanwhile", "refuse, and propose it anew")
    entries = [
        undo(share, payload.effective_on, cause=f"approval:{decision.approval_id}", **_by(decision))
        for share in sorted(shares, key=lambda share: share.loan_id)
    ]
    settle(receipt, decision.at)
    record(decision.approved_by, "receipt.unmatched", f"receipt:{receipt.pk}", entries=entries)
    return {"receipt": receipt.pk, "entries": entries}


@kind("receipts.bounce", payload=Bounce, propose="payments.reverse")
def bounce(payload: Bounce, decision: Decision) -> dict[str, Any]:
    """Undo what the earlier receipt paid, from the day on which the bank took it back; both are settled."""
    first, second = sorted((payload.receipt_id, payload.of))
    held = {first: locked(first), second: locked(second)}
    back, earlier = held[payload.receipt_id], held[payload.of]
    check_bounce(back, earlier)
    shares = sorted(standing_shares(earlier), key=lambda share: share.loan_id)
    cause = f"approval:{decision.approval_id}"
    entries = [undo(share, payload.effective_on, cause=cause, **_by(decision)) for share in shares]
    earlier.returned = earlier.amount
    settle(earlier, decision.at)
    earlier.reason = "bounce"
    earlier.save(update_fields=["reason"])
    back.state, back.reason, back.settled_at = OTHER, "bounce", decision.at
    back.save(update_fields=["state", "reason", "settled_at"])
    record(decision.approved_by, "receipt.bounced", f"receipt:{earlier.pk}", by=back.pk, entries=entries)
    return {"receipt": earlier.pk, "entries": entries}


@kind("money.act", payload=LedgerAct, propose="money.waive")
def act(payload: LedgerAct, decision: Decision) -> dict[str, Any]:
    """Book the act as it was proposed."""
    return book_act(payload, decision.approval_id, **_by(decision))
