"""Strategies by API: what is in force, every version, proposing one, asking for a replay and reading it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema, Status

from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NO, Waits, waits
from forbear.desk.strategies import replaying, versions
from forbear.desk.strategies.models import Replay, Version

router = Router(tags=["strategies"])
Key = Annotated[int, Field(ge=1, le=2**63 - 1)]


class InForce(Schema):
    """The strategy in force."""

    version_id: int
    name: str
    version: str
    sha256: str
    from_at: datetime
    proposed_by: str
    approved_by: str
    text: str


class Written(Schema):
    """A version, new or known."""

    version_id: int
    name: str
    version: str
    sha256: str
    made_at: datetime
    loosens: list[str] = Field(description="keys by which it would loosen what is in force")


class TextIn(Schema):
    """A strategy as TOML (docs/strategies.md)."""

    text: Annotated[str, Field(min_length=1, max_length=100_000, pattern=r"^[^\x00]*$")]
    why: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")] = ""


class ReplayOut(Schema):
    """A replay: what the version would decide, and what the log says it would have brought."""

    replay_id: int
    version_id: int
    state: str
    asked_at: datetime
    done_at: datetime | None
    why: str
    told: dict[str, Any] | None


def _none(what: str) -> Status:
    return Status(404, {"detail": f"there is no such {what}", "hint": "look at the list of strategies"})


def _written(row: Version) -> dict[str, Any]:
    return {
        "version_id": row.pk,
        "name": row.name,
        "version": row.label,
        "sha256": row.sha256,
        "made_at": row.made_at,
        "loosens": versions.loosens(row),
    }


@router.get("", response={200: InForce, 403: NO[403], 404: NO[404]}, summary="The strategy in force")
@requires("strategies.see")
def read_strategy_in_force(request: HttpRequest) -> Any:
    """The strategy in force as it is written, with its fingerprint and who put it there."""
    use = versions.in_force()
    if use is None:
        return _none("strategy in force")
    return {
        "version_id": use.version_id,
        "name": use.version.name,
        "version": use.version.label,
        "sha256": use.version.sha256,
        "from_at": use.from_at,
        "proposed_by": use.proposed_by.username,
        "approved_by": use.approved_by.username,
        "text": use.version.text,
    }


@router.post("", response={201: Written, **NO}, summary="Write a version")
@requires("strategies.propose")
def write_version(request: HttpRequest, body: TextIn) -> Any:
    """Keep a text as a version; nothing changes until it is proposed and another approves."""
    return Status(201, _written(versions.write(request.user, body.text, body.why, timezone.now())))


@router.post("/{version_id}/propose", response={202: Waits, **NO}, summary="Propose a version")
@requires("strategies.propose")
def propose_version(request: HttpRequest, version_id: Key) -> Any:
    """Propose that a version, new or former, comes in force; what loosens a rule is approved by compliance."""
    return Status(202, waits(versions.propose(request.user, version_id, timezone.now())))


@router.post("/{version_id}/replay", response={202: ReplayOut, **NO}, summary="Ask for a replay")
@requires("strategies.propose")
def ask_replay(request: HttpRequest, version_id: Key) -> Any:
    """Ask for a replay of a version on past nights; it is done in the background."""
    return Status(202, _replay(replaying.ask(request.user, version_id, timezone.now())))


@router.get("/replays/{replay_id}", response={200: ReplayOut, 403: NO[403], 404: NO[404]}, summary="A replay")
@requires("strategies.see")
def read_replay(request: HttpRequest, replay_id: Key) -> Any:
    """A replay, done or not yet."""
    row = Replay.objects.filter(pk=replay_id).first()
    return _replay(row) if row else _none("replay")


def _replay(row: Replay) -> dict[str, Any]:
    names = ("version_id", "state", "asked_at", "done_at", "why", "told")
    return {"replay_id": row.pk} | {name: getattr(row, name) for name in names}
