"""Experiments by API: all of them, one with its arms, who is in which, each day's look; define, propose, look, end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from forbear.basics.errors import AnswerIsNo
from forbear.desk.experiments import defining, watching
from forbear.desk.experiments.models import Experiment, Look, Member
from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NO, NotThere, Waits, waits

router = Router(tags=["experiments"])
MOST = 1_000
Key = Annotated[int, Field(ge=1, le=2**63 - 1)]
Share = Annotated[Decimal, Field(ge=0, le=1, decimal_places=4, max_digits=5)]
Days = Annotated[int, Field(ge=1, le=180)]
Words = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]
Few = Annotated[int, Field(ge=1, le=100)]
Page = Annotated[int, Field(ge=1, le=MOST)]


class ChallengerIn(Schema):
    """A version of a strategy that is tried, and its share of borrowers."""

    version_id: Key
    share: Share


class ExperimentIn(Schema):
    """An experiment; the champion is the strategy in force and has the rest of the shares."""

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
    challengers: Annotated[list[ChallengerIn], Field(min_length=1, max_length=defining.CHALLENGERS)]
    least_contact: Share = Field(Decimal("0.05"), description="share of the slice that is left in peace")
    result_days: Days = 30
    guard_days: Days = 7
    margin: Share = Field(Decimal("0.005"), description="complaints a borrower above the champion's that are borne")


class ArmOut(Schema):
    """One strategy on trial; without a version it is the least contact."""

    name: str
    version_id: int | None
    share: Decimal
    joined: int = Field(description="borrowers")
    stopped_at: datetime | None
    stopped_by: list[str] = Field(description="guards that stopped it")


class ExperimentOut(Schema):
    """An experiment: draft, running, stopped (by guards) or ended."""

    experiment_id: int
    name: str
    state: str
    result_days: int
    guard_days: int
    margin: float
    made_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    conclusion: str
    arms: list[ArmOut]
    loosens: list[str] = Field(description="of a draft: keys by which a challenger loosens what is in force")


class LookOut(Schema):
    """What could be said on a day: by arm what came, complaints, contacts, and the intervals against the champion."""

    day: date
    told: dict[str, Any]


class MemberOut(Schema):
    """A borrower's arm, which she keeps."""

    member_id: int
    borrower_id: str
    arm: str
    stratum: str
    joined_on: date


class EndIn(Schema):
    """What is concluded; a winner is proposed as the strategy in force."""

    winner: Words = Field("", description="name of a challenger's arm; empty: the champion stays")
    why: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class EndedOut(Schema):
    """The experiment as it ended, and what another must approve, if there is a winner."""

    experiment: ExperimentOut
    waits: Waits | None


@router.get("", response={200: list[ExperimentOut], 403: NO[403]}, summary="Experiments")
@requires("strategies.see")
def list_experiments(request: HttpRequest, before: Key | None = None, page: Few = 50) -> Any:
    """Experiments, the latest first; `before`: the last experiment_id of the page before."""
    rows = Experiment.objects.order_by("-experiment_id")
    return [_told(row) for row in (rows.filter(pk__lt=before) if before else rows)[:page]]


@router.post("", response={201: ExperimentOut, **NO}, summary="Define an experiment")
@requires("strategies.propose")
def define_experiment(request: HttpRequest, body: ExperimentIn) -> Any:
    """Keep an experiment as a draft; nothing changes until it is proposed and another approves."""
    chosen = [(one.version_id, one.share) for one in body.challengers]
    days = {"result_days": body.result_days, "guard_days": body.guard_days}
    wanted = defining.Wanted(body.name, chosen, body.least_contact, margin=float(body.margin), **days)
    return Status(201, _told(defining.define(request.user, wanted, timezone.now())))


@router.get("/{experiment_id}", response={200: ExperimentOut, 403: NO[403], 404: NO[404]}, summary="An experiment")
@requires("strategies.see")
def read_experiment(request: HttpRequest, experiment_id: Key) -> Any:
    """An experiment with its arms and how many joined each."""
    return _told(_row(experiment_id))


@router.get(
    "/{experiment_id}/looks", response={200: list[LookOut], 403: NO[403], 404: NO[404]}, summary="Its looks"
)
@requires("strategies.see")
def read_looks(request: HttpRequest, experiment_id: Key, before: date | None = None, page: Page = 100) -> Any:
    """What each day's look told, the latest first; intervals hold at all times at once. `before`: an earlier page."""
    rows = Look.objects.filter(experiment=_row(experiment_id)).order_by("-day")
    return list((rows.filter(day__lt=before) if before else rows)[:page].values("day", "told"))


@router.get("/{experiment_id}/members", response={200: list[MemberOut], **NO}, summary="Who is in which arm")
@requires("strategies.see")
def read_members(
    request: HttpRequest,
    experiment_id: Key,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="member_id of the last of the page before")] = 0,
    page: Page = MOST,
) -> Any:
    """Borrowers and the arms they were given, in the order of joining."""
    rows = Member.objects.filter(experiment=_row(experiment_id), member_id__gt=after).order_by("member_id")[:page]
    return list(rows.values("member_id", "borrower_id", "arm", "stratum", "joined_on"))


@router.post("/{experiment_id}/propose", response={202: Waits, **NO}, summary="Propose to start it")
@requires("strategies.propose")
def propose_experiment(request: HttpRequest, experiment_id: Key) -> Any:
    """Propose that a draft starts; where a challenger loosens a rule compliance approves it."""
    return Status(202, waits(defining.propose(request.user, experiment_id, timezone.now())))


@router.post("/{experiment_id}/look", response={201: LookOut, **NO}, summary="Look now")
@requires("strategies.propose")
def look_now(request: HttpRequest, experiment_id: Key) -> Any:
    """Keep what may be said today; 409 where today was looked at, or it does not run."""
    made = watching.look(_row(experiment_id), timezone.now())
    if made is None:
        raise AnswerIsNo("today was looked at already, or it does not run", "read its looks")
    return Status(201, {"day": made.day, "told": made.told})


@router.post("/{experiment_id}/end", response={200: EndedOut, **NO}, summary="End it")
@requires("strategies.propose")
def end_experiment(request: HttpRequest, experiment_id: Key, body: EndIn) -> Any:
    """End a running or stopped experiment with its conclusion; everybody is decided for by what is in force."""
    made = defining.end(request.user, experiment_id, body.winner, body.why, timezone.now())
    return {"experiment": _told(_row(experiment_id)), "waits": waits(made) if made else None}


def _row(experiment_id: int) -> Experiment:
    found = Experiment.objects.filter(pk=experiment_id).first()
    if found is None:
        raise NotThere("there is no such experiment", "look at the list of experiments")
    return found


def _told(row: Experiment) -> dict[str, Any]:
    names = (
        "name",
        "state",
        "result_days",
        "guard_days",
        "margin",
        "made_at",
        "started_at",
        "ended_at",
        "conclusion",
    )
    own = {name: getattr(row, name) for name in names}
    loosens = defining.loosens(row) if row.state == "draft" else []
    return {"experiment_id": row.pk, **own, "arms": list(_arms(row)), "loosens": loosens}


def _arms(row: Experiment) -> Iterable[dict[str, Any]]:
    joined = defining.joined(row)
    for arm in row.arms.order_by("arm_id"):
        own = {name: getattr(arm, name) for name in ("name", "version_id", "share", "stopped_at", "stopped_by")}
        yield {**own, "joined": joined.get(arm.name, 0)}
