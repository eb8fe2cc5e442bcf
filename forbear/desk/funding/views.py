"""Pages over a kept pack: what it says, the forecast, every figure beside the ledger's, its files; and making one."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from forbear.basics.errors import WrongUse
from forbear.desk.funding.models import Pack
from forbear.desk.funding.reconciling import beside, from_postings
from forbear.desk.funding.visible import visible_packs
from forbear.desk.pages.portfolio import script_of
from forbear.desk.pages.trying import day_of, tried
from forbear.desk.people.rights import allowed, requires
from forbear.desk.record.models import Loan
from forbear.funding.pack.document import Section, document
from forbear.report.model import Chart, Series
from forbear.report.texts import texts

OFFERED = 30
"""So many packs and funders are offered to choose from."""
MOST_BYTES = 100_000
"""A facility file is not larger."""
TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
PAGES = {
    "overview": ("covenants", "base", "overview", "provision", "losses", "conduct"),
    "forecast": ("forecast", "liquidity"),
    "pool": ("buckets", "rolls", "vintages", "sources"),
}
"""Which sections of the pack stand on which page."""


@never_cache
@require_safe
@requires("funding.see")
def overview(request: HttpRequest, pack_id: int | None = None) -> HttpResponse:
    """Covenants with head-room, the base, quality, losses and conduct of the latest pack, or of the one asked for."""
    if pack_id is None and not visible_packs(request.user).exists():
        return render(request, "funding/none.html", {"may_make": allowed(request.user, "funding.make"), **_form()})
    return _shown(request, _pack(request, pack_id), "overview")


@never_cache
@require_safe
@requires("funding.see")
def forecast(request: HttpRequest, pack_id: int) -> HttpResponse:
    """Cash to expect, drawn and as a table, and what of it may be lent again."""
    pack = _pack(request, pack_id)
    return _shown(request, pack, "forecast", chart_data=_chart(pack.figures, _language()))


@never_cache
@require_safe
@requires("funding.see")
def pool(request: HttpRequest, pack_id: int) -> HttpResponse:
    """Buckets, roll rates, vintages, formulas and their sources."""
    return _shown(request, _pack(request, pack_id), "pool")


@never_cache
@require_safe
@requires("funding.see")
def reconciliation(request: HttpRequest, pack_id: int) -> HttpResponse:
    """Each counted figure beside what the ledger's postings give now, as they were known when the pack was made."""
    pack = _pack(request, pack_id)
    ledger = from_postings(pack.as_of, pack.currency, pack.funder_id, pack.made_at)
    told = beside(pack.figures, ledger)
    sections = [s for s in document(told, _language()) if s.name == "reconciliation"]
    return render(request, "funding/pack.html", _told(request, pack, told, "reconciliation", sections))


@never_cache
@require_safe
@requires("funding.see")
def download(request: HttpRequest, pack_id: int, kind: str, language: str) -> HttpResponse:
    """A file of the pack, as it was made."""
    pack = _pack(request, pack_id)
    if kind not in TYPES or language not in ("zh", "en"):
        raise Http404
    answer = HttpResponse(bytes(getattr(pack, f"{kind}_{language}")), content_type=TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="pack-{pack.as_of}-{pack.pk}.{language}.{kind}"'
    return answer


@require_safe
@requires("funding.see")
def script(request: HttpRequest, name: str) -> HttpResponse:
    """The report's own scripts, which draw the chart."""
    return script_of(name)


@require_POST
@requires("funding.make")
def make(request: HttpRequest) -> HttpResponse:
    """Make a pack of a pool as of a day, with or without a facility file."""
    from forbear.desk.funding.making import make_pack, small_enough  # brings the engine, which no other page needs

    made: list[Pack] = []

    def write() -> None:
        funder = request.POST.get("funder", "").strip() or None
        if not small_enough(funder):
            raise WrongUse(
                _("so many loans take longer than a page may"), _("use the command: forbear desk funding")
            )
        text = _facility(request)
        made.append(make_pack(day_of(request.POST.get("as_of", "")), funder, text, request.user, timezone.now()))

    if not tried(request, write):
        return redirect("funding:overview")
    messages.success(request, _("The pack is made."))
    return redirect("funding:pack", pack_id=made[0].pk)


def _facility(request: HttpRequest) -> str:
    given = request.FILES.get("facility")
    if given is None:
        return ""
    if given.size > MOST_BYTES:
        raise WrongUse(_("the facility file is too large"), _("it is a short TOML file, docs/funding.md shows one"))
    try:
        return bytes(given.read()).decode("utf-8")
    except UnicodeDecodeError as bad:
        raise WrongUse(_("the facility file is no text in UTF-8"), "") from bad


def _pack(request: HttpRequest, pack_id: int | None) -> Pack:
    packs = visible_packs(request.user)
    found = packs.first() if pack_id is None else packs.filter(pk=pack_id).first()
    if found is None:
        raise Http404
    return found


def _language() -> str:
    return "zh" if (get_language() or "").startswith("zh") else "en"


def _shown(request: HttpRequest, pack: Pack, page: str, **more: Any) -> HttpResponse:
    told = pack.figures
    by_name = {s.name: s for s in document(told, _language())}
    sections = [by_name[name] for name in PAGES[page] if name in by_name]
    return render(request, "funding/pack.html", {**_told(request, pack, told, page, sections), **more})


def _told(
    request: HttpRequest, pack: Pack, told: dict[str, Any], page: str, sections: list[Section]
) -> dict[str, Any]:
    warned = [c for c in told["covenants"] if c["state"] != "met"]
    return {
        "pack": pack,
        "told": told,
        "page": page,
        "sections": sections,
        "warned": warned,
        "differ": sum(not f["holds"] for f in told["figures"]),
        "others": visible_packs(request.user).exclude(pk=pack.pk)[:OFFERED],
        "may_make": allowed(request.user, "funding.make"),
        **_form(),
    }


def _form() -> dict[str, Any]:
    funders = Loan.objects.filter(funder_id__isnull=False).values_list("funder_id", flat=True)
    return {"funders": funders.distinct().order_by("funder_id")[:OFFERED]}


def _chart(told: dict[str, Any], language: str) -> str:
    """The forecast for `charts.js`, as JSON that cannot end its script element."""
    periods = told["forecast"]["periods"]
    names = {"expected": _("expected"), "low": _("low"), "high": _("high"), "naive": _("roll-rate forecast")}
    series = tuple(Series(str(name), tuple(float(p[key]) for p in periods)) for key, name in names.items())
    ends = tuple(p["ends_on"] for p in periods)
    spec = Chart("", "line", ends, series, "money").spec()
    data = {"charts": {"forecast": spec}, "units": texts(language).entries["words"]["units"]["axis"]}
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return mark_safe(safe)  # noqa: S308  # nosec B308 B703 - made so that it cannot end its element
