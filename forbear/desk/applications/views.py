"""Applications on the desk: a list; one with its checks, decision, offers and contests; a new one."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forbear.basics.errors import WrongUse
from forbear.desk.applications import deciding, paying_out, policies
from forbear.desk.applications.checking import seen_by_person
from forbear.desk.applications.models import OUTCOMES, STATES, Application, Contest, Decision
from forbear.desk.applications.taking import IDENTITY, INQUIRY, Wanted, take
from forbear.desk.applications.visible import visible_applications
from forbear.desk.pages.trying import amount_of, tried
from forbear.desk.people.models import Approval
from forbear.desk.people.rights import allowed, requires
from forbear.desk.privacy import masked, masked_names
from forbear.desk.record.lists import page
from forbear.desk.record.models import Loan
from forbear.desk.record.visible import visible_borrowers, visible_loans
from forbear.risk.applied import CHECKS

ROWS = 50
MONEY = ("income_declared", "income_verified", "obligations_declared", "housing")
COUNTS = ("dependants", "employment_months")


@require_safe
@requires("applications.see")
def applications(request: HttpRequest) -> HttpResponse:
    """A page of the applications, newest first; by htmx only the rows that follow."""
    asked = {
        "outcome": request.GET.get("outcome", "") if request.GET.get("outcome") in OUTCOMES else "",
        "state": request.GET.get("state", "") if request.GET.get("state") in STATES else "",
    }
    found = visible_applications(request.user).filter(**{name: value for name, value in asked.items() if value})
    rows = page(found, "application_id", request.GET.get("after", ""), ROWS)
    names = masked_names([row.borrower_id for row in rows.rows])
    told = {
        "rows": [(row, names.get(row.borrower_id, "")) for row in rows.rows],
        "after": rows.after,
        "asked": asked,
        "outcomes": OUTCOMES,
        "states": STATES,
        "may_take": allowed(request.user, "applications.take"),
    }
    part = "applications/rows.html" if request.headers.get("HX-Request") and request.GET.get("after") else ""
    return render(request, part or "applications/list.html", told)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires("applications.take")
def new(request: HttpRequest) -> HttpResponse:
    """A form for an application; taken, it is checked and decided at once."""
    policy, _version = policies.in_force()
    made: dict[str, Application] = {}

    def write() -> None:
        at = timezone.now()
        made["one"] = take(_wanted(request, policy.currency), by=request.user, at=at)

    if request.method == "POST" and tried(request, write):
        at = timezone.now()
        tried(request, lambda: deciding.check_and_decide(made["one"], by=request.user, at=at))
        return redirect("applications:one", application_id=made["one"].pk)
    told = {"policy": policy, "given": request.POST, "currency": policy.currency}
    return render(request, "applications/new.html", told)


def _wanted(request: HttpRequest, currency: str) -> Wanted:
    given = request.POST
    said: dict[str, Any] = {name: amount_of(given[name], currency) for name in MONEY if given.get(name, "").strip()}
    said |= {name: _count(given[name]) for name in COUNTS if given.get(name, "").strip()}
    said["is_student"] = given.get("is_student") == "yes"
    said["purpose"] = given.get("purpose", "").strip()[:40]
    said["liveness"] = given.get("liveness", "").strip()[:200]
    return Wanted(
        given.get("name", ""),
        given.get("identity_number", ""),
        given.get("phone", ""),
        amount_of(given.get("amount", ""), currency),
        _count(given.get("term", "")),
        given.get("method", ""),
        currency,
        said,
        tuple(purpose for purpose in (IDENTITY, INQUIRY) if given.get(purpose)),
        "visit",
        given.get("wording", "")[:200],
    )


def _count(text: str) -> int:
    if not text.strip().isdecimal() or len(text) > 6:
        raise WrongUse(_("%(number)s is not a whole number") % {"number": text or "–"})
    return int(text)


@never_cache
@require_safe
@requires("applications.see")
def application(request: HttpRequest, application_id: int) -> HttpResponse:
    """One application: who, what for, the checks, the decision and why, the offers, contests, what comes next."""
    one = _of(request, application_id)
    decisions = list(one.decisions.select_related("by", "policy").order_by("-decision_id"))
    last = decisions[0] if decisions else None
    now = timezone.now()
    told = {
        "one": one,
        "personal": masked(one.borrower_id),
        "is_visible_borrower": allowed(request.user, "borrower.see")
        and visible_borrowers(request.user).filter(pk=one.borrower_id).exists(),
        "checks": one.checks.order_by("check_id"),
        "identity_checks": CHECKS,
        "last": last,
        "decisions": decisions,
        "reasons": deciding.reasons_of(last, get_language() or "") if last else [],
        "figures": _figures(last),
        "offers": _offers(one, last, now),
        "contests": one.contests.select_related("taken_by", "answered_by").order_by("-contest_id"),
        "waits": Approval.objects.filter(
            kind=paying_out.KIND, subject=f"application:{one.pk}", state="proposed", expires_at__gt=now
        ).first(),
        "may": {
            name: allowed(request.user, f"applications.{name}")
            for name in ("take", "decide", "contest", "disburse")
        }
        | {"approve": allowed(request.user, "approvals.decide")},
    }
    return render(request, "applications/one.html", told)


def _figures(last: Decision | None) -> dict[str, Any]:
    try:
        return dict(json.loads(last.figures)) if last else {}
    except ValueError:
        return {}


def _offers(one: Application, last: Decision | None, now: Any) -> list[tuple[dict[str, Any], paying_out.Costs]]:
    """Each offer with its costs and its schedule, as if it were paid out today; once accepted, that one alone."""
    if last is None or not last.offers:
        return []
    shown = [one.accepted] if one.accepted else last.offers
    on = deciding.local_day(one.borrower, now)
    return [(offer, paying_out.costs(offer, on, one.currency)) for offer in shown]


@require_POST
@requires("applications.take")
def check(request: HttpRequest, application_id: int) -> HttpResponse:
    """Ask whatever is not answered yet, and decide."""
    one = _of(request, application_id)
    tried(request, lambda: deciding.check_and_decide(one, by=request.user, at=timezone.now()))
    return redirect("applications:one", application_id=one.pk)


@require_POST
@requires("applications.decide")
def seen(request: HttpRequest, application_id: int) -> HttpResponse:
    """Write down that a person has proved a part of who the applicant is."""
    one = _of(request, application_id)
    tried(request, lambda: seen_by_person(one, request.POST.get("check", ""), by=request.user, at=timezone.now()))
    return redirect("applications:one", application_id=one.pk)


@require_POST
@requires("applications.decide")
def decide(request: HttpRequest, application_id: int) -> HttpResponse:
    """Decide as a person."""
    one, given = _of(request, application_id), request.POST
    outcome, note = given.get("outcome", ""), given.get("note", "")
    tried(request, lambda: deciding.by_person(one, outcome, note, by=request.user, at=timezone.now()))
    return redirect("applications:one", application_id=one.pk)


@require_POST
@requires("applications.contest")
def contest(request: HttpRequest, application_id: int) -> HttpResponse:
    """Write down that the applicant contests the decision."""
    one = _of(request, application_id)
    words, at = request.POST.get("words", ""), timezone.now()
    tried(request, lambda: deciding.contest(one.borrower, words, by=request.user, at=at, application=one))
    return redirect("applications:one", application_id=one.pk)


@require_POST
@requires("applications.contest")
def contest_score(request: HttpRequest, loan_id: str) -> HttpResponse:
    """Write down that a borrower contests what a loan's score says."""
    loan: Loan | None = visible_loans(request.user).filter(pk=loan_id).select_related("borrower").first()
    if loan is None:
        raise Http404
    words, at = request.POST.get("words", ""), timezone.now()
    tried(request, lambda: deciding.contest(loan.borrower, words, by=request.user, at=at, loan_id=loan.pk))
    return redirect("pages:borrower", borrower_id=loan.borrower_id)


