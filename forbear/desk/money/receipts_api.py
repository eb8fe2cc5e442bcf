"""Bank files and receipts by API: take a file in, look, match, split, set aside; propose what two people do."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, File, Form, Path, Query, Router, Schema, Status, UploadedFile
from pydantic import StrictInt

from forbear.desk.api.words import Told
from forbear.desk.ledger.booking import LONGEST
from forbear.desk.money import receipts
from forbear.desk.money.acts import FIRST_DAY, LAST_DAY, MOST_MONEY, PRINTABLE
from forbear.desk.money.bank.mapping import shipped, shipped_mapping
from forbear.desk.money.bank.movements import Faulty
from forbear.desk.money.bank.reading import LARGEST
from forbear.desk.money.models import STATES, BankFile, Receipt
from forbear.desk.money.taking import take_file
from forbear.desk.people.api_approvals import Proposal
from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NO, NotThere
from forbear.desk.privacy.payers import SHOWN, reveal_payer

files_router = Router(tags=["bank files"])
router = Router(tags=["receipts"])
MOST = 100

Why = Annotated[str, Field(min_length=1, max_length=500, pattern=PRINTABLE, description="without personal data")]
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
Minor = Annotated[StrictInt, Field(gt=0, le=MOST_MONEY, description="minor units of the receipt's currency")]
Number = Annotated[int, Path(ge=1, le=receipts.NEWEST)]


class StatementOut(Schema):
    """A statement of a file: its balances and sums, minor units; null where the file does not tell."""

    statement_id: int
    account: str
    currency: str
    number: str
    opening: int | None
    closing: int | None
    came: int
    went: int


class FileOut(Schema):
    """A bank file as it was taken in."""

    file_id: int
    name: str
    form: str = Field(description="camt.053, or the mapping's name")
    actor: str
    taken_at: datetime
    counts: dict[str, int] = Field(description="movements in it, new ones, those known from other files")
    statements: list[StatementOut]

    @staticmethod
    def resolve_statements(row: BankFile) -> list[Any]:
        """Its statements in the order of the file."""
        return list(row.statements.order_by("statement_id"))


class TakenOut(Schema):
    """What taking a file did."""

    file: FileOut
    again: bool = Field(description="this very file was taken before")
    booked: int = Field(description="receipts booked by themselves just now")


class ShareOut(Schema):
    """A part of a receipt that is, or was, booked on a loan."""

    loan_id: str
    amount: int
    payment_id: str
    why: list[str]
    made_by: str
    made_at: datetime
    undone_at: datetime | None


class ProposalOut(Schema):
    """A loan that a receipt may be for; reasons and what speaks against it as codes (docs/payments.md)."""

    loan_id: str
    borrower_id: str
    score: int
    reasons: list[str]
    against: list[str]
    sure: bool


class ReceiptOut(Schema):
    """A movement on an account and what became of it; who paid is masked."""

    receipt_id: int
    file_id: int = Field(alias="receipt.statement.file_id")
    where: str = Field(alias="receipt.where")
    account: str = Field(alias="receipt.account")
    currency: str = Field(alias="receipt.currency")
    amount: int = Field(alias="receipt.amount")
    incoming: bool = Field(alias="receipt.incoming")
    reversal: bool = Field(alias="receipt.reversal")
    booked_on: date = Field(alias="receipt.booked_on")
    counted_on: date = Field(alias="receipt.counted_on")
    reference: str = Field(alias="receipt.reference")
    note: str = Field(alias="receipt.note")
    state: str = Field(alias="receipt.state")
    reason: str = Field(alias="receipt.reason")
    returned: int = Field(alias="receipt.returned")
    left: int = Field(description="what of it waits for a person")
    payer_name: str
    payer_account: str
    text: str
    shares: list[ShareOut]
    proposals: list[ProposalOut]

    @staticmethod
    def resolve_receipt_id(row: receipts.Told) -> int:
        """Its number."""
        return int(row.receipt.pk)


class WhichReceipts(Schema):
    """WhichReceipts receipts; newest first."""

    state: Literal["", "parked", "matched", "returned", "other"] = "parked"
    file_id: int = Field(0, ge=0, le=receipts.NEWEST)
    before: int = Field(receipts.NEWEST, ge=1, le=receipts.NEWEST, description="the last receipt_id seen")
    limit: int = Field(50, ge=1, le=MOST)


class PartIn(Schema):
    """A part of a receipt for a loan."""

    loan_id: Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=PRINTABLE)]
    amount: Minor


class MatchIn(Schema):
    """The loans that a receipt is for; what is left of it stays parked."""

    parts: list[PartIn] = Field(min_length=1, max_length=receipts.MOST_PARTS)


class AsideIn(Schema):
    """Why a receipt is no borrower's."""

    reason: str = Field(max_length=40, description=f"one of: {', '.join(receipts.BY_PERSON)}")


