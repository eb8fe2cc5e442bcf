"""Receipts from bank files: taken in, listed with what they may be for, matched, split, given back, undone."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from forbear.basics.errors import WrongUse
from forbear.desk.money import receipts as services
from forbear.desk.money.bank.mapping import shipped, shipped_mapping
from forbear.desk.money.bank.movements import Faulty
from forbear.desk.money.bank.reading import LARGEST
from forbear.desk.money.models import OTHERS, PARKED, STATES, BankFile, Receipt
from forbear.desk.money.taking import take_file
from forbear.desk.pages.trying import amount_of, day_of, tried
from forbear.desk.people.models import Approval
from forbear.desk.people.rights import allowed, requires
from forbear.desk.privacy.fields import REASONS
from forbear.desk.privacy.payers import SHOWN, reveal_payer

ROWS = 30
SPLITS = 4
"""Lines of the form that splits a receipt; the API takes more."""
FAULTS = 20


@require_safe
@requires("receipts.see")
def bank_files(request: HttpRequest) -> HttpResponse:
    """The files taken in, newest first, and the form that takes one in."""
    return _files(request)


@require_POST
@requires("payments.book")
def take_in(request: HttpRequest) -> HttpResponse:
    """Take an uploaded file in; its faults are told on the page, with their places."""
    given = request.FILES.get("file")
    mapping = request.POST.get("mapping", "")
    told: dict[str, Any] = {}

    def take() -> None:
        if given is None:
            raise WrongUse(_("no file was chosen"))
        how = shipped_mapping(mapping) if mapping else None
        try:
            told["done"] = take_file(
                given.read(LARGEST + 1), given.name or "", how, actor=request.user, at=timezone.now()
            )
        except Faulty as wrong:
            told["faults"] = wrong.faults

    if tried(request, take) and "done" in told:
        done = told["done"]
        if done.again:
            messages.info(request, _("This very file was taken in before; nothing of it is new."))
        else:
            said = ngettext(
                "%(new)s new movement, %(booked)s booked by itself.",
                "%(new)s new movements, %(booked)s booked by themselves.",
                done.file.counts["new"],
            )
            messages.success(request, said % {"new": done.file.counts["new"], "booked": done.booked})
        return redirect("pages:receipts")
    return _files(request, faults=told.get("faults", [])[:FAULTS], status=422)


def _files(request: HttpRequest, faults: Any = (), status: int = 200) -> HttpResponse:
    before = request.GET.get("before", "")
    rows = BankFile.objects.prefetch_related("statements").order_by("-pk")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: ROWS + 1])
    told = {
        "files": found[:ROWS],
        "before": found[ROWS - 1].pk if len(found) > ROWS else "",
        "mappings": [(name, shipped_mapping(name).title) for name in shipped()],
        "faults": faults,
        "may_book": allowed(request.user, "payments.book"),
    }
    return render(request, "pages/bank_files.html", told, status=status)


@require_safe
@requires("receipts.see")
def receipts(request: HttpRequest) -> HttpResponse:
    """Receipts in a state, newest first; those that wait with the best proposal."""
    state = request.GET.get("state", PARKED)
    state = state if state in STATES else PARKED
    before, file_id = (request.GET.get(name, "") for name in ("before", "file"))
    rows = services.found(
        state,
        file_id=int(file_id) if file_id.isdecimal() and len(file_id) < 19 else 0,
        before=int(before) if before.isdecimal() and len(before) < 19 else services.NEWEST,
        most=ROWS + 1,
    )
    told = {
        "receipts": services.told(rows[:ROWS]),
        "before": rows[ROWS - 1].pk if len(rows) > ROWS else "",
        "state": state,
        "states": STATES,
        "file": file_id if file_id.isdecimal() else "",
    }
    return render(request, "pages/receipts.html", told)


@require_safe
@requires("receipts.see")
def receipt(request: HttpRequest, receipt_id: int) -> HttpResponse:
    """One receipt: who paid (masked), what it may be for, what became of it, what can be done."""
    return _page(request, receipt_id)


@never_cache
@require_POST
@requires("receipts.reveal")
def show_payer(request: HttpRequest, receipt_id: int) -> HttpResponse:
    """One text of a receipt in the clear, with a reason that is logged; on this answer only."""
    row, seen = _of(receipt_id), dict[str, Any]()

    def look() -> None:
        field = request.POST.get("field", "")
        seen["seen"] = reveal_payer(request.user, row, field, request.POST.get("reason", ""), timezone.now())
        seen["seen_field"] = field

    tried(request, look)
    return _page(request, receipt_id, seen)


@require_POST
@requires("payments.book")
def match(request: HttpRequest, receipt_id: int) -> HttpResponse:
    """Book a receipt on the loans of the form: one line or several; a line without an amount takes what is left."""
    row = _of(receipt_id)

    def book() -> None:
        services.match(request.user, receipt_id, _parts(request, row), timezone.now())

    if tried(request, book):
        messages.success(request, _("Booked."))
        if request.POST.get("next") == "list":
            return redirect("pages:receipts")
    return redirect("pages:receipt", receipt_id=receipt_id)


def _parts(request: HttpRequest, row: Receipt) -> list[tuple[str, int]]:
    loans, amounts = request.POST.getlist("loan_id"), request.POST.getlist("amount")
    lines = [(loan.strip(), text.strip()) for loan, text in zip(loans, amounts, strict=False) if loan.strip()]
    given = [(loan, amount_of(text, row.currency)) if text else (loan, 0) for loan, text in lines]
    (shown,) = services.told([row], propose_for=False)
    left = shown.left - sum(amount for _loan, amount in given)
    open_lines = [loan for loan, amount in given if not amount]
    if len(open_lines) > 1:
        raise WrongUse(_("one line at most may stay without an amount: it takes what is left"))
    return [(loan, amount or left) for loan, amount in given]


@require_POST
@requires("payments.book")
def set_aside(request: HttpRequest, receipt_id: int) -> HttpResponse:
    """Record that it is no borrower's money."""
    _of(receipt_id)
    tried(
        request,
        lambda: services.set_aside(request.user, receipt_id, request.POST.get("reason", ""), timezone.now()),
    )
    return redirect("pages:receipt", receipt_id=receipt_id)


