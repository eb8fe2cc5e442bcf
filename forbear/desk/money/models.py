"""Money on its way: reversals that wait for a second person. What is booked stands in the ledger alone."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from forbear.desk.fields import Id, one_of


class Reversal(models.Model):
    """A reversal of a payment that someone proposes and another approves or refuses."""

    reversal_id = models.BigAutoField(primary_key=True)
    payment_id = Id()
    loan_id = Id()
    entry_id = models.BigIntegerField(help_text="the payment's ledger entry")
    effective_on = models.DateField()
    reason = models.TextField()
    state = models.TextField(default="proposed", db_default="proposed")
    proposed_by = models.TextField()
    proposed_at = models.DateTimeField(db_default=Now())
    decided_by = models.TextField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "money_reversals"
        constraints = (
            one_of("state", ["proposed", "approved", "refused"], "reversal_state_known"),
            models.UniqueConstraint(
                fields=["entry_id"], condition=models.Q(state="proposed"), name="reversal_proposed_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state="proposed", decided_by__isnull=True)
                | (~models.Q(state="proposed") & models.Q(decided_by__isnull=False)),
                name="reversal_decided_by_someone",
            ),
            models.CheckConstraint(
                condition=~models.Q(decided_by=models.F("proposed_by")), name="reversal_by_two_people"
            ),
        )

    def __str__(self) -> str:
        return f"reversal of {self.payment_id}: {self.state}"
