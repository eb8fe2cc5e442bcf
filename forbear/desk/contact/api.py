"""Contact by API: plan and cancel, switches, channels, the queue; and what providers tell (receipts, answers).

A provider that cannot be asked for news tells it here, through a program with a token for `contact.told`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from forbear.desk.contact import clock, opening, queue, receipts, switches
from forbear.desk.contact.channels.base import News
from forbear.desk.contact.inbound import told_reply
from forbear.desk.contact.models import Planned
from forbear.desk.contact.planning import cancel, plan
from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NO, Instant

router = Router(tags=["contact"])
PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]
Text = Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")]


Channel = Literal["call", "voice", "sms", "email", "app_push", "chat", "letter", "visit"]
Purpose = Literal["reminder", "overdue", "offer", "notice", "reply"]


class WishIn(Schema):
    """A contact that is wanted."""

    borrower_id: Name
    channel: Channel
    purpose: Purpose
    key: Name = Field(description="names this wish for ever: planned twice, it is one")
    cause: Name = Field(description="why: strategy:7, promise:P1, ...")
    body: Text = Field("", description="a plain text with {arrears}, {outstanding}, {dpd}, {currency}")
    template_version: int | None = Field(None, ge=1, le=2**62)
    loan_id: Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    not_before: Instant | None = None
    wanted_until: Instant | None = None


class PlannedOut(Schema):
    """A planned contact as it stands."""

    planned_id: int
    key: str
    borrower_id: str
    channel: str
    purpose: str
    state: str
    why: str
    rules: list[str]
    next_at: datetime
    wanted_until: datetime
    deferrals: int


class CancelIn(Schema):
    """Whose planned contacts are taken out, and why."""

    borrower_id: Name
    cause: Name
    channels: list[Channel] | None = None


class Count(Schema):
    """How many."""

    count: int


class SwitchIn(Schema):
    """Whether anything leaves."""

    channel: Channel | Literal[""] = Field("", description="empty: everything")
    why: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""


class SwitchOut(Schema):
    """A switch as it stands."""

    scope: str
    mode: str
    why: str
    since: datetime
    by: str


class OpenIn(Schema):
    """A channel to be opened; a second person approves."""

    channel: Channel
    mode: Literal["allow_list", "open"]
    allowed: list[Name] = Field(default_factory=list, max_length=opening.MOST_ALLOWED)


class ChannelOut(Schema):
    """A channel: whom it may reach, its switch, its queue by state, its providers."""

    channel: str
    mode: str
    allowed: list[str]
    switch: str
    providers: list[str]
    queue: dict[str, int]
    due: int


class ReceiptIn(Schema):
    """News of a message: by its own id, or by the provider's name for it."""

    key: Name = Field(description="names this piece of news; told again it is the same")
    id: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""
    ref: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""
    result: Name
    at: Instant | None = None
    code: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] = ""


class AnswerIn(Schema):
    """A message of a borrower's."""

    message_id: Name
    channel: Channel
    sender: Name = Field(description="her address on that channel, or her borrower id")
    text: Text
    at: Instant


class Page(Schema):
    """A page of what was put off, the next to come back first."""

    channel: Channel | Literal[""] = ""
    after_at: Instant | None = None
    after_id: int = Field(0, ge=0, le=2**62)
    page: int = Field(100, ge=1, le=1_000)


@router.post("/planned", response={201: PlannedOut, **NO})
@requires("contact.plan")
def plan_one(request: HttpRequest, wish: WishIn) -> Any:
    """Put a contact into the outbox; the gate is asked when it is sent."""
    given = wish.dict()
    made = plan(given.pop("borrower_id"), given.pop("channel"), at=clock.now(), by=request.user, **given)
    return Status(201, made)


@router.post("/cancel", response={200: Count, **NO})
@requires("contact.plan")
def cancel_planned(request: HttpRequest, which: CancelIn) -> Any:
    """Take a borrower's planned contacts out; when this answers, nothing more leaves."""
    count = cancel(which.borrower_id, which.cause, which.channels, at=clock.now(), by=request.user)
    return {"count": count}


@router.get("/deferred", response={200: list[PlannedOut], **NO})
@requires("contact.see")
def put_off(request: HttpRequest, page: Query[Page]) -> list[Planned]:
    """What the gate put off, until when, and which rules stand against it."""
    return queue.deferred(page.page, channel=page.channel, after_at=page.after_at, after_id=page.after_id)


@router.get("/channels", response={200: list[ChannelOut], **NO})
@requires("contact.see")
def channels(request: HttpRequest) -> Any:
    """Every channel with its state, switch, queue and providers."""
    return [one.__dict__ for one in queue.overview(clock.now())]


def _turned(turn: Callable[..., Any], request: HttpRequest, which: SwitchIn) -> Any:
    return turn(request.user, clock.now(), channel=which.channel, why=which.why)


@router.post("/stop", response={200: SwitchOut, **NO})
@requires("contact.stop")
def stop(request: HttpRequest, which: SwitchIn) -> Any:
    """Let nothing leave any more, from now on."""
    return _turned(switches.stop_all, request, which)


@router.post("/pause", response={200: SwitchOut, **NO})
@requires("contact.stop")
def pause(request: HttpRequest, which: SwitchIn) -> Any:
    """Take up nothing new; what is reserved still leaves."""
    return _turned(switches.pause, request, which)


@router.post("/drain", response={200: SwitchOut, **NO})
@requires("contact.stop")
def drain(request: HttpRequest, which: SwitchIn) -> Any:
    """Take up nothing new, and let workers end."""
    return _turned(switches.drain, request, which)


@router.post("/resume", response={200: SwitchOut, **NO})
@requires("contact.resume")
def resume(request: HttpRequest, which: SwitchIn) -> Any:
    """Go on."""
    return _turned(switches.resume, request, which)


class Proposed(Schema):
    """What waits for a second person."""

    approval_id: str


@router.post("/open", response={202: Proposed, **NO})
@requires("contact.open")
def open_channel(request: HttpRequest, wanted: OpenIn) -> Any:
    """Propose that a channel is opened; another person approves it."""
    made = opening.propose_opening(request.user, wanted.channel, wanted.mode, wanted.allowed, clock.now())
    return Status(202, {"approval_id": str(made.pk)})


class WhichContacts(Schema):
    """A channel."""

    channel: Channel


@router.post("/close", response={200: Count, **NO})
@requires("contact.stop")
def close_channel(request: HttpRequest, which: WhichContacts) -> Any:
    """Close a channel at once."""
    opening.close(request.user, which.channel, clock.now())
    return {"count": 1}


@router.post("/receipts/{provider}", response={200: Count, **NO})
@requires("contact.told")
def told_receipts(
    request: HttpRequest, provider: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")], told: list[ReceiptIn]
) -> Any:
    """Take receipts of a provider; those told before change nothing."""
    news = [News(one.key, one.result, one.id, one.ref, one.at, one.code) for one in told[:1_000]]
    return {"count": receipts.take(provider, news, clock.now())}


@router.post("/answers/{provider}", response={200: Count, **NO})
@requires("contact.told")
def told_answer(
    request: HttpRequest, provider: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")], told: AnswerIn
) -> Any:
    """Take what a borrower wrote back, once."""
    return {"count": int(told_reply(provider, told.channel, told.sender, told.text, told.at, told.message_id))}
