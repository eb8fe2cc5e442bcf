"""What the borrower's page keeps: who came in by which link, what was asked, what was handed in, what was to be paid.

Nothing here opens anything by itself: of links, devices and visits only digests are kept. Her words and files are
sealed under her key, so that an erasure takes them with it.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from forbear.desk.fields import Minor, currency, one_of
from forbear.desk.privacy.sealed import SealedText
from forbear.desk.record.models import Borrower, Complaint

KINDS = ("hardship", "extension", "dispute", "complaint", "stop", "contact", "again", "promise", "plan", "download")
"""What a borrower does on her page and is given a receipt for; payments have receipts of their own."""
INTENT_STATES = ("open", "paid", "differs", "ended")
"""open: may be paid; paid: booked; differs: money came that is not what was asked, a person looks; ended: too late."""
OUTCOMES = ("booked", "differs", "unknown", "refused")
"""What became of a provider's news: booked; another sum, currency or a second payment; of no intent; not bookable."""


class Door(models.Model):
    """How a borrower's page is guarded: wrong second checks, a lock, and since when links hold."""

    borrower = models.OneToOneField(Borrower, models.PROTECT, primary_key=True, related_name="+")
    wrong = models.SmallIntegerField(default=0, db_default=0)
    wrong_since = models.DateTimeField(null=True)
    locked_until = models.DateTimeField(null=True)
    links_from = models.DateTimeField(null=True, help_text="links made at or before this instant open nothing")

    class Meta:
        db_table = "portal_doors"

    def __str__(self) -> str:
        return f"door of {self.borrower_id}"


class UsedLink(models.Model):
    """A link that let somebody in: from then on it lets in that device alone."""

    digest = models.TextField(primary_key=True, help_text="SHA-256 of the link's own mark")
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="+")
    device = models.TextField(help_text="SHA-256 of what the device holds in a cookie")
    used_at = models.DateTimeField()

    class Meta:
        db_table = "portal_used_links"

    def __str__(self) -> str:
        return f"link of {self.borrower_id}"


class Visit(models.Model):
    """One visit, from the second check to its end; the cookie holds a secret, this its digest."""

    digest = models.TextField(primary_key=True)
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="+")
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "portal_visits"
        indexes = (models.Index(fields=["borrower", "began_at"], name="portal_visits_of_borrower"),)

    def __str__(self) -> str:
        return f"visit of {self.borrower_id}"


class Asked(models.Model):
    """Something a borrower asked for or told on her page, and the number she was given for it."""

    number = models.TextField(primary_key=True)
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="asked")
    kind = models.TextField()
    at = models.DateTimeField()
    text = SealedText()
    refers = models.TextField(default="", db_default="", help_text="id of the complaint, task or plan it became")
    due_on = models.DateField(null=True, help_text="by when it is answered, or she pays")
    facts = models.JSONField(default=dict, db_default={}, help_text="choices, as codes; no personal data")

    class Meta:
        db_table = "portal_asked"
        indexes = (models.Index(fields=["borrower", "at"], name="portal_asked_of_borrower"),)
        constraints = (one_of("kind", list(KINDS), "portal_kind_known"),)

    def __str__(self) -> str:
        return str(self.number)


class Evidence(models.Model):
    """A file that proves a dispute, a plan's income or a hardship: sealed under her key, never opened by the desk."""

    evidence_id = models.BigAutoField(primary_key=True)
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="+")
    complaint = models.ForeignKey(Complaint, models.PROTECT, null=True, related_name="evidence")
    plan = models.ForeignKey("plans.Plan", models.PROTECT, null=True, related_name="proof")
    asked = models.ForeignKey(Asked, models.PROTECT, null=True, related_name="proof")
    """Of a hardship that she told of: the number she was given for it."""
    at = models.DateTimeField()
    name = SealedText()
    media = models.TextField(help_text="as its first bytes say")
    size = models.IntegerField()
    sha256 = models.TextField()
    data = SealedText()
    """Base64, for what is sealed is text."""

    class Meta:
        db_table = "portal_evidence"
        indexes = (models.Index(fields=["borrower", "at"], name="portal_evidence_of_borrower"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(complaint__isnull=False, plan__isnull=True, asked__isnull=True)
                | Q(complaint__isnull=True, plan__isnull=False, asked__isnull=True)
                | Q(complaint__isnull=True, plan__isnull=True, asked__isnull=False),
                name="portal_evidence_of_one_thing",
            ),
        )

    def __str__(self) -> str:
        return f"evidence {self.evidence_id}"


class Intent(models.Model):
    """A payment that a borrower set out to make: what, for which loans, at which provider, and what became of it."""

    reference = models.TextField(
        primary_key=True, help_text="also her receipt's number and the provider's order number"
    )
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="+")
    provider = models.TextField()
    amount = Minor()
    currency = currency()
    shares = models.JSONField(help_text="[[loan_id, minor units], ...]; they come to the amount")
    state = models.TextField(default="open", db_default="open")
    url = models.TextField(default="", db_default="", help_text="where she pays")
    provider_ref = models.TextField(default="", db_default="", help_text="the provider's own id of the order")
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, help_text="when the provider was last asked what became of it")
    paid_at = models.DateTimeField(null=True)
    payments = models.JSONField(default=list, db_default=[], help_text="ids of the payments it became")

    class Meta:
        db_table = "portal_intents"
        indexes = (
            models.Index(fields=["borrower", "opened_at"], name="portal_intents_of_borrower"),
            models.Index(fields=["opened_at"], name="portal_intents_open", condition=Q(state="open")),
        )
        constraints = (
            one_of("state", list(INTENT_STATES), "portal_intent_state_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="portal_intent_of_money"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("opened_at")), name="portal_intent_lasts"),
        )

    def __str__(self) -> str:
        return str(self.reference)


class News(models.Model):
    """What a provider told of a payment, verified; each thing once, whatever became of it, so that no money is lost."""

    news_id = models.BigAutoField(primary_key=True)
    provider = models.TextField()
    payment = models.TextField(help_text="the provider's own id of the payment")
    reference = models.TextField(help_text="the intent it names")
    intent = models.ForeignKey(Intent, models.PROTECT, null=True, related_name="news")
    amount = Minor()
    currency = models.TextField()
    paid_at = models.DateTimeField()
    told_at = models.DateTimeField()
    outcome = models.TextField()
    why = models.TextField(default="", db_default="")

    class Meta:
        db_table = "portal_payment_news"
        constraints = (
            models.UniqueConstraint(fields=["provider", "payment"], name="portal_news_once"),
            one_of("outcome", list(OUTCOMES), "portal_outcome_known"),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.payment}"
