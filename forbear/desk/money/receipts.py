"""Parked receipts in a person's hands: found, proposed for, matched, split, set aside, taken up again.

Each act holds the receipt's row, so that of two people at once one wins and the other is told. What gives money back,
or takes a booking back, is proposed here and done by a second person (`approval_kinds`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.audit.log import record
from forbear.desk.money.evidence import facts_of
from forbear.desk.money.matching import Proposal, ranked, settings
from forbear.desk.money.models import OTHER, OTHERS, PARKED, Receipt, Share
from forbear.desk.money.shares import Part, book_parts, locked, rest, standing_shares
from forbear.desk.people.approvals import propose
from forbear.desk.people.models import Approval, User
from forbear.desk.privacy.payers import SHOWN, masked_payer
from forbear.desk.privacy.sealed import opened_texts
from forbear.desk.record.visible import visible_loans

RETURN, UNMATCH, BOUNCE = "receipts.return", "receipts.unmatch", "receipts.bounce"
"""The kinds of approval."""
FAR = timedelta(days=120)
"""How long after a receipt the bank may take it back."""
NEWEST = 1 << 62
MOST_PARTS = 50
BY_PERSON = tuple(
    code for code in OTHERS if code not in ("outgoing", "announced", "reversal_of_outgoing", "bounce")
)
"""Why a person may set a receipt aside."""


@dataclass(frozen=True)
class Told:
    """A receipt as it is shown: texts masked, what is left of it, its shares, what it may be for."""

    receipt: Receipt
    payer_name: str
    payer_account: str
    text: str
    left: int
    shares: tuple[Share, ...]
    proposals: tuple[Proposal, ...]


def found(state: str = PARKED, *, file_id: int = 0, before: int = NEWEST, most: int = 50) -> list[Receipt]:
    """Receipts in a state (empty: any), newest first, before one."""
    rows = Receipt.objects.select_related("statement").filter(receipt_id__lt=before)
    if state:
        rows = rows.filter(state=state)
    if file_id:
        rows = rows.filter(statement__file_id=file_id)
    return list(rows.order_by("-receipt_id")[:most])


def told(rows: Sequence[Receipt], *, propose_for: bool = True) -> list[Told]:
    """Receipts as they are shown, with ranked proposals for those that wait."""
    waiting = [row for row in rows if propose_for and row.state == PARKED and row.incoming]
    known = facts_of(waiting, now=True) if waiting else {}
    masked = {name: _masked(rows, name) for name in SHOWN}
    shares: dict[int, list[Share]] = {row.pk: [] for row in rows}
    for share in Share.objects.filter(receipt_id__in=shares).order_by("share_id"):
        shares[share.receipt_id].append(share)
    return [
        Told(
            row,
            **{name: masked[name][place] for name in SHOWN},
            left=_left(row, shares[row.pk]),
            shares=tuple(shares[row.pk]),
            proposals=tuple(ranked(known.get(row.pk, []))[: settings()["sure"]["shown"]]),
        )
        for place, row in enumerate(rows)
    ]


def _left(row: Receipt, shares: Sequence[Share]) -> int:
    if row.state == OTHER:
        return 0
    return int(row.amount - row.returned - sum(share.amount for share in shares if share.undone_at is None))


def _masked(rows: Sequence[Receipt], name: str) -> list[str]:
    return [masked_payer(name, text) for text in opened_texts(rows, name)]


@transaction.atomic
def match(user: User, receipt_id: int, parts: Sequence[tuple[str, int]], at: datetime) -> list[Share]:
    """Book a parked receipt, or parts of it, on loans; what is left stays parked.

    Args:
        user: who decides; must see the loans.
        receipt_id: the receipt.
        parts: loan and amount in minor units of each part.
        at: now.

    Raises:
        AnswerIsNo: it is not parked any more, or no money to be matched.
        WrongUse: the parts do not fit the receipt or a loan is not there.
        Refused: the ledger cannot book it.
    """
    receipt = _to_be_matched(receipt_id)
    _check_parts(user, receipt, parts)
    known = {one.loan_id: one.reasons for one in ranked(facts_of([receipt], now=True)[receipt.pk])}
    whole = [Part(loan, amount, ("by_hand", *known.get(loan, ()))) for loan, amount in parts]
    shares = book_parts(receipt, whole, actor=user.get_username(), at=at)
    for share in shares:
        facts = {"loan": share.loan_id, "amount": share.amount, "entry": share.entry_id}
        record(user, "receipt.matched", f"receipt:{receipt_id}", **facts)
    return shares


def _to_be_matched(receipt_id: int) -> Receipt:
    receipt = locked(receipt_id)
    if receipt.state != PARKED:
        raise AnswerIsNo(f"receipt {receipt_id} is {receipt.state} already", "look at what became of it")
    if not receipt.incoming:
        raise AnswerIsNo(f"receipt {receipt_id} took money away", "name the receipt that it takes back")
    return receipt


def _check_parts(user: User, receipt: Receipt, parts: Sequence[tuple[str, int]]) -> None:
    loans = [loan for loan, _ in parts]
    if not parts or len(parts) > MOST_PARTS or len(set(loans)) < len(loans):
        raise WrongUse(f"{len(parts)} parts for {len(set(loans))} loans", f"1 to {MOST_PARTS} parts, a loan once")
    if any(amount <= 0 for _, amount in parts) or sum(amount for _, amount in parts) > rest(receipt):
        raise WrongUse(
            f"the parts come to {sum(amount for _, amount in parts)}, and {rest(receipt)} is left of the receipt",
            "give each part an amount above zero, together at most what is left",
        )
    seen = dict(visible_loans(user).filter(pk__in=loans).values_list("loan_id", "currency"))
    for loan in loans:
        if seen.get(loan) != receipt.currency:
            why = f"is in {seen[loan]}, the receipt in {receipt.currency}" if loan in seen else "is not there"
            raise WrongUse(f"loan {loan!r} {why}", "name a loan in the receipt's currency")


@transaction.atomic
def set_aside(user: User, receipt_id: int, reason: str, at: datetime) -> Receipt:
    """Record that a parked receipt is no borrower's money, and why; `take_up` undoes it.

    Raises:
        AnswerIsNo: it is not parked, or a part of it is booked or returned.
        WrongUse: no such reason.
    """
    if reason not in BY_PERSON:
        raise WrongUse(f"no reason {reason!r}", f"one of: {', '.join(BY_PERSON)}")
    receipt = locked(receipt_id)
    if receipt.state != PARKED or rest(receipt) < receipt.amount:
        raise AnswerIsNo(f"receipt {receipt_id} is {receipt.state}, or a part of it is used", "undo that first")
    receipt.state, receipt.reason, receipt.settled_at, receipt.tried_at = OTHER, reason, at, receipt.tried_at or at
    receipt.save(update_fields=["state", "reason", "settled_at", "tried_at"])
    record(user, "receipt.set_aside", f"receipt:{receipt_id}", reason=reason, amount=receipt.amount)
    return receipt


@transaction.atomic
def take_up(user: User, receipt_id: int, at: datetime) -> Receipt:
    """Park again what was set aside.

    Raises:
        AnswerIsNo: it was not set aside, is only announced, or was the bank's taking back of another.
    """
    receipt = locked(receipt_id)
    if receipt.state != OTHER or receipt.reason in ("announced", "bounce"):
        raise AnswerIsNo(f"receipt {receipt_id} is {receipt.reason or receipt.state}", "only what was set aside")
    receipt.state, receipt.reason, receipt.settled_at = PARKED, "", None
    receipt.tried_at = at
    receipt.save(update_fields=["state", "reason", "settled_at", "tried_at"])
    record(user, "receipt.taken_up", f"receipt:{receipt_id}", amount=receipt.amount)
    return receipt


def propose_return(user: User, receipt_id: int, amount: int | None, reason: str, at: datetime) -> Approval:
    """Propose to give what is left of a parked receipt, or a part of it, back to the payer.

    Raises:
        AnswerIsNo, WrongUse: it is not parked, or less is left.
        PermissionDenied: the user may not propose it.
    """
    with transaction.atomic():
        receipt = _to_be_matched(receipt_id)
        left = rest(receipt)
        wanted = left if amount is None else amount
        if not 0 < wanted <= left:
            raise WrongUse(f"{wanted} of the {left} that is left", "return at most what is left")
        _refuse_second(RETURN, receipt_id, at)
        asked = {"receipt_id": receipt_id, "amount": wanted, "currency": receipt.currency, "reason": reason}
        return propose(user, RETURN, asked, f"receipt:{receipt_id}", at)


def propose_unmatch(
    user: User, receipt_id: int, reason: str, at: datetime, effective_on: date | None = None
) -> Approval:
    """Propose to undo the bookings of a receipt, as of the day of the payment unless another is named.

    Raises:
        AnswerIsNo: nothing of it is booked, or that waits already.
        PermissionDenied: the user may not propose it.
    """
    with transaction.atomic():
        receipt = locked(receipt_id)
        shares = list(standing_shares(receipt))
        if not shares:
            raise AnswerIsNo(f"nothing of receipt {receipt_id} is booked", "there is nothing to undo")
        _refuse_second(UNMATCH, receipt_id, at)
        asked = {
            "receipt_id": receipt_id,
            "shares": [
                {"share_id": s.pk, "loan_id": s.loan_id, "amount": s.amount, "entry_id": s.entry_id} for s in shares
            ],
            "effective_on": (effective_on or receipt.counted_on).isoformat(),
            "currency": receipt.currency,
            "reason": reason,
        }
        return propose(user, UNMATCH, asked, f"receipt:{receipt_id}", at)


def propose_bounce(user: User, receipt_id: int, of: int, reason: str, at: datetime) -> Approval:
    """Propose that a movement out is the bank's taking back of an earlier receipt.

    Raises:
        AnswerIsNo, WrongUse: the two do not fit, or one is settled otherwise.
        PermissionDenied: the user may not propose it.
    """
    with transaction.atomic():
        back, earlier = locked(receipt_id), locked(of)
        check_bounce(back, earlier)
        _refuse_second(BOUNCE, receipt_id, at)
        asked = {
            "receipt_id": receipt_id,
            "of": of,
            "amount": back.amount,
            "currency": back.currency,
            "effective_on": back.booked_on.isoformat(),
            "reason": reason,
        }
        return propose(user, BOUNCE, asked, f"receipt:{receipt_id}", at)


def check_bounce(back: Receipt, earlier: Receipt) -> None:
    """Whether one takes the other back.

    Raises:
        WrongUse: it cannot.
    """
    fits = (
        not back.incoming
        and earlier.incoming
        and back.state == PARKED
        and earlier.state != OTHER
        and not earlier.returned
        and (back.amount, back.currency, back.account) == (earlier.amount, earlier.currency, earlier.account)
        and earlier.booked_on <= back.booked_on
    )
    if not fits:
        raise WrongUse(
            f"receipt {back.pk} does not take receipt {earlier.pk} back",
            "name an earlier receipt of the same amount on the same account that was not given back",
        )


def taken_back(back: Receipt) -> list[Receipt]:
    """Receipts that a movement out may take back: the same amount and account before it, the same payer first."""
    rows = Receipt.objects.filter(
        account=back.account,
        currency=back.currency,
        amount=back.amount,
        incoming=True,
        returned=0,
        booked_on__range=(back.booked_on - FAR, back.booked_on),
    ).exclude(state=OTHER)
    found = list(rows.order_by("-booked_on", "-receipt_id")[:20])
    same = (bytes(back.account_hash or b""), bytes(back.name_hash or b""))

    def likeness(one: Receipt) -> int:
        theirs = (bytes(one.account_hash or b""), bytes(one.name_hash or b""))
        return -sum(bool(a) and a == b for a, b in zip(same, theirs, strict=True))

    return sorted(found, key=likeness)


def _refuse_second(kind: str, receipt_id: int, at: datetime) -> None:
    waiting = Approval.objects.filter(
        kind=kind, subject=f"receipt:{receipt_id}", state="proposed", expires_at__gt=at
    )
    if waiting.exists():
        raise AnswerIsNo(
            f"this waits for a second person already (receipt {receipt_id})", "let it be decided first"
        )
