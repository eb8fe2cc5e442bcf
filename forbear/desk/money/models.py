"""What came by bank file: files, statements, and a receipt for each movement on an account.

A receipt is never deleted and its money never lost: what of it is booked stands in its shares, what was given back
in `returned`, and while anything is left it is parked. The database holds that (`sql/guards.sql`). Payments as such
have no table of their own: what is booked stands in the ledger, what waits in the approvals.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from forbear.desk.fields import Id, Minor, one_of
from forbear.desk.privacy.sealed import SealedText

PARKED, MATCHED, RETURNED, OTHER = "parked", "matched", "returned", "other"
STATES = [PARKED, MATCHED, RETURNED, OTHER]

TWIN, REVERSAL, BATCH = "twin", "reversal", "batch"
"""Notes: it looks like another movement; it takes an earlier receipt back; a batch that cannot be taken apart."""

OTHERS = [
    "outgoing",
    "announced",
    "reversal_of_outgoing",
    "not_a_borrowers",
    "own_transfer",
    "interest",
    "same_as_another",
    "bounce",
]
"""Why a movement is no borrower's money: told by the file (the first three) or by a person."""


class BankFile(models.Model):
    """A bank file that was taken in; known by its bytes, so that the same file again is the same row."""

    file_id = models.BigAutoField(primary_key=True)
    digest = models.TextField(unique=True, help_text="SHA-256 of its bytes")
    name = models.TextField(help_text="as it was called")
    form = models.TextField(help_text="camt.053, or the mapping's name")
    actor = models.TextField()
    taken_at = models.DateTimeField()
    counts = models.JSONField(default=dict, db_default={}, help_text="movements, new ones, those known already")

    class Meta:
        db_table = "bank_files"

    def __str__(self) -> str:
        return f"bank file {self.file_id} {self.name}"


class BankStatement(models.Model):
    """A statement of one of the lender's accounts in a file; balances in minor units, where it told them."""

    statement_id = models.BigAutoField(primary_key=True)
    file = models.ForeignKey(BankFile, models.PROTECT, related_name="statements")
    where = models.TextField(help_text="its place in the file")
    account = models.TextField(help_text="the lender's own")
    currency = models.TextField()
    number = models.TextField(default="", db_default="")
    opening = Minor(null=True)
    closing = Minor(null=True)
    came = Minor(help_text="sum of the booked movements in, those known before with them")
    went = Minor(help_text="sum of the booked movements out")

    class Meta:
        db_table = "bank_statements"
        constraints = (
            models.CheckConstraint(
                condition=Q(opening__isnull=True)
                | Q(closing__isnull=True)
                | Q(closing=F("opening") + F("came") - F("went")),
                name="statement_reconciles",
            ),
        )

    def __str__(self) -> str:
        return f"statement {self.statement_id} of {self.account}"


class Receipt(models.Model):
    """One movement on an account, and what became of it.

    What the payer is called and wrote is sealed: under the receipts' key while it belongs to nobody, under the
    borrower's once it is matched to loans of one borrower.
    """

    receipt_id = models.BigAutoField(primary_key=True)
    statement = models.ForeignKey(BankStatement, models.PROTECT, db_index=False, related_name="receipts")
    where = models.TextField(help_text="its place in the file")
    mark = models.TextField(unique=True, help_text="the same for the same movement in whatever file (keyed hash)")
    account = models.TextField(help_text="the lender's own")
    currency = models.TextField()
    amount = Minor()
    incoming = models.BooleanField()
    reversal = models.BooleanField(default=False, db_default=False)
    booked_on = models.DateField()
    counted_on = models.DateField(help_text="from when it counts for the borrower")
    reference = models.TextField(default="", db_default="", help_text="the bank's own")
    note = models.TextField(default="", db_default="")
    borrower = models.ForeignKey("record.Borrower", models.PROTECT, null=True, db_index=False, related_name="+")
    payer_name = SealedText(unowned="receipts")
    payer_account = SealedText(unowned="receipts")
    text = SealedText(unowned="receipts")
    name_hash = models.BinaryField(null=True)
    account_hash = models.BinaryField(null=True)
    state = models.TextField(default=PARKED, db_default=PARKED)
    reason = models.TextField(default="", db_default="", help_text="why it is no borrower's, or was returned")
    returned = Minor(default=0, db_default=0, help_text="given back to the payer")
    tried_at = models.DateTimeField(null=True, help_text="when a match was last looked for without a person")
    settled_at = models.DateTimeField(null=True, help_text="since when nothing of it is left")
    erased_at = models.DateTimeField(null=True, help_text="when payer and text were taken out")

    class Meta:
        db_table = "receipts"
        indexes = (
            models.Index(fields=["statement"], name="receipts_of_statement"),
            models.Index(fields=["account", "booked_on"], name="receipts_of_day"),
            models.Index(fields=["state", "receipt_id"], name="receipts_in_state"),
            models.Index(fields=["borrower"], name="receipts_of_borrower", condition=Q(borrower__isnull=False)),
            models.Index(fields=["name_hash"], name="receipts_by_name", condition=Q(name_hash__isnull=False)),
            models.Index(
                fields=["account_hash"], name="receipts_by_account", condition=Q(account_hash__isnull=False)
            ),
            models.Index(
                fields=["receipt_id"], name="receipts_untried", condition=Q(tried_at__isnull=True, state="parked")
            ),
        )
        constraints = (
            one_of("state", STATES, "receipt_state_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="receipt_of_money"),
            models.CheckConstraint(
                condition=Q(returned__gte=0) & Q(returned__lte=F("amount")), name="receipt_returned_within"
            ),
            models.CheckConstraint(condition=~Q(state="other") | ~Q(reason=""), name="receipt_other_why"),
        )

    def __str__(self) -> str:
        return f"receipt {self.receipt_id}"


class Share(models.Model):
    """A part of a receipt that is booked as a payment of a loan, until it is undone."""

    share_id = models.BigAutoField(primary_key=True)
    receipt = models.ForeignKey(Receipt, models.PROTECT, related_name="shares")
    loan_id = Id()
    amount = Minor()
    payment_id = models.TextField(unique=True)
    entry_id = models.BigIntegerField(unique=True, help_text="the payment's ledger entry")
    why = models.JSONField(default=list, db_default=[], help_text="what spoke for it, as codes")
    made_by = models.TextField(help_text="username, or the program")
    made_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "receipt_shares"
        indexes = (models.Index(fields=["loan_id"], name="receipt_shares_of_loan"),)
        constraints = (models.CheckConstraint(condition=Q(amount__gt=0), name="share_of_money"),)

    def __str__(self) -> str:
        return f"{self.amount} of receipt {self.receipt_id} for {self.loan_id}"
