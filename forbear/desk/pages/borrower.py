"""The borrower's page: who, what is owed, what happened, what the gate allows now; a call from leave to outcome."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from forbear.basics.errors import WrongUse
from forbear.conduct import Refusal, Verdict
from forbear.desk.pages.owed import owed
from forbear.desk.pages.trying import amount_of, day_of, tried
from forbear.desk.people.rights import allowed, requires
from forbear.desk.privacy import masked, reveal
from forbear.desk.privacy.fields import FIELDS, REASONS
from forbear.desk.record import work
from forbear.desk.record.gate import leave_of, packs, reserve
from forbear.desk.record.models import Borrower, Case, Contact
from forbear.desk.record.timeline import timeline
from forbear.desk.record.visible import visible_borrowers, visible_cases, visible_loans
from forbear.desk.record.vouching import only_vouching_lacks

SAME_TALK = timedelta(hours=12)
"""A promise written down within this time after a call was made in it."""


@require_safe
@requires("borrower.see")
def borrower(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """Everything about one borrower on one page."""
    return _page(request, _of(request, borrower_id))


@never_cache
@require_POST
@requires("borrower.reveal")
def show_value(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """One personal value in the clear, with a reason that is logged; on this answer only."""
    who = _of(request, borrower_id)
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
    told = {
        "who": who,
        "personal": masked(who),
        "reasons": REASONS,
        "may_reveal": allowed(request.user, "borrower.reveal"),
        **(more or {}),
        "case": case,
        "mine": bool(case and case.claimed_by_id == request.user.pk and case.claimed_until > now),
        "loans": owed(
            visible_loans(request.user).filter(borrower=who).order_by("-disbursed_on", "loan_id"), now.date()
        ),
        "leaves": [
            (leave, reasons(leave.verdict), only_vouching_lacks(leave.verdict)) for leave in leave_of(who.pk, now)
        ],
        "open_call": open_call,
        "outcomes": work.OUTCOMES,
        "timeline": timeline(who.pk),
        "may_work": allowed(request.user, "case.work"),
        "may_act": allowed(request.user, "money.waive"),
        "currency": case.currency if case else "CNY",
        "today": now.date(),
    }
    return render(request, "pages/borrower.html", told)


@require_POST
@requires("case.work")
def call(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """Ask the gate for a call and write it down; then the agent may dial."""
    who = _of(request, borrower_id)
    said = reserve(who.pk, "call", timezone.now(), by=request.user, sender=_sender(request))
    if isinstance(said, Refusal):
        messages.error(request, _("Not now: %(why)s") % {"why": "; ".join(reasons(said.verdict))})
    return redirect("pages:borrower", borrower_id=who.pk)


@require_POST
@requires("case.work")
def outcome(request: HttpRequest, contact_id: str) -> HttpResponse:
    """Record how a call went; a promise is asked for next."""
    contact = Contact.objects.filter(contact_id=contact_id, by=request.user).first()
    if contact is None:
        raise Http404
    who = _of(request, contact.borrower_id)
    tried(request, lambda: work.settle_call(request.user, contact_id, request.POST.get("outcome", "")))
    return redirect("pages:borrower", borrower_id=who.pk)


@require_POST
@requires("case.work")
def promise(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """Write down a promise to pay."""
    who = _of(request, borrower_id)
    case = Case.objects.filter(borrower=who, closed_at__isnull=True).first()
    currency = case.currency if case else "CNY"
    now = timezone.now()

    def write() -> None:
        amount, due_on = amount_of(request.POST.get("amount", ""), currency), day_of(request.POST.get("due_on", ""))
        work.promise(
            request.user, who.pk, amount, due_on, now, currency=currency, contact_id=_last_call(request, who)
        )

    if tried(request, write):
        messages.success(request, _("The promise is written down."))
    return redirect("pages:borrower", borrower_id=who.pk)


@require_POST
@requires("case.work")
def note(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """Write a note."""
    who = _of(request, borrower_id)
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
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    titles = {rule.id: getattr(rule.title, language) for _pack, rule in packs().rules}
    return [f"{titles.get(a.rule_id, a.rule_id)} ({a.rule_id})" for a in verdict.against]


def _of(request: HttpRequest, borrower_id: str) -> Borrower:
    """The borrower, if the user may see them; else there is no such page."""
    who = visible_borrowers(request.user).filter(borrower_id=borrower_id).first()
    if who is None:
        raise Http404
    return who


def _last_call(request: HttpRequest, who: Borrower) -> str | None:
    """The call of today in which the user spoke with the borrower; a promise was made in it."""
    spoke = Contact.objects.filter(borrower=who, by=request.user, at__gt=timezone.now() - SAME_TALK)
    return spoke.filter(result__in=("promise", "conversation")).order_by("-at").values_list("pk", flat=True).first()


def _sender(request: HttpRequest) -> str:
    return request.user.agency_id or "lender"