@require_POST
@requires("applications.decide")
def answer(request: HttpRequest, contest_id: int) -> HttpResponse:
    """A person's answer to a contest."""
    row = Contest.objects.filter(pk=contest_id).first()
    if row is None or not visible_borrowers(request.user).filter(pk=row.borrower_id).exists():
        raise Http404
    given = request.POST
    changed, words = given.get("answer") == "changed", given.get("words", "")
    tried(request, lambda: deciding.answer_contest(row.pk, changed, words, by=request.user, at=timezone.now()))
    if row.application_id:
        return redirect("applications:one", application_id=row.application_id)
    return redirect("pages:borrower", borrower_id=row.borrower_id)


@require_POST
@requires("applications.take")
def accept(request: HttpRequest, application_id: int) -> HttpResponse:
    """Write down which way of repaying the borrower chose."""
    one, given = _of(request, application_id), request.POST
    method, confirmed = given.get("method", ""), given.get("confirmed") == "yes"
    tried(request, lambda: paying_out.accept(one, method, confirmed, by=request.user, at=timezone.now()))
    return redirect("applications:one", application_id=one.pk)


@require_POST
@requires("applications.disburse")
def disburse(request: HttpRequest, application_id: int) -> HttpResponse:
    """Propose that the loan is paid out."""
    one = _of(request, application_id)
    tried(request, lambda: paying_out.propose_disbursal(one, by=request.user, at=timezone.now()))
    return redirect("applications:one", application_id=one.pk)


def _of(request: HttpRequest, application_id: int) -> Application:
    one: Application | None = visible_applications(request.user).filter(pk=application_id).first()
    if one is None:
        raise Http404
    return one
