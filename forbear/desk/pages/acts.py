"""Letting go or arranging anew: a form for each kind, what it would do to the cent, proposed to a second person."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from pydantic import ValidationError

from forbear.basics.errors import WrongUse
from forbear.desk.ledger.kinds import COMPONENTS
from forbear.desk.money.acts import Effect, Wanted, effect_of, propose_act
from forbear.desk.pages.owed import owed
from forbear.desk.pages.trying import amount_of, day_of, tried
from forbear.desk.people.models import Approval
from forbear.desk.people.rights import requires
from forbear.desk.record.models import Loan
from forbear.desk.record.visible import visible_loans

KINDS = ("waiver", "refund", "write-off", "re-age", "re-amortize")


@require_safe
@requires("money.waive")
def acts(request: HttpRequest, loan_id: str) -> HttpResponse:
    """The loan as it stands and a form of the chosen kind; filled in, what it would do."""
    loan, given = _of(request, loan_id), request.GET
    kind = given.get("kind", "")
    kind = kind if kind in KINDS else KINDS[0]
    seen: dict[str, Effect] = {}
    if "reason" in given:
        tried(request, lambda: seen.update(effect=effect_of(_wanted(loan, kind, given))))
    (standing,) = owed([loan], timezone.now().date())
    told = {
        "loan": loan,
        "one": standing,
        "kind": kind,
        "kinds": KINDS,
        "components": tuple(reversed(COMPONENTS)),
        "asked": {name: given.get(name, "") for name in _FIELDS},
        "amounts": [(name, given.get(name, "")) for name in reversed(COMPONENTS)],
        "effect": seen.get("effect"),
        "today": timezone.now().date(),
        "waiting": Approval.objects.filter(subject=f"loan:{loan_id}", state="proposed").first(),
    }
    return render(request, "pages/acts.html", told)


@require_POST
@requires("money.waive")
def propose(request: HttpRequest, loan_id: str) -> HttpResponse:
    """Propose what the form says."""
    loan, given = _of(request, loan_id), request.POST
    kind = given.get("kind", "")

    def ask() -> None:
        propose_act(request.user, _wanted(loan, kind, given), timezone.now())

    if tried(request, ask):
        messages.success(request, _("Proposed: another person approves it."))
        return redirect("pages:payments_of", loan_id=loan_id)
    return redirect("pages:acts", loan_id=loan_id)


_FIELDS = ("effective_on", "reason", "amount", "months", "term", "annual_rate", "first_due_on")


def _of(request: HttpRequest, loan_id: str) -> Loan:
    loan = visible_loans(request.user).filter(loan_id=loan_id).select_related("borrower").first()
    if loan is None:
        raise Http404
    return loan


def _wanted(loan: Loan, kind: str, given: QueryDict) -> Wanted:
    """The act that a form asks for.

    Raises:
        WrongUse: a field is not as it must be.
    """
    text = {name: given.get(name, "").strip() for name in (*_FIELDS, *COMPONENTS)}
    amounts = {name: amount_of(text[name], loan.currency) for name in COMPONENTS if text[name]}
    told: dict[str, Any] = {"kind": kind, "loan_id": loan.pk, "effective_on": day_of(text["effective_on"])}
    told["reason"] = " ".join(text["reason"].split())
    if kind in ("waiver", "write-off"):
        told["amounts"] = amounts or None
    elif kind == "refund":
        told["amount"] = amount_of(text["amount"], loan.currency) if text["amount"] else None
    elif kind == "re-age":
        told["months"] = text["months"]
    elif kind == "re-amortize":
        told |= {"term": text["term"], "annual_rate": _rate(text["annual_rate"])}
        told["first_due_on"] = day_of(text["first_due_on"]) if text["first_due_on"] else None
    try:
        return Wanted.model_validate(told)
    except ValidationError as wrong:
        fields = ", ".join(".".join(map(str, one["loc"])) for one in wrong.errors())
        raise WrongUse(_("%(fields)s: not as it must be") % {"fields": fields}) from None


def _rate(percent: str) -> Decimal:
    try:
        return Decimal(percent) / 100
    except InvalidOperation as bad:
        raise WrongUse(_("%(rate)s is not a rate in percent") % {"rate": percent or "–"}) from bad
