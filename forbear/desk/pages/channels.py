"""Channels: which are open, to whom, by whom; what waits and what was put off; and the button that stops everything."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from forbear.desk.contact import clock, opening, queue, switches
from forbear.desk.pages.borrower import titles
from forbear.desk.pages.trying import tried
from forbear.desk.people.rights import allowed, requires

DEFERRED = 50
"""So many of what was put off are shown, the next to come back first."""
SWITCHES = {"stop": switches.stop_all, "pause": switches.pause, "drain": switches.drain}


@require_safe
@requires("contact.see")
def channels(request: HttpRequest) -> HttpResponse:
    """Everything about channels on one page."""
    told = {
        "channels": queue.overview(clock.now()),
        "everything": queue.switch_of_all(),
        "unknown": queue.unknown(),
        "deferred": [(one, titled(one.rules)) for one in queue.deferred(DEFERRED)],
        "whys": [(*titled([one["rule"]])[0], one["count"]) for one in queue.why_counts()],
        "may_stop": allowed(request.user, "contact.stop"),
        "may_resume": allowed(request.user, "contact.resume"),
        "may_open": allowed(request.user, "contact.open"),
    }
    return render(request, "pages/channels.html", told)


def titled(rules: Iterable[str]) -> list[tuple[str, str]]:
    """Rules with their titles in the reader's language."""
    known = titles()
    return [(rule, known.get(rule, rule)) for rule in rules]


@require_POST
@requires("contact.stop")
def switch(request: HttpRequest, mode: str) -> HttpResponse:
    """Stop, pause or drain: everything, or one channel."""
    act = SWITCHES.get(mode)
    if act is not None:
        given = {"channel": request.POST.get("channel", ""), "why": request.POST.get("why", "")}
        tried(request, lambda: act(request.user, clock.now(), **given))
    return redirect("pages:channels")


@require_POST
@requires("contact.resume")
def resume(request: HttpRequest) -> HttpResponse:
    """Go on."""
    tried(request, lambda: switches.resume(request.user, clock.now(), channel=request.POST.get("channel", "")))
    return redirect("pages:channels")


@require_POST
@requires("contact.open")
def open_channel(request: HttpRequest) -> HttpResponse:
    """Propose that a channel is opened; a second person approves."""
    given = request.POST
    listed = given.get("allowed", "").replace(",", " ").split()

    def propose() -> None:
        opening.propose_opening(request.user, given.get("channel", ""), given.get("mode", ""), listed, clock.now())
        messages.success(request, _("Proposed; another person approves it."))

    tried(request, propose)
    return redirect("pages:channels")


@require_POST
@requires("contact.stop")
def close(request: HttpRequest) -> HttpResponse:
    """Close a channel at once."""
    tried(request, lambda: opening.close(request.user, request.POST.get("channel", ""), clock.now()))
    return redirect("pages:channels")
