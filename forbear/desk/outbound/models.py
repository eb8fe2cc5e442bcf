"""Who is told (subscriptions), what happened (events), and what of it has reached whom (deliveries).

Events and deliveries are written by triggers (`sql/telling.sql`), in the transaction of what they tell of; nobody who
changes a loan has to remember to.
"""

from __future__ import annotations

from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from forbear.desk.fields import Id, one_of


class Webhook(models.Model):
    """A subscription: an address, the kinds of events that it is told of, and the secrets that sign them."""

    webhook_id = models.UUIDField(primary_key=True, default=uuid4)
    name = models.TextField(help_text="whose system it is")
    url = models.TextField()
    kinds = ArrayField(models.TextField(), help_text="events that it is told of")
    secret = models.BinaryField(null=True, help_text="sealed; null: not handed out yet, nothing is sent")
    secret_before = models.BinaryField(null=True, help_text="sealed; signs beside the new one")
    secret_before_until = models.DateTimeField(null=True)
    state = models.TextField(default="active", db_default="active")
    state_because = models.TextField(default="", db_default="")
    made_at = models.DateTimeField()
    made_by = models.TextField()
    failures = models.IntegerField(default=0, db_default=0, help_text="attempts in a row that failed")
    failing_since = models.DateTimeField(null=True)
    quiet_until = models.DateTimeField(null=True, help_text="nothing is tried before")

    class Meta:
        db_table = "webhooks"
        constraints = (
            one_of("state", ["active", "parked", "disabled"], "webhook_state_known"),
            models.CheckConstraint(condition=~models.Q(kinds=[]), name="webhook_for_something"),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.webhook_id})"


class Event(models.Model):
    """Something that happened, told to at least one subscription; `message_id` is what receivers know it by."""

    event_id = models.BigAutoField(primary_key=True)
    message_id = models.TextField(unique=True)
    kind = models.TextField()
    lane = Id(help_text="events of one lane are told in order: those of a borrower and all her loans")
    at = models.DateTimeField(db_default=Now())
    data = models.JSONField(help_text="ids, amounts, codes; no personal data")

    class Meta:
        db_table = "webhook_events"
        indexes = (models.Index(fields=["at"], name="webhook_events_by_time"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"


class Delivery(models.Model):
    """An event on its way to a subscription.

    `waiting` until it is `delivered`; `stuck` when it failed for days (its lane waits for a person), `skipped` when a
    person let it go.
    """

    pk = models.CompositePrimaryKey("webhook_id", "event_id")
    webhook = models.ForeignKey(Webhook, models.PROTECT, db_index=False, related_name="deliveries")
    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries")
    lane = Id()
    state = models.TextField(default="waiting", db_default="waiting")
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.IntegerField(default=0, db_default=0)
    leased_until = models.DateTimeField(null=True)
    first_tried_at = models.DateTimeField(null=True)
    last_tried_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    status = models.IntegerField(null=True, help_text="of the last answer")
    said = models.TextField(
        default="", db_default="", help_text="why the last attempt failed, or how the answer began"
    )

    class Meta:
        db_table = "webhook_deliveries"
        constraints = (one_of("state", ["waiting", "delivered", "stuck", "skipped"], "delivery_state_known"),)
        indexes = (
            models.Index(
                fields=["webhook", "lane", "event"],
                name="deliveries_of_lane",
                condition=models.Q(state__in=["waiting", "stuck"]),
            ),
            models.Index(
                fields=["webhook", "due_at", "event"], name="deliveries_due", condition=models.Q(state="waiting")
            ),
            models.Index(
                fields=["delivered_at"], name="deliveries_done", condition=models.Q(delivered_at__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.event_id} to {self.webhook_id}: {self.state}"
