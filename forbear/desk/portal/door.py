"""The door of the page: the link, the second check, the way out. Whoever stands before it learns nothing of anybody."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forbear.desk.portal import checking, links, visits

FIELDS = ("identity", "phone", "born")


def shell(**more: Any) -> dict[str, Any]:
    """What every page of the portal shows: the lender and how to call it."""
    return {"lender": settings.LENDER["name"] or "Forbear", "phone": settings.LENDER["phone"], **more}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def door(request: HttpRequest, token: str) -> HttpResponse:
    """The second check; a link that is not ours, has expired, was taken back or serves another device is closed."""
    link = links.read(token)
    if link is None or not links.holds(link, visits.device_of(request)):
        return _closed(request)
    asked = checking.asked_of(link.borrower_id)
    if not asked:
        return _closed(request)
    at, wrong = timezone.now(), ""
    if request.method == "POST":
        given = {name: request.POST.get(name, "") for name in FIELDS}
        if checking.fits(link.borrower_id, given, at):
            response = visits.enter(request, link, at)
            return response or _closed(request)
        wrong = _("That does not fit, or it was tried too often. Try again in an hour, or call us.")
    return render(request, "portal/door.html", shell(asked=asked, wrong=wrong), status=403 if wrong else 200)


def _closed(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/closed.html", shell(), status=404)


@never_cache
@require_safe
def closed(request: HttpRequest) -> HttpResponse:
    """No visit goes on here: how to come in again."""
    return render(request, "portal/closed.html", shell(ended=True))


@never_cache
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """End the visit."""
    return visits.leave(request, timezone.now())
