"""A suit and what happened in it: events that stay, from which its stage, its dates and its costs follow.

The database refuses a change or deletion of an event; courts and case numbers are kept sealed under the borrower's key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.conf import settings
from django.db import models

from forbear.desk.fields import Id
from forbear.desk.litigation.stages import stages
from forbear.desk.privacy.sealed import SealedText, erased
from forbear.desk.record.models import Borrower, Loan
from forbear.recovery.litigation import Event as Interruption


class Suit(models.Model):
    """The file of a claim against a borrower, from the day somebody thinks of it to its end."""

    suit_id = Id(primary_key=True)
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="suits")
    loan = models.ForeignKey(Loan, models.PROTECT, db_index=False, related_name="suits")
    opened_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")

    class Meta:
        db_table = "suits"
        indexes = (models.Index(fields=["borrower", "opened_at"], name="suits_of_borrower"),)

    def __str__(self) -> str:
        return f"suit on {self.loan_id}"

    def history(self) -> list[Event]:
        """Its events in their order."""
        return list(self.events.select_related("by", "approved_by", "borrower").order_by("event_id"))

    def interruptions(self) -> Iterator[Interruption]:
        """What of it interrupts the limitation time, each until its proceeding was over."""
        open_one: Event | None = None
        for event in self.history():
            stage = stages()[event.stage]
            if open_one is not None and (stage.ends or stage.interrupts):
                yield _interruption(open_one, event.on)
                open_one = None
            if stage.interrupts:
                open_one = event
        if open_one is not None:
            yield _interruption(open_one, None)


def _interruption(event: Event, ended_on: date | None) -> Interruption:
    kind = stages()[event.stage].interrupts
    if event.facts.get("procedure") == "payment_order":
        kind = "payment_order"
    return Interruption(kind, event.on, f"litigation event {event.pk}", ended_on)


class Event(models.Model):
    """One stage of a suit: when, by whom, sums in minor units, what the gate said, when to look again."""

    event_id = models.BigAutoField(primary_key=True)
    suit = models.ForeignKey(Suit, models.PROTECT, db_index=False, related_name="events")
    borrower = models.ForeignKey(Borrower, models.PROTECT, db_index=False, related_name="+")
    stage = models.TextField()
    on = models.DateField(help_text="the day it happened")
    facts = models.JSONField(default=dict, help_text="sums in minor units, codes, days; nothing personal")
    words = SealedText()
    verdict = models.JSONField(null=True, help_text="what the gate said, where it was asked")
    next_on = models.DateField(null=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        db_table = "suit_events"
        indexes = (models.Index(fields=["suit", "event_id"], name="suit_events_of_suit"),)

    def __str__(self) -> str:
        return f"{self.stage} on {self.on}"

    def told(self) -> dict[str, Any]:
        """What was written down in words: court, case number, where."""
        held = self.words
        if not held or held == erased():
            return {}
        found: dict[str, Any] = json.loads(held)
        return found
