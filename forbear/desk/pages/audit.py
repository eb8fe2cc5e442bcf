"""The audit log: who did what to what; searched by actor, subject and action, a page at a time by its key."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from forbear.desk.audit.models import Entry
from forbear.desk.pages.words import WORDS
from forbear.desk.people.rights import requires
from forbear.desk.record.lists import page

ROWS = 50
FIELDS = ("actor", "subject", "action")


@require_safe
@requires("audit.see")
def audit(request: HttpRequest) -> HttpResponse:
    """A page of entries, the newest first; by htmx only the rows that follow."""
    asked = {name: request.GET.get(name, "").strip()[:200] for name in FIELDS}
    entries = Entry.objects.filter(**{name: value for name, value in asked.items() if value})
    found = page(entries, "entry_id", request.GET.get("after", ""), ROWS)
    told = {"entries": found.rows, "after": found.after, "asked": asked, "actions": WORDS["action"]}
    part = "pages/audit_rows.html" if request.headers.get("HX-Request") and request.GET.get("after") else ""
    return render(request, part or "pages/audit.html", told)
