"""Experiments, their arms, who is in which, and what each day's look told. An arm once given, and a look, stay."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from forbear.desk.fields import Id, one_of
from forbear.desk.strategies.models import Version

STATES = ("draft", "running", "stopped", "ended")
"""draft: defined; running: two people started it; stopped: guards stopped every challenger; ended: concluded."""


class Experiment(models.Model):
    """Champion and challengers; the champion is the strategy that was in force when it was defined."""

    experiment_id = models.BigAutoField(primary_key=True)
    name = models.TextField(unique=True)
    key = models.TextField(help_text="of the lots; nobody is shown it")
    state = models.TextField(default="draft", db_default="draft")
    result_days = models.SmallIntegerField(help_text="what came within so many days of joining is the result")
    guard_days = models.SmallIntegerField(help_text="complaints within so many days of joining are counted")
    margin = models.FloatField(help_text="complaints a borrower above the champion's that are borne")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    started_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)
    conclusion = models.TextField(default="", db_default="")

    class Meta:
        db_table = "experiments"
        constraints = (
            one_of("state", list(STATES), "experiment_state_known"),
            models.UniqueConstraint(fields=["state"], condition=Q(state="running"), name="one_experiment_runs"),
        )

    def __str__(self) -> str:
        return str(self.name)


class Arm(models.Model):
    """One strategy on trial; without a version it is the least contact."""

    arm_id = models.BigAutoField(primary_key=True)
    experiment = models.ForeignKey(Experiment, models.PROTECT, related_name="arms")
    name = models.TextField()
    version = models.ForeignKey(Version, models.PROTECT, null=True, db_index=False, related_name="+")
    share = models.DecimalField(max_digits=6, decimal_places=4)
    stopped_at = models.DateTimeField(null=True)
    stopped_by = models.JSONField(default=list, db_default=[], help_text="guards that stopped it")

    class Meta:
        db_table = "experiment_arms"
        constraints = (models.UniqueConstraint(fields=["experiment", "name"], name="arm_once"),)

    def __str__(self) -> str:
        return f"{self.name} of {self.experiment_id}"


class Member(models.Model):
    """A borrower's arm, given once."""

    member_id = models.BigAutoField(primary_key=True)
    experiment = models.ForeignKey(Experiment, models.PROTECT, db_index=False, related_name="members")
    borrower_id = Id()
    arm = models.TextField()
    stratum = models.TextField()
    joined_on = models.DateField()

    class Meta:
        db_table = "experiment_members"
        constraints = (models.UniqueConstraint(fields=["experiment", "borrower_id"], name="member_once"),)

    def __str__(self) -> str:
        return f"{self.borrower_id} in {self.arm}"


class Look(models.Model):
    """What could be said on a day."""

    look_id = models.BigAutoField(primary_key=True)
    experiment = models.ForeignKey(Experiment, models.PROTECT, db_index=False, related_name="looks")
    day = models.DateField()
    told = models.JSONField()

    class Meta:
        db_table = "experiment_looks"
        constraints = (models.UniqueConstraint(fields=["experiment", "day"], name="look_once_a_day"),)

    def __str__(self) -> str:
        return f"{self.experiment_id} on {self.day}"
