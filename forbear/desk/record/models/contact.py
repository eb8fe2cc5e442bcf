"""Contacts and facts: the two tables that the gate reads and writes at the moment of sending.

They have the names and columns of `forbear.conduct.sending.SCHEMA`; a test holds that. Further columns have a default
in the database, because the gate writes without them. `number` is whatever stands for the number or address used:
never the number itself, see docs/gate.md; the database refuses anything but a pseudonym.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from forbear.desk.fields import Id
from forbear.desk.record.models.loans import Borrower

PSEUDONYM = models.Q(number__isnull=True) | models.Q(number__regex=r"^n-[0-9a-f]{24}$")
"""No number itself may stand in these tables: `forbear.desk.privacy.pseudonym` makes what may."""


class Contact(models.Model):
    """An attempt at contact, out or in; written before it is sent, its result when it is known."""

    contact_id = Id(primary_key=True)
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="contacts")
    at = models.DateTimeField()
    channel = models.TextField()
    direction = models.TextField(default="out", db_default="out")
    result = models.TextField(null=True, blank=True)
    party = models.TextField(null=True, blank=True)
    sender = models.TextField(null=True, blank=True)
    loan_id = models.TextField(null=True, blank=True, help_text="the loans it was about, A|B")
    number = models.TextField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+")
    strategy = models.TextField(null=True, blank=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "contacts"
        indexes = (
            models.Index(fields=["borrower", "at"], name="contacts_of_borrower"),
            models.Index(
                fields=["at", "by"],
                include=["strategy", "channel", "party", "result", "borrower", "contact_id", "sender"],
                condition=models.Q(direction="out"),
                name="contacts_outward",  # all that the board counts, so that it reads no row
            ),
        )
        constraints = (models.CheckConstraint(condition=PSEUDONYM, name="contact_number_is_a_pseudonym"),)

    def __str__(self) -> str:
        return str(self.contact_id)


class Fact(models.Model):
    """Something the rules ask for (docs/gate-facts.md), about a borrower, a loan or a number, since and until."""

    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="facts")
    fact = models.TextField()
    value = models.TextField(null=True, blank=True)
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    loan_id = models.TextField(null=True, blank=True)
    number = models.TextField(null=True, blank=True)
    sender = models.TextField(null=True, blank=True)
    channel = models.TextField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "facts"
        indexes = (models.Index(fields=["borrower"], name="facts_of_borrower"),)
        constraints = (models.CheckConstraint(condition=PSEUDONYM, name="fact_number_is_a_pseudonym"),)

    def __str__(self) -> str:
        return f"{self.fact} of {self.borrower_id}"


class Vouched(models.Model):
    """A fact of every act on a channel that the lender vouches for: calls are recorded, texts name the sender.

    Compliance says so, with its grounds; from `since` until `until` each act on the channel carries the fact. Without
    it the gate takes the fact for unknown, and does not let the act through.
    """

    channel = models.TextField()
    fact = models.TextField()
    value = models.TextField(default="true", db_default="true")
    grounds = models.TextField(help_text="how the lender makes sure of it")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        db_table = "vouched"
        constraints = (
            models.UniqueConstraint(
                fields=["channel", "fact"], condition=models.Q(until__isnull=True), name="vouched_once"
            ),
            models.CheckConstraint(condition=~models.Q(grounds=""), name="vouched_with_grounds"),
        )

    def __str__(self) -> str:
        return f"{self.channel}: {self.fact} is {self.value}"
