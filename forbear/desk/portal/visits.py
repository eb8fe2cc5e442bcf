"""A visit to the page: a cookie of its own beside any sign-in at the desk, for an hour at most, and the guard of views.

Whose page is shown follows from the visit alone: no address names a borrower, and whatever an address names is looked
up among what is hers. `@hers` is on every view but the door.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from secrets import token_urlsafe
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache

from forbear.desk.audit.log import record
from forbear.desk.portal.checking import ACTOR
from forbear.desk.portal.links import LASTS, Opened, digest_of
from forbear.desk.portal.models import UsedLink, Visit

LONGEST = timedelta(hours=1)
RESTS = timedelta(minutes=20)
"""A visit ends after so long in all, and after so long without a click."""
KEPT = timedelta(days=90)
"""How long it is kept that a visit was; the audit log keeps that she came in."""
SEEN_EVERY = timedelta(minutes=1)
"""How often it is noted that a visit goes on: a write for each request would be too many."""


def cookie_name(what: str) -> str:
    """The name of a cookie of the page: `visit` or `device`; over TLS bound to this very host."""
    return f"__Host-my-{what}" if settings.SESSION_COOKIE_SECURE else f"my-{what}"


def device_of(request: HttpRequest) -> str:
    """What this device holds; empty: nothing yet."""
    return str(request.COOKIES.get(cookie_name("device"), ""))


def enter(request: HttpRequest, link: Opened, at: datetime) -> HttpResponse | None:
    """Begin a visit after the second check fitted; None when the link was used by another device meanwhile."""
    device = device_of(request) or token_urlsafe(24)
    with transaction.atomic():
        used, _ = UsedLink.objects.get_or_create(
            digest=link.digest,
            defaults={"borrower_id": link.borrower_id, "device": digest_of(device), "used_at": at},
        )
        if used.device != digest_of(device):
            return None
        secret = token_urlsafe(32)
        Visit.objects.create(digest=digest_of(secret), borrower_id=link.borrower_id, began_at=at, seen_at=at)
        record(ACTOR, "portal.entered", f"borrower:{link.borrower_id}")
    response = redirect("portal:home")
    _set(response, "visit", secret, LONGEST)
    _set(response, "device", device, LASTS)
    return response


def visit_of(request: HttpRequest, at: datetime) -> Visit | None:
    """The visit that the request belongs to, if it still goes on."""
    secret = request.COOKIES.get(cookie_name("visit"), "")
    visit = Visit.objects.select_related("borrower").filter(pk=digest_of(secret), ended_at=None).first()
    if visit is None or visit.began_at + LONGEST <= at or visit.seen_at + RESTS <= at:
        return None
    if visit.seen_at + SEEN_EVERY <= at:
        Visit.objects.filter(pk=visit.pk).update(seen_at=at)
    return visit


def leave(request: HttpRequest, at: datetime) -> HttpResponse:
    """End the visit."""
    secret = request.COOKIES.get(cookie_name("visit"), "")
    Visit.objects.filter(pk=digest_of(secret), ended_at=None).update(ended_at=at)
    response = redirect("portal:closed")
    response.delete_cookie(cookie_name("visit"))
    return response


def forget_now() -> int:
    """For the background: let go what can open nothing any more; how many rows.

    A used link is kept until it has surely expired, for without its row it would open for any device.
    """
    at = timezone.now()
    links, _ = UsedLink.objects.filter(used_at__lt=at - 2 * LASTS).delete()
    visits, _ = Visit.objects.filter(began_at__lt=at - KEPT).delete()
    return int(links + visits)


def hers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let only a visit in; the view finds her at `request.borrower`. Anyone else is sent to the closed door."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        visit = visit_of(request, timezone.now())
        if visit is None:
            return redirect("portal:closed")
        request.visit, request.borrower = visit, visit.borrower
        return view(request, *args, **kwargs)

    made: Any = never_cache(guarded)
    made.hers = True
    return made


def _set(response: HttpResponse, what: str, value: str, lasts: timedelta) -> None:
    response.set_cookie(
        cookie_name(what),
        value,
        max_age=lasts,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
