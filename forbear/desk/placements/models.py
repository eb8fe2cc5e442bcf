"""An agency's terms, batches of placements, each placement from its beginning to its end, breaches found afterwards.

While a placement is open the borrower's case carries the agency, and by that alone the agency sees her
(`record/visible.py`). The database holds that a borrower has one open placement at most.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from forbear.desk.fields import Minor, currency, one_of
from forbear.desk.people.models import Agency

OPEN = models.Q(ended_at__isnull=True)
ENDS = ("paid", "stopped", "term", "idle", "recalled", "returned", "suspended")


def _user(**more: object) -> models.ForeignKey:
    return models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", **more)


class Terms(models.Model):
    """What was agreed with an agency; two people put it in force."""

    agency = models.OneToOneField(Agency, models.PROTECT, primary_key=True, related_name="terms")
    schedule = models.TextField(help_text="commission schedule, of placement.toml")
    capacity = models.IntegerField(help_text="open placements at most")
    public_key = models.TextField(default="", db_default="", help_text="age1…: files are encrypted to it")
    standing = models.JSONField(default=dict, help_text="facts of the agency that the gate asks for, by name")
    state = models.TextField(default="active", db_default="active")
    suspended_at = models.DateTimeField(null=True)
    suspended_because = models.TextField(default="", db_default="")
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "agency_terms"
        constraints = (one_of("state", ["active", "suspended"], "agency_state_known"),)

    def __str__(self) -> str:
        return str(self.agency_id)


class Batch(models.Model):
    """Placements made at one time with one agency, and the file that names them."""

    batch_id = models.BigAutoField(primary_key=True)
    agency = models.ForeignKey(Agency, models.PROTECT, db_index=False, related_name="batches")
    made_at = models.DateTimeField()
    proposed_by = _user()
    approved_by = _user()
    count = models.IntegerField()
    taken_at = models.DateTimeField(null=True, help_text="when the agency first took its file")

    class Meta:
        db_table = "placement_batches"
        indexes = (models.Index(fields=["agency", "batch_id"], name="batches_of_agency"),)

    def __str__(self) -> str:
        return str(self.batch_id)


class Placement(models.Model):
    """A borrower's case with an agency, from the day it was placed until it ended."""

    placement_id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(Batch, models.PROTECT, db_index=False, related_name="placements")
    agency = models.ForeignKey(Agency, models.PROTECT, db_index=False, related_name="placements")
    borrower = models.ForeignKey("record.Borrower", models.PROTECT, db_index=False, related_name="placements")
    case = models.ForeignKey("record.Case", models.PROTECT, db_index=False, related_name="placements")
    placed_at = models.DateTimeField()
    until_on = models.DateField()
    randomised = models.BooleanField(help_text="drawn by lot: its result counts as proof")
    segment = models.TextField()
    dpd = models.IntegerField()
    owed = Minor(help_text="outstanding when placed")
    overdue = Minor()
    currency = currency()
    schedule = models.TextField()
    ended_at = models.DateTimeField(null=True)
    ended_because = models.TextField(default="", db_default="")
    ended_by = _user(null=True)
    rules = models.TextField(default="", db_default="", help_text="asked of the gate, as pack/rule:version")

    class Meta:
        db_table = "placements"
        indexes = (
            models.Index(fields=["agency", "placement_id"], name="placements_of_agency"),
            models.Index(fields=["borrower"], name="placements_of_borrower"),
            models.Index(fields=["batch"], name="placements_of_batch"),
        )
        constraints = (
            models.UniqueConstraint(fields=["borrower"], condition=OPEN, name="one_open_placement"),
            one_of("ended_because", ["", *ENDS], "placement_end_known"),
        )

    def __str__(self) -> str:
        return str(self.placement_id)


class Breach(models.Model):
    """A contact of an agency that the gate would not have allowed, found when it was reported."""

    breach_id = models.BigAutoField(primary_key=True)
    agency = models.ForeignKey(Agency, models.PROTECT, db_index=False, related_name="breaches")
    contact = models.OneToOneField("record.Contact", models.PROTECT, related_name="+")
    found_at = models.DateTimeField()
    rules = models.TextField()
    why = models.TextField()

    class Meta:
        db_table = "agency_breaches"
        indexes = (models.Index(fields=["agency", "breach_id"], name="breaches_of_agency"),)

    def __str__(self) -> str:
        return f"{self.rules} by {self.agency_id}"