class ReturnIn(Schema):
    """What of a receipt goes back to the payer; all that is left when no amount is named."""

    reason: Why
    amount: Minor | None = None


class UnmatchIn(Schema):
    """Why bookings are undone, and from which day; the payment's own when none is named."""

    reason: Why
    effective_on: Day | None = None


class BounceIn(Schema):
    """The receipt that a movement out takes back."""

    of: int = Field(ge=1, le=receipts.NEWEST)
    reason: Why


class RevealIn(Schema):
    """What to see in the clear, and why."""

    field: str = Field(max_length=40, description=f"one of: {', '.join(SHOWN)}")
    reason: str = Field(max_length=40, description="a code of the reasons, such as payment")


class RevealedOut(Schema):
    """A text of a receipt in the clear."""

    value: str


assert {"", *STATES} == set(WhichReceipts.model_fields["state"].annotation.__args__)


@files_router.post("", response={200: TakenOut, 201: TakenOut, **NO}, summary="Take a bank file in")
@requires("payments.book")
def take_in(
    request: HttpRequest,
    file: Annotated[UploadedFile, File(description="camt.053, or CSV with a mapping")],
    mapping: Annotated[str, Form(max_length=100, description="of CSV, a shipped mapping")] = "",
) -> Any:
    """Take in a bank file, all of it or nothing; what is surely a loan's is booked, the rest parked.

    The same file again is 200 and takes nothing; a file with faults is 422, with each fault's place.
    """
    how = shipped_mapping(mapping) if mapping else None
    try:
        done = take_file(file.read(LARGEST + 1), file.name or "", how, actor=request.user, at=timezone.now())
    except Faulty as wrong:
        faults = [{"loc": [f.where, f.column], "msg": f"{f.value!r}, expected {f.expected}"} for f in wrong.faults]
        return Status(422, {"detail": faults, "hint": wrong.hint})
    return Status(200 if done.again else 201, done)


