"""Paying: how much and how, where it stands, on a day to come; the sandbox's own page; where providers tell."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forbear.basics.errors import ForbearError, WrongUse
from forbear.desk.pages.trying import amount_of, day_of
from forbear.desk.portal import asking, paying
from forbear.desk.portal.door import shell
from forbear.desk.portal.models import Intent
from forbear.desk.portal.numbers import grouped
from forbear.desk.portal.pay import sandbox as sandboxed
from forbear.desk.portal.pay import told as telling
from forbear.desk.portal.pay.base import NotGenuine, Paid
from forbear.desk.portal.pay.registry import offered, providers
from forbear.desk.portal.paying import Due
from forbear.desk.portal.visits import hers

LONGEST_TOLD = 256 * 1024
"""Bytes of a provider's message; the longest of them are a few thousand."""


@require_http_methods(["GET", "HEAD", "POST"])
@hers
def pay(request: Any) -> HttpResponse:
    """Choose how much and how; then the provider's page, by a link."""
    at, who, wrong = timezone.now(), request.borrower.pk, None
    dues = paying.due_of(who, at)
    if request.method == "POST":
        try:
            due = _due(dues, request.POST.get("currency", ""))
            made = paying.begin(
                who,
                _amount(request, due),
                due,
                request.POST.get("provider", ""),
                at,
                _address(request),
            )
            return redirect("portal:payment", reference=made.pk)
        except ForbearError as error:
            wrong = error
    told = shell(
        wrong=wrong,
        given=request.POST,
        dues=[(due, offered(due.currency)) for due in dues],
        inside_wechat="MicroMessenger" in request.headers.get("User-Agent", ""),
    )
    return render(request, "portal/pay.html", told, status=400 if wrong else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@hers
def promise(request: Any) -> HttpResponse:
    """Say when I pay."""
    at, who, wrong = timezone.now(), request.borrower.pk, None
    dues = paying.due_of(who, at)
    if request.method == "POST":
        try:
            due = _due(dues, request.POST.get("currency", ""))
            amount = amount_of(request.POST.get("amount", ""), due.currency)
            if amount > due.outstanding:
                raise WrongUse(_("pay something, and not more than is owed"), _("look at the sums above"))
            made = asking.promise_to_pay(who, amount, day_of(request.POST.get("day", "")), due.currency, at)
            return redirect("portal:receipt", number=made.pk)
        except ForbearError as error:
            wrong = error
    told = shell(wrong=wrong, given=request.POST, dues=dues, today=at.date())
    return render(request, "portal/promise.html", told, status=400 if wrong else 200)


def _address(request: Any) -> str:
    """Where the payer comes from, as the proxy in front says, if there is one."""
    told = request.headers.get("X-Forwarded-For", "") if settings.BEHIND_PROXY else ""
    return str(told.rsplit(",", 1)[-1].strip() or request.META.get("REMOTE_ADDR", ""))


def _due(dues: list[Due], currency: str) -> Due:
    for due in dues:
        if due.currency == currency:
            return due
    raise WrongUse(_("nothing is owed in this currency"), _("look at the sums above"))


def _amount(request: Any, due: Due) -> int:
    much = request.POST.get("much", "")
    if much == "overdue":
        return due.overdue
    if much == "all":
        return due.outstanding
    if not request.POST.get("amount", "").strip():
        raise WrongUse(_("write how much you pay"))
    return amount_of(request.POST["amount"], due.currency)


@require_safe
@hers
def payment(request: Any, reference: str) -> HttpResponse:
    """One payment: where to pay it, or that it has arrived."""
    made = Intent.objects.filter(pk=reference, borrower=request.borrower).first()
    if made is None:
        raise Http404
    at = timezone.now()
    if made.state == "open":
        made = paying.ask(made, at)
    provider = providers().get(made.provider)
    told = {
        "one": made,
        "who": request.borrower,
        "title": provider.title if provider else made.provider,
        "may_pay": made.state == "open" and made.ends_at > at and bool(made.url),
    }
    response = render(request, "portal/payment.html", shell(**told))
    # Some providers want to know which site the payer comes from; nothing but the site's name is told.
    response["Referrer-Policy"] = "strict-origin"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@hers
def sandbox(request: Any, number: str) -> HttpResponse:
    """The sandbox's page: pay or turn back; paying is told as a real provider would tell it."""
    provider = providers().get("sandbox")
    made = Intent.objects.filter(pk=grouped(number), borrower=request.borrower, provider="sandbox").first()
    if provider is None or made is None:
        raise Http404
    if request.method == "POST":
        at = timezone.now()
        if request.POST.get("do") == "pay" and made.state == "open":
            paid = Paid(f"sandbox-{number}", number, made.amount, made.currency, at)
            telling.take(provider, *sandboxed.told_of(paid, at), at)
        return redirect("portal:payment", reference=made.pk)
    return render(request, "portal/sandbox.html", shell(one=made))


@csrf_exempt
@require_POST
def told(request: HttpRequest, provider: str) -> HttpResponse:
    """Where a provider tells of payments; nothing is read before its signature holds."""
    one = providers().get(provider)
    if one is None:
        return HttpResponse("no such provider", status=404, content_type="text/plain")
    if int(request.headers.get("Content-Length") or 0) > LONGEST_TOLD:
        return HttpResponse("too long", status=413, content_type="text/plain")
    try:
        telling.take(one, request.headers, request.body, timezone.now())
    except NotGenuine as no:
        return HttpResponse(no.message, status=401, content_type="text/plain")
    answer = one.answer(True)
    return HttpResponse(answer.body, status=answer.status, content_type=answer.media)
