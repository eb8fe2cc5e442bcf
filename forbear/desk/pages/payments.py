"""Payments: found by loan, borrower or their own id; seen with what they paid; booked after a preview.

A reversal is proposed here and approved by a second person (`approvals`); money without a label is in `receipts`.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from forbear.basics.errors import ForbearError
from forbear.desk.audit.log import record
from forbear.desk.ledger.booking import book, preview
from forbear.desk.ledger.models import Entry, Posting
from forbear.desk.money.payments import payments as taken
from forbear.desk.money.payments import propose_reversal
from forbear.desk.pages.owed import Owed, owed
from forbear.desk.pages.receipts import reason_of
from forbear.desk.pages.trying import amount_of, day_of, tried
from forbear.desk.people.rights import allowed, requires
from forbear.desk.record.models import Loan
from forbear.desk.record.visible import visible_loans

FOUND = 20
"""So many loans are listed for one search."""


@require_safe
@requires("payments.see")
def payments(request: HttpRequest) -> HttpResponse:
    """Search by a whole identity: a loan, a borrower, or a payment's own id."""
    words = request.GET.get("words", "").strip()[:200]
    loans = _found(request, words) if words else []
    if len(loans) == 1:
        return redirect("pages:payments_of", loan_id=loans[0].pk)
    return render(request, "pages/payments.html", {"words": words, "loans": loans})


@require_safe
@requires("payments.see")
def payments_of(request: HttpRequest, loan_id: str) -> HttpResponse:
    """What was paid on a loan, and what it paid; with an amount in the address, what booking it would do."""
    loan = _of(request, loan_id)
    today = timezone.now().date()
    (standing,) = owed([loan], today)
    told = {
        "one": standing,
        "loan": loan,
        "paid": _allocated(standing),
        "today": today,
        "may_book": allowed(request.user, "payments.book"),
        "may_reverse": allowed(request.user, "payments.reverse"),
        "may_act": allowed(request.user, "money.waive"),
        "planned": _planned(request, loan),
        "asked": {name: request.GET.get(name, "") for name in ("amount", "paid_on", "payment_id")},
        "key": uuid4().hex,
    }
    return render(request, "pages/payments_of.html", told)


@require_POST
@requires("payments.book")
def book_payment(request: HttpRequest, loan_id: str) -> HttpResponse:
    """Book a payment; the form's key makes a second press of the button the same booking."""
    loan = _of(request, loan_id)
    given = request.POST

    def write() -> None:
        amount, day = amount_of(given.get("amount", ""), loan.currency), day_of(given.get("paid_on", ""))
        cause, key = given.get("payment_id", "").strip(), f"page:{given.get('key', '')}"
        done = book("payment", loan.pk, day, amount, cause, key, actor=request.user.username, at=timezone.now())
        if not done.again:
            record(request.user, "payment.booked", f"loan:{loan.pk}", entry=done.entry_id, amount=amount)

    if tried(request, write):
        messages.success(request, _("The payment is booked."))
        return redirect("pages:payments_of", loan_id=loan.pk)
    return redirect(f"{reverse('pages:payments_of', args=[loan.pk])}?amount={given.get('amount', '')[:40]}")


@require_POST
@requires("payments.reverse")
def reverse_payment(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Propose that a payment no longer counts, with a reason, from a day on."""
    entry = Entry.objects.filter(pk=entry_id, kind="payment").first()
    if entry is None:
        raise Http404
    loan = _of(request, entry.loan_id)

    def ask() -> None:
        (found,) = taken(payment_id=entry.cause, most=1)
        on = day_of(request.POST.get("effective_on", ""))
        propose_reversal(found, on, reason_of(request), by=request.user, at=timezone.now())

    if tried(request, ask):
        messages.success(request, _("Proposed: another person approves it."))
    return redirect("pages:payments_of", loan_id=loan.pk)


def _of(request: HttpRequest, loan_id: str) -> Loan:
    loan = visible_loans(request.user).filter(loan_id=loan_id).select_related("borrower").first()
    if loan is None:
        raise Http404
    return loan


def _found(request: HttpRequest, words: str) -> list[Loan]:
    loans = visible_loans(request.user).select_related("borrower")
    if loan := loans.filter(loan_id=words).first():
        return [loan]
    if theirs := list(loans.filter(borrower_id=words).order_by("-disbursed_on", "loan_id")[:FOUND]):
        return theirs
    paid = Entry.objects.filter(kind="payment", cause=words).values_list("loan_id", flat=True)
    return list(loans.filter(loan_id__in=list(paid)))


def _planned(request: HttpRequest, loan: Loan) -> list[tuple[str, int]] | None:
    """What a payment would pay, by component; None when none is asked for or it cannot be booked."""
    if "amount" not in request.GET:
        return None
    try:
        amount = amount_of(request.GET["amount"], loan.currency)
        made = preview("payment", loan.pk, day_of(request.GET.get("paid_on", "")), amount)
    except ForbearError as error:
        messages.error(request, f"{error.message} {error.hint or ''}".strip())
        return None
    return _by_component(
        (line.account, line.component, minor) for new in made.entries for line, minor in new.lines.items()
    )


def _allocated(standing: Owed) -> list[tuple[Entry, list[tuple[str, int]]]]:
    """Each act of the loan with what it paid, by component, in two queries."""
    acts = standing.acts
    lines: dict[int, list[tuple[str, str | None, int]]] = {act.pk: [] for act in acts}
    followed = Entry.objects.filter(loan_id=standing.loan.pk, of_entry__in=lines)  # by the loan's index
    followed = followed.values_list("entry_id", "of_entry_id")
    owner = {**{act.pk: act.pk for act in acts}, **dict(followed)}
    postings = Posting.objects.filter(entry_id__in=owner).values_list("entry_id", "account", "component", "amount")
    for entry, account, component, amount in postings:
        lines[owner[entry]].append((account, component, amount))
    return [(act, _by_component(lines[act.pk]) if act.kind == "payment" else []) for act in acts]


def _by_component(lines: Any) -> list[tuple[str, int]]:
    """What was paid of each component: what a payment takes off the receivable, and what stays unapplied."""
    sums: dict[str, int] = {}
    for account, component, amount in lines:
        if account == "receivable" and component:
            sums[component] = sums.get(component, 0) - amount
        elif account == "unapplied":
            sums["unapplied"] = sums.get("unapplied", 0) - amount
    return [(name, amount) for name, amount in sums.items() if amount > 0]
