"""The archive of letters: what was written, to whom, with which sums, by whom, with the gate's verdict; never changed.

The PDF is sealed under the borrower's key and may be sealed anew when keys are rotated; its SHA-256 stays, so that the
bytes that come out are known to be those that were written. The database refuses any other change, and any deletion.
"""

from __future__ import annotations

from base64 import b64decode
from hashlib import sha256

from django.conf import settings
from django.db import models

from forbear.basics.errors import AnswerIsNo
from forbear.desk.fields import Id, currency
from forbear.desk.privacy.sealed import SealedText, erased
from forbear.desk.record.models import Borrower, Loan


class Letter(models.Model):
    """A letter that was written."""

    letter_id = Id(primary_key=True)
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="letters")
    loan = models.ForeignKey(Loan, models.PROTECT, db_index=False, related_name="letters")
    kind = models.TextField()
    language = models.TextField()
    reference = models.TextField(unique=True)
    as_of = models.DateField(help_text="the day whose balances it states")
    sums = models.JSONField(help_text="the sums it states, minor units, by fact")
    currency = currency()
    sha256 = models.TextField(help_text="of the PDF as it was written")
    signed_by = models.TextField()
    verdicts = models.JSONField(help_text="what the gate said when it was written, by act")
    written_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    pdf = SealedText()

    class Meta:
        db_table = "letters"
        indexes = (
            models.Index("borrower", models.F("written_at").desc(), name="letters_of_borrower"),
            models.Index(models.F("written_at").desc(), name="letters_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.reference} {self.kind}"

    def document(self) -> bytes:
        """Its bytes, checked against their fingerprint.

        Raises:
            AnswerIsNo: they were erased with the borrower's data, or are not those that were written.
        """
        held = self.pdf
        if held == erased():
            raise AnswerIsNo("this letter was erased with the borrower's personal data", "its fingerprint stays")
        raw = b64decode(held)
        if sha256(raw).hexdigest() != self.sha256:
            raise AnswerIsNo(f"letter {self.reference} is not as it was written", "tell whoever runs the desk")
        return raw


class Told(models.Model):
    """That a letter was posted or arrived, and what of it the gate was told."""

    letter = models.OneToOneField(Letter, models.PROTECT, primary_key=True, related_name="told")
    posted_at = models.DateTimeField()
    counts_from = models.DateTimeField(help_text="from when it counts as having reached her")
    receipt = models.TextField(help_text="what the provider said")

    class Meta:
        db_table = "letters_told"

    def __str__(self) -> str:
        return f"{self.letter_id} {self.receipt}"
