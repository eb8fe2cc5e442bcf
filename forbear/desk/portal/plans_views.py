"""Plans: which fit what is left each month, asking for one, agreeing to it having seen what it costs, how it goes.

What she tells of her income is used for the answer and kept, sealed, only with the plan that she asks for. Nothing she
presses grants a plan: two people do (`desk.plans`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from forbear.basics.errors import ForbearError, WrongUse
from forbear.conduct import sending
from forbear.desk.pages.owed import owed
from forbear.desk.pages.trying import amount_of
from forbear.desk.plans import life, services
from forbear.desk.plans.models import BEFORE_GRANT, LIVE, OFFERED, Plan
from forbear.desk.plans.offering import offers_for
from forbear.desk.plans.showing import offers_shown, option_shown, reader
from forbear.desk.portal.asking import asking
from forbear.desk.portal.checking import ACTOR
from forbear.desk.portal.door import shell
from forbear.desk.portal.evidence import keep_all, limits, proof_of, takes_files, uploads_of
from forbear.desk.portal.models import Asked
from forbear.desk.portal.visits import hers
from forbear.desk.record.models import Loan
from forbear.desk.replies.acting import Said, open_task
from forbear.desk.wording.rendering import today_of
from forbear.relief import Budget
from forbear.relief.saying import evidence as proof_words
from forbear.relief.saying import title

TOLD = ("income", "spending", "obligations")
"""What she is asked for, a month's; spending left out: the least for such a household is taken."""


@require_safe
@hers
def plans(request: Any) -> HttpResponse:
    """Her plans, and for each loan without one what we need to know to compute some."""
    return render(request, "portal/plans.html", shell(**_of(request)))


def _of(request: Any) -> dict[str, Any]:
    at = timezone.now()
    today = today_of(request.borrower.pk, at)
    states = services.state_of(request.borrower, today)
    live = {one.plan.loan_id for one in states if one.plan.state in LIVE}
    loans = owed(Loan.objects.filter(borrower=request.borrower).order_by("-disbursed_on", "loan_id"), today)
    return {
        "states": [(one, title(one.plan.kind, reader())) for one in states],
        "loans": [one for one in loans if one.balance and one.balance.outstanding and one.loan.pk not in live],
        "given": request.POST,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@hers
def fit(request: Any, loan_id: str) -> HttpResponse:
    """The plans that fit what she told; nothing is kept, and nothing of it stands in the address.

    Whoever comes back to the address without the form, as by choosing the other language, is led to it.
    """
    if request.method != "POST":
        return redirect("portal:plans")
    loan, told = _loan(request, loan_id), _of(request)
    try:
        found = offers_for(loan.pk, _budget(loan, request.POST), timezone.now(), language=reader())
    except ForbearError as error:
        told |= {"wrong": error, "asked_of": loan.pk}
        return render(request, "portal/plans.html", shell(**told), status=400)
    kept = {name: request.POST.get(name, "") for name in (*TOLD, "dependants")}
    return render(request, "portal/fit.html", shell(offers=offers_shown(found), kept=kept))


@require_http_methods(["GET", "HEAD", "POST"])
@hers
def ask(request: Any, loan_id: str) -> HttpResponse:
    """Ask for one of the plans shown; it is offered at once where no proof is wanted."""
    if request.method != "POST":
        return redirect("portal:plans")
    loan, given = _loan(request, loan_id), request.POST
    try:
        with asking(request.borrower.pk, "plan", "", timezone.now()) as asked:
            made = life.ask(
                loan.pk, given.get("option", ""), None, asked.at, budget=_budget(loan, given), channel="portal"
            )
            asked.refers, asked.facts = str(made.pk), {"plan": made.pk, "kind": made.kind}
            if made.state != OFFERED:
                _hand_on(request.borrower.pk, asked.at)
    except ForbearError as error:
        return render(request, "portal/plans.html", shell(wrong=error, **_of(request)), status=400)
    return redirect("portal:plan", plan_id=made.pk)


@takes_files
@require_http_methods(["GET", "HEAD", "POST"])
@hers
def plan(request: Any, plan_id: int) -> HttpResponse:
    """One plan: what it says and costs, showing proof, agreeing to it or taking it back, how it goes."""
    row = Plan.objects.filter(pk=plan_id, borrower=request.borrower).select_related("loan", "approval").first()
    if row is None:
        raise Http404
    wrong = None
    if request.method == "POST":
        try:
            _step(request, row)
            return redirect("portal:plan", plan_id=row.pk)
        except ForbearError as error:
            wrong = error
    today = today_of(request.borrower.pk, timezone.now())
    standing = next(one for one in services.state_of(request.borrower, today) if one.plan.pk == row.pk)
    told = {
        "row": row,
        "wrong": wrong,
        "option": option_shown(row.option),
        "standing": standing,
        "proof": [proof_words(name, reader()) for name in row.option["evidence"]],
        "asked": Asked.objects.filter(borrower=request.borrower, kind="plan", refers=str(row.pk)).first(),
        "may_leave": row.state in BEFORE_GRANT,
        "files": proof_of(row),
        "most": limits(),
    }
    return render(request, "portal/plan.html", shell(**told), status=400 if wrong else 200)


def _step(request: Any, row: Plan) -> None:
    at, who = timezone.now(), request.borrower.pk
    with transaction.atomic():
        sending.lock_borrower(connection, who)
        if request.POST.get("do") == "leave":
            life.withdraw(row.pk, None, at)
            return
        if request.POST.get("do") == "show":
            _show(request, row, at)
            return
        life.agree(row.pk, None, at, confirmed=bool(request.POST.get("confirmed")))
        _hand_on(who, at)


def _show(request: Any, row: Plan, at: datetime) -> None:
    """Take what she shows as proof; whoever makes her plans looks at it.

    Raises:
        WrongUse: no file came, one does not fit, or the plan is decided on already.
    """
    uploads = uploads_of(request)
    if not uploads or row.state not in BEFORE_GRANT:
        raise WrongUse(_("no file came"), _("choose a photograph or a PDF, and send it again"))
    keep_all(row, uploads, at)
    _hand_on(row.borrower_id, at)


def _hand_on(borrower_id: str, at: datetime) -> None:
    """Somebody at the desk takes it further: looks at the proof, or puts it forward to be granted."""
    open_task("take_plan_further", Said(borrower_id, at, "portal", "", by=ACTOR), 2)


def _loan(request: Any, loan_id: str) -> Loan:
    loan = Loan.objects.filter(pk=loan_id, borrower=request.borrower).first()
    if loan is None:
        raise Http404
    return loan


def _budget(loan: Loan, given: Any) -> Budget:
    """What she told of her month. That proof was seen is never hers to say."""
    money = {name: amount_of(given[name], loan.currency) for name in TOLD if given.get(name, "").strip()}
    if "income" not in money:
        raise WrongUse(_("tell us what comes in each month"), _("nothing at all is 0"))
    if any(not 0 <= amount < 10**13 for amount in money.values()):
        raise WrongUse(_("an amount is not below nothing, and not that large"), _("such as 4200"))
    dependants = given.get("dependants", "").strip() or "0"
    if not (dependants.isascii() and dependants.isdecimal() and int(dependants) <= 50):
        raise WrongUse(_("%(count)s is no number of people") % {"count": dependants[:10]}, _("0 to 50"))
    return Budget(
        money["income"], money.get("spending"), obligations=money.get("obligations", 0), dependants=int(dependants)
    )
