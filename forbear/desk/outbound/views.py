"""The page of webhooks: subscriptions and what waits for them; proposing one, its secret, its deliveries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from forbear.basics.errors import ForbearError
from forbear.desk.outbound import subscribing
from forbear.desk.outbound.kinds import KINDS
from forbear.desk.outbound.words import KIND_WORDS, STATE_WORDS
from forbear.desk.pages.trying import tried
from forbear.desk.people.rights import requires

ROWS = 50
STATES = ("waiting", "stuck", "delivered", "skipped")


@require_safe
@requires("webhooks.manage")
def webhooks(request: HttpRequest) -> HttpResponse:
    """All subscriptions."""
    return _list(request)


@require_POST
@requires("webhooks.manage")
def propose(request: HttpRequest) -> HttpResponse:
    """Propose a subscription; another administrator or compliance approves it."""
    given = {"name": request.POST.get("name", ""), "url": request.POST.get("url", "").strip()}
    kinds = request.POST.getlist("kinds")
    try:
        subscribing.proposed(request.user, **given, kinds=kinds, at=timezone.now())
    except ForbearError as error:
        messages.error(request, f"{error.message} {error.hint or ''}".strip())
        return _list(request, given={**given, "kinds": kinds})
    messages.info(request, _("Proposed: another administrator or compliance approves it."))
    return redirect("outbound:webhooks")


@never_cache
@require_POST
@requires("webhooks.manage")
def secret(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """A new secret, shown this once."""
    try:
        shown = subscribing.secret(request.user, webhook_id, timezone.now())
    except ForbearError as error:
        messages.error(request, f"{error.message} {error.hint or ''}".strip())
        return redirect("outbound:webhooks")
    return _list(request, shown=shown, shown_of=webhook_id)


@require_POST
@requires("webhooks.manage")
def change(request: HttpRequest, webhook_id: UUID, what: str) -> HttpResponse:
    """Try, resume or disable a subscription."""
    at = timezone.now()
    doing: dict[str, Callable[[], Any]] = {
        "test": lambda: subscribing.tried(request.user, webhook_id, at),
        "resume": lambda: subscribing.resume(request.user, webhook_id, at),
        "disable": lambda: subscribing.disable(request.user, webhook_id),
    }
    if what not in doing:
        raise Http404
    tried(request, doing[what])
    return redirect("outbound:webhooks")


@require_safe
@requires("webhooks.manage")
def deliveries(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """A page of a subscription's messages, newest first."""
    hook = subscribing.webhooks().filter(pk=webhook_id).first()
    if hook is None:
        raise Http404
    state = request.GET.get("state", "")
    before = request.GET.get("before", "")
    found = subscribing.deliveries(
        webhook_id,
        state if state in STATES else "",
        int(before) if before.isdecimal() and len(before) < 19 else None,
        ROWS + 1,
    )
    told = {
        "hook": hook,
        "deliveries": found[:ROWS],
        "before": found[ROWS - 1].event_id if len(found) > ROWS else "",
        "state": state,
        "states": {name: STATE_WORDS[name] for name in STATES},
        "state_words": STATE_WORDS,
        "kind_words": KIND_WORDS,
    }
    return render(request, "outbound/deliveries.html", told)


@require_POST
@requires("webhooks.manage")
def redo(request: HttpRequest, webhook_id: UUID, message_id: str, what: str) -> HttpResponse:
    """Send a message again, or let it go."""
    doing: dict[str, Callable[[], Any]] = {
        "redeliver": lambda: subscribing.redeliver(request.user, webhook_id, message_id, timezone.now()),
        "skip": lambda: subscribing.skip(request.user, webhook_id, message_id),
    }
    if what not in doing:
        raise Http404
    tried(request, doing[what])
    return redirect("outbound:deliveries", webhook_id=webhook_id)


def _list(request: HttpRequest, **more: Any) -> HttpResponse:
    told = {
        "hooks": list(subscribing.webhooks()),
        "kinds": {kind: KIND_WORDS[kind] for kind in KINDS},
        "state_words": STATE_WORDS,
        **more,
    }
    return render(request, "outbound/webhooks.html", told)
