"""The call screen: leave, dialing, script and checklist, the outcome in two keys, the promise, what follows."""

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

from forbear.conduct import Refusal
from forbear.desk.calls import dialing, talking
from forbear.desk.calls.judging import Part
from forbear.desk.calls.models import Sheet
from forbear.desk.calls.promising import METHODS
from forbear.desk.calls.promising import promise as write_promise
from forbear.desk.calls.promising import withdraw as withdraw_promise
from forbear.desk.calls.words import FOLLOWS, SAID
from forbear.desk.pages.borrower import page_of, reasons
from forbear.desk.pages.owed import owed
from forbear.desk.pages.trying import amount_of, day_of, tried
from forbear.desk.people.rights import requires
from forbear.desk.privacy import masked_names
from forbear.desk.record import work
from forbear.desk.record.gate import reserve
from forbear.desk.record.models import Case, Contact, Promise
from forbear.desk.record.visible import visible_loans

SAME_TALK = timedelta(hours=12)
"""A promise written down within this time after a call was made in it."""
PARTS = 3
"""So many parts of a promise the form has."""


@require_POST
@requires("case.work")
def call(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """Ask the gate for a call and write it down; then the agent is on the call's screen."""
    who = page_of(request, borrower_id)
    if talking.declined_calls(who.pk, timezone.now()):
        messages.error(request, _("Not now: the borrower does not want to be called."))
        return redirect("pages:borrower", borrower_id=who.pk)
    said = reserve(who.pk, "call", timezone.now(), by=request.user, sender=request.user.agency_id or "lender")
    if isinstance(said, Refusal):
        messages.error(request, _("Not now: %(why)s") % {"why": "; ".join(reasons(said.verdict))})
        return redirect("pages:borrower", borrower_id=who.pk)
    contact_id = said.act.act_id
    talking.begin(request.user, contact_id, get_language() or "zh")
    return redirect("calls:screen", contact_id=contact_id)


@never_cache
@require_safe
@requires("case.work")
def screen(request: HttpRequest, contact_id: str) -> HttpResponse:
    """The screen of an open call of the user's; a call that has ended leads back to the borrower."""
    contact = _own(request, contact_id)
    if contact.result is not None:
        return redirect("pages:borrower", borrower_id=contact.borrower_id)
    sheet = Sheet.objects.select_related("contact", "script").filter(pk=contact_id).first()
    if sheet is None:
        talking.begin(request.user, contact_id, get_language() or "zh")
        sheet = Sheet.objects.select_related("contact", "script").get(pk=contact_id)
    now = timezone.now()
    shown = talking.talk(sheet, now)
    loans = visible_loans(request.user).filter(borrower_id=contact.borrower_id).order_by("-disbursed_on", "loan_id")
    told: dict[str, Any] = {
        "who": contact.borrower,
        "name": masked_names([contact.borrower_id]).get(contact.borrower_id, ""),
        "talk": shown,
        "sheet": sheet,
        "dialer": SAID.get(sheet.dial_said, ""),
        "groups": [(key, title, results) for key, (title, results) in talking.OUTCOMES.items()],
        "loans": owed(loans, now.date()) if shown.sums else [],
    }
    return render(request, "calls/screen.html", told)


@require_POST
@requires("case.work")
def dial(request: HttpRequest, contact_id: str) -> HttpResponse:
    """Hand the call to the dialer; the number stays hidden."""
    _own(request, contact_id)

    def hand_over() -> None:
        handed = dialing.dial(request.user, contact_id, timezone.now())
        (messages.success if handed.said == "accepted" else messages.warning)(request, SAID[handed.said])

    tried(request, hand_over)
    return redirect("calls:screen", contact_id=contact_id)


@require_POST
@requires("case.work")
def tick(request: HttpRequest, contact_id: str) -> HttpResponse:
    """Tick a point of the checklist."""
    _own(request, contact_id)
    tried(request, lambda: talking.tick(request.user, contact_id, request.POST.get("point", ""), timezone.now()))
    return redirect("calls:screen", contact_id=contact_id)


@require_POST
@requires("case.work")
def step(request: HttpRequest, contact_id: str) -> HttpResponse:
    """Follow an answer of the script."""
    _own(request, contact_id)
    tried(request, lambda: talking.go(request.user, contact_id, request.POST.get("to", "")))
    return redirect("calls:screen", contact_id=contact_id)


@require_POST
@requires("case.work")
def outcome(request: HttpRequest, contact_id: str) -> HttpResponse:
    """Record how a call went; what follows is proposed on the borrower's page."""
    contact = _own(request, contact_id)
    chosen = request.POST.get("outcome", "")

    def end() -> None:
        talking.may_end(Sheet.objects.filter(pk=contact_id).first(), chosen)
        work.settle_call(request.user, contact_id, chosen)

    if not tried(request, end):
        return redirect("calls:screen", contact_id=contact_id)
    what, day = talking.follow_up(chosen, timezone.now().date())
    if day is not None:
        messages.info(request, _("Proposed: %(what)s on %(day)s.") % {"what": FOLLOWS[what], "day": day})
    return redirect("pages:borrower", borrower_id=contact.borrower_id)


@require_POST
@requires("case.work")
def promise(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """Write down a promise to pay, in one or several parts."""
    who = page_of(request, borrower_id)
    case = Case.objects.filter(borrower=who, closed_at__isnull=True).first()
    currency = case.currency if case else "CNY"
    method = request.POST.get("method", "")

    def write() -> None:
        amounts, days = request.POST.getlist("amount"), request.POST.getlist("due_on")
        given = [(amount, day) for amount, day in zip(amounts, days, strict=False) if amount.strip() or day.strip()]
        parts = [Part(day_of(day), amount_of(amount, currency)) for amount, day in given[: PARTS + 1]]
        write_promise(
            request.user,
            who.pk,
            parts,
            timezone.now(),
            currency=currency,
            contact_id=_last_call(request, who.pk),
            method=method if method in METHODS else "",
        )

    if tried(request, write):
        messages.success(request, _("The promise is written down."))
    return redirect("pages:borrower", borrower_id=who.pk)


@require_POST
@requires("case.work")
def withdraw(request: HttpRequest, promise_id: str) -> HttpResponse:
    """Take back a promise that was written down in error."""
    row = Promise.objects.filter(pk=promise_id).first()
    if row is None:
        raise Http404
    who = page_of(request, row.borrower_id)
    if tried(request, lambda: withdraw_promise(request.user, promise_id, timezone.now())):
        messages.success(request, _("The promise is taken back."))
    return redirect("pages:borrower", borrower_id=who.pk)


def _own(request: HttpRequest, contact_id: str) -> Contact:
    """A call that the user made, of a borrower whom she sees; else there is no such page."""
    rows = Contact.objects.select_related("borrower").filter(channel="call", direction="out", by=request.user)
    contact = rows.filter(contact_id=contact_id).first()
    if contact is None:
        raise Http404
    page_of(request, contact.borrower_id)
    return contact


def _last_call(request: HttpRequest, borrower_id: str) -> str | None:
    """The call of today in which the user spoke with the borrower; a promise was made in it."""
    spoke = Contact.objects.filter(borrower_id=borrower_id, by=request.user, at__gt=timezone.now() - SAME_TALK)
    return spoke.filter(result__in=("promise", "conversation")).order_by("-at").values_list("pk", flat=True).first()
