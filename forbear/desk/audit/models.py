"""The audit log's table: who did what to what, when, and with which facts; rows are added, never changed."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Entry(models.Model):
    """One thing that was done."""

    entry_id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=Now())
    actor = models.TextField(help_text="username, or the name of the program")
    action = models.TextField()
    subject = models.TextField(help_text="kind and identity, such as loan:L1")
    facts = models.JSONField(default=dict, db_default={})

    class Meta:
        db_table = "audit_entries"
        indexes = (
            models.Index(fields=["subject", "entry_id"], name="audit_of_subject"),
            models.Index(fields=["actor", "entry_id"], name="audit_of_actor"),
            models.Index(fields=["action", "entry_id"], name="audit_of_action"),
        )

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.subject}"
