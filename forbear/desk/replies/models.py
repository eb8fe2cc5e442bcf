"""What came in from borrowers, what was read in it, and what is left for a person to do."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from forbear.desk.fields import one_of
from forbear.desk.privacy.sealed import SealedText
from forbear.desk.record.models import Borrower, Contact


class Incoming(models.Model):
    """A message that came in, once whatever the provider repeats; its text is sealed under the borrower's key.

    From an address that several borrowers share it is one row for each. One from an address that nobody is known by
    has no borrower and keeps no text: it could not be sealed, and waits with its intents alone for a person.
    """

    incoming_id = models.BigAutoField(primary_key=True)
    message_id = models.TextField(help_text="the provider's own id")
    channel = models.TextField()
    borrower = models.ForeignKey(Borrower, models.PROTECT, null=True, db_index=False, related_name="incoming")
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, db_index=False, related_name="+")
    at = models.DateTimeField()
    taken_at = models.DateTimeField(db_default=Now())
    text = SealedText()
    language = models.TextField(default="", db_default="")
    intents = models.JSONField(default=list, db_default=[], help_text="codes, the surest first")
    acted_on = models.JSONField(default=list, db_default=[], help_text="intents that were acted on")
    certain = models.BooleanField(default=True, db_default=True)
    state = models.TextField(default="done", db_default="done")
    read_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "incoming"
        indexes = (
            models.Index(fields=["borrower", "at"], name="incoming_of_borrower"),
            models.Index(
                fields=["at", "incoming_id"], name="incoming_waiting", condition=models.Q(state="waiting")
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["channel", "message_id", "borrower"], name="incoming_once", nulls_distinct=False
            ),
            one_of("state", ["waiting", "done"], "incoming_state_known"),
        )

    def __str__(self) -> str:
        return f"{self.channel} {self.message_id}"


class Task(models.Model):
    """Something about a borrower that waits for a person, opened by what came in."""

    task_id = models.BigAutoField(primary_key=True)
    borrower = models.ForeignKey(Borrower, models.PROTECT, null=True, db_index=False, related_name="tasks")
    kind = models.TextField()
    incoming = models.ForeignKey(Incoming, models.PROTECT, null=True, db_index=False, related_name="tasks")
    opened_at = models.DateTimeField()
    due_on = models.DateField()
    told = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        help_text="whose case it is",
    )
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    outcome = models.TextField(default="", db_default="")

    class Meta:
        db_table = "reply_tasks"
        indexes = (
            models.Index(fields=["due_on", "task_id"], name="tasks_open", condition=models.Q(done_at__isnull=True)),
            models.Index(fields=["borrower", "opened_at"], name="tasks_of_borrower"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.task_id}"
