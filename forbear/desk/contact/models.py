"""The outbox and what became of it: planned contacts, attempts at providers, receipts, and the switches.

A planned contact is claimed, judged by the gate and written down as an attempt (and as a row of `contacts`, with the
same id) before it is sent. An attempt whose outcome nobody knows counts in every cap, and is never sent again.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from forbear.desk.fields import Id, one_of
from forbear.desk.record.models import Borrower

PLANNED_STATES = (
    *("waiting", "reserved", "sent", "handed", "unknown"),
    *("cancelled", "lapsed", "refused", "not_wanted", "unsendable", "failed"),
)
"""waiting: not yet; reserved: on its way; sent: a provider took it; handed: an agent has it as a task;
unknown: perhaps it left; the rest: it never will.

cancelled: taken out; lapsed: no longer wanted at the time; refused: the gate denies it for good; not_wanted: paid or
changed meanwhile; unsendable: no words or no address; failed: no provider took it, tried often enough.
"""
ATTEMPT_STATES = ("reserved", "sent", "delivered", "undelivered", "refused", "not_sent", "unknown")
"""reserved: handed over any moment; refused and not_sent: it certainly did not leave; unknown: perhaps it did."""
MODES = ("closed", "allow_list", "open")
SWITCH_MODES = ("running", "paused", "draining", "stopped")
WAITING = models.Q(state="waiting")


class Planned(models.Model):
    """A contact that somebody wants to be made, until it was or never will be."""

    planned_id = models.BigAutoField(primary_key=True)
    key = models.TextField(unique=True, help_text="names this wish for ever: planned twice, it is one")
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="planned")
    channel = models.TextField()
    purpose = models.TextField(help_text="one of purposes.toml: decides until when it is wanted")
    loan_id = models.TextField(default="", db_default="", help_text="the loans it is about, A|B; empty: all")
    template_version = models.BigIntegerField(null=True, blank=True)
    body = models.TextField(default="", db_default="", help_text="plain words with {arrears} and the like")
    facts = models.JSONField(default=dict, db_default={}, help_text="what the gate is told of this act alone")
    not_before = models.DateTimeField()
    wanted_until = models.DateTimeField()
    next_at = models.DateTimeField(help_text="when it is looked at next")
    cause = models.TextField(help_text="why it is planned: strategy:…, promise:…, user:…")
    state = models.TextField(default="waiting", db_default="waiting")
    why = models.TextField(default="", db_default="", help_text="why it is deferred, or ended as it did")
    rules = ArrayField(models.TextField(), default=list, db_default=[], help_text="rules that stand against it")
    deferrals = models.SmallIntegerField(default=0, db_default=0)
    tries = models.SmallIntegerField(default=0, db_default=0, help_text="rounds in which no provider took it")
    tried = ArrayField(models.TextField(), default=list, db_default=[], help_text="providers that did not take it")
    planned_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+")

    class Meta:
        db_table = "planned_contacts"
        indexes = (
            models.Index("channel", "next_at", "planned_id", name="planned_due", condition=WAITING),
            models.Index("borrower", "planned_id", name="planned_of_borrower"),
            models.Index("wanted_until", name="planned_lapsing", condition=WAITING),
        )
        constraints = (
            one_of("state", list(PLANNED_STATES), "planned_state_known"),
            models.CheckConstraint(
                condition=models.Q(wanted_until__gt=models.F("not_before")), name="planned_wanted_for_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"{self.channel} to {self.borrower_id}, {self.state}"


class RuleSet(models.Model):
    """Which rules were asked, in which version: written once, named by every attempt that was asked them."""

    fingerprint = models.TextField(primary_key=True)
    rules = models.JSONField()
    first_used_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "contact_rule_sets"

    def __str__(self) -> str:
        return str(self.fingerprint)


class Attempt(models.Model):
    """One attempt at one provider; its id is the contact's and the provider's idempotency key."""

    attempt_id = Id(primary_key=True)
    planned = models.ForeignKey(Planned, models.PROTECT, related_name="attempts")
    provider = models.TextField()
    state = models.TextField(default="reserved", db_default="reserved")
    reserved_at = models.DateTimeField()
    lease_until = models.DateTimeField(
        help_text="real time after which a worker that says nothing is taken for dead"
    )
    provider_ref = models.TextField(default="", db_default="", help_text="the provider's own name for it")
    sent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    why = models.TextField(default="", db_default="")
    parts = models.SmallIntegerField(default=1, db_default=1)
    cost = models.BigIntegerField(default=0, db_default=0, help_text="millionths of the currency, as configured")
    rules = models.ForeignKey(RuleSet, models.PROTECT, db_index=False, related_name="+")
    language = models.TextField(default="", db_default="")
    asked_at = models.DateTimeField(null=True, blank=True, help_text="when the provider was last asked what became")

    class Meta:
        db_table = "contact_attempts"
        indexes = (
            models.Index("provider", "provider_ref", name="attempts_by_ref", condition=~models.Q(provider_ref="")),
            models.Index(
                "lease_until", name="attempts_open", condition=models.Q(state__in=["reserved", "unknown"])
            ),
        )
        constraints = (one_of("state", list(ATTEMPT_STATES), "attempt_state_known"),)

    def __str__(self) -> str:
        return f"{self.attempt_id} at {self.provider}, {self.state}"


class Receipt(models.Model):
    """What a provider told of an attempt; told twice, it is one row. One that came early waits for its attempt."""

    receipt_id = models.BigAutoField(primary_key=True)
    provider = models.TextField()
    key = models.TextField(help_text="the same for the same news told again")
    provider_ref = models.TextField(default="", db_default="")
    attempt = models.ForeignKey(Attempt, models.PROTECT, null=True, db_index=False, related_name="receipts")
    result = models.TextField()
    at = models.DateTimeField(null=True, help_text="as the provider says")
    received_at = models.DateTimeField(db_default=Now())
    detail = models.TextField(default="", db_default="", help_text="the provider's code; no personal data")

    class Meta:
        db_table = "contact_receipts"
        indexes = (
            models.Index("attempt", name="receipts_of_attempt"),
            models.Index(
                "provider", "provider_ref", name="receipts_unmatched", condition=models.Q(attempt__isnull=True)
            ),
        )
        constraints = (models.UniqueConstraint(fields=["provider", "key"], name="receipt_once"),)

    def __str__(self) -> str:
        return f"{self.result} by {self.provider}"


class AgentTask(models.Model):
    """A call or a visit for a person: planned, allowed when it was opened; the gate is asked again when she acts."""

    task_id = models.BigAutoField(primary_key=True)
    planned = models.OneToOneField(Planned, models.PROTECT, related_name="task")
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="agent_tasks")
    kind = models.TextField(help_text="call or visit")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="after which it is no longer wanted")
    done_at = models.DateTimeField(null=True, blank=True)
    contact_id = models.TextField(default="", db_default="", help_text="the contact it became")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+")

    class Meta:
        db_table = "agent_tasks"
        indexes = (
            models.Index("due_at", name="agent_tasks_open", condition=models.Q(done_at__isnull=True)),
            models.Index("borrower", name="agent_tasks_of_borrower"),
        )
        constraints = (one_of("kind", ["call", "visit"], "agent_task_kind_known"),)

    def __str__(self) -> str:
        return f"{self.kind} to {self.borrower_id}"


class ChannelState(models.Model):
    """Whom a channel may reach: nobody (the default, and without a row), the borrowers of a list, everyone."""

    channel = models.TextField(primary_key=True)
    mode = models.TextField(default="closed", db_default="closed")
    allowed = ArrayField(models.TextField(), default=list, db_default=[], help_text="borrowers of the allow-list")
    since = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "channel_states"
        constraints = (
            one_of("mode", list(MODES), "channel_mode_known"),
            models.CheckConstraint(
                condition=models.Q(mode="closed")
                | (models.Q(by__isnull=False, approved_by__isnull=False) & ~models.Q(by=models.F("approved_by"))),
                name="channel_opened_by_two",
            ),
        )

    def __str__(self) -> str:
        return f"{self.channel}: {self.mode}"


class Switch(models.Model):
    """Whether anything leaves: for everything (scope empty) or for one channel; without a row: running."""

    scope = models.TextField(primary_key=True)
    mode = models.TextField(default="running", db_default="running")
    why = models.TextField(default="", db_default="")
    since = models.DateTimeField()
    by = models.TextField()

    class Meta:
        db_table = "contact_switches"
        constraints = (one_of("mode", list(SWITCH_MODES), "switch_mode_known"),)

    def __str__(self) -> str:
        return f"{self.scope or 'everything'}: {self.mode}"


class ProviderState(models.Model):
    """What all workers together know of a provider: what it may still be given, and whether it is left in peace."""

    provider = models.TextField(primary_key=True)
    tokens = models.FloatField(default=0, db_default=0)
    tokens_at = models.DateTimeField(db_default=Now())
    failures = models.IntegerField(default=0, db_default=0, help_text="in a row")
    open_until = models.DateTimeField(null=True, help_text="the circuit is open: nothing is given until then")
    cursor = models.TextField(default="", db_default="", help_text="how far its receipts were fetched")

    class Meta:
        db_table = "contact_providers"

    def __str__(self) -> str:
        return str(self.provider)
