"""The ledger's tables: a loan's account, entries (what happened) and postings (the money of an entry).

Entries and postings are added, never changed: a correction is an entry that reverses another. What the tables hold by
themselves (balance, append-only, one reversal an entry) is `sql/guards.sql`; which postings a kind has is `rules`.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from forbear.desk.fields import Id, Minor, currency, one_of
from forbear.desk.ledger.kinds import ACCOUNTS, COMPONENTS, KINDS


class Account(models.Model):
    """A loan's account: the row that is locked while anything of the loan is booked.

    All but loan, currency and rule can be worked out from the entries; `forbear ledger verify` does.
    """

    loan_id = Id(primary_key=True)
    currency = currency()
    rule = models.TextField(default="oldest_installment", db_default="oldest_installment")
    components = ArrayField(
        models.TextField(), null=True, help_text="order of payment, when the rule is a plain waterfall"
    )
    version = models.SmallIntegerField(default=1, db_default=1, help_text="schedule in force after the last act")
    received = Minor(default=0, db_default=0, help_text="money received and still held, allocated or not")
    written_off = Minor(default=0, db_default=0)
    adjusted = models.BooleanField(default=False, db_default=False, help_text="has a fee, penalty or waiver")
    last_on = models.DateField(help_text="latest day on which an act takes effect")
    last_booked_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_accounts"

    def __str__(self) -> str:
        return str(self.loan_id)


class Entry(models.Model):
    """Something that happened to a loan, or (with `of_entry`) what followed from it."""

    entry_id = models.BigAutoField(primary_key=True)
    # The three foreign keys are held by sql/belonging.sql, once a statement and not once a row.
    loan = models.ForeignKey(Account, models.PROTECT, db_constraint=False, db_index=False, related_name="entries")
    kind = models.TextField()
    effective_on = models.DateField(help_text="from this day on it counts")
    booked_at = models.DateTimeField(
        help_text="from this instant on it was known; rises with every entry of a loan"
    )
    amount = Minor(default=0, db_default=0)
    cause = models.TextField(help_text="payment's own id, instruction, file: where it comes from")
    actor = models.TextField()
    key = models.TextField(null=True, help_text="idempotency key; none on what follows from another entry")
    facts = models.JSONField(null=True)
    reverses = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        db_column="reverses",
        db_constraint=False,
        db_index=False,
        related_name="reversed_by",
    )
    of_entry = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        db_column="of_entry",
        db_constraint=False,
        db_index=False,
        related_name="followed_by",
    )

    class Meta:
        db_table = "ledger_entries"
        indexes = (models.Index(fields=["loan", "effective_on"], name="ledger_entries_of_loan"),)
        constraints = (
            one_of("kind", list(KINDS), "ledger_kind_known"),
            models.UniqueConstraint(fields=["key"], condition=models.Q(key__isnull=False), name="ledger_key_once"),
            models.UniqueConstraint(
                fields=["reverses"], condition=models.Q(reverses__isnull=False), name="ledger_reversed_once"
            ),
            models.UniqueConstraint(
                fields=["cause"], condition=models.Q(kind="payment"), name="ledger_payment_once"
            ),
            models.CheckConstraint(
                condition=models.Q(key__isnull=False) | models.Q(of_entry__isnull=False), name="ledger_act_has_key"
            ),
        )

    def __str__(self) -> str:
        return f"{self.entry_id} {self.kind} of {self.loan_id}"


class Posting(models.Model):
    """One amount of an entry on one account; debits positive. The postings of an entry come to zero."""

    pk = models.CompositePrimaryKey("entry_id", "line")
    entry = models.ForeignKey(
        Entry, models.PROTECT, db_index=False, db_constraint=False, related_name="postings"
    )  # held by sql/belonging.sql too
    line = models.SmallIntegerField()
    account = models.TextField()
    component = models.TextField(null=True)
    number = models.IntegerField(null=True, help_text="installment")
    amount = Minor()

    class Meta:
        db_table = "ledger_postings"
        constraints = (
            one_of("account", list(ACCOUNTS), "ledger_account_known"),
            models.CheckConstraint(
                condition=models.Q(component__isnull=True) | models.Q(component__in=list(COMPONENTS)),
                name="ledger_component_known",
            ),
        )

    def __str__(self) -> str:
        return f"{self.account} {self.amount}"
