"""Pages of bureau records: runs and disputes by their clocks, one run with its differences, one borrower's records."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from forbear.desk.audit.log import record
from forbear.desk.bureau import correcting, disputing, running, telling
from forbear.desk.bureau.gating import notice_rules
from forbear.desk.bureau.models import OUTCOMES, WAYS, Change, Dispute, Held, Run
from forbear.desk.bureau.words import field_word, value_word, why_word
from forbear.desk.pages.borrower import page_of
from forbear.desk.pages.trying import day_of, tried
from forbear.desk.people.rights import allowed, requires
from forbear.desk.record.models import Borrower, Loan
from forbear.desk.record.visible import visible_loans

ROWS = 100
FACTS = ("account_status", "state", "current_balance", "balance", "amount_past_due", "past_due")
"""Fields that a row of a list shows."""


@never_cache
@require_safe
@requires("bureau.see")
def home(request: HttpRequest) -> HttpResponse:
    """Disputes by their clocks, runs, what is held."""
    today = timezone.now().date()
    disputes = Dispute.objects.filter(answered_at=None).order_by("due_on", "dispute_id")[:ROWS]
    held = Held.objects.filter(deleted_at=None)
    told = {
        "disputes": [{"row": row, "left": (row.due_on - today).days} for row in disputes],
        "runs": Run.objects.select_related("made_by", "sent_by").order_by("-run_id")[:24],
        "held": held.count(),
        "expiring": held.filter(expires_on__lt=today).count(),
        "clock": telling.clock(),
        **_laws(),
        "today": today,
        "outcomes": OUTCOMES,
        "may_run": allowed(request.user, "bureau.run"),
        "may_answer": allowed(request.user, "bureau.answer"),
    }
    return render(request, "bureau/home.html", told)


@require_POST
@requires("bureau.run")
def make(request: HttpRequest) -> HttpResponse:
    """Make a run; another person sends it."""
    file = request.FILES.get("answer")

    def act() -> None:
        day = day_of(request.POST.get("as_of", ""))
        raw = file.read() if file else None
        made = running.make(request.user, day, timezone.now(), raw, file.name if file else "")
        messages.success(request, _("The run is made. Another person sends it under Approvals."))
        request.session["bureau_run"] = made.pk

    if tried(request, act):
        return redirect("bureau:run", run_id=request.session.pop("bureau_run"))
    return redirect("bureau:home")


@never_cache
@require_safe
@requires("bureau.see")
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """One run: what it tells, what it holds back and why, in which fields the bureau differs."""
    row = _run(run_id)
    field, why = request.GET.get("field"), request.GET.get("why")
    found = row.found.order_by("-field", "id")  # whole accounts come last
    back = row.items.filter(answer="held_back").order_by("id")
    told = {
        "run": row,
        "by_field": [
            {"field": one["field"], "word": field_word(one["field"]), "count": one["n"]}
            for one in row.found.values("field").annotate(n=Count("id")).order_by("-n", "field")
        ],
        "found": [_found(one) for one in (found.filter(field=field) if field is not None else found)[:ROWS]],
        "field": field,
        "by_why": _by_why(row),
        "why": why,
        "back": [{"row": one, "why": why_word(one.why)} for one in (back.filter(why=why) if why else back)[:ROWS]],
        "items": [_shown(one) for one in row.items.exclude(answer="held_back").order_by("id")[:ROWS]],
        "may_run": allowed(request.user, "bureau.run"),
        "may_file": allowed(request.user, "bureau.file") and row.state == "sent",
        "today": timezone.now().date(),
    }
    return render(request, "bureau/run.html", told)


@require_POST
@requires("bureau.run")
def drop(request: HttpRequest, run_id: int) -> HttpResponse:
    """Let a run go."""
    _run(run_id)
    if tried(request, lambda: running.drop(request.user, run_id, timezone.now())):
        messages.success(request, _("The run is dropped; nothing was sent."))
    return redirect("bureau:home")


@require_POST
@requires("bureau.run")
def noticed(request: HttpRequest, run_id: int) -> HttpResponse:
    """Write down that the borrowers of a run that were held back for one reason have been given notice."""
    row = _run(run_id)
    loans = [
        *row.items.filter(answer="held_back", why=request.POST.get("why", "")).values_list("loan_id", flat=True)
    ]

    def act() -> None:
        given = datetime.combine(day_of(request.POST.get("given_on", "")), time.min, UTC)
        count = correcting.noticed(request.user, loans, given, timezone.now())
        messages.success(
            request, _("Notices of %(count)s loans are written down; make the run again.") % {"count": count}
        )

    tried(request, act)
    return redirect("bureau:run", run_id=run_id)


@never_cache
@require_safe
@requires("bureau.file")
def run_file(request: HttpRequest, run_id: int) -> HttpResponse:
    """The file that goes to the bureau, with personal data; written down."""
    row = _run(run_id)
    if row.state != "sent":
        raise Http404
    return _file(request, f"bureau:{run_id}", lambda: running.file_of_run(row), "bureau:home")


@never_cache
@require_safe
@requires("bureau.file")
def change_file(request: HttpRequest, change_id: int) -> HttpResponse:
    """The file that tells of one change."""
    made = Change.objects.select_related("loan").filter(pk=change_id).first()
    if made is None:
        raise Http404
    return _file(request, f"loan:{made.loan_id}", lambda: correcting.file_of_change(made), "bureau:home")


@never_cache
@require_safe
@requires("bureau.see")
def of(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """What bureaus hold of one borrower, her disputes, what was changed."""
    who = page_of(request, borrower_id)
    loans = list(Loan.objects.filter(borrower=who).order_by("pk"))
    held = {row.loan_id: row for row in Held.objects.filter(borrower=who)}
    told = {
        "who": who,
        "loans": [
            {"loan": loan, "held": held.get(loan.pk), "fields": _fields(held.get(loan.pk))} for loan in loans
        ],
        "disputes": Dispute.objects.filter(borrower=who).order_by("-dispute_id")[:ROWS],
        "changes": Change.objects.filter(loan__borrower=who).select_related("approved_by").order_by("-at")[:ROWS],
        "ways": WAYS,
        "outcomes": OUTCOMES,
        "clock": telling.clock(),
        **_laws(),
        "today": timezone.now().date(),
        "may_change": allowed(request.user, "bureau.change"),
        "may_dispute": allowed(request.user, "bureau.dispute"),
        "may_answer": allowed(request.user, "bureau.answer"),
        "may_file": allowed(request.user, "bureau.file"),
    }
    return render(request, "bureau/of.html", told)


@require_POST
@requires("bureau.dispute")
def dispute(request: HttpRequest, loan_id: str) -> HttpResponse:
    """Take a dispute of a loan's record."""
    who, given = _owner(request, loan_id), request.POST

    def act() -> None:
        day = day_of(given.get("received_on", ""))
        made = disputing.take(
            request.user, loan_id, given.get("text", ""), day, given.get("came_by", ""), timezone.now()
        )
        messages.success(request, _("Taken. It is to be answered in writing by %(day)s.") % {"day": made.due_on})

    tried(request, act)
    return redirect("bureau:of", borrower_id=who.pk)


