"""Texts of strategies, when each was in force, what each night decided by them, and replays of texts on past nights.

The first two are added to, never changed (migration 0001 has the triggers): going back to an earlier version is
another row in `strategy_uses`.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from forbear.desk.fields import Id, Minor, one_of
from forbear.treatment.strategy import ReadStrategy

REPLAY_STATES = ("waiting", "done", "failed")
MESSAGE_STATES = ("planned", "no_template", "off", "not_approved", "too_late")
"""planned: in the outbox; no_template: no approved words; off: the strategy does not send by itself;
not_approved: it was decided by a strategy that is not the one two people put in force; too_late: its day is over."""


class Version(models.Model):
    """A strategy as somebody wrote it once."""

    version_id = models.BigAutoField(primary_key=True)
    name = models.TextField()
    label = models.TextField(help_text="the version that the text gives itself")
    text = models.TextField()
    sha256 = models.TextField(help_text="over the strategy, its actions and effects: what the night writes")
    why = models.TextField(default="", db_default="", help_text="what was changed and why")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        db_table = "strategy_versions"

    def __str__(self) -> str:
        return f"{self.name} {self.label}"

    @property
    def read(self) -> ReadStrategy:
        """As the engine reads it now."""
        from forbear.desk.strategies.texts import read_text

        return read_text(self.text)


class Use(models.Model):
    """From when a version was in force, and who said so; until the next row's time."""

    use_id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(Version, models.PROTECT, db_index=False, related_name="uses")
    from_at = models.DateTimeField()
    loosens = models.JSONField(default=list, db_default=[], help_text="keys by which it loosened the one before")
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")

    class Meta:
        db_table = "strategy_uses"
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(proposed_by=models.F("approved_by")), name="strategy_used_by_two"
            ),
        )

    def __str__(self) -> str:
        return f"{self.version_id} from {self.from_at}"


class Decided(models.Model):
    """What a night with a strategy decided for a borrower, and at which chance; a later close replaces it."""

    decided_id = models.BigAutoField(primary_key=True)
    as_of = models.DateField()
    borrower_id = Id()
    action = models.TextField(help_text="wait, or a name of actions.toml")
    other = models.TextField(help_text="what the lot would have given instead; wait for a step")
    chance = models.FloatField(help_text="of `action`; `other` has the rest")
    dpd = models.IntegerField()
    at_stake = Minor()
    pays_alone = models.FloatField()
    arm = models.TextField(default="", db_default="", help_text="of the experiment under way, if any")
    strategy = models.TextField(help_text="its fingerprint")
    not_before = models.DateTimeField(null=True)
    loans = models.TextField(default="", db_default="", help_text="about which loans, A|B")
    message = models.TextField(default="", db_default="", help_text="what became of a message; empty: it is none")

    class Meta:
        db_table = "strategy_decisions"
        constraints = (
            models.UniqueConstraint(fields=["as_of", "borrower_id"], name="decided_once_a_night"),
            one_of("message", ["", *MESSAGE_STATES], "decided_message_known"),
        )
        indexes = (models.Index(fields=["borrower_id", "as_of"], name="decided_of_borrower"),)

    def __str__(self) -> str:
        return f"{self.as_of} {self.borrower_id}: {self.action}"


class Replay(models.Model):
    """A version tried on nights that were: what it would decide, and what the log says it would have brought."""

    replay_id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(Version, models.PROTECT, related_name="replays")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    state = models.TextField(default="waiting", db_default="waiting")
    done_at = models.DateTimeField(null=True)
    told = models.JSONField(null=True)
    why = models.TextField(default="", db_default="", help_text="why it failed")

    class Meta:
        db_table = "strategy_replays"
        constraints = (one_of("state", list(REPLAY_STATES), "replay_state_known"),)
        indexes = (models.Index(fields=["asked_at"], name="replays_waiting", condition=models.Q(state="waiting")),)

    def __str__(self) -> str:
        return f"replay of {self.version_id}, {self.state}"
