"""Data keys and the personal values they encrypt.

Each borrower has a data key of her own, so that destroying it makes all that was written under it unreadable, in this
database and in every copy of it whose master keys are gone. A data key is 64 bytes: 32 encrypt, 32 make pseudonyms.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from forbear.desk.fields import one_of
from forbear.desk.privacy.fields import FIELDS


class DataKey(models.Model):
    """A data key, wrapped by a master key; destroyed, it is a row that says when."""

    key_id = models.BigAutoField(primary_key=True)
    purpose = models.TextField(help_text="borrower, search (keyed hashes), secrets (of the desk) or receipts")
    borrower = models.ForeignKey("record.Borrower", models.PROTECT, null=True, db_index=False, related_name="+")
    wrapped = models.TextField(null=True)
    master = models.TextField(help_text="id of the master key that wrapped it")
    made_at = models.DateTimeField(db_default=Now())
    replaced_at = models.DateTimeField(null=True, help_text="a newer one encrypts; this one only decrypts")
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "data_keys"
        indexes = (models.Index(fields=["master", "key_id"], name="data_keys_of_master"),)
        constraints = (
            one_of("purpose", ["borrower", "search", "secrets", "receipts"], "data_key_purpose_known"),
            models.CheckConstraint(
                condition=models.Q(purpose="borrower", borrower__isnull=False)
                | (~models.Q(purpose="borrower") & models.Q(borrower__isnull=True)),
                name="data_key_of_borrower",
            ),
            models.CheckConstraint(
                condition=models.Q(wrapped__isnull=True, destroyed_at__isnull=False)
                | models.Q(wrapped__isnull=False, destroyed_at__isnull=True),
                name="data_key_destroyed_is_gone",
            ),
            models.UniqueConstraint(
                fields=["borrower"],
                condition=models.Q(borrower__isnull=False, replaced_at__isnull=True, destroyed_at__isnull=True),
                name="one_current_key_of_borrower",
            ),
            models.UniqueConstraint(
                fields=["purpose"],
                condition=models.Q(borrower__isnull=True, replaced_at__isnull=True, destroyed_at__isnull=True),
                name="one_current_key_of_purpose",
            ),
        )

    def __str__(self) -> str:
        return f"{self.purpose} {self.key_id}"


class PersonalValue(models.Model):
    """One personal value of a borrower, encrypted; its keyed hash finds it, its pseudonym stands for it elsewhere."""

    value_id = models.BigAutoField(primary_key=True)
    borrower = models.ForeignKey("record.Borrower", models.PROTECT, db_index=False, related_name="personal_values")
    field = models.TextField()
    position = models.SmallIntegerField(default=0, db_default=0, help_text="which of several, from 0")
    label = models.TextField(default="", db_default="")
    sealed = models.BinaryField()
    hash = models.BinaryField(null=True)
    pseudonym = models.TextField(null=True)
    recorded_at = models.DateTimeField(db_default=Now())
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        db_table = "personal_values"
        indexes = (models.Index(fields=["hash"], name="personal_by_hash", condition=models.Q(hash__isnull=False)),)
        constraints = (
            one_of("field", list(FIELDS), "personal_field_known"),
            models.UniqueConstraint(fields=["borrower", "field", "position"], name="personal_once"),
        )

    def __str__(self) -> str:
        return f"{self.field} of {self.borrower_id}"


class Rotation(models.Model):
    """A re-encryption under way or done: borrowers' keys made before it began are replaced."""

    rotation_id = models.BigAutoField(primary_key=True)
    began_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "key_rotations"

    def __str__(self) -> str:
        return f"{self.began_at} to {self.ended_at}"
