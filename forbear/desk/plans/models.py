"""Plans: what was offered word for word, who asked, offered, agreed and granted it, and how it goes.

A loan has at most one live plan, held by the database. The option is kept as it was shown; what the borrower told of
her income is sealed under her key.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from forbear.desk.fields import Minor, currency, one_of
from forbear.desk.people.models import Approval
from forbear.desk.privacy.sealed import SealedText
from forbear.relief.building import BUILDERS

ASKED, OFFERED, AGREED, GRANTED = "asked", "offered", "agreed", "granted"
KEPT, BROKEN, WITHDRAWN, REFUSED, EXPIRED = "kept", "broken", "withdrawn", "refused", "expired"
BEFORE_GRANT = (ASKED, OFFERED, AGREED)
LIVE = (*BEFORE_GRANT, GRANTED)
STATES = (*LIVE, KEPT, BROKEN, WITHDRAWN, REFUSED, EXPIRED)


def _user() -> models.ForeignKey:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )


class Plan(models.Model):
    """A plan of one loan."""

    plan_id = models.BigAutoField(primary_key=True)
    borrower = models.ForeignKey("record.Borrower", models.PROTECT, db_index=False, related_name="plans")
    loan = models.ForeignKey("record.Loan", models.PROTECT, db_index=False, related_name="plans")
    kind = models.TextField()
    option_id = models.TextField()
    option = models.JSONField(help_text="as shown; see forbear.relief.plain")
    debt = models.JSONField(
        help_text="what was unpaid when it was computed: [number, principal, interest, fees, charged]"
    )
    currency = currency()
    owed = Minor(help_text="what would have paid the loan off when it was computed")
    late_since = models.DateField(null=True, help_text="due date of the oldest unpaid installment then")
    state = models.TextField(default=ASKED, db_default=ASKED)
    asked_at = models.DateTimeField()
    asked_by = _user()
    channel = models.TextField(
        default="desk", db_default="desk", help_text="where she asked: desk, call, portal ..."
    )
    budget = SealedText()
    evidence = models.TextField(default="", db_default="", help_text="what was shown, as reference; no content")
    offered_at = models.DateTimeField(null=True)
    offered_by = _user()
    agreed_at = models.DateTimeField(null=True)
    agreed_by = _user()
    approval = models.ForeignKey(Approval, models.PROTECT, null=True, db_index=False, related_name="+")
    granted_at = models.DateTimeField(null=True)
    granted_by = _user()
    verdict = models.JSONField(null=True, help_text="the gate's answer when it was granted")
    entries = models.JSONField(default=list, db_default=[], help_text="ledger entries that it was booked as")
    look_on = models.DateField(null=True, help_text="the next day on which its state may change")
    paid = models.IntegerField(default=0, db_default=0, help_text="payments of it that are made")
    short = Minor(default=0, db_default=0)
    missed_on = models.DateField(null=True, help_text="due date of the payment that is late, or broke it")
    ended_at = models.DateTimeField(null=True)
    ended_because = models.TextField(default="", db_default="")

    class Meta:
        db_table = "relief_plans"
        indexes = (
            models.Index(fields=["borrower"], name="plans_of_borrower"),
            models.Index(fields=["loan"], name="plans_of_loan"),
            models.Index(
                fields=["state", "plan_id"], name="plans_waiting", condition=models.Q(state__in=BEFORE_GRANT)
            ),
            models.Index(fields=["look_on"], name="plans_to_look_at", condition=models.Q(state=GRANTED)),
        )
        constraints = (
            one_of("state", list(STATES), "plan_state_known"),
            one_of("kind", list(BUILDERS), "plan_kind_known"),
            models.UniqueConstraint(fields=["loan"], name="one_live_plan", condition=models.Q(state__in=LIVE)),
            models.CheckConstraint(
                condition=~models.Q(state__in=[GRANTED, KEPT, BROKEN])
                | models.Q(granted_at__isnull=False, granted_by__isnull=False, verdict__isnull=False),
                name="plan_granted_by_somebody",
            ),
        )

    def __str__(self) -> str:
        return f"plan {self.plan_id} of {self.loan_id}"

    @property
    def is_live(self) -> bool:
        """Whether it is on its way or in force."""
        return self.state in LIVE
