"""The worklist: open cases, the most urgent first; filtered, sorted, claimed; the next one with one key."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from forbear.desk.nights.models import Step
from forbear.desk.nights.steps import step_titles
from forbear.desk.people.rights import allowed, requires
from forbear.desk.record import work
from forbear.desk.record.lists import page
from forbear.desk.record.models import Case
from forbear.desk.record.visible import visible_cases

ROWS = 50
SORTS = {
    "priority": gettext_lazy("Most urgent"),
    "dpd": gettext_lazy("Latest"),
    "arrears": gettext_lazy("Most in arrears"),
    "outstanding": gettext_lazy("Most outstanding"),
}
BUCKETS = ("M1", "M2", "M3", "M4", "M5", "M6", "M7+")


@require_safe
@requires("worklist.see")
def worklist(request: HttpRequest) -> HttpResponse:
    """A page of the user's cases; by htmx only the rows that follow."""
    asked = _asked(request)
    found = page(_filtered(request, asked), asked["sort"], request.GET.get("after", ""), ROWS)
    told = {
        "cases": found.rows,
        "after": found.after,
        "asked": asked,
        "sorts": SORTS,
        "buckets": BUCKETS,
        "steps": step_titles(),
        "now": timezone.now(),
        "may_work": allowed(request.user, "case.work"),
    }
    part = "pages/worklist_rows.html" if request.headers.get("HX-Request") and request.GET.get("after") else ""
    return render(request, part or "pages/worklist.html", told)


@require_POST
@requires("case.work")
def take_next(request: HttpRequest) -> HttpResponse:
    """Claim the most urgent free case and go to its borrower."""
    case = work.claim_next(request.user, _filtered(request, _asked(request)), timezone.now())
    if case is None:
        messages.info(request, _("No case is waiting. Those put off come back on their day."))
        return redirect("pages:worklist")
    return redirect("pages:borrower", borrower_id=case.borrower_id)


@require_POST
@requires("case.work")
def take(request: HttpRequest, case_id: str) -> HttpResponse:
    """Claim one case and go to its borrower; somebody else's stays hers."""
    cases = visible_cases(request.user)
    case = cases.filter(case_id=case_id).first()
    if case is None or not work.claim(request.user, case_id, cases, timezone.now()):
        messages.error(request, _("This case is already someone else's, or closed."))
        return redirect("pages:worklist")
    return redirect("pages:borrower", borrower_id=case.borrower_id)


def _asked(request: HttpRequest) -> dict[str, str]:
    """What the address asks for; what it may not is left out."""
    sort = request.GET.get("sort", "")
    bucket = request.GET.get("bucket", "")
    return {
        "sort": sort if sort in SORTS else "priority",
        "bucket": bucket if bucket in BUCKETS else "",
        "queue": request.GET.get("queue", "")[:100],
        "step": request.GET.get("step", "") if request.GET.get("step", "") in step_titles() else "",
        "held": "mine"
        if request.GET.get("held") == "mine"
        else "free"
        if request.GET.get("held") == "free"
        else "",
    }


def _filtered(request: HttpRequest, asked: dict[str, str]) -> QuerySet[Case]:
    cases: Any = visible_cases(request.user).select_related("claimed_by")
    if asked["bucket"]:
        cases = cases.filter(bucket=asked["bucket"])
    if asked["queue"]:
        cases = cases.filter(queue=asked["queue"])
    if asked["step"]:
        of_night = Step.objects.filter(action=asked["step"], as_of=OuterRef("figures_as_of"))
        cases = cases.filter(Exists(of_night.filter(borrower_id=OuterRef("borrower_id"))))
    if asked["held"] == "mine":
        cases = cases.filter(claimed_by=request.user, claimed_until__gt=timezone.now())
    elif asked["held"] == "free":
        cases = cases.filter(work.free(timezone.now()))
    return cases
