"""The portfolio: the night's report on a page of the desk, drawn from the report's own parts, night by night."""

from __future__ import annotations

from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from forbear.desk.nights.models import Night
from forbear.desk.people.rights import requires
from forbear.report import parts
from forbear.report.render import CHART_LIBRARY, CHART_SCRIPT

NIGHTS = 60
"""So many nights are offered to choose from, the latest first."""
SCRIPTS = {"library.js": CHART_LIBRARY, "charts.js": CHART_SCRIPT}


@require_safe
@requires("portfolio.see")
def portfolio(request: HttpRequest, as_of: str = "") -> HttpResponse:
    """The report of one night, the latest when none is named."""
    nights = Night.objects.order_by("-as_of")
    night = nights.first() if not as_of else nights.filter(as_of=_day(as_of)).first()
    if night is None:
        if as_of:
            raise Http404
        return render(request, "pages/portfolio_none.html")
    made = parts(night.portfolio, "zh" if (get_language() or "").startswith("zh") else "en")
    told = {
        "night": night,
        "nights": nights.values_list("as_of", flat=True)[:NIGHTS],
        "made": made,
        "chart_data": mark_safe(made.chart_data),  # noqa: S308  # nosec B308 B703 - made so that it cannot end its element
    }
    return render(request, "pages/portfolio.html", told)


@require_safe
@requires("portfolio.see")
def script(request: HttpRequest, name: str) -> HttpResponse:
    """The report's own scripts, which draw its charts."""
    return script_of(name)


def script_of(name: str) -> HttpResponse:
    """A script of the report's, for a page that draws as the report does.

    Raises:
        Http404: the report has none of that name.
    """
    if name not in SCRIPTS:
        raise Http404
    response = HttpResponse(SCRIPTS[name].read_bytes(), content_type="text/javascript; charset=utf-8")
    patch_cache_control(response, private=True, max_age=3600)
    return response


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Http404 from None
