"""What was imported, and how far an import has come, so that one that was killed goes on where it stopped."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from forbear.desk.fields import one_of


class Import(models.Model):
    """One book brought in. A book is known by the fingerprint of its files: the same book twice is one import."""

    import_id = models.BigAutoField(primary_key=True)
    fingerprint = models.TextField(unique=True)
    book = models.TextField(help_text="folder, as given")
    mapping = models.TextField(default="", db_default="")
    actor = models.TextField()
    state = models.TextField(default="staging", db_default="staging")
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    rows = models.JSONField(default=dict, db_default={}, help_text="rows staged and rows new, by table")

    class Meta:
        db_table = "imports"
        constraints = (one_of("state", ["staging", "done"], "import_state_known"),)

    def __str__(self) -> str:
        return f"import {self.import_id}"


class Piece(models.Model):
    """A part of one table that has been staged; its rows are counted again when an import goes on."""

    of = models.ForeignKey(Import, models.CASCADE, related_name="pieces")
    table = models.TextField()
    number = models.IntegerField()
    rows = models.BigIntegerField()

    class Meta:
        db_table = "import_pieces"
        constraints = (models.UniqueConstraint(fields=["of", "table", "number"], name="one_piece_of_a_number"),)

    def __str__(self) -> str:
        return f"{self.table} {self.number}"
