"""Files that prove a dispute, an income or a hardship: taken in memory, sealed under her key, handed out alone.

A file is never written to a disk as it came, never opened by the desk, never shown in a page: staff download it as an
attachment of no type, once it is asked for and logged. What it is, its first bytes say, not its name.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from forbear.basics.errors import WrongUse
from forbear.desk.audit.log import record
from forbear.desk.plans.models import Plan
from forbear.desk.portal.checking import ACTOR
from forbear.desk.portal.models import Asked, Evidence
from forbear.desk.record.models import Complaint

MOST_BYTES = 5 * 2**20
"""Of one file; a photograph of a page taken by a phone is smaller."""
MOST_FILES = 5
MOST_A_DAY = 4 * MOST_FILES * MOST_BYTES
COUNTS_FOR = timedelta(days=90)
"""How long what was handed in with a hardship is shown to those who decide on a plan; an older payslip says little."""
SUFFIXES = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/heic": "heic"}
HEIC_BRANDS = (b"heic", b"heix", b"mif1", b"msf1")
SCRIPTED = (b"/JavaScript", b"/Launch", b"/EmbeddedFile")
"""What a PDF that only shows something has no need of."""


@dataclass(frozen=True)
class Upload:
    """A file as it came: its name and its bytes."""

    name: str
    data: bytes


class InMemory(FileUploadHandler):
    """Takes each file into memory, up to `MOST_BYTES` and a few files; one that is larger is dropped and noted."""

    chunk_size = 64 * 2**10

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file; too many are dropped."""
        super().new_file(*args, **kwargs)
        assert self.request is not None
        self.count = getattr(self, "count", 0) + 1
        self.held = BytesIO()
        if self.count > MOST_FILES:
            self.request.dropped = _("too many files")
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Hold a part of it."""
        assert self.request is not None
        if start + len(raw_data) > MOST_BYTES:
            self.request.dropped = _("a file is too large")
            raise SkipFile
        self.held.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """The file."""
        self.held.seek(0)
        return InMemoryUploadedFile(
            self.held, self.field_name, self.file_name, self.content_type, file_size, self.charset
        )


def takes_files(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view's form may carry files, which are taken into memory alone: said before anything reads the form."""
    guarded = csrf_protect(view)

    @wraps(view)
    def taken(request: Any, *args: Any, **given: Any) -> HttpResponse:
        request.upload_handlers = [InMemory(request)]
        return guarded(request, *args, **given)

    return csrf_exempt(taken)


def limits() -> dict[str, int]:
    """How many files, and of how many MB each, as forms say it."""
    return {"files": MOST_FILES, "size": MOST_BYTES // 2**20}


def uploads_of(request: HttpRequest, field: str = "files") -> list[Upload]:
    """The files of a form; empty ones, as browsers send for none, are left out.

    Raises:
        WrongUse: one was too large, or there were too many.
    """
    files = request.FILES.getlist(field)
    if dropped := getattr(request, "dropped", ""):
        raise WrongUse(str(dropped), _("at most %(files)s files of %(size)s MB each") % limits())
    return [Upload(one.name or "", one.read()) for one in files if one.size]


def media_of(data: bytes) -> str | None:
    """What a file is by its first bytes: PDF, JPEG, PNG or HEIC; None: anything else, or a PDF that does things."""
    if data.startswith(b"%PDF-"):
        return None if any(word in data for word in SCRIPTED) else "application/pdf"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
        return "image/heic"
    return None


def keep(proves: Complaint | Plan | Asked, upload: Upload, at: datetime) -> Evidence:
    """Seal a file into the record of what it proves, in the caller's transaction.

    Raises:
        WrongUse: it is empty, too large, of no kind that is taken, or too much came today.
    """
    media = media_of(upload.data)
    if media is None or len(upload.data) > MOST_BYTES:
        raise WrongUse(
            _("%(name)s cannot be taken") % {"name": upload.name[:60]},
            _("a photograph (JPEG, PNG, HEIC) or a PDF without scripts, of at most %(size)s MB")
            % {"size": MOST_BYTES // 2**20},
        )
    today = Evidence.objects.filter(borrower_id=proves.borrower_id, at__gt=at - timedelta(days=1))
    if (today.aggregate(sum=Sum("size"))["sum"] or 0) + len(upload.data) > MOST_A_DAY:
        raise WrongUse(_("you have sent many files today"), _("call us, or come back tomorrow"))
    made = Evidence.objects.create(
        borrower_id=proves.borrower_id,
        **{_place(proves): proves},
        at=at,
        name=" ".join(upload.name.split())[:200] or "file",
        media=media,
        size=len(upload.data),
        sha256=hashlib.sha256(upload.data).hexdigest(),
        data=b64encode(upload.data).decode(),
    )
    record(ACTOR, "portal.evidence", f"borrower:{proves.borrower_id}", evidence=made.pk, sha256=made.sha256)
    return made


def opened(row: Evidence, user: Any) -> bytes:
    """The bytes of a file, for a member of staff who asked for it; logged."""
    of_what = {"complaint": row.complaint_id, "plan": row.plan_id, "asked": row.asked_id}
    told = {name: value for name, value in of_what.items() if value is not None}
    record(user, "evidence.seen", f"borrower:{row.borrower_id}", evidence=row.pk, **told)
    return b64decode(str(row.data))


def of(complaint_ids: Sequence[str]) -> dict[str, list[Evidence]]:
    """The files of complaints, by complaint, without their bytes."""
    found: dict[str, list[Evidence]] = {}
    for row in Evidence.objects.filter(complaint_id__in=list(complaint_ids)).defer("data").order_by("evidence_id"):
        found.setdefault(str(row.complaint_id), []).append(row)
    return found


def proof_of(plan: Plan) -> list[Evidence]:
    """What she handed in for a plan, and with what she told of hardship within its time; without their bytes."""
    since = plan.asked_at - COUNTS_FOR
    until = plan.granted_at or plan.ended_at
    rows = Evidence.objects.filter(
        Q(plan=plan) | Q(asked__isnull=False, at__gt=since), borrower_id=plan.borrower_id
    )
    rows = rows if until is None else rows.filter(Q(plan=plan) | Q(at__lte=until))
    return list(rows.defer("data").order_by("evidence_id"))


def proof_with(asked: Asked) -> list[Evidence]:
    """What she handed in with something that she told, without its bytes."""
    return list(Evidence.objects.filter(asked=asked).defer("data").order_by("evidence_id"))


def keep_all(proves: Complaint | Plan | Asked, uploads: Iterable[Upload], at: datetime) -> list[Evidence]:
    """`keep` for each; all or none, in the caller's transaction."""
    return [keep(proves, upload, at) for upload in uploads]


def _place(proves: Complaint | Plan | Asked) -> str:
    """The column that names what a file proves."""
    return {Complaint: "complaint", Plan: "plan", Asked: "asked"}[type(proves)]
