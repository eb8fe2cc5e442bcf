"""Runs, what each told or held back and why, what the bureau holds of each loan, differences, disputes, changes.

Fields told of a loan are kept as JSON without anything of the person: who she is is read from its sealed place when a
file is written. Rows of a run are added and never changed; what the bureau holds is what was last told and taken.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from forbear.desk.fields import Id, one_of
from forbear.desk.privacy.sealed import SealedText

OUTCOMES = ("corrected", "deleted", "confirmed", "undecided")
WAYS = ("direct", "bureau", "regulator")


def _user(**more: object) -> models.ForeignKey:
    return models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", **more)


class Run(models.Model):
    """One monthly run: accounts as of a day, made by one person, sent when another approves."""

    run_id = models.BigAutoField(primary_key=True)
    as_of = models.DateField()
    place = models.TextField(help_text="jurisdiction: us, cn, …")
    made_at = models.DateTimeField()
    made_by = _user()
    state = models.TextField(default="made", db_default="made")
    sent_at = models.DateTimeField(null=True)
    sent_by = _user(null=True)
    told = models.IntegerField(default=0, db_default=0)
    held_back = models.IntegerField(default=0, db_default=0)
    differs = models.IntegerField(default=0, db_default=0)
    compared_with = models.TextField(
        default="", db_default="", help_text="name of the bureau's file; empty: what we told"
    )

    class Meta:
        db_table = "bureau_runs"
        constraints = (one_of("state", ["made", "sent", "dropped"], "bureau_run_state_known"),)

    def __str__(self) -> str:
        return f"{self.as_of} ({self.run_id})"


class Item(models.Model):
    """One loan in a run: what is told of it, or why nothing is."""

    run = models.ForeignKey(Run, models.PROTECT, db_index=False, related_name="items")
    loan = models.ForeignKey("record.Loan", models.PROTECT, db_index=False, related_name="+")
    borrower = models.ForeignKey("record.Borrower", models.PROTECT, db_index=False, related_name="+")
    act = models.TextField(default="tell", help_text="tell, or delete what expired")
    fields = models.JSONField()
    answer = models.TextField(help_text="ready, held_back, told")
    why = models.TextField(default="", db_default="", help_text="rules against it, or what is missing")
    rules = models.TextField(default="", db_default="", help_text="asked, as pack/rule:version")

    class Meta:
        db_table = "bureau_items"
        indexes = (models.Index(fields=["run", "answer", "id"], name="bureau_items_of_run"),)
        constraints = (
            models.UniqueConstraint(fields=["run", "loan"], name="bureau_item_once"),
            one_of("answer", ["ready", "held_back", "told"], "bureau_answer_known"),
        )

    def __str__(self) -> str:
        return f"{self.loan_id} in {self.run_id}"


class Held(models.Model):
    """What the bureau holds of a loan, as it was last told."""

    loan = models.OneToOneField("record.Loan", models.PROTECT, primary_key=True, related_name="+")
    borrower = models.ForeignKey("record.Borrower", models.PROTECT, db_index=False, related_name="+")
    account = Id(help_text="the account's number as the bureau has it")
    fields = models.JSONField()
    told_at = models.DateTimeField()
    expires_on = models.DateField(null=True, help_text="last day on which what is against her may stand")
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "bureau_held"
        indexes = (
            models.Index(fields=["borrower"], name="bureau_held_of_borrower"),
            models.Index(fields=["account"], name="bureau_held_account"),
        )

    def __str__(self) -> str:
        return str(self.loan_id)


class Difference(models.Model):
    """A field in which the bureau and the ledger differ, found by a run."""

    run = models.ForeignKey(Run, models.PROTECT, db_index=False, related_name="found")
    account = Id()
    field = models.TextField()
    held = models.TextField()
    true = models.TextField()

    class Meta:
        db_table = "bureau_differences"
        indexes = (models.Index(fields=["run", "field", "id"], name="bureau_differences_of_run"),)

    def __str__(self) -> str:
        return f"{self.account} {self.field}"


class Dispute(models.Model):
    """Somebody says that what a bureau holds is wrong; answered in writing by the law's clock."""

    dispute_id = models.BigAutoField(primary_key=True)
    loan = models.ForeignKey("record.Loan", models.PROTECT, db_index=False, related_name="+")
    borrower = models.ForeignKey("record.Borrower", models.PROTECT, db_index=False, related_name="+")
    received_on = models.DateField()
    came_by = models.TextField()
    text = SealedText()
    place = models.TextField(help_text="whose clock it is")
    due_on = models.DateField()
    taken_by = _user()
    outcome = models.TextField(default="", db_default="")
    answered_at = models.DateTimeField(null=True)
    answered_by = _user(null=True)
    answer = SealedText()

    class Meta:
        db_table = "bureau_disputes"
        indexes = (
            models.Index(fields=["borrower"], name="bureau_disputes_of_borrower"),
            models.Index(
                fields=["due_on"], name="bureau_disputes_open", condition=models.Q(answered_at__isnull=True)
            ),
        )
        constraints = (
            one_of("came_by", list(WAYS), "bureau_dispute_way_known"),
            one_of("outcome", ["", *OUTCOMES], "bureau_dispute_outcome_known"),
        )

    def __str__(self) -> str:
        return str(self.dispute_id)


class Change(models.Model):
    """A correction or deletion between two runs: what the bureau held, what it was told instead, why, by which two."""

    change_id = models.BigAutoField(primary_key=True)
    loan = models.ForeignKey("record.Loan", models.PROTECT, db_index=False, related_name="+")
    act = models.TextField(help_text="correct or delete")
    before = models.JSONField()
    after = models.JSONField()
    why = models.TextField()
    at = models.DateTimeField()
    proposed_by = _user()
    approved_by = _user()

    class Meta:
        db_table = "bureau_changes"
        indexes = (models.Index(fields=["loan", "at"], name="bureau_changes_of_loan"),)
        constraints = (one_of("act", ["correct", "delete"], "bureau_change_known"),)

    def __str__(self) -> str:
        return f"{self.act} {self.loan_id}"
