"""Pages of plans: those that wait, a borrower's, the plans that fit a budget, one plan with its steps."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forbear.basics.errors import WrongUse
from forbear.desk.pages.borrower import page_of
from forbear.desk.pages.owed import owed
from forbear.desk.pages.trying import amount_of, day_of, tried
from forbear.desk.people.rights import allowed, requires
from forbear.desk.plans import life, services
from forbear.desk.plans.granting import grant
from forbear.desk.plans.models import ASKED, BEFORE_GRANT, BROKEN, GRANTED, KEPT, LIVE, Plan
from forbear.desk.plans.offering import Offers, offers_for
from forbear.desk.plans.showing import offers_shown, option_shown, reader
from forbear.desk.portal.evidence import proof_of
from forbear.desk.record.models import Loan
from forbear.desk.record.visible import sees_all, visible_borrowers, visible_loans
from forbear.relief import Budget
from forbear.relief.saying import title

ROWS = 100
SHOWS = {"waiting": BEFORE_GRANT, "running": (GRANTED,), "ended": (KEPT, BROKEN, "withdrawn", "refused", "expired")}
MONEY = ("income", "spending", "obligations", "savings", "income_later")
COUNTS = ("adults", "dependants")


@require_safe
@requires("plans.see")
def plans(request: HttpRequest) -> HttpResponse:
    """Plans of the borrowers whom the user sees: those that wait first."""
    show = request.GET.get("show", "waiting")
    show = show if show in SHOWS else "waiting"
    rows = Plan.objects.filter(state__in=SHOWS[show]).select_related("approval__proposed_by", "loan", "asked_by")
    if not sees_all(request.user):
        rows = rows.filter(borrower_id__in=visible_borrowers(request.user).values("borrower_id"))
    found = list(rows.order_by("plan_id" if show == "waiting" else "-plan_id")[:ROWS])
    told = {
        "rows": [(row, title(row.kind, reader()), services.waits_for(row)) for row in found],
        "show": show,
        "shows": list(SHOWS),
        "most": ROWS if len(found) == ROWS else 0,
    }
    return render(request, "plans/list.html", told)


@never_cache
@require_safe
@requires("plans.see")
def of_borrower(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """A borrower's plans, how they stand, the way back, and a form for each loan."""
    who = page_of(request, borrower_id)
    return render(request, "plans/of.html", _of(request, who))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires("plans.ask")
def options(request: HttpRequest, loan_id: str) -> HttpResponse:
    """The plans that fit what she told of her income; nothing is kept, and nothing stands in the address.

    Whoever comes back to the address without the form, as by choosing the other language, is led to it.
    """
    loan = _loan(request, loan_id)
    if request.method != "POST":
        return redirect("plans:of", borrower_id=loan.borrower_id)
    found: dict[str, Offers] = {}
    tried(request, lambda: found.update(it=_offers(loan, request.POST)))
    told = _of(request, loan.borrower)
    told |= {"asked_of": loan.pk, "given": request.POST}
    if "it" in found:
        told["offers"] = offers_shown(found["it"])
    return render(request, "plans/of.html", told)


@require_POST
@requires("plans.ask")
def ask(request: HttpRequest, loan_id: str) -> HttpResponse:
    """Ask for one of the plans that were shown."""
    loan, given = _loan(request, loan_id), request.POST
    made: dict[str, Plan] = {}

    def do() -> None:
        made["it"] = life.ask(
            loan.pk,
            given.get("option", ""),
            request.user,
            timezone.now(),
            budget=_budget(loan, given),
            channel="desk",
            evidence=given.get("evidence", ""),
        )

    if not tried(request, do):
        return redirect("plans:of", borrower_id=loan.borrower_id)
    plan = made["it"]
    if plan.state == ASKED:
        messages.success(request, _("Asked for. It is offered once proof has been seen; contact is paused."))
    else:
        messages.success(request, _("Offered. Show what it costs; contact is paused meanwhile."))
    return redirect("plans:one", plan_id=plan.pk)


