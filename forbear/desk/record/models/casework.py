"""What people do about a borrower: her case, promises, notes, complaints and consents.

A borrower has at most one open case, held by the database. Worklists read cases alone: the night's figures stand in
them, so that a list of a million needs no join. A list is paged by its key, (priority, case_id), never by offset.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from forbear.desk.fields import Id, Minor, currency, one_of
from forbear.desk.people.models import Agency
from forbear.desk.privacy.sealed import SealedText
from forbear.desk.record.models.contact import Contact
from forbear.desk.record.models.loans import Borrower, Loan

OPEN = models.Q(closed_at__isnull=True)


class Case(models.Model):
    """A borrower whom somebody looks after, from the night that found her until it is closed."""

    case_id = Id(primary_key=True)
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="cases")
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_because = models.TextField(default="", db_default="")
    queue = models.TextField(default="", db_default="")
    priority = models.BigIntegerField(default=0, db_default=0, help_text="higher comes first")
    strategy = models.TextField(default="", db_default="")
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, db_index=False, related_name="cases")
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False, related_name="cases"
    )
    claimed_until = models.DateTimeField(null=True, blank=True)
    next_action_on = models.DateField(null=True, blank=True)
    # The night's figures over all of the borrower's loans, as of `figures_as_of`.
    figures_as_of = models.DateField(null=True, blank=True)
    dpd = models.IntegerField(default=0, db_default=0, help_text="days past due of her latest loan")
    bucket = models.TextField(default="", db_default="")
    arrears = Minor(default=0, db_default=0)
    outstanding = Minor(default=0, db_default=0)
    currency = currency()

    class Meta:
        db_table = "cases"
        indexes = (
            models.Index("queue", models.F("priority").desc(), "case_id", name="cases_of_queue", condition=OPEN),
            models.Index(models.F("priority").desc(), "case_id", name="cases_by_priority", condition=OPEN),
            # The other orders of the worklist; within a bucket too, for those of the first come last in all three.
            *(
                models.Index(
                    *bucket, models.F(column).desc(), "case_id", name=f"cases_{name}{column}", condition=OPEN
                )
                for bucket, name in (((), "by_"), (("bucket",), "bucket_"))
                for column in ("dpd", "arrears", "outstanding")
            ),
            models.Index("bucket", models.F("priority").desc(), "case_id", name="cases_of_bucket", condition=OPEN),
            models.Index(
                "agency",
                models.F("priority").desc(),
                "case_id",
                name="cases_of_agency",
                condition=OPEN & models.Q(agency__isnull=False),
            ),
            models.Index(
                "claimed_by",
                models.F("priority").desc(),
                "case_id",
                name="cases_claimed",
                condition=OPEN & models.Q(claimed_by__isnull=False),
            ),
            models.Index("next_action_on", "case_id", name="cases_by_next_action", condition=OPEN),
            models.Index("borrower", name="cases_of_borrower"),
            models.Index("closed_at", name="cases_closed", condition=~OPEN),
        )
        constraints = (
            models.UniqueConstraint(fields=["borrower"], name="one_open_case", condition=OPEN),
            models.CheckConstraint(
                condition=models.Q(claimed_by__isnull=True, claimed_until__isnull=True)
                | models.Q(claimed_by__isnull=False, claimed_until__isnull=False),
                name="case_claim_ends",
            ),
        )

    def __str__(self) -> str:
        return str(self.case_id)


class Promise(models.Model):
    """A promise to pay an amount by a date; whether it was kept follows from the ledger and is written when settled."""

    promise_id = Id(primary_key=True)
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="promises")
    loan = models.ForeignKey(Loan, models.PROTECT, null=True, blank=True, db_index=False, related_name="promises")
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, blank=True, db_index=False, related_name="+")
    series = Id(null=True, blank=True, help_text="the parts of one promise share it; null: it has one part")
    method = models.TextField(default="", db_default="", help_text="how she means to pay")
    amount = Minor()
    currency = currency()
    due_on = models.DateField()
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    strategy = models.TextField(null=True, blank=True, help_text="that of the contact in which it was made")
    state = models.TextField(default="open", db_default="open")
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "promises"
        indexes = (
            models.Index(fields=["borrower", "due_on"], name="promises_of_borrower"),
            models.Index(fields=["due_on"], name="promises_open", condition=models.Q(state="open")),
            models.Index(fields=["made_by", "made_at"], name="promises_made"),
            models.Index(fields=["made_at"], name="promises_by_time"),
        )
        constraints = (
            one_of("state", ["open", "kept", "part_kept", "broken", "withdrawn"], "promise_state_known"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="promise_amount_positive"),
        )

    def __str__(self) -> str:
        return str(self.promise_id)


class Note(models.Model):
    """What somebody wrote down about a borrower."""

    note_id = Id(primary_key=True)
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="notes")
    loan = models.ForeignKey(Loan, models.PROTECT, null=True, blank=True, db_index=False, related_name="notes")
    at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+")
    text = SealedText()

    class Meta:
        db_table = "notes"
        indexes = (models.Index(fields=["borrower", "at"], name="notes_of_borrower"),)

    def __str__(self) -> str:
        return str(self.note_id)


class Complaint(models.Model):
    """A complaint or dispute by a borrower, until it is answered."""

    complaint_id = Id(primary_key=True)
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="complaints")
    loan = models.ForeignKey(Loan, models.PROTECT, null=True, blank=True, db_index=False, related_name="complaints")
    contact = models.ForeignKey(
        Contact,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        help_text="what it is about",
    )
    about_channel = models.TextField(default="", db_default="", help_text="channel of the contact it is about")
    about_sender = models.TextField(
        default="", db_default="", help_text="whose contact it was: lender or an agency"
    )
    about_template = models.TextField(default="", db_default="", help_text="name of the template, if a message")
    clock = models.TextField(default="", db_default="", help_text="by which clock it is answered; see clocks.toml")
    outcome = models.TextField(default="", db_default="", help_text="upheld, partly, not_upheld; empty: open")
    received_at = models.DateTimeField(db_default=Now())
    channel = models.TextField()
    kind = models.TextField(default="complaint", db_default="complaint")
    about = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    text = SealedText()
    answer_due_on = models.DateField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    answer = SealedText()

    class Meta:
        db_table = "complaints"
        indexes = (
            models.Index(fields=["borrower", "received_at"], name="complaints_of_borrower"),
            models.Index(fields=["received_at"], name="complaints_by_time"),
            models.Index(
                fields=["answer_due_on"], name="complaints_open", condition=models.Q(answered_at__isnull=True)
            ),
        )
        constraints = (
            one_of("kind", ["complaint", "dispute"], "complaint_kind_known"),
            models.CheckConstraint(
                condition=models.Q(answered_at__isnull=True) | ~models.Q(answer=b""), name="complaint_answer_given"
            ),
        )

    def __str__(self) -> str:
        return str(self.complaint_id)


class Consent(models.Model):
    """One statement of a borrower that she agrees or no longer does; of a purpose and channel the latest holds."""

    consent_id = Id(primary_key=True)
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="consents")
    purpose = models.TextField()
    channel = models.TextField(default="", db_default="", help_text="empty: every channel")
    given = models.BooleanField()
    at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    source = models.TextField(help_text="where she said so: contract, call, portal, letter")
    wording = models.TextField(default="", db_default="", help_text="name and version of the text she saw")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "consents"
        indexes = (
            models.Index("borrower", "purpose", "channel", models.F("at").desc(), name="consents_of_borrower"),
        )

    def __str__(self) -> str:
        return str(self.consent_id)
