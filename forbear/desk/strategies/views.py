"""Pages of strategies: what is in force, what it did last night, a version beside it; writing, replaying, approving."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forbear.basics.errors import ForbearError, WrongUse
from forbear.desk.pages.trying import settled, tried
from forbear.desk.people import approvals
from forbear.desk.people.models import Approval
from forbear.desk.people.rights import allowed, requires
from forbear.desk.strategies import planning, replaying, versions
from forbear.desk.strategies.comparing import line_changes
from forbear.desk.strategies.models import Decided, Use, Version
from forbear.treatment.actions import read_actions
from forbear.treatment.loosening import differences
from forbear.treatment.strategy import shipped_text

BEGIN_WITH = "careful"
ROWS = 50


@require_safe
@requires("strategies.see")
def held(request: HttpRequest) -> HttpResponse:
    """The strategy in force as it is written, what the last night did by it, what waits, and all that was before."""
    now = timezone.now()
    told = {
        "use": versions.in_force(),
        "waiting": [_told_of(row, request) for row in versions.waiting(now)],
        "uses": Use.objects.select_related("version", "proposed_by", "approved_by").order_by("-use_id")[:ROWS],
        "versions": Version.objects.select_related("made_by").order_by("-version_id")[:ROWS],
        "may_propose": allowed(request.user, "strategies.propose"),
        **_last_night(),
    }
    return render(request, "strategies/held.html", told)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("strategies.propose")
def write(request: HttpRequest) -> HttpResponse:
    """Write a version: begun from another or from the shipped one, checked as it is written, kept when it reads."""
    given = {"text": _begun(request), "why": ""}
    if request.method == "POST":
        given = {name: request.POST.get(name, "") for name in ("text", "why")}
        try:
            kept = versions.write(request.user, given["text"], given["why"], timezone.now())
        except ForbearError as wrong:
            return render(request, "strategies/write.html", {**given, "fault": wrong.message})
        return redirect("strategies:version", version_id=kept.pk)
    return render(request, "strategies/write.html", given)


@require_safe
@requires("strategies.see")
def version(request: HttpRequest, version_id: int) -> HttpResponse:
    """A version beside the one in force: text, keys, lines, what it loosens; its replays; what can be done with it."""
    row = Version.objects.select_related("made_by").filter(pk=version_id).first()
    if row is None:
        raise Http404
    use = versions.in_force()
    told: dict[str, Any] = {
        "row": row,
        "use": use,
        "is_held": use is not None and use.version_id == row.pk,
        "changes": list(line_changes(use.version.text if use else "", row.text)),
        "waiting": [
            _told_of(one, request)
            for one in versions.waiting(timezone.now())
            if one.payload["version_id"] == row.pk
        ],
        "replays": [
            (one, _shown(one.told)) for one in row.replays.select_related("asked_by").order_by("-replay_id")[:5]
        ],
        "was_held": row.uses.exists(),
        "may_propose": allowed(request.user, "strategies.propose"),
    }
    try:
        before = use.version.read.strategy if use else None
        told["keys"] = differences(before, row.read.strategy)
        told["loosens"] = versions.loosens(row)
    except ForbearError as wrong:
        told["fault"] = wrong.message
    return render(request, "strategies/version.html", told)


@require_POST
@requires("strategies.propose")
def propose(request: HttpRequest, version_id: int) -> HttpResponse:
    """Propose that a version comes in force."""
    if tried(request, lambda: versions.propose(request.user, version_id, timezone.now())):
        messages.success(request, _("Proposed. Another person approves it."))
    return _back(version_id)


@require_POST
@requires("strategies.propose")
def replay(request: HttpRequest, version_id: int) -> HttpResponse:
    """Ask for a replay of a version; it is done in the background."""
    if tried(request, lambda: replaying.ask(request.user, version_id, timezone.now())):
        messages.success(request, _("It is being replayed; on a large book that takes some minutes."))
    return _back(version_id)


@require_POST
@requires("strategies.see")
def decide(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Approve or refuse what another has proposed, or take one's own back; its kind says who may."""
    if settled(request, approval_id, (versions.PLAIN, versions.LOOSER)):
        messages.success(request, _("Done."))
    return redirect("strategies:held")


@require_POST
@requires("strategies.propose")
def plan(request: HttpRequest) -> HttpResponse:
    """Plan those of the last night's messages for which there were no words before."""
    last = Decided.objects.aggregate(last=Max("as_of"))["last"]
    done: list[planning.Done] = []

    def again() -> None:
        if last is None:
            raise WrongUse(_("no night has decided anything yet"))
        done.append(planning.plan_night(last, timezone.now(), by=request.user))

    if tried(request, again):
        count = done[0].states["planned"]
        messages.success(request, _("%(count)s messages were put into the outbox.") % {"count": count})
    return redirect("strategies:held")


def _last_night() -> dict[str, Any]:
    last = Decided.objects.aggregate(last=Max("as_of"))["last"]
    if last is None:
        return {"night": None}
    counted = Decided.objects.filter(as_of=last).values("action").annotate(n=Count("pk")).order_by("-n", "action")
    names = titles()
    steps = [(row["action"], names.get(row["action"], row["action"]), row["n"]) for row in counted]
    return {
        "night": last,
        "steps": steps,
        "messages_of_night": planning.told(last),
        "missing": [
            (planning.title_of(step), channel, tongue, n) for step, channel, tongue, n in planning.missing(last)
        ],
        "fingerprints": Decided.objects.filter(as_of=last).values_list("strategy", flat=True).distinct()[:5],
        "message_actions": set(planning.channels()),
    }


def titles() -> dict[str, str]:
    """Names of steps in the reader's language."""
    spoken = "zh" if (get_language() or "").startswith("zh") else "en"
    return {name: dict(one.title)[spoken] for name, one in read_actions().actions.items()}


def _shown(told: dict[str, Any] | None) -> dict[str, Any] | None:
    """A replay with the names of steps."""
    if not told:
        return None
    names = titles()
    steps = [(names.get(name, name), told["night"].get(name, 0), now, then) for name, now, then in told["steps"]]
    moves = [(names.get(a, a), names.get(b, b), n) for a, b, n in told["moves"]]
    return {**told, "steps": steps, "moves": moves}


def _told_of(row: Approval, request: HttpRequest) -> dict[str, Any]:
    """A proposal that waits: what it is, and what this user may do with it."""
    known = approvals.kinds()[row.kind]
    own = row.proposed_by_id == request.user.pk
    return {
        "row": row,
        "version": Version.objects.filter(pk=row.payload["version_id"]).first(),
        "looser": row.kind == versions.LOOSER,
        "own": own,
        "may_decide": not own and allowed(request.user, known.approve),
    }


def _begun(request: HttpRequest) -> str:
    asked = request.GET.get("from", "")
    row = Version.objects.filter(pk=asked).first() if asked.isdecimal() and len(asked) < 18 else None
    if row is not None:
        return str(row.text)
    use = versions.in_force()
    return use.version.text if use else shipped_text(BEGIN_WITH)


def _back(version_id: int) -> HttpResponse:
    if not Version.objects.filter(pk=version_id).exists():
        return redirect("strategies:held")
    return redirect("strategies:version", version_id=version_id)
