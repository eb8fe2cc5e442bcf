"""Doing: telling of hardship, asking for time, disputing, complaining, choosing how to be reached, stopping.

What was wrong with a form is told on the same page, what she wrote still in it; what was done leads to its receipt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from forbear.basics.errors import ForbearError
from forbear.desk.complaints.taking import clock_of, jurisdiction
from forbear.desk.portal import asking, contact, words
from forbear.desk.portal.door import shell
from forbear.desk.portal.evidence import limits, takes_files, uploads_of
from forbear.desk.portal.history import contacts_of
from forbear.desk.portal.models import Asked
from forbear.desk.portal.standing import standing_of
from forbear.desk.portal.visits import hers
from forbear.desk.record.models import Loan


def done(request: Any, template: str, act: Callable[[], Asked], **more: Any) -> HttpResponse:
    """Show a form, or do what it asks and lead to the receipt; what was wrong is told above the form."""
    wrong = None
    if request.method == "POST":
        try:
            return redirect("portal:receipt", number=act().pk)
        except ForbearError as error:
            wrong = error
    told = shell(wrong=wrong, given=request.POST, **more)
    return render(request, template, told, status=400 if wrong else 200)


@takes_files
@require_http_methods(["GET", "HEAD", "POST"])
@hers
def hardship(request: Any) -> HttpResponse:
    """Tell that times are hard, with what shows it, if she has something."""
    given, who = request.POST, request.borrower.pk

    def tell() -> Asked:
        causes, files = given.getlist("cause"), uploads_of(request)
        return asking.tell_hardship(who, causes, given.get("text", ""), timezone.now(), files)

    return done(
        request,
        "portal/hardship.html",
        tell,
        causes=words.CAUSE_WORDS,
        chosen=given.getlist("cause"),
        help=words.help_of(jurisdiction()),
        standing=standing_of(who, timezone.now()),
        most=limits(),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@hers
def extension(request: Any) -> HttpResponse:
    """Ask for more time."""
    given, who = request.POST, request.borrower.pk

    def ask() -> Asked:
        days = given.get("days", "")
        return asking.ask_extension(
            who, int(days) if days.isdecimal() and len(days) < 4 else 0, given.get("text", ""), timezone.now()
        )

    return done(request, "portal/extension.html", ask, days=asking.EXTENSIONS)


@takes_files
@require_http_methods(["GET", "HEAD", "POST"])
@hers
def dispute(request: Any) -> HttpResponse:
    """Dispute, with files."""
    given, who = request.POST, request.borrower.pk
    loans = list(Loan.objects.filter(borrower_id=who).order_by("loan_id").values_list("pk", flat=True))

    def ask() -> Asked:
        loan_id = given.get("loan") if given.get("loan") in loans else None
        return asking.dispute(who, given.get("text", ""), uploads_of(request), timezone.now(), loan_id)

    return done(
        request,
        "portal/dispute.html",
        ask,
        loans=loans,
        clock=clock_of("dispute"),
        most=limits(),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@hers
def complain(request: Any) -> HttpResponse:
    """Complain, perhaps of a contact."""
    given, who = request.POST, request.borrower.pk
    made = [one for one in contacts_of(who) if one.contact_id and not one.inward]
    return done(
        request,
        "portal/complain.html",
        lambda: asking.complain(who, given.get("text", ""), timezone.now(), given.get("contact") or None),
        contacts=made[:30],
        about=given.get("contact") or request.GET.get("contact", ""),
        who=request.borrower,
        clock=clock_of("complaint"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@hers
def reach(request: Any) -> HttpResponse:
    """How I may be reached."""
    given, at = request.POST, timezone.now()
    wanted = contact.Wishes(
        tuple(one for one in given.getlist("declined")),
        given.get("preferred", ""),
        given.get("opens", ""),
        given.get("closes", ""),
        given.get("language", ""),
    )
    return done(
        request,
        "portal/reach.html",
        lambda: contact.wish(request.borrower, wanted, at),
        wishes=wanted if request.method == "POST" else contact.wishes_of(request.borrower, at),
        ways=words.WAY_WORDS,
        stopped=asking.stopped(request.borrower.pk, at),
        who=request.borrower,
    )


@require_POST
@hers
def stop(request: Any) -> HttpResponse:
    """Stop contact; one button."""
    return redirect("portal:receipt", number=asking.stop(request.borrower.pk, timezone.now()).pk)


@require_POST
@hers
def again(request: Any) -> HttpResponse:
    """Let contact begin again."""
    return done(request, "portal/reach.html", lambda: asking.contact_again(request.borrower.pk, timezone.now()))
