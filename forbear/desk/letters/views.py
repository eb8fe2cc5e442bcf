"""Pages of letters: what may be written now about a borrower's loans, a look at it first, the archive."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from forbear.basics.errors import ForbearError
from forbear.desk.audit.log import record
from forbear.desk.letters import archived
from forbear.desk.letters.facts import asked_of_people, is_day, known_kind, why_not
from forbear.desk.letters.gating import closed_by, verdicts_of
from forbear.desk.letters.models import Letter
from forbear.desk.letters.writing import LANGUAGES, Wanted, ask_for, draft, today_of
from forbear.desk.pages.borrower import page_of, reasons
from forbear.desk.pages.trying import tried
from forbear.desk.people.rights import allowed, requires
from forbear.desk.privacy.masking import mask
from forbear.desk.privacy.showing import told_of_reveal
from forbear.desk.record.models import Loan
from forbear.desk.record.visible import visible_borrowers, visible_loans
from forbear.recovery.letters import kinds
from forbear.recovery.letters.kinds import Kind, fields
from forbear.recovery.letters.writing import said_lines

ROWS = 100


@never_cache
@require_safe
@requires("letters.see")
def all_of_them(request: HttpRequest) -> HttpResponse:
    """The latest letters of all borrowers whom the user may see."""
    rows = list(
        Letter.objects.filter(borrower__in=visible_borrowers(request.user))
        .defer("pdf")
        .select_related("by", "approved_by", "told", "borrower")
        .order_by("-written_at")[:ROWS]
    )
    return render(request, "letters/list.html", {"rows": _told(rows)})


@never_cache
@require_safe
@requires("letters.see")
def of(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """The letters of one borrower, and what may be written now."""
    who = page_of(request, borrower_id)
    loans = list(visible_loans(request.user).filter(borrower=who).order_by("-disbursed_on", "loan_id"))
    chosen = next((one for one in loans if one.pk == request.GET.get("loan")), loans[0] if loans else None)
    rows = list(
        Letter.objects.filter(borrower=who)
        .defer("pdf")
        .select_related("by", "approved_by", "told", "borrower")
        .order_by("-written_at")[:ROWS]
    )
    told = {
        "who": who,
        "loans": loans,
        "loan": chosen,
        "rows": _told(rows),
        "kinds": [_kind(one, chosen, timezone.now()) for one in kinds().values()] if chosen else [],
        "languages": _languages(who.language or ""),
        "may_write": allowed(request.user, "letters.write"),
        "may_send": allowed(request.user, "letters.send"),
        "signing": bool(settings.SIGNING["key"]),
    }
    return render(request, "letters/of.html", told)


@never_cache
@require_POST
@requires("letters.write")
def preview(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """How a letter would read, who it is to masked; nothing is kept."""
    who = page_of(request, borrower_id)
    wanted = _wanted(request)
    if wanted is None or not Loan.objects.filter(pk=wanted.loan_id, borrower=who).exists():
        raise Http404
    try:
        drafted = draft(wanted, timezone.now())
        title, lines = said_lines(drafted.facts, mask("name", drafted.facts.values["borrower_name"]))
    except ForbearError as wrong:
        messages.error(request, f"{wrong.message} {wrong.hint or ''}".strip())
        return redirect("letters:of", borrower_id=who.pk)
    told = {
        "who": who,
        "title": title,
        "lines": lines,
        "wanted": wanted,
        "kind": _title(drafted.kind),
        "against": [one for verdict in drafted.against for one in reasons(verdict)],
        "two": bool(drafted.kind.approval),
    }
    return render(request, "letters/preview.html", told)


@require_POST
@requires("letters.write")
def write(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """Write a letter, or propose it where another must approve."""
    who = page_of(request, borrower_id)
    wanted = _wanted(request)
    if wanted is None or not Loan.objects.filter(pk=wanted.loan_id, borrower=who).exists():
        raise Http404

    def do() -> None:
        made = ask_for(request.user, wanted, timezone.now())
        if isinstance(made, Letter):
            messages.success(request, _("Written, signed and archived: %(name)s.") % {"name": made.reference})
        else:
            messages.success(request, _("Proposed. Another person approves it."))

    tried(request, do)
    return redirect("letters:of", borrower_id=who.pk)


@never_cache
@require_POST
@requires("letters.see")
def download(request: HttpRequest, letter_id: str) -> HttpResponse:
    """The PDF; it shows who she is, so each download is a reveal, with its reason, in the log."""
    letter = _of(request, letter_id)
    if not allowed(request.user, "borrower.reveal"):
        raise PermissionDenied("borrower.reveal")
    subject = f"borrower:{letter.borrower_id}"
    facts = {"field": "letter", "letter": letter.pk, "reason": "letter"}
    try:
        told_of_reveal(request.user, subject, facts, timezone.now())
        raw = letter.document()
    except ForbearError as no:
        messages.error(request, f"{no.message} {no.hint or ''}".strip())
        return redirect("letters:of", borrower_id=letter.borrower_id)
    record(request.user, "letter.downloaded", subject, letter=letter.pk, sha256=letter.sha256)
    answer = HttpResponse(raw, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{letter.reference}.pdf"'
    return answer


@require_POST
@requires("letters.send")
def send(request: HttpRequest, letter_id: str) -> HttpResponse:
    """Plan a letter on the letter channel; the gate is asked when it leaves."""
    letter = _of(request, letter_id)
    if tried(request, lambda: archived.send(request.user, letter, timezone.now())):
        messages.success(request, _("Planned: it leaves when the gate allows it."))
    return redirect("letters:of", borrower_id=letter.borrower_id)


def _of(request: HttpRequest, letter_id: str) -> Letter:
    letter = Letter.objects.filter(pk=letter_id).first()
    if letter is None:
        raise Http404
    page_of(request, letter.borrower_id)
    return letter


def _wanted(request: HttpRequest) -> Wanted | None:
    given = request.POST
    name = given.get("kind", "")
    if name not in kinds() or given.get("language") not in LANGUAGES:
        return None
    asked = asked_of_people(known_kind(name))
    words = [f"{fact}={given.get(fact, '').strip()[:500]}" for fact in asked if given.get(fact, "").strip()]
    return Wanted(kind=name, loan_id=given.get("loan", "")[:200], language=given["language"], words=words)


def _kind(made: Kind, loan: Loan, at: datetime) -> dict[str, Any]:
    """A kind as the page shows it: what the gate says now, and what the writer fills in."""
    verdicts = verdicts_of(made, loan, at)
    against = closed_by(made, verdicts)
    lacks = why_not(made, loan, today_of(loan, at))
    waits = next((verdict.until for verdict in verdicts.values() if not verdict.allowed and verdict.until), None)
    return {
        "kind": made,
        "title": _title(made),
        "lacks": lacks,
        "against": [one for verdict in against for one in reasons(verdict)],
        "until": waits if not against else max((one.until for one in against if one.until), default=None),
        "asks": [
            (name, fields()[name].words[_language()], is_day(name), _default(name))
            for name in asked_of_people(made)
        ],
    }


def _default(name: str) -> str:
    return (
        str(settings.LENDER.get(name, ""))
        if name in ("pay_to", "law_firm", "law_firm_address", "mediation")
        else ""
    )


def _told(rows: list[Letter]) -> list[dict[str, Any]]:
    planned = archived.planned_of(rows)
    return [{"row": one, "title": _title(kinds()[one.kind]), "planned": planned.get(one.pk)} for one in rows]


def _title(made: Kind) -> str:
    return made.title[_language()]


def _languages(hers: str) -> list[tuple[str, str, bool]]:
    english = hers.startswith("en")
    return [("zh-CN", "中文", not english), ("en", "English", english)]


def _language() -> str:
    return "zh" if (get_language() or "").startswith("zh") else "en"
