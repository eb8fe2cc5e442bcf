"""The borrower's page: who, what is owed, what happened, what the gate allows now."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from forbear.basics.errors import WrongUse
from forbear.conduct import Verdict
from forbear.desk.applications.models import Contest
from forbear.desk.applications.scores import scores_of
from forbear.desk.calls.models import Sheet
from forbear.desk.calls.talking import follow_up
from forbear.desk.calls.words import METHOD_WORDS
from forbear.desk.nights.steps import step_of
from forbear.desk.pages.owed import owed
from forbear.desk.pages.trying import day_of, tried
from forbear.desk.people.rights import allowed, requires
from forbear.desk.plans.showing import slot
from forbear.desk.privacy import masked, reveal
from forbear.desk.privacy.fields import FIELDS, REASONS
from forbear.desk.record import work
from forbear.desk.record.gate import leave_of, packs
from forbear.desk.record.models import Borrower, Contact, Promise
from forbear.desk.record.timeline import timeline
from forbear.desk.record.visible import visible_borrowers, visible_cases, visible_loans
from forbear.desk.record.vouching import only_vouching_lacks
from forbear.desk.replies.models import Task

SAME_TALK = timedelta(hours=12)
"""What follows a call is proposed within this time after it."""


@require_safe
@requires("borrower.see")
def borrower(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """Everything about one borrower on one page."""
    return _page(request, page_of(request, borrower_id))


@never_cache
@require_POST
@requires("borrower.reveal")
def show_value(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """One personal value in the clear, with a reason that is logged; on this answer only."""
    who = page_of(request, borrower_id)
    field, _colon, position = request.POST.get("value", "").partition(":")
    seen: dict[str, Any] = {}

    def look() -> None:
        number = int(position) if position.isdecimal() else 0
        seen["seen"] = reveal(request.user, who, field, request.POST.get("reason", ""), position=number)
        seen["seen_title"] = FIELDS[field].title

    tried(request, look)
    return _page(request, who, seen)


def _page(request: HttpRequest, who: Borrower, more: dict[str, Any] | None = None) -> HttpResponse:
    now = timezone.now()
    case = visible_cases(request.user).filter(borrower=who).select_related("claimed_by").first()
    open_call = Contact.objects.filter(borrower=who, by=request.user, channel="call", result__isnull=True).first()
    shut = open_call is not None and not Sheet.objects.filter(pk=open_call.pk, verified_at__isnull=False).exists()
    told = {
        "who": who,
        "shut": shut,
        "methods": METHOD_WORDS,
        "promises": Promise.objects.filter(borrower=who, state="open").order_by("due_on"),
        "tasks": Task.objects.filter(borrower=who, done_at=None).order_by("due_on"),
        "proposed_on": _proposed(request, who, now),
        "personal": masked(who),
        "reasons": REASONS,
        "may_reveal": allowed(request.user, "borrower.reveal"),
        **(more or {}),
        "case": case,
        "step": step_of(who.pk, case.figures_as_of, get_language() or "") if case else None,
        "mine": bool(case and case.claimed_by_id == request.user.pk and case.claimed_until > now),
        "loans": owed(
            visible_loans(request.user).filter(borrower=who).order_by("-disbursed_on", "loan_id"), now.date()
        )
        if not shut
        else [],
        "leaves": [
            (leave, reasons(leave.verdict), only_vouching_lacks(leave.verdict)) for leave in leave_of(who.pk, now)
        ],
        "open_call": open_call,
        "timeline": timeline(who.pk),
        "may_work": allowed(request.user, "case.work"),
        "may_act": allowed(request.user, "money.waive"),
        "may_letters": allowed(request.user, "letters.see"),
        "may_suits": allowed(request.user, "litigation.see"),
        "currency": case.currency if case else "CNY",
        **_said(request, who),
        **slot(request.user, who),
        "today": now.date(),
    }
    return render(request, "pages/borrower.html", told)


def _said(request: HttpRequest, who: Borrower) -> dict[str, Any]:
    """What the last night said of her loans, and what of it she contests; for whoever works with applications too."""
    if not allowed(request.user, "applications.see"):
        return {}
    loans = visible_loans(request.user).filter(borrower=who).values_list("pk", flat=True)
    contests = Contest.objects.filter(borrower=who, application__isnull=True)
    return {
        "scores": scores_of(loans),
        "contests": contests.select_related("taken_by", "answered_by").order_by("-contest_id"),
        "may": {name: allowed(request.user, f"applications.{name}") for name in ("contest", "decide")},
    }


@require_POST
@requires("case.work")
def note(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """Write a note."""
    who = page_of(request, borrower_id)
    tried(request, lambda: work.note(request.user, who.pk, request.POST.get("text", ""), timezone.now()))
    return redirect("pages:borrower", borrower_id=who.pk)


@require_POST
@requires("case.work")
def release(request: HttpRequest, case_id: str) -> HttpResponse:
    """Let a case go, perhaps until a day, and go back to the list."""
    day = request.POST.get("next_action_on", "")

    def let_go() -> None:
        if not work.release(request.user, case_id, day_of(day) if day else None):
            raise WrongUse(_("this case is not yours"))

    tried(request, let_go)
    return redirect("pages:worklist")


def reasons(verdict: Verdict) -> list[str]:
    """Why the gate does not allow an act now: each rule by its title and number, in the reader's language."""
    known = titles()
    return [f"{known.get(a.rule_id, a.rule_id)} ({a.rule_id})" for a in verdict.against]


def titles() -> dict[str, str]:
    """Each rule's title in the reader's language."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return {rule.id: getattr(rule.title, language) for _pack, rule in packs().rules}


def page_of(request: HttpRequest, borrower_id: str) -> Borrower:
    """The borrower, if the user may see them; else there is no such page."""
    who = visible_borrowers(request.user).filter(borrower_id=borrower_id).first()
    if who is None:
        raise Http404
    return who


def _proposed(request: HttpRequest, who: Borrower, now: datetime) -> date | None:
    """The day on which to come back, by how the user's call of today went."""
    ended = Contact.objects.filter(borrower=who, by=request.user, channel="call", result__isnull=False)
    last = ended.filter(at__gt=now - SAME_TALK).order_by("-at").first()
    if last is None or last.result not in work.OUTCOMES:
        return None
    if last.result == "promise":  # the day after the last that was promised
        days = Promise.objects.filter(borrower=who, state="open").values_list("due_on", flat=True)
        return max(days) + timedelta(days=1) if days else None
    return follow_up(last.result, now.date())[1]
