"""What a night told of the whole book (docs/close.md, portfolio.json), kept as it was written, byte for byte.

Kept as text and not as JSON of the database, so that every figure stays the figure that the night wrote.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from django.db import models

from forbear.desk.fields import Minor
from forbear.desk.record.models.loans import Borrower


class Night(models.Model):
    """One night by its as-of date; a later close of the same date takes its place."""

    as_of = models.DateField(primary_key=True)
    loaded_at = models.DateTimeField()
    told = models.TextField()

    class Meta:
        db_table = "nights"

    def __str__(self) -> str:
        return str(self.as_of)

    @property
    def portfolio(self) -> dict[str, Any]:
        """The figures, as `forbear.report` takes them."""
        found: dict[str, Any] = json.loads(self.told)
        return found


class Step(models.Model):
    """What the last night with a strategy decided for a borrower: `wait`, or an action; why, in both languages."""

    borrower = models.OneToOneField(Borrower, models.CASCADE, primary_key=True, related_name="+")
    as_of = models.DateField()
    action = models.TextField()
    titles = models.JSONField(help_text="the action's name by language; empty when waiting")
    not_before = models.DateTimeField(null=True)
    gain = Minor(help_text="what it should bring at least, within 90 days")
    words = models.JSONField(help_text="the reason as a sentence, by language")
    reasons = models.JSONField(help_text="codes of docs/decisions-of-the-night.md")
    strategy = models.TextField()

    class Meta:
        db_table = "night_steps"
        indexes = (models.Index("as_of", name="night_steps_by_day"),)

    def __str__(self) -> str:
        return f"{self.borrower_id}: {self.action}"


def keep(as_of: date, told: str, at: datetime) -> None:
    """Keep what a night told, in the caller's transaction."""
    Night.objects.update_or_create(as_of=as_of, defaults={"told": told, "loaded_at": at})
