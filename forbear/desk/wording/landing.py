"""Where links in messages lead: one small page for one purpose, nothing shown before a second check.

A link may be opened by anyone who reads over a shoulder, and by machines that look at every link. So looking at the
page does nothing and shows nothing. To see what is owed, or to dispute, she also gives the last four digits of her
phone or the year she was born; after `MOST_TRIES` wrong ones within an hour the link rests. To stop needs the button
alone: nobody is asked to prove who she is before we stop.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from forbear.basics.errors import ForbearError
from forbear.conduct import sending
from forbear.desk.audit.log import record
from forbear.desk.complaints import taking
from forbear.desk.ledger.balances import owed_on
from forbear.desk.privacy.reaching import addresses_of
from forbear.desk.record.models import Borrower, Loan
from forbear.desk.wording.links import borrower_of
from forbear.desk.wording.rendering import today_of

MOST_TRIES = 5
AN_HOUR = 3600
ACTOR = "borrower's link"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def landing(request: HttpRequest, purpose: str, token: str) -> HttpResponse:
    """The page of one link; a link that is not ours, or has expired, says so and no more."""
    borrower_id = borrower_of(purpose, token)
    if borrower_id is None or not Borrower.objects.filter(pk=borrower_id).exists():
        return render(
            request, "wording/landing.html", {"purpose": "", "lender": settings.LENDER["name"]}, status=404
        )
    told: dict[str, Any] = {
        "purpose": purpose,
        "lender": settings.LENDER["name"],
        "phone": settings.LENDER["phone"],
    }
    if request.method == "POST":
        told |= _done(request, purpose, token, borrower_id)
    return render(request, "wording/landing.html", told)


def _done(request: HttpRequest, purpose: str, token: str, borrower_id: str) -> dict[str, Any]:
    at = timezone.now()
    if purpose == "stop":
        _stop(borrower_id, at)
        return {"done": True}
    if not _is_she(borrower_id, token, request.POST.get("check", "")):
        return {"wrong": _("That does not fit, or it was tried too often. Call us instead.")}
    if purpose == "see":
        record(ACTOR, "link.seen", f"borrower:{borrower_id}")
        return {"done": True, "owed": _owed(borrower_id, at)}
    text = request.POST.get("text", "")
    try:
        taking.take(ACTOR, borrower_id, text, at, channel="portal", kind="dispute")
    except ForbearError as wrong:
        return {"wrong": wrong.message}
    return {"done": True}


def _stop(borrower_id: str, at: datetime) -> None:
    from forbear.desk.replies.acting import Said, act

    with transaction.atomic():
        sending.lock_borrower(connection, borrower_id)
        act("stop", Said(borrower_id, at, "portal", "", by=ACTOR))


def _is_she(borrower_id: str, token: str, given: str) -> bool:
    """Whether the second check fits; wrong ones are counted for the link."""
    key = "link:" + hashlib.sha256(token.encode()).hexdigest()[:32]
    cache.add(key, 0, AN_HOUR)
    if cache.incr(key) > MOST_TRIES:
        return False
    given = given.strip()
    phone = addresses_of([borrower_id], "phone").get(borrower_id)
    year = Borrower.objects.filter(pk=borrower_id).values_list("birth_year", flat=True).first()
    known = {str(year)} if year else set()
    if phone:
        known.add(phone.value[-4:])
    if len(given) == 4 and given in known:
        cache.delete(key)
        return True
    return False


def _owed(borrower_id: str, at: datetime) -> list[Any]:
    loans = Loan.objects.filter(borrower_id=borrower_id).values_list("loan_id", flat=True)
    return [(one.loan_id[-4:], one) for one in owed_on(loans, today_of(borrower_id, at)).values()]