@never_cache
@require_safe
@requires("plans.see")
def one(request: HttpRequest, plan_id: int) -> HttpResponse:
    """One plan: what it says, what it does, how it stands, and what can be done now."""
    row, now = _plan(request, plan_id), timezone.now()
    standing = next(one for one in services.state_of(row.borrower, now.date()) if one.plan.pk == row.pk)
    waiting = row.approval if row.approval and row.approval.state == "proposed" else None
    told: dict[str, Any] = {
        "row": row,
        "option": option_shown(row.option),
        "standing": standing,
        "waiting": waiting,
        "own": bool(waiting and waiting.proposed_by_id == request.user.pk),
        "proof": proof_of(row) if allowed(request.user, "evidence.proof") else [],
        "may": {name: allowed(request.user, f"plans.{name}") for name in ("ask", "grant")},
        "steps": [(step, step.sentence(reader())) for one in services.way_back(row.borrower, now)
                  if one.loan_id == row.loan_id for step in one.steps],
        "rules": (row.verdict or {}).get("rules", []),
    }  # fmt: skip
    return render(request, "plans/one.html", told)


@require_POST
@requires("plans.ask")
def step(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Write down proof or the borrower's agreement, put the plan forward, take it back: by the button pressed."""
    row, now, given = _plan(request, plan_id), timezone.now(), request.POST
    acts = {
        "offer": lambda: life.offer(row.pk, request.user, now, evidence=given.get("evidence", "")),
        "agree": lambda: life.agree(row.pk, request.user, now, confirmed=bool(given.get("confirmed"))),
        "forward": lambda: services.put_forward(row.pk, request.user, now),
        "withdraw": lambda: life.withdraw(row.pk, request.user, now),
    }
    _do(request, acts.get(given.get("step", "")))
    return redirect("plans:one", plan_id=row.pk)


@require_POST
@requires("plans.grant")
def decide(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Grant what another has put forward, or refuse the plan with a reason."""
    row, now, given = _plan(request, plan_id), timezone.now(), request.POST
    acts = {
        "grant": lambda: grant(row.pk, request.user, now),
        "refuse": lambda: life.refuse(row.pk, request.user, now, given.get("reason", "")),
    }
    _do(request, acts.get(given.get("decision", "")))
    return redirect("plans:one", plan_id=row.pk)


def _do(request: HttpRequest, act: Any) -> None:
    try:
        if act and tried(request, act):
            messages.success(request, _("Done."))
    except PermissionDenied:
        messages.error(request, _("Your role does not decide on this."))


def _of(request: HttpRequest, who: Any) -> dict[str, Any]:
    now = timezone.now()
    states = services.state_of(who, now.date())
    live = {one.plan.loan_id for one in states if one.plan.state in LIVE}
    loans = owed(visible_loans(request.user).filter(borrower=who).order_by("-disbursed_on", "loan_id"), now.date())
    return {
        "who": who,
        "states": [(one, title(one.plan.kind, reader())) for one in states],
        "loans": [(one, one.loan.pk in live) for one in loans if one.balance and one.balance.outstanding],
        "ways": [
            (one.loan_id, [(step, step.sentence(reader())) for step in one.steps])
            for one in services.way_back(who, now)
        ],
        "may_ask": allowed(request.user, "plans.ask"),
    }


def _loan(request: HttpRequest, loan_id: str) -> Loan:
    loan = visible_loans(request.user).filter(loan_id=loan_id).select_related("borrower").first()
    if loan is None or not visible_borrowers(request.user).filter(pk=loan.borrower_id).exists():
        raise Http404
    return loan


def _plan(request: HttpRequest, plan_id: int) -> Plan:
    rows = Plan.objects.select_related("loan", "borrower", "approval__proposed_by", "asked_by", "granted_by")
    row = rows.filter(pk=plan_id, borrower__in=visible_borrowers(request.user)).first()
    if row is None:
        raise Http404
    return row


def _offers(loan: Loan, given: QueryDict) -> Offers:
    return offers_for(loan.pk, _budget(loan, given), timezone.now(), language=reader())


def _budget(loan: Loan, given: QueryDict) -> Budget:
    """What the form says of her income and spending.

    Raises:
        WrongUse: an amount, a count or a day is none.
    """
    money = {name: amount_of(given[name], loan.currency) for name in MONEY if given.get(name, "").strip()}
    if "income" not in money:
        raise WrongUse(_("the income is missing"), _("nothing is written 0"))
    counts = {name: _count(given[name]) for name in COUNTS if given.get(name, "").strip()}
    recovers: date | None = day_of(given["recovers_on"]) if given.get("recovers_on", "").strip() else None
    if recovers is None:
        money.pop("income_later", None)
    return Budget(**money, **counts, verified=bool(given.get("verified")), recovers_on=recovers)


def _count(text: str) -> int:
    if not text.strip().isdecimal() or int(text) > 50:
        raise WrongUse(_("%(count)s is no number of people") % {"count": text}, _("0 to 50"))
    return int(text)
