"""What a night told of the whole book (docs/close.md, portfolio.json), kept as it was written, byte for byte.

Kept as text and not as JSON of the database, so that every figure stays the figure that the night wrote.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from django.db import models


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


def keep(as_of: date, told: str, at: datetime) -> None:
    """Keep what a night told, in the caller's transaction."""
    Night.objects.update_or_create(as_of=as_of, defaults={"told": told, "loaded_at": at})
