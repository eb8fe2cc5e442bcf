"""What staff have of the page: the files of a dispute, and proof of an income or a hardship, as downloads, logged."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from forbear.desk.people.rights import requires
from forbear.desk.portal.evidence import SUFFIXES, opened
from forbear.desk.portal.models import Evidence
from forbear.desk.privacy.sealed import erased
from forbear.desk.record.visible import visible_borrowers


@never_cache
@require_safe
@requires("evidence.see")
def evidence(request: HttpRequest, evidence_id: int) -> HttpResponse:
    """A file of a dispute."""
    return _download(request, Evidence.objects.filter(pk=evidence_id, complaint__isnull=False))


@never_cache
@require_safe
@requires("evidence.proof")
def proof(request: HttpRequest, evidence_id: int) -> HttpResponse:
    """A file that shows an income or a hardship, for those who make plans and grant them."""
    return _download(request, Evidence.objects.filter(pk=evidence_id, complaint=None))


def _download(request: HttpRequest, rows: QuerySet[Evidence]) -> HttpResponse:
    """One file: an attachment of no type under a name of ours, so that no browser opens it in the desk's place."""
    row = rows.filter(borrower__in=visible_borrowers(request.user)).first()
    if row is None or row.data == erased():
        raise Http404
    response = HttpResponse(opened(row, request.user), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="evidence-{row.pk}.{SUFFIXES[row.media]}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