@require_POST
@requires("payments.book")
def take_up(request: HttpRequest, receipt_id: int) -> HttpResponse:
    """Park again what was set aside."""
    _of(receipt_id)
    tried(request, lambda: services.take_up(request.user, receipt_id, timezone.now()))
    return redirect("pages:receipt", receipt_id=receipt_id)


@require_POST
@requires("money.waive")
def give_back(request: HttpRequest, receipt_id: int) -> HttpResponse:
    """Propose that what is left goes back to the payer."""
    row = _of(receipt_id)
    given = request.POST.get("amount", "").strip()

    def ask() -> Approval:
        amount = amount_of(given, row.currency) if given else None
        return services.propose_return(request.user, receipt_id, amount, reason_of(request), timezone.now())

    return _proposed(request, ask, receipt_id)


@require_POST
@requires("payments.reverse")
def unmatch(request: HttpRequest, receipt_id: int) -> HttpResponse:
    """Propose that its bookings are undone."""
    _of(receipt_id)
    day = request.POST.get("effective_on", "")

    def ask() -> Approval:
        on = day_of(day) if day else None
        return services.propose_unmatch(request.user, receipt_id, reason_of(request), timezone.now(), on)

    return _proposed(request, ask, receipt_id)


@require_POST
@requires("payments.reverse")
def bounce(request: HttpRequest, receipt_id: int) -> HttpResponse:
    """Propose that it takes an earlier receipt back."""
    _of(receipt_id)
    given = request.POST.get("of", "")

    def ask() -> Approval:
        if not given.isdecimal() or len(given) > 18:
            raise WrongUse(_("name the receipt that it takes back"))
        return services.propose_bounce(request.user, receipt_id, int(given), reason_of(request), timezone.now())

    return _proposed(request, ask, receipt_id)


def reason_of(request: HttpRequest) -> str:
    """The reason in a form.

    Raises:
        WrongUse: there is none, or it cannot be shown.
    """
    reason = " ".join(request.POST.get("reason", "").split())
    if not reason or len(reason) > 500 or not reason.isprintable():
        raise WrongUse(_("give a reason, to 500 characters, without personal data"))
    return reason


def _proposed(request: HttpRequest, ask: Any, receipt_id: int) -> HttpResponse:
    if tried(request, ask):
        messages.success(request, _("Proposed: another person approves it."))
    return redirect("pages:receipt", receipt_id=receipt_id)


def _of(receipt_id: int) -> Receipt:
    row = Receipt.objects.select_related("statement").filter(pk=receipt_id).first()
    if row is None:
        raise Http404
    return row


def _page(request: HttpRequest, receipt_id: int, more: dict[str, Any] | None = None) -> HttpResponse:
    row = _of(receipt_id)
    (one,) = services.told([row])
    waiting = Approval.objects.filter(subject=f"receipt:{receipt_id}", state="proposed")
    told = {
        "one": one,
        "row": row,
        "splits": range(SPLITS),
        "reasons": [code for code in OTHERS if code in services.BY_PERSON],
        "reveal_reasons": REASONS,
        "fields": [(name, getattr(one, name)) for name in SHOWN if getattr(one, name)],
        "taken_back": services.told(services.taken_back(row), propose_for=False)
        if row.state == PARKED and not row.incoming
        else [],
        "waiting": list(waiting.filter(expires_at__gt=timezone.now())),
        "may_book": allowed(request.user, "payments.book"),
        "may_reverse": allowed(request.user, "payments.reverse"),
        "may_return": allowed(request.user, "money.waive"),
        "may_reveal": allowed(request.user, "receipts.reveal"),
        **(more or {}),
    }
    return render(request, "pages/receipt.html", told)
