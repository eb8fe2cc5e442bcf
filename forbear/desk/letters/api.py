"""Letters by API: which there are, what was written, writing one (or proposing it), its PDF.

A letter states the ledger's own sums: the caller adds words and days alone. Where another must approve, the answer is
the proposal; the letter is written when it is approved.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from forbear.desk.audit.log import record
from forbear.desk.letters import archived
from forbear.desk.letters.facts import asked_of_people
from forbear.desk.letters.models import Letter
from forbear.desk.letters.writing import LANGUAGES, Wanted, ask_for
from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NO
from forbear.desk.privacy.showing import told_of_reveal
from forbear.desk.record.visible import visible_borrowers, visible_loans
from forbear.recovery.letters.kinds import kinds

router = Router(tags=["letters"])
MOST = 200
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Words = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
_KIND = "|".join(sorted(kinds()))
_LANGUAGE = "|".join(LANGUAGES)


class LetterKindOut(Schema):
    """A kind of letter: whether a second person approves it, and what the caller says in it."""

    kind: str
    title: dict[str, str]
    two_people: bool
    asks: list[str]


class LetterIn(Schema):
    """A letter that is wanted."""

    loan_id: Name
    kind: Annotated[str, Field(pattern=f"^({_KIND})$")]
    language: Annotated[str, Field(pattern=f"^({_LANGUAGE})$")] = LANGUAGES[0]
    words: dict[Name, Words] = Field(default_factory=dict, description="what its kind asks for; never a sum")


class LetterOut(Schema):
    """A letter that was written."""

    letter_id: str
    reference: str
    borrower_id: str
    loan_id: str
    kind: str
    language: str
    as_of: date
    sums: dict[str, int] = Field(description="minor units, by fact")
    currency: str
    sha256: str
    verdicts: dict[str, Any] = Field(description="what the gate said when it was written, by act")
    written_at: datetime
    planned: str = Field("", description="what became of its sending; empty: nobody has planned it")


class LetterProposedOut(Schema):
    """A letter that another person must approve."""

    approval_id: str


class LettersAsked(Schema):
    """Whose letters."""

    borrower_id: Name
    loan_id: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")] = ""


@router.get("/kinds", response={200: list[LetterKindOut], **NO}, summary="Kinds of letters")
@requires("letters.see")
def kinds_of_letters(request: HttpRequest) -> Any:
    """Every kind, with what is to be said in it."""
    return [
        {"kind": one.name, "title": dict(one.title), "two_people": bool(one.approval), "asks": asked_of_people(one)}
        for one in kinds().values()
    ]


@router.get("", response={200: list[LetterOut], **NO}, summary="A borrower's letters")
@requires("letters.see")
def of_borrower(request: HttpRequest, asked: Query[LettersAsked]) -> Any:
    """The latest, the newest first; of one loan where it is named."""
    if not visible_borrowers(request.user).filter(pk=asked.borrower_id).exists():
        raise Http404("no such borrower")
    rows = Letter.objects.filter(borrower_id=asked.borrower_id).defer("pdf").order_by("-written_at")
    rows = rows.filter(loan_id=asked.loan_id) if asked.loan_id else rows
    return _told(list(rows[:MOST]))


@router.post("", response={201: LetterOut, 202: LetterProposedOut, **NO}, summary="Write a letter, or propose it")
@requires("letters.write")
def write(request: HttpRequest, body: LetterIn) -> Any:
    """Written, signed and archived at once; or proposed, where another must approve. The gate is asked either way."""
    if not visible_loans(request.user).filter(pk=body.loan_id).exists():
        raise Http404("no such loan")
    words = [f"{fact}={value.strip()}" for fact, value in body.words.items() if value.strip()]
    wanted = Wanted(kind=body.kind, loan_id=body.loan_id, language=body.language, words=words)
    made = ask_for(request.user, wanted, timezone.now())
    if isinstance(made, Letter):
        return Status(201, _told([made])[0])
    return Status(202, {"approval_id": str(made.pk)})


@router.get("/{letter_id}", response={200: LetterOut, **NO}, summary="One letter")
@requires("letters.see")
def one(request: HttpRequest, letter_id: Name) -> Any:
    """What it states and what became of it; its text is in its PDF alone."""
    return _told([_letter(request, letter_id)])[0]


@router.get(
    "/{letter_id}/pdf",
    response=dict(NO),
    summary="A letter's PDF",
    openapi_extra={
        "responses": {
            200: {
                "description": "the PDF as it was written and signed",
                "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
            }
        }
    },
)
@requires("letters.fetch")
def pdf(request: HttpRequest, letter_id: Name) -> Any:
    """Its bytes, checked against their fingerprint. It shows who she is: each fetch is a reveal, in the audit log."""
    letter = _letter(request, letter_id)
    subject = f"borrower:{letter.borrower_id}"
    told_of_reveal(
        request.user, subject, {"field": "letter", "letter": letter.pk, "reason": "letter"}, timezone.now()
    )
    raw = letter.document()
    record(request.user, "letter.downloaded", subject, letter=letter.pk, sha256=letter.sha256)
    answer = HttpResponse(raw, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{letter.reference}.pdf"'
    return answer


def _letter(request: HttpRequest, letter_id: str) -> Letter:
    row = Letter.objects.filter(pk=letter_id, borrower__in=visible_borrowers(request.user)).first()
    if row is None:
        raise Http404("no such letter")
    return row


def _told(rows: list[Letter]) -> list[dict[str, Any]]:
    planned, names = archived.planned_of(rows), [name for name in LetterOut.model_fields if name != "planned"]
    return [
        {name: getattr(row, name) for name in names}
        | {"planned": planned[row.pk].state if row.pk in planned else ""}
        for row in rows
    ]
