"""The supervisor's board: what was done today, in 7 and in 30 days, by agent and by strategy."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from forbear.desk.complaints.rates import rates
from forbear.desk.people.rights import requires
from forbear.desk.record.board import board, since_of
from forbear.desk.record.gate import packs

KINDS = {"channel": _("Channel"), "template": _("Template"), "agent": _("Agent"), "agency": _("Agency")}
PERIODS = {"today": _("Today"), "7": _("7 days"), "30": _("30 days")}


@require_safe
@requires("board.see")
def show(request: HttpRequest) -> HttpResponse:
    """The board of a period."""
    period = request.GET.get("period", "today")
    period = period if period in PERIODS else "today"
    now = timezone.now()
    since = since_of(period, midnight(now))
    told = {
        "rates": [(one, KINDS[one.kind]) for one in rates(since, now)],
        "board": board(since, now),
        "period": period,
        "periods": PERIODS,
        "since": since,
        "zone": zone(),
    }
    return render(request, "pages/board.html", told)


def zone() -> str:
    """The zone in which the lender's day begins: that of the first rule pack that names one."""
    return next((pack.head.zone for pack in packs().packs if pack.head.zone), "UTC")


def midnight(now: datetime) -> datetime:
    """When the lender's today began."""
    return now.astimezone(ZoneInfo(zone())).replace(hour=0, minute=0, second=0, microsecond=0)
