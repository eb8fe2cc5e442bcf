"""What an agent ticked and noted in a call, beside the contact that the gate wrote."""

from __future__ import annotations

from django.db import models

from forbear.desk.record.models import Contact
from forbear.desk.wording.models import Version


class Sheet(models.Model):
    """The sheet of one call: which script, which points of the checklist when, when it was handed to the dialer."""

    contact = models.OneToOneField(Contact, models.PROTECT, primary_key=True, related_name="sheet")
    script = models.ForeignKey(Version, models.PROTECT, null=True, db_index=False, related_name="+")
    step = models.TextField(default="", db_default="")
    identified_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    dialed_at = models.DateTimeField(null=True, blank=True)
    dial_id = models.TextField(default="", db_default="")
    dial_said = models.TextField(
        default="", db_default="", help_text="accepted, refused, unknown; empty: not asked"
    )

    class Meta:
        db_table = "call_sheets"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(verified_at__isnull=True) | models.Q(identified_at__isnull=False),
                name="identified_before_verified",
            ),
        )

    def __str__(self) -> str:
        return str(self.contact_id)
