"""Pages of placements: agencies side by side for the lender; for an agency its own, and nothing of another's."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from forbear.basics.errors import WrongUse
from forbear.desk.pages.trying import day_of, tried
from forbear.desk.people import approvals
from forbear.desk.people.models import Agency
from forbear.desk.people.rights import allowed, requires
from forbear.desk.people.roles import Role
from forbear.desk.placements import agreeing, placing, results, returning
from forbear.desk.placements.models import OPEN, Batch, Breach, Placement, Terms
from forbear.recovery.placement import schedules, settings

ROWS = 200
MOST_BYTES = 10_000_000


@never_cache
@require_safe
@requires("placements.see")
def home(request: HttpRequest) -> HttpResponse:
    """Agencies side by side; an agency is sent to its own page."""
    if request.user.role == Role.AGENCY:
        return redirect("placements:agency", agency_id=request.user.agency_id)
    today = timezone.now().date()
    told = {
        "rows": results.side_by_side(today),
        "proven": [
            {"agency": agency, "segment": segment, "rate": rate}
            for (agency, segment), rate in sorted(results.shrunk(today).items())
        ],
        "schedules": schedules(),
        "standing": agreeing.STANDING,
        "policy": settings()["place"],
        "columns": settings()["column"],
        "may_manage": allowed(request.user, "placements.manage"),
    }
    return render(request, "placements/home.html", told)


@never_cache
@require_safe
@requires("placements.see")
def agency(request: HttpRequest, agency_id: str) -> HttpResponse:
    """One agency: its open placements, batches, breaches, results."""
    which = _agency(request, agency_id)
    today = timezone.now().date()
    open_ones = Placement.objects.filter(OPEN, agency=which).select_related("case", "borrower")
    told = {
        "agency": which,
        "terms": Terms.objects.filter(agency=which).first(),
        "beside": results.side_by_side(today, which.pk)[0],
        "placements": open_ones.order_by("-placement_id")[:ROWS],
        "batches": Batch.objects.filter(agency=which).order_by("-batch_id")[:24],
        "breaches": Breach.objects.filter(agency=which).select_related("contact").order_by("-breach_id")[:ROWS],
        "today": today,
        "is_own": request.user.role == Role.AGENCY,
        "may_manage": allowed(request.user, "placements.manage"),
        "may_report": allowed(request.user, "placements.report"),
    }
    return render(request, "placements/agency.html", told)


@never_cache
@require_safe
@requires("placements.see")
def statement(request: HttpRequest, agency_id: str) -> HttpResponse:
    """The commission statement of a month, from the ledger."""
    which = _agency(request, agency_id)
    month = _month(request.GET.get("month", ""))
    rows, came, due = results.statement_of(which.pk, month)
    told = {
        "agency": which,
        "month": month,
        "rows": rows,
        "sums": [{"currency": one, "came": came[one], "due": due[one]} for one in sorted(came)],
    }
    return render(request, "placements/statement.html", told)


@require_POST
@requires("placements.manage")
def propose(request: HttpRequest) -> HttpResponse:
    """Work out batches and propose them."""

    def act() -> None:
        made = placing.propose_batches(request.user, timezone.now())
        count = sum(len(one.payload["cases"]) for one in made)
        messages.success(
            request,
            _("%(count)s cases are proposed; another person places them under Approvals.") % {"count": count},
        )

    tried(request, act)
    return redirect("placements:home")


@require_POST
@requires("placements.manage")
def terms(request: HttpRequest) -> HttpResponse:
    """Propose terms with an agency."""
    given = request.POST

    def act() -> None:
        capacity = given.get("capacity", "")
        if not capacity.isdecimal() or not given.get("agency_id", "").strip():
            raise WrongUse(_("name the agency and how many cases it may hold"), _("an id and a whole number"))
        payload = {
            "agency_id": given["agency_id"].strip(),
            "name": given.get("name", "").strip(),
            "schedule": given.get("schedule", ""),
            "capacity": int(capacity),
            "public_key": given.get("public_key", "").strip(),
            "standing": {name: given[name] for name in agreeing.STANDING if given.get(name)},
        }
        agreeing.propose_terms(request.user, payload, timezone.now())
        messages.success(request, _("Proposed. Another person approves it under Approvals."))

    tried(request, act)
    return redirect("placements:home")


@require_POST
@requires("placements.manage")
def sweep(request: HttpRequest) -> HttpResponse:
    """Take back now what has come to its end."""

    def act() -> None:
        count = placing.sweep(timezone.now())
        messages.success(request, _("%(count)s placements were taken back.") % {"count": count})

    tried(request, act)
    return redirect("placements:home")


@never_cache
@require_safe
@requires("placements.file")
def file(request: HttpRequest, batch_id: int) -> HttpResponse:
    """The encrypted file of a batch."""
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch is None:
        raise Http404
    _agency(request, batch.agency_id)
    made: dict[str, bytes] = {}

    def act() -> None:
        made["raw"] = agreeing.file_of(batch, request.user, timezone.now())

    if not tried(request, act):
        return redirect("placements:agency", agency_id=batch.agency_id)
    answer = HttpResponse(made["raw"], content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="placements-{batch.pk}.csv.age"'
    return answer


@require_POST
@requires("placements.return")
def back(request: HttpRequest, placement_id: int) -> HttpResponse:
    """Return (an agency) or recall (the lender) one placement."""
    row = Placement.objects.filter(pk=placement_id).first()
    if row is None:
        raise Http404
    _agency(request, row.agency_id)
    if tried(request, lambda: placing.give_back(request.user, placement_id, timezone.now())):
        messages.success(request, _("The case is back with the lender."))
    return redirect("placements:agency", agency_id=row.agency_id)


@require_POST
@requires("placements.report")
def contacts(request: HttpRequest, agency_id: str) -> HttpResponse:
    """Take a file of contacts in."""
    which = _agency(request, agency_id)
    given = request.FILES.get("contacts")

    def act() -> None:
        if given is None or given.size > MOST_BYTES:
            raise WrongUse(_("choose the file of contacts"), _("CSV, 10 MB at most"))
        taken = returning.take(which.pk, given.read(), request.user, timezone.now())
        messages.success(
            request,
            _("%(new)s contacts are written down, %(known)s were known, %(breaches)s broke a rule.")
            % {"new": taken.contacts, "known": taken.known, "breaches": taken.breaches},
        )
        if taken.suspended:
            messages.error(request, _("The agency is suspended, and its cases are back with the lender."))

    tried(request, act)
    return redirect("placements:agency", agency_id=which.pk)


@require_POST
@requires("placements.suspend")
def suspend(request: HttpRequest, agency_id: str) -> HttpResponse:
    """Suspend an agency at once: one person is enough to stop."""
    which, why = _agency(request, agency_id), request.POST.get("why", "").strip()

    def act() -> None:
        if not why:
            raise WrongUse(_("say why"), _("1 to 500 characters, without personal data"))
        returning.suspend(which.pk, why, request.user, timezone.now())
        messages.success(request, _("The agency is suspended, and its cases are back with the lender."))

    tried(request, act)
    return redirect("placements:agency", agency_id=which.pk)


@require_POST
@requires("placements.manage")
def lift(request: HttpRequest, agency_id: str) -> HttpResponse:
    """Propose that a suspension be lifted."""
    which, why = _agency(request, agency_id), request.POST.get("why", "").strip()

    def act() -> None:
        if not why:
            raise WrongUse(_("say why"), _("1 to 500 characters, without personal data"))
        payload = {"agency_id": which.pk, "why": why[:500]}
        approvals.propose(request.user, agreeing.LIFT, payload, f"agency:{which.pk}", timezone.now())
        messages.success(request, _("Proposed. Another person approves it under Approvals."))

    tried(request, act)
    return redirect("placements:agency", agency_id=which.pk)


def _agency(request: HttpRequest, agency_id: str) -> Agency:
    """The agency, if the user may see it: the lender's people any, an agency's its own."""
    if request.user.role == Role.AGENCY and request.user.agency_id != agency_id:
        raise Http404
    found = Agency.objects.filter(pk=agency_id).first()
    if found is None:
        raise Http404
    return found


def _month(text: str) -> date:
    """The month asked for (YYYY-MM), else this one."""
    try:
        return day_of(f"{text}-01").replace(day=1)
    except WrongUse:
        return timezone.now().date().replace(day=1)