@files_router.get("", response={200: list[FileOut], 403: Told}, summary="Bank files")
@requires("receipts.see")
def list_files(
    request: HttpRequest,
    before: Annotated[int, Query(ge=1, le=receipts.NEWEST, description="the last file_id seen")] = receipts.NEWEST,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> Any:
    """The bank files taken in, newest first."""
    return list(BankFile.objects.filter(pk__lt=before).order_by("-pk")[:limit])


@files_router.get("/mappings", response={200: list[str], 403: Told}, summary="Mappings of CSV files")
@requires("receipts.see")
def list_mappings(request: HttpRequest) -> Any:
    """The mappings that a CSV file can be read through."""
    return list(shipped())


@router.get("", response={200: list[ReceiptOut], 403: Told}, summary="Receipts")
@requires("receipts.see")
def list_receipts(request: HttpRequest, which: Query[WhichReceipts]) -> Any:
    """Receipts newest first, those that wait with ranked proposals."""
    rows = receipts.found(which.state, file_id=which.file_id, before=which.before, most=which.limit)
    return receipts.told(rows)


@router.get("/{receipt_id}", response={200: ReceiptOut, **NO}, summary="A receipt")
@requires("receipts.see")
def one_receipt(request: HttpRequest, receipt_id: Number) -> Any:
    """A receipt as it stands now."""
    return _told(receipt_id)


@router.post("/{receipt_id}/matches", response={200: ReceiptOut, **NO}, summary="Match a receipt")
@requires("payments.book")
def match(request: HttpRequest, receipt_id: Number, body: MatchIn) -> Any:
    """Book a parked receipt on a loan, or split it over several; of two people at once the second gets 409."""
    _must_be_there(receipt_id)
    receipts.match(request.user, receipt_id, [(part.loan_id, part.amount) for part in body.parts], timezone.now())
    return _told(receipt_id)


@router.post("/{receipt_id}/aside", response={200: ReceiptOut, **NO}, summary="Set a receipt aside")
@requires("payments.book")
def set_aside(request: HttpRequest, receipt_id: Number, body: AsideIn) -> Any:
    """Record that a receipt is no borrower's money, and why."""
    _must_be_there(receipt_id)
    receipts.set_aside(request.user, receipt_id, body.reason, timezone.now())
    return _told(receipt_id)


@router.post("/{receipt_id}/reopen", response={200: ReceiptOut, **NO}, summary="Take a receipt up again")
@requires("payments.book")
def take_up(request: HttpRequest, receipt_id: Number) -> Any:
    """Park again what was set aside."""
    _must_be_there(receipt_id)
    receipts.take_up(request.user, receipt_id, timezone.now())
    return _told(receipt_id)


@router.post("/{receipt_id}/reveal", response={200: RevealedOut, **NO}, summary="See a text of a receipt")
@requires("receipts.reveal")
def reveal(request: HttpRequest, receipt_id: Number, body: RevealIn) -> Any:
    """One text in the clear; it is logged, with the reason, before it is shown."""
    receipt = Receipt.objects.filter(pk=receipt_id).first()
    if receipt is None:
        raise _nothing()
    return {"value": reveal_payer(request.user, receipt, body.field, body.reason, timezone.now())}


@router.post("/{receipt_id}/returns", response={201: Proposal, **NO}, summary="Propose to give money back")
@requires("money.waive")
def propose_return(request: HttpRequest, receipt_id: Number, body: ReturnIn) -> Any:
    """Propose that what is left of a parked receipt goes back to the payer; a second person approves."""
    _must_be_there(receipt_id)
    return Status(201, receipts.propose_return(request.user, receipt_id, body.amount, body.reason, timezone.now()))


@router.post("/{receipt_id}/unmatches", response={201: Proposal, **NO}, summary="Propose to undo a match")
@requires("payments.reverse")
def propose_unmatch(request: HttpRequest, receipt_id: Number, body: UnmatchIn) -> Any:
    """Propose that a receipt's payments are reversed and its money is parked again; a second person approves."""
    _must_be_there(receipt_id)
    now = timezone.now()
    return Status(201, receipts.propose_unmatch(request.user, receipt_id, body.reason, now, body.effective_on))


@router.post("/{receipt_id}/bounces", response={201: Proposal, **NO}, summary="Propose that a receipt bounced")
@requires("payments.reverse")
def propose_bounce(request: HttpRequest, receipt_id: Number, body: BounceIn) -> Any:
    """Propose that this movement out is the bank's taking back of an earlier receipt; a second person approves."""
    _must_be_there(receipt_id, body.of)
    return Status(201, receipts.propose_bounce(request.user, receipt_id, body.of, body.reason, timezone.now()))


def _nothing() -> NotThere:
    return NotThere("there is no such receipt", "list them at /api/v1/receipts")


def _must_be_there(*receipt_ids: int) -> None:
    if Receipt.objects.filter(pk__in=receipt_ids).count() < len(set(receipt_ids)):
        raise _nothing()


def _told(receipt_id: int) -> Any:
    rows = list(Receipt.objects.select_related("statement").filter(pk=receipt_id))
    if not rows:
        raise _nothing()
    return receipts.told(rows)[0]
