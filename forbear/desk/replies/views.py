"""The inbox: what waits for a person, messages that were not certain first, and the tasks that replies have opened."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from forbear.conduct.replies import INTENTS
from forbear.desk.pages.trying import tried
from forbear.desk.people.rights import requires
from forbear.desk.privacy.sealed import opened_texts
from forbear.desk.record.visible import STAFF, visible_borrowers
from forbear.desk.replies import reading
from forbear.desk.replies.models import Incoming, Task
from forbear.desk.replies.words import INTENT_WORDS, MISREADABLE

ROWS = 50


@never_cache
@require_safe
@requires("replies.read")
def inbox(request: HttpRequest) -> HttpResponse:
    """Messages that wait and open tasks of the borrowers whom the user sees, the oldest first."""
    waiting = list(_mine(request, Incoming.objects.filter(state="waiting")).order_by("at", "incoming_id")[:ROWS])
    texts = opened_texts([row for row in waiting if row.borrower_id])
    opened = dict(zip([row.pk for row in waiting if row.borrower_id], texts, strict=True))
    tasks = _mine(request, Task.objects.filter(done_at=None)).select_related("told", "incoming")
    shown = list(tasks.order_by("due_on", "task_id")[:ROWS])
    wrote = [one.incoming for one in shown if one.incoming and one.incoming.channel == "portal"]
    words = dict(zip([row.pk for row in wrote], opened_texts(wrote), strict=True))
    told = {
        "waiting": [(row, opened.get(row.pk, ""), [INTENT_WORDS[one] for one in row.intents]) for row in waiting],
        "tasks": [(one, words.get(one.incoming_id, "")) for one in shown],
        "intents": [(code, INTENT_WORDS[code]) for code in INTENTS],
        "misreadable": MISREADABLE,
        "today": timezone.now().date(),
    }
    return render(request, "replies/inbox.html", told)


@require_POST
@requires("replies.read")
def read(request: HttpRequest, incoming_id: int) -> HttpResponse:
    """Say what a message meant."""
    if not _mine(request, Incoming.objects.filter(pk=incoming_id)).exists():
        raise Http404
    intents = request.POST.getlist("intent")
    tried(request, lambda: reading.read(request.user, incoming_id, intents, timezone.now()))
    return redirect("replies:inbox")


@require_POST
@requires("replies.read")
def done(request: HttpRequest, task_id: int) -> HttpResponse:
    """End a task."""
    if not _mine(request, Task.objects.filter(pk=task_id)).exists():
        raise Http404
    outcome, wrong = request.POST.get("outcome", ""), bool(request.POST.get("misread"))
    tried(request, lambda: reading.done(request.user, task_id, outcome, timezone.now(), wrong=wrong))
    return redirect("replies:inbox")


def _mine(request: HttpRequest, rows: Any) -> Any:
    """Of the borrowers whom the user sees; what came from nobody's address is the staff's."""
    if request.user.role in STAFF:
        return rows
    return rows.filter(borrower__in=visible_borrowers(request.user))