@require_POST
@requires("bureau.answer")
def answer(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Answer a dispute."""
    row = Dispute.objects.filter(pk=dispute_id).first()
    if row is None:
        raise Http404
    page_of(request, row.borrower_id)
    given = request.POST
    done = tried(
        request,
        lambda: disputing.answer(
            request.user, dispute_id, given.get("outcome", ""), given.get("text", ""), timezone.now()
        ),
    )
    if done:
        messages.success(request, _("The answer is recorded."))
    return redirect("bureau:of", borrower_id=row.borrower_id)


@require_POST
@requires("bureau.change")
def change(request: HttpRequest, loan_id: str) -> HttpResponse:
    """Propose a correction or deletion."""
    who, given = _owner(request, loan_id), request.POST
    done = tried(
        request,
        lambda: correcting.propose_change(
            request.user, loan_id, given.get("act", ""), given.get("why", ""), timezone.now()
        ),
    )
    if done:
        messages.success(request, _("Proposed. Another person approves it under Approvals."))
    return redirect("bureau:of", borrower_id=who.pk)


def _run(run_id: int) -> Run:
    row = Run.objects.select_related("made_by", "sent_by").filter(pk=run_id).first()
    if row is None:
        raise Http404
    return row


def _laws() -> dict[str, str]:
    """The laws of the clock, in the reader's language."""
    chinese = (get_language() or "").startswith("zh")
    clock = telling.clock()
    return {
        "dispute_law": clock.dispute_law_zh if chinese else clock.dispute_law,
        "expiry_law": clock.expiry_law_zh if chinese else clock.expiry_law,
    }


def _owner(request: HttpRequest, loan_id: str) -> Borrower:
    """Whose loan it is, if the user may see her."""
    loan = visible_loans(request.user).filter(pk=loan_id).first()
    if loan is None:
        raise Http404
    return page_of(request, loan.borrower_id)


def _file(request: HttpRequest, subject: str, make_it: Any, back: str) -> HttpResponse:
    made: dict[str, Any] = {}

    def act() -> None:
        made["name"], made["raw"] = make_it()
        record(request.user, "bureau.file", subject, bytes=len(made["raw"]))

    if not tried(request, act):
        return redirect(back)
    answer = HttpResponse(made["raw"], content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="{made["name"]}"'
    return answer


def _by_why(row: Run) -> list[dict[str, Any]]:
    whys = Counter(row.items.filter(answer="held_back").values_list("why", flat=True))
    notices = notice_rules()
    return [
        {"why": why, "word": why_word(why), "count": count, "notice": bool(notices & set(why.split(", ")))}
        for why, count in whys.most_common(20)
    ]


def _found(one: Any) -> dict[str, Any]:
    return {
        "row": one,
        "word": field_word(one.field),
        "held": value_word(one.field, one.held),
        "true": value_word(one.field, one.true),
    }


def _shown(one: Any) -> dict[str, Any]:
    facts = [(field_word(name), value_word(name, one.fields[name])) for name in FACTS if name in one.fields]
    return {"row": one, "facts": facts}


def _fields(held: Held | None) -> list[tuple[str, str]]:
    if held is None:
        return []
    return [(field_word(name), value_word(name, value)) for name, value in held.fields.items()]
