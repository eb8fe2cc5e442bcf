"""A borrower's cases, open and closed, and what was done with each."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from forbear.desk.audit.models import Entry
from forbear.desk.people.rights import requires
from forbear.desk.people.roles import Role
from forbear.desk.record.models import Case
from forbear.desk.record.visible import visible_borrowers

CASES = 50
ENTRIES = 200
"""So many of the latest are shown; compliance finds the rest in the audit log."""


@require_safe
@requires("borrower.see")
def history(request: HttpRequest, borrower_id: str) -> HttpResponse:
    """The cases of a borrower, the latest first, each with its steps."""
    who = visible_borrowers(request.user).filter(borrower_id=borrower_id).first()
    if who is None:
        raise Http404
    cases = Case.objects.filter(borrower=who).select_related("agency").order_by("-opened_at", "case_id")
    if request.user.role == Role.AGENCY:  # an agency sees its own placements, not another's before it
        cases = cases.filter(agency_id=request.user.agency_id)
    shown = list(cases[:CASES])
    return render(request, "pages/history.html", {"who": who, "cases": _with_steps(shown)})


def _with_steps(cases: list[Case]) -> list[tuple[Case, list[Any]]]:
    subjects = {f"case:{case.pk}": case for case in cases}
    entries = Entry.objects.filter(subject__in=subjects).order_by("-entry_id")[:ENTRIES]
    steps: dict[Any, list[Any]] = {case.pk: [] for case in cases}
    for entry in entries:
        steps[subjects[entry.subject].pk].append(entry)
    return [(case, steps[case.pk]) for case in cases]
