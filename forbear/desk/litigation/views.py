"""Pages of suits: the board of next dates, one suit with its claim, clock, costs and stages, the evidence bundle."""

from __future__ import annotations

import io
import tempfile
import zipfile
from datetime import datetime
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from forbear.basics.errors import ForbearError, WrongUse
from forbear.desk.audit.log import record
from forbear.desk.litigation import evidence, filing
from forbear.desk.litigation.claims import claim_now, judged, money_of
from forbear.desk.litigation.clocks import clock_of
from forbear.desk.litigation.models import Suit
from forbear.desk.litigation.stages import Stage, may_follow, stages
from forbear.desk.litigation.weighing import weighed
from forbear.desk.pages.borrower import page_of
from forbear.desk.pages.trying import amount_of, day_of, tried
from forbear.desk.people.models import Approval
from forbear.desk.people.rights import allowed, requires
from forbear.desk.privacy.showing import told_of_reveal
from forbear.desk.record.models import Loan
from forbear.desk.record.visible import visible_loans
from forbear.desk.record.zones import zone_of
from forbear.loans import as_rate
from forbear.recovery.litigation.fees import court_fee

ROWS = 200
CODES = ("procedure", "average_wage")


@never_cache
@require_safe
@requires("litigation.see")
def board(request: HttpRequest) -> HttpResponse:
    """Open suits, the next to be looked at first."""
    beside = [one.name for one in stages().values() if one.beside]
    closing = [one.name for one in stages().values() if one.closes]
    with connection.cursor() as cursor:
        cursor.execute(_board_query(), {"beside": beside, "closing": closing, "most": ROWS})
        rows = [
            {
                "suit": s,
                "borrower": b,
                "loan": n,
                "title": _title(stage),
                "on": on,
                "next_on": next_on,
                "why": _why(stage),
            }
            for s, b, n, stage, on, next_on in cursor.fetchall()
        ]
    return render(request, "litigation/board.html", {"rows": rows, "today": timezone.now().date()})


