"""What waits for a second person, and what was decided: each with what it would do, to the cent."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from forbear.basics.errors import ForbearError
from forbear.desk.ledger.kinds import COMPONENTS
from forbear.desk.money.previews import effects, is_stale
from forbear.desk.pages.trying import settled
from forbear.desk.people import approvals as services
from forbear.desk.people.models import Approval
from forbear.desk.people.rights import allowed, requires
from forbear.desk.record.models import Loan

ROWS = 30


@require_safe
@requires("approvals.see")
def approvals(request: HttpRequest) -> HttpResponse:
    """Proposals newest first: those that wait, or all that were decided."""
    decided = request.GET.get("show") == "decided"
    rows = Approval.objects.select_related("proposed_by", "decided_by")
    now = timezone.now()
    waiting = {"state": "proposed", "expires_at__gt": now}
    rows = rows.exclude(**waiting) if decided else rows.filter(**waiting)
    if before := _instant(request.GET.get("before", "")):
        rows = rows.filter(proposed_at__lt=before)
    found = list(rows.order_by("-proposed_at", "-approval_id")[: ROWS + 1])
    told = {
        "rows": found[:ROWS],
        "before": found[ROWS - 1].proposed_at.isoformat() if len(found) > ROWS else "",
        "decided": decided,
    }
    return render(request, "pages/approvals.html", told)


@require_safe
@requires("approvals.see")
def approval(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """One proposal: who, why, what it would do now, and what can be done with it."""
    row = _of(approval_id)
    is_open = row.state == "proposed" and row.expires_at > timezone.now()
    told: dict[str, Any] = {"row": row, "is_open": is_open, "facts": _facts(row), "components": COMPONENTS}
    if is_open:
        told["stale"] = is_stale(row)
        try:
            told["effects"] = effects(row)
        except ForbearError as error:
            told["cannot"] = error
    known = services.kinds().get(row.kind)
    told["own"] = row.proposed_by_id == request.user.pk
    told["may_decide"] = is_open and not told["own"] and known is not None and allowed(request.user, known.approve)
    return render(request, "pages/approval.html", told)


@require_POST
@requires("approvals.see")
def decide(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Approve, refuse or take back, by the button pressed."""
    row = _of(approval_id)
    done = {"approve": _("Approved and done."), "refuse": _("Refused."), "withdraw": _("Taken back.")}
    try:
        if settled(request, approval_id, (row.kind,)):
            messages.success(request, done[request.POST["answer"]])
            return redirect("pages:approvals")
    except PermissionDenied:
        messages.error(request, _("Your role does not decide on this."))
    return redirect("pages:approval", approval_id=approval_id)


def _of(approval_id: UUID) -> Approval:
    row = Approval.objects.select_related("proposed_by", "decided_by").filter(pk=approval_id).first()
    if row is None:
        raise Http404
    return row


HIDDEN = frozenset(["effect", "schedule", "entry_id", "shares", "reason", "currency"])
"""What of a proposal the page shows elsewhere or not at all."""


def _facts(row: Approval) -> list[tuple[str, Any, str]]:
    """What is proposed, as name, value and, of money, its currency."""
    payload = row.payload
    currency = str(payload.get("currency", "")) or _currency_of(payload.get("loan_id", ""))
    told = []
    for name, value in payload.items():
        if name in HIDDEN or value in (None, "", [], {}):
            continue
        if isinstance(value, dict):
            told += [(part, amount, currency) for part, amount in value.items()]
        elif isinstance(value, list):
            told.append((name, ", ".join(map(str, value)), ""))
        elif name == "annual_rate":
            told.append((name, f"{(Decimal(value) * 100).normalize():f} %", ""))
        else:
            told.append((name, value, currency if name == "amount" else ""))
    return told


def _currency_of(loan_id: str) -> str:
    return str(Loan.objects.filter(pk=loan_id).values_list("currency", flat=True).first() or "")


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
