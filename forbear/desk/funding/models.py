"""Packs as they were made (docs/funding.md): figures, files and reconciliation of one pool as of one day, kept.

None is ever changed: a later pack of the same pool and day stands beside the earlier one, and the latest is shown.
Figures are kept as text, byte for byte, as a night's are.
"""

from __future__ import annotations

import json
from typing import Any

from django.db import models

from forbear.desk.fields import Id, currency


class Pack(models.Model):
    """A funder's pack; without `funder_id` it is of all loans, and no funder sees it."""

    pack_id = models.BigAutoField(primary_key=True)
    as_of = models.DateField()
    funder_id = Id(null=True, blank=True)
    currency = currency()
    made_at = models.DateTimeField(help_text="and known at: what was booked later is not in it")
    made_by = models.TextField()
    reconciled = models.BooleanField(help_text="every counted figure was the ledger's when it was made")
    facility = models.TextField(blank=True, help_text="the facility file, as it was given")
    told = models.TextField(help_text="funding.json")
    pdf_zh = models.BinaryField()
    pdf_en = models.BinaryField()
    xlsx_zh = models.BinaryField()
    xlsx_en = models.BinaryField()

    class Meta:
        db_table = "funder_packs"
        indexes = (models.Index(fields=["funder_id", "-as_of", "-pack_id"], name="funder_packs_latest"),)

    def __str__(self) -> str:
        return f"{self.funder_id or 'all loans'} {self.as_of}"

    @property
    def figures(self) -> dict[str, Any]:
        """`funding.json`."""
        found: dict[str, Any] = json.loads(self.told)
        return found
