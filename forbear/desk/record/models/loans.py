"""Borrowers, loans and schedules, as the book has them (docs/book.md); payments and pauses are the ledger's.

Arrears are not here: they follow from schedules and from the ledger as of a date. A re-amortization writes a new
schedule with the next version; the old one stays. Keys that span two columns are held by the database.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from forbear.desk.fields import Id, Minor, currency


class Borrower(models.Model):
    """A person who owes; who she is (name, phone, identity number) stands elsewhere, encrypted."""

    borrower_id = Id(primary_key=True)
    time_zone = models.TextField(null=True, blank=True)
    language = models.TextField(null=True, blank=True)
    region = models.TextField(null=True, blank=True)
    birth_year = models.SmallIntegerField(null=True, blank=True)
    first_loan = Id(null=True, blank=True)
    features = models.JSONField(default=dict, db_default={})

    class Meta:
        db_table = "borrowers"

    def __str__(self) -> str:
        return str(self.borrower_id)


class Loan(models.Model):
    """A loan as disbursed; `schedule_version` names the schedule in force."""

    loan_id = Id(primary_key=True)
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="loans")
    disbursed_on = models.DateField()
    principal = Minor()
    annual_rate = models.DecimalField(max_digits=12, decimal_places=8)
    term = models.IntegerField()
    currency = currency()
    product = models.TextField(null=True, blank=True)
    repayment_method = models.TextField(null=True, blank=True)
    funder_id = Id(null=True, blank=True)
    features = models.JSONField(default=dict, db_default={})
    schedule_version = models.SmallIntegerField(default=1, db_default=1)

    class Meta:
        db_table = "loans"
        indexes = (
            models.Index(fields=["borrower"], name="loans_of_borrower"),
            models.Index(fields=["funder_id"], name="loans_of_funder", condition=models.Q(funder_id__isnull=False)),
        )
        constraints = (models.CheckConstraint(condition=models.Q(principal__gt=0), name="loan_principal_positive"),)

    def __str__(self) -> str:
        return str(self.loan_id)


class Schedule(models.Model):
    """One version of a loan's schedule: 1 as disbursed, then one for each re-amortization or re-age."""

    pk = models.CompositePrimaryKey("loan_id", "version")
    loan = models.ForeignKey(Loan, models.PROTECT, db_index=False, related_name="schedules")
    version = models.SmallIntegerField()
    effective_on = models.DateField()
    recorded_at = models.DateTimeField(db_default=Now())
    reason = models.TextField(default="", db_default="")

    class Meta:
        db_table = "schedules"

    def __str__(self) -> str:
        return f"{self.loan_id} version {self.version}"


class Installment(models.Model):
    """One scheduled installment of one version of a loan's schedule."""

    pk = models.CompositePrimaryKey("loan_id", "version", "number")
    # That (loan_id, version) is one of `schedules` is held by a trigger, once a statement (ledger/sql/belonging.sql).
    loan = models.ForeignKey(Loan, models.PROTECT, db_index=False, db_constraint=False, related_name="installments")
    version = models.SmallIntegerField(default=1, db_default=1)
    number = models.IntegerField()
    due_on = models.DateField()
    principal_due = Minor()
    interest_due = Minor()
    fees_due = Minor(default=0, db_default=0)

    class Meta:
        db_table = "installments"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(principal_due__gte=0, interest_due__gte=0, fees_due__gte=0),
                name="installment_not_negative",
            ),
        )

    def __str__(self) -> str:
        return f"{self.loan_id} installment {self.number}"