@never_cache
@require_safe
@requires("litigation.see")
def of(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """The suits of one borrower, and her loans on which one may be opened."""
    who = page_of(request, borrower_id)
    suits = list(Suit.objects.filter(borrower=who).select_related("loan").order_by("-opened_at"))
    told = {
        "who": who,
        "suits": [{"suit": one, "title": _title(filing.now_of(one).stage)} for one in suits],
        "loans": visible_loans(request.user).filter(borrower=who).order_by("loan_id"),
        "may_work": allowed(request.user, "litigation.work"),
    }
    return render(request, "litigation/of.html", told)


@require_POST
@requires("litigation.work")
def open_one(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """Open the file of a claim."""
    who = page_of(request, borrower_id)
    loan = Loan.objects.filter(pk=request.POST.get("loan", ""), borrower=who).first()
    if loan is None:
        raise Http404
    opened: list[Suit] = []
    if tried(request, lambda: opened.append(filing.open_suit(request.user, loan, timezone.now()))):
        return redirect("litigation:suit", suit_id=opened[0].pk)
    return redirect("litigation:of", borrower_id=who.pk)


@never_cache
@require_safe
@requires("litigation.see")
def suit(request: HttpRequest, suit_id: str) -> HttpResponse:
    """One suit: its claim to the cent, its clock, what it has cost, its stages, what may come next."""
    row = _of(request, suit_id)
    now = timezone.now()
    today = now.astimezone(zone_of(row.borrower_id)).date()
    last = filing.now_of(row)
    told: dict[str, Any] = {
        "suit": row,
        "last": last,
        "title": _title(last.stage),
        "why": _why(last.stage),
        "events": [(one, _title(one.stage), one.told()) for one in row.history()],
        "following": [_form(one) for one in may_follow(last.stage)],
        "may_work": allowed(request.user, "litigation.work"),
        "money": money_of(row),
        "currency": row.loan.currency,
        "clock": (clock := clock_of(row.loan, now).clock),
        "steps": [(one, one.what[_language()], one.why[_language()]) for one in clock.steps],
        "enforceable_until": filing.enforceable_until(row),
        "procedures": filing.PROCEDURES,
        "today": today,
        "waiting": Approval.objects.filter(kind=filing.KIND, subject=f"suit:{row.pk}", state="proposed").first(),
        "lpr": request.GET.get("lpr", ""),
    }
    told["papers"] = filing.PAPERS
    try:
        rate = as_rate(told["lpr"], "lpr") if told["lpr"] else None
        claim = claim_now(row.loan, today, Fraction(rate) if rate is not None else None)
        told |= {"claim": claim, "fees": [(name, court_fee(claim.total, name)) for name in filing.PROCEDURES]}
        told["judged"] = judged(row, today, now)
        if "surplus" in request.GET:
            means = filing.means_of(_sums(request.GET, row.loan.currency), request.GET.getlist("declared"))
            told |= {"weighed": weighed(row, claim.total, means, now), "asked": request.GET}
    except ForbearError as no:
        told["no_claim"] = f"{no.message} {no.hint or ''}".strip()
    return render(request, "litigation/suit.html", told)


@require_POST
@requires("litigation.work")
def stage(request: HttpRequest, suit_id: str) -> HttpResponse:
    """Write the next stage down, or propose it where another must approve."""
    row = _of(request, suit_id)

    def do() -> None:
        wanted = stages().get(request.POST.get("stage", ""))
        if wanted is None:
            raise WrongUse(_("there is no such stage"))
        if wanted.two:
            filing.propose_stage(request.user, _proposed(request, row, wanted), timezone.now())
            messages.success(request, _("Proposed. Another person approves it."))
        else:
            filing.note(request.user, row, _noted(request, row, wanted), timezone.now())
            messages.success(request, _("Written down."))

    tried(request, do)
    return redirect("litigation:suit", suit_id=row.pk)


@never_cache
@require_POST
@requires("litigation.work")
def bundle(request: HttpRequest, suit_id: str) -> HttpResponse:
    """The evidence bundle as a ZIP: what the desk has, and the files that come with the form, which are not kept."""
    row = _of(request, suit_id)
    if not allowed(request.user, "borrower.reveal"):
        raise PermissionDenied("borrower.reveal")
    now = timezone.now()
    given = [(one.name, one.read()) for one in request.FILES.getlist("files")]
    subject = f"borrower:{row.borrower_id}"
    try:
        told_of_reveal(request.user, subject, {"field": "evidence", "suit": row.pk, "reason": "letter"}, now)
        raw, made = _zipped(row, given, now)
    except ForbearError as no:
        messages.error(request, f"{no.message} {no.hint or ''}".strip())
        return redirect("litigation:suit", suit_id=row.pk)
    record(request.user, "suit.bundled", subject, suit=row.pk, sha256=made)
    answer = HttpResponse(raw, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="evidence-{row.pk[:8]}.zip"'
    return answer


def _zipped(row: Suit, given: list[tuple[str, bytes]], at: datetime) -> tuple[bytes, str]:
    with tempfile.TemporaryDirectory(prefix="fb-evidence-") as folder:
        made = evidence.bundle_of(row, given, Path(folder), at, _language())
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for one in sorted(made.folder.iterdir()):
                packed.write(one, one.name)
        return out.getvalue(), made.sha256


def _of(request: HttpRequest, suit_id: str) -> Suit:
    row = Suit.objects.filter(pk=suit_id).select_related("loan", "borrower").first()
    if row is None:
        raise Http404
    page_of(request, row.borrower_id)
    return row


def _form(one: Stage) -> dict[str, Any]:
    needs = [(name, name in filing.DAYS) for name in one.needs if name not in CODES]
    return {"stage": one, "title": one.title[_language()], "needs": needs, "files": one.name == "filed"}


def _noted(request: HttpRequest, row: Suit, wanted: Stage) -> filing.Note:
    given, currency = request.POST, row.loan.currency
    return filing.Note(
        wanted.name,
        day_of(given.get("on", "")),
        {name: given.get(name, "").strip() for name in wanted.needs},
        {name: amount_of(given.get(name, ""), currency) for name in wanted.amounts},
        day_of(given["next_on"]) if given.get("next_on") else None,
    )


def _proposed(request: HttpRequest, row: Suit, wanted: Stage) -> filing.Wanted:
    given, currency = request.POST, row.loan.currency
    words = {name: given.get(name, "").strip()[:200] for name in (*wanted.needs, "procedure")}
    words |= _sums(given, currency)
    known = {one for names in filing.SAID.values() for one in names} | {*filing.ALWAYS, *filing.PAPERS}
    claimed = amount_of(given.get("claimed") or "0", currency)
    procedure = given.get("procedure", "")
    fee = court_fee(claimed, procedure) if wanted.name == "filed" and procedure in filing.PROCEDURES else 0
    return filing.Wanted(
        suit_id=row.pk,
        stage=wanted.name,
        on=day_of(given.get("on", "")),
        words=[f"{name}={value}" for name, value in words.items() if value],
        declared=[name for name in given.getlist("declared") if name in known],
        claimed=claimed,
        court_fee=fee,
    )


def _sums(given: Any, currency: str) -> dict[str, str]:
    """What is said of her means and of wages, as amounts in minor units."""
    asked = ("average_wage", "surplus", "assets")
    return {name: str(amount_of(given[name], currency)) for name in asked if given.get(name, "").strip()}


def _title(name: str) -> str:
    return stages()[name].title[_language()]


def _why(name: str) -> str:
    return stages()[name].why.get(_language(), "")


def _language() -> str:
    return "zh" if (get_language() or "").startswith("zh") else "en"


def _board_query() -> str:
    return files(__package__).joinpath("board.sql").read_text("utf-8")
