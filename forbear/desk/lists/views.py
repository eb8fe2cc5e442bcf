"""The links of the list pages that export what the page shows: its filters, its order, all of its rows."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from forbear.basics.errors import WrongUse
from forbear.desk.lists.described import lists
from forbear.desk.lists.exporting import RIGHT, export, may_export
from forbear.desk.lists.formats import FORMATS
from forbear.desk.lists.reading import asked
from forbear.desk.people.rights import allowed, requires


@require_safe
@requires(RIGHT)
def exports(request: HttpRequest) -> HttpResponse:
    """All lists that the user may export."""
    mine = [one for name, one in lists().items() if may_export(request.user, name)]
    return render(request, "lists/exports.html", {"lists": mine})


@never_cache
@require_safe
@requires(RIGHT)
def exported(request: HttpRequest, name: str, form: str) -> Any:
    """A list as a file."""
    if name not in lists() or form not in FORMATS:
        raise Http404
    if not may_export(request.user, name):
        raise PermissionDenied(name)
    at = timezone.now()
    try:
        what = asked(lists()[name], request.user, at, request.GET)
    except WrongUse as wrong:
        return HttpResponse(
            f"{wrong.message}: {wrong.hint}\n", status=422, content_type="text/plain; charset=utf-8"
        )
    if request.method == "HEAD":
        return HttpResponse(content_type=FORMATS[form])
    blocks = export(lists()[name], what, form, actor=request.user, bom=request.GET.get("bom") == "1")
    file = f"{name}-{at:%Y-%m-%dT%H%M%SZ}.{form}"
    return StreamingHttpResponse(
        blocks, content_type=FORMATS[form], headers={"Content-Disposition": f'attachment; filename="{file}"'}
    )


def export_right(request: HttpRequest) -> dict[str, bool]:
    """For every page: whether its user may export lists, so that pages show the links."""
    user = request.user
    return {"may_export": user.is_authenticated and allowed(user, RIGHT)}
