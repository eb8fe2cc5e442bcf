"""Pages of experiments: all of them and defining one; one with its arms, daily intervals, guards and conclusion."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from forbear.basics.errors import WrongUse
from forbear.desk.experiments import defining, watching
from forbear.desk.experiments.drawing import drawn
from forbear.desk.experiments.models import Experiment, Look
from forbear.desk.pages.trying import settled, tried
from forbear.desk.people import approvals
from forbear.desk.people.models import Approval
from forbear.desk.people.rights import allowed, requires
from forbear.desk.strategies import versions
from forbear.desk.strategies.models import Version

ROWS = 50


@require_safe
@requires("strategies.see")
def all_of_them(request: HttpRequest) -> HttpResponse:
    """Experiments, the latest first, and the form for another."""
    told = {
        "rows": Experiment.objects.select_related("made_by", "approved_by").order_by("-experiment_id")[:ROWS],
        "use": versions.in_force(),
        "versions": Version.objects.order_by("-version_id")[:ROWS],
        "places": range(1, defining.CHALLENGERS + 1),
        "may_propose": allowed(request.user, "strategies.propose"),
    }
    return render(request, "experiments/list.html", told)


@require_POST
@requires("strategies.propose")
def define(request: HttpRequest) -> HttpResponse:
    """Define an experiment from the form."""
    made: list[Experiment] = []
    if not tried(
        request,
        lambda: made.append(defining.define(request.user, _wanted(request.POST.dict()), timezone.now())),
    ):
        return redirect("experiments:list")
    return redirect("experiments:one", experiment_id=made[0].pk)


@require_safe
@requires("strategies.see")
def one(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """One experiment: arms, what each day's look told, what can be done with it."""
    row = Experiment.objects.select_related("made_by", "approved_by").filter(pk=experiment_id).first()
    if row is None:
        raise Http404
    looks = list(Look.objects.filter(experiment=row).order_by("day"))
    members = defining.joined(row)
    arms = list(row.arms.select_related("version").order_by("arm_id"))
    last = looks[-1].told["arms"] if looks else {}
    waiting = Approval.objects.filter(
        subject=defining.subject(row), state="proposed", expires_at__gt=timezone.now()
    ).first()
    told: dict[str, Any] = {
        "row": row,
        "currency": watching.currency(),
        "arms": [(arm, members.get(arm.name, 0), last.get(arm.name, {})) for arm in arms],
        "series": [(arm, *_series(arm.name, looks)) for arm in arms if arm.name != defining.CHAMPION],
        "looks": len(looks),
        "last_day": looks[-1].day if looks else None,
        "challengers": [
            arm for arm in arms if arm.version_id and arm.name != defining.CHAMPION and not arm.stopped_at
        ],
        "loosens": defining.loosens(row) if row.state == "draft" else [],
        "waiting": waiting,
        "may_decide": waiting is not None
        and waiting.proposed_by_id != request.user.pk
        and allowed(request.user, approvals.kinds()[waiting.kind].approve),
        "may_propose": allowed(request.user, "strategies.propose"),
    }
    return render(request, "experiments/one.html", told)


@require_POST
@requires("strategies.propose")
def propose(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """Propose that a draft starts."""
    if tried(request, lambda: defining.propose(request.user, experiment_id, timezone.now())):
        messages.success(request, _("Proposed. Another person approves it."))
    return _back(experiment_id)


@require_POST
@requires("strategies.see")
def decide(request: HttpRequest, experiment_id: int, approval_id: UUID) -> HttpResponse:
    """Approve or refuse the start of an experiment; its kind says who may."""
    if settled(request, approval_id, (defining.PLAIN, defining.LOOSER)):
        messages.success(request, _("Done."))
    return _back(experiment_id)


@require_POST
@requires("strategies.propose")
def look(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """Look now, if today was not looked at yet."""
    row = Experiment.objects.filter(pk=experiment_id).first()
    if row is not None and watching.look(row, timezone.now()) is None:
        messages.info(request, _("Today was looked at already, or it does not run."))
    return _back(experiment_id)


@require_POST
@requires("strategies.propose")
def end(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """End it with a conclusion; a winner is proposed as the strategy in force."""
    given = request.POST
    made: list[Any] = []

    def conclude() -> None:
        winner, why = given.get("winner", ""), given.get("why", "")
        made.append(defining.end(request.user, experiment_id, winner, why, timezone.now()))

    if tried(request, conclude):
        said = _("Ended; the challenger is proposed, another person approves it.") if made[0] else _("Ended.")
        messages.success(request, said)
    return _back(experiment_id)


def _wanted(given: dict[str, str]) -> defining.Wanted:
    """The form as it was filled in.

    Raises:
        WrongUse: a share or a number of days is none.
    """
    chosen = []
    for place in range(1, defining.CHALLENGERS + 1):
        version = given.get(f"version_{place}", "")
        if version.isdecimal() and len(version) < 18:
            chosen.append((int(version), _share(given.get(f"share_{place}", ""))))
    days = {}
    for name in ("result_days", "guard_days"):
        if not given.get(name, "").isdecimal() or len(given[name]) > 4:
            raise WrongUse(_("%(text)s is no number of days") % {"text": given.get(name, "") or "–"})
        days[name] = int(given[name])
    margin = float(_share(given.get("margin", "")))
    return defining.Wanted(
        given.get("name", "").strip(), chosen, _share(given.get("least", "")), margin=margin, **days
    )


def _share(text: str) -> Decimal:
    """A percentage as a share.

    Raises:
        WrongUse: it is none.
    """
    try:
        found = Decimal(text.strip()) / 100
    except InvalidOperation as bad:
        raise WrongUse(_("%(text)s is no percentage") % {"text": text or "–"}) from bad
    if not found.is_finite() or not 0 <= found <= 1 or found != round(found, 4):
        raise WrongUse(_("%(text)s is no percentage from 0 to 100 with two decimals") % {"text": text})
    return found


def _series(name: str, looks: list[Look]) -> tuple[Any, list[tuple[Any, dict[str, Any]]]]:
    """The drawing of an arm's daily intervals, and the table of them, the latest first."""
    said = [(one.day, one.told["arms"][name]) for one in looks if "gain" in one.told["arms"].get(name, {})]
    points = [
        (day.toordinal(), told["gain"]["value"], told["gain"]["low"], told["gain"]["high"])
        for day, told in said
        if told["gain"]["value"] is not None
    ]
    return drawn(points), said[::-1][:ROWS]


def _back(experiment_id: int) -> HttpResponse:
    if not Experiment.objects.filter(pk=experiment_id).exists():
        return redirect("experiments:list")
    return redirect("experiments:one", experiment_id=experiment_id)
