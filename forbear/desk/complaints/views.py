"""Pages of complaints: all that are open by their clocks, those of one borrower, taking and answering one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from forbear.desk.complaints import taking
from forbear.desk.pages.borrower import page_of
from forbear.desk.pages.trying import tried
from forbear.desk.people.rights import allowed, requires
from forbear.desk.portal import evidence
from forbear.desk.portal.models import Evidence
from forbear.desk.record.models import Complaint, Contact

ROWS = 100
KIND_WORDS = {"complaint": gettext_lazy("Complaint"), "dispute": gettext_lazy("Dispute")}
OUTCOME_WORDS = {
    "upheld": gettext_lazy("upheld"),
    "partly": gettext_lazy("partly upheld"),
    "not_upheld": gettext_lazy("not upheld"),
}


@never_cache
@require_safe
@requires("complaints.see")
def all_of_them(request: HttpRequest) -> HttpResponse:
    """Open complaints, the next to be answered first, then the latest that were answered."""
    open_ones = Complaint.objects.filter(answered_at=None).select_related("about", "borrower")
    answered = Complaint.objects.filter(answered_at__isnull=False).select_related("about", "borrower")
    told = {
        "open": _all_told(open_ones.order_by("answer_due_on", "complaint_id")[:ROWS]),
        "answered": _all_told(answered.order_by("-answered_at")[:ROWS]),
        "outcomes": OUTCOME_WORDS,
        "may_answer": allowed(request.user, "complaints.answer"),
        "today": timezone.now().date(),
    }
    return render(request, "complaints/list.html", told)


@never_cache
@require_safe
@requires("complaints.take")
def of(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """The complaints of one borrower, and the form to take one."""
    who = page_of(request, borrower_id)
    rows = Complaint.objects.filter(borrower=who).select_related("about", "borrower").order_by("-received_at")
    contacts = Contact.objects.filter(borrower=who, direction="out").select_related("by").order_by("-at")
    told = {
        "who": who,
        "rows": _all_told(rows[:ROWS]),
        "contacts": contacts[:20],
        "kinds": KIND_WORDS,
        "channels": taking.CHANNELS,
        "clock": taking.clock_of("complaint"),
    }
    return render(request, "complaints/of.html", told)


@require_POST
@requires("complaints.take")
def take(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """Take a complaint; contact is paused from now on."""
    who = page_of(request, borrower_id)
    given = request.POST

    def write() -> None:
        made = taking.take(
            request.user,
            who.pk,
            given.get("text", ""),
            timezone.now(),
            channel=given.get("channel", ""),
            kind=given.get("kind", ""),
            contact_id=given.get("contact") or None,
        )
        messages.success(
            request,
            _("Taken. Contact is paused; the answer is due on %(day)s (%(law)s).")
            % {"day": made.answer_due_on, "law": taking.clocks()[made.clock].citation},
        )

    tried(request, write)
    return redirect("complaints:of", borrower_id=who.pk)


@require_POST
@requires("complaints.answer")
def answer(request: HttpRequest, complaint_id: str) -> HttpResponse:
    """Answer a complaint."""
    row = Complaint.objects.filter(pk=complaint_id).first()
    if row is None:
        raise Http404
    page_of(request, row.borrower_id)
    outcome, text = request.POST.get("outcome", ""), request.POST.get("text", "")
    if tried(request, lambda: taking.answer(request.user, complaint_id, outcome, text, timezone.now())):
        messages.success(request, _("The answer is recorded."))
    return redirect("complaints:list")


def _all_told(rows: Iterable[Complaint]) -> list[dict[str, object]]:
    held = list(rows)
    files = evidence.of([row.pk for row in held])
    return [_told(row, files.get(row.pk, [])) for row in held]


def _told(row: Complaint, files: Sequence[Evidence]) -> dict[str, object]:
    return {
        "row": row,
        "files": files,
        "kind": KIND_WORDS.get(row.kind, row.kind),
        "clock": taking.clocks().get(row.clock),
        "outcome": OUTCOME_WORDS.get(row.outcome, row.outcome),
    }
