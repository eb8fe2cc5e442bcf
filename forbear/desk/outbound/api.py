"""Webhooks by API, for administrators: propose, list, take a secret, see deliveries, send again, let go, disable."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Path, Query, Router, Schema, Status

from forbear.desk.outbound import subscribing
from forbear.desk.outbound.kinds import KINDS
from forbear.desk.outbound.kinds import schema as message_schema
from forbear.desk.outbound.models import Delivery
from forbear.desk.people.api_approvals import Proposal
from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NO

router = Router(tags=["webhooks"])
MessageId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_]{1,100}$")]


class NewWebhook(Schema):
    """A subscription to be proposed."""

    name: str = Field(min_length=1, max_length=subscribing.MOST_NAME, description="whose system it is")
    url: str = Field(max_length=2000, description="https, to a public address")
    kinds: list[str] = Field(min_length=1, max_length=len(KINDS), description="events that it is told of")


class WebhookOut(Schema):
    """A subscription."""

    webhook_id: UUID
    name: str
    url: str
    kinds: list[str]
    state: str
    state_because: str = Field(
        description="of a parked one: gone (it answered 410) or dead (nothing arrived for days)"
    )
    made_at: datetime
    has_secret: bool
    failing_since: datetime | None
    quiet_until: datetime | None
    waiting: int
    stuck: int
    oldest: datetime | None = Field(description="since when the oldest message waits")

    @staticmethod
    def resolve_has_secret(row: Any) -> bool:
        """Whether its secret was taken."""
        return row.secret is not None


class SecretOut(Schema):
    """The secret, shown once."""

    secret: str


class DeliveryOut(Schema):
    """A message on its way, or arrived."""

    event_id: int
    message_id: str = Field(alias="event.message_id")
    kind: str = Field(alias="event.kind")
    at: datetime = Field(alias="event.at")
    state: str
    attempts: int
    due_at: datetime
    last_tried_at: datetime | None
    delivered_at: datetime | None
    status: int | None
    said: str


class WhichDeliveries(Schema):
    """Which deliveries; newest first."""

    state: Literal["", "waiting", "delivered", "stuck", "skipped"] = ""
    before: int | None = Field(None, ge=1, le=2**62, description="event_id of the last of the page before")
    limit: int = Field(100, ge=1, le=1000)


@router.get("", response={200: list[WebhookOut], 403: NO[403]}, summary="Webhooks")
@requires("webhooks.manage")
def listed(request: HttpRequest) -> object:
    """All subscriptions with what waits for them."""
    return list(subscribing.webhooks())


@router.get("/schema", response={200: dict[str, Any], 403: NO[403]}, summary="The messages as JSON schema")
@requires("webhooks.manage")
def schema(request: HttpRequest) -> object:
    """What a message's body may be."""
    return message_schema()


@router.post("", response={202: Proposal, **NO}, summary="Propose a webhook")
@requires("webhooks.manage")
def propose(request: HttpRequest, wanted: NewWebhook) -> object:
    """Propose a subscription; another administrator or compliance approves it (/approvals)."""
    made = subscribing.proposed(request.user, wanted.name, wanted.url, wanted.kinds, timezone.now())
    return Status(202, made)


@router.post("/{webhook_id}/secret", response={200: SecretOut, **NO}, summary="Take a new secret")
@requires("webhooks.manage")
def secret(request: HttpRequest, webhook_id: UUID) -> object:
    """A new secret, shown this once; the one before signs beside it for a day."""
    return {"secret": subscribing.secret(request.user, webhook_id, timezone.now())}


@router.post("/{webhook_id}/test", response={200: WebhookOut, **NO}, summary="Send a test message")
@requires("webhooks.manage")
def test(request: HttpRequest, webhook_id: UUID) -> object:
    """Send a message that says nothing, to see whether it arrives."""
    subscribing.tried(request.user, webhook_id, timezone.now())
    return _one(webhook_id)


@router.post("/{webhook_id}/disable", response={200: WebhookOut, **NO}, summary="Disable a webhook")
@requires("webhooks.manage")
def disable(request: HttpRequest, webhook_id: UUID) -> object:
    """Tell it nothing more; what waits is let go."""
    subscribing.disable(request.user, webhook_id)
    return _one(webhook_id)


@router.post("/{webhook_id}/resume", response={200: WebhookOut, **NO}, summary="Go on with a parked webhook")
@requires("webhooks.manage")
def resume(request: HttpRequest, webhook_id: UUID) -> object:
    """Everything that waits for it is due now."""
    subscribing.resume(request.user, webhook_id, timezone.now())
    return _one(webhook_id)


@router.get("/{webhook_id}/deliveries", response={200: list[DeliveryOut], 403: NO[403]}, summary="Deliveries")
@requires("webhooks.manage")
def deliveries(request: HttpRequest, webhook_id: UUID, which: Query[WhichDeliveries]) -> list[Delivery]:
    """Messages of a subscription, newest first."""
    return subscribing.deliveries(webhook_id, which.state, which.before, which.limit)


@router.post(
    "/{webhook_id}/deliveries/{message_id}/redeliver", response={200: DeliveryOut, **NO}, summary="Send again"
)
@requires("webhooks.manage")
def redeliver(request: HttpRequest, webhook_id: UUID, message_id: MessageId) -> object:
    """Send a message again, under the same id."""
    return subscribing.redeliver(request.user, webhook_id, message_id, timezone.now())


@router.post("/{webhook_id}/deliveries/{message_id}/skip", response={200: DeliveryOut, **NO}, summary="Let go")
@requires("webhooks.manage")
def skip(request: HttpRequest, webhook_id: UUID, message_id: MessageId) -> object:
    """Let a message go that has not arrived, so that its lane goes on."""
    return subscribing.skip(request.user, webhook_id, message_id)


def _one(webhook_id: UUID) -> object:
    return subscribing.webhooks().get(pk=webhook_id)
