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


class Link(models.Model):
    """A link of the chain: it hashes its entry and the link before it (`forbear.desk.audit.sealing`)."""

    link_no = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    hash = models.BinaryField()

    class Meta:
        db_table = "audit_links"

    def __str__(self) -> str:
        return str(self.link_no)


class Unsealed(models.Model):
    """An entry that is not linked yet; a trigger writes it, the sealer takes it."""

    entry_id = models.BigIntegerField(primary_key=True)

    class Meta:
        db_table = "audit_unsealed"

    def __str__(self) -> str:
        return str(self.entry_id)
