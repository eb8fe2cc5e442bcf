"""Complaints and disputes: taken on any channel, timed by law, contact paused until they are answered.

Taking one tells the gate (`complaint_open`, `dispute_open`) and empties the outbox in the same transaction, on the
borrower's lock; answering the last open one of a kind ends the fact, and nothing else does.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils.translation import gettext as _

from forbear.basics.errors import WrongUse
from forbear.conduct import sending
from forbear.desk.audit.log import record
from forbear.desk.contact.models import Attempt
from forbear.desk.contact.planning import cancel
from forbear.desk.record.gate import packs
from forbear.desk.record.models import Complaint, Contact, Fact, Loan
from forbear.desk.wording.models import Version

KINDS = ("complaint", "dispute")
OUTCOMES = ("upheld", "partly", "not_upheld")
OPEN_FACT = {"complaint": "complaint_open", "dispute": "dispute_open"}
CHANNELS = ("call", "sms", "email", "chat", "app_push", "letter", "visit", "portal", "regulator")
LONGEST = 20_000


@dataclass(frozen=True)
class Clock:
    """By when something is answered: days from its receipt, the law that says so, whether its text was seen."""

    name: str
    days: int
    acknowledge: int
    citation: str
    verified: bool


@cache
def clocks() -> dict[str, Clock]:
    """The clocks by name: `cn.complaint`, …"""
    table = tomllib.loads(files(__package__).joinpath("clocks.toml").read_text("utf-8"))
    return {
        f"{place}.{kind}": Clock(f"{place}.{kind}", **row)
        for place, rows in table.items()
        for kind, row in rows.items()
    }


def jurisdiction() -> str:
    """Where the lender is: the jurisdiction of the first rule pack, without its region."""
    first = next(iter(packs().packs), None)
    return str(first.head.jurisdiction).replace("_", "-").split("-")[0] if first else "other"


def clock_of(kind: str, place: str = "") -> Clock:
    """The clock of a kind in a jurisdiction; one that is not known has the strictest."""
    return clocks().get(f"{place or jurisdiction()}.{kind}") or clocks()[f"other.{kind}"]


def take(
    by: Any,
    borrower_id: str,
    text: str,
    at: datetime,
    *,
    channel: str,
    kind: str = "complaint",
    contact_id: str | None = None,
    loan_id: str | None = None,
    complaint_id: str = "",
) -> Complaint:
    """Take a complaint or a dispute; contact is paused from this instant on.

    Args:
        by: the user who writes it down, or a program's name.
        borrower_id: whose.
        text: what she said.
        at: when it was received.
        channel: where it came in.
        kind: complaint or dispute.
        contact_id: the contact it is about, if it is about one.
        loan_id: the loan it is about; None: all of hers.
        complaint_id: its name; empty: one is made.

    Raises:
        WrongUse: no such kind, channel, contact or loan of hers, or nothing was said.
        IntegrityError: the name is taken.
    """
    if kind not in KINDS or channel not in CHANNELS:
        raise WrongUse(_("no such kind or channel of complaint"), f"{', '.join(KINDS)}; {', '.join(CHANNELS)}")
    if not text.strip() or len(text) > LONGEST:
        raise WrongUse(_("write down what the complaint is"), _("at most %(most)s characters") % {"most": LONGEST})
    if loan_id and not Loan.objects.filter(pk=loan_id, borrower_id=borrower_id).exists():
        raise WrongUse(_("no such loan of this borrower"), _("leave it out if it is about all of them"))
    clock = clock_of(kind)
    with transaction.atomic():
        sending.lock_borrower(connection, borrower_id)
        made = Complaint.objects.create(
            complaint_id=complaint_id or uuid4().hex,
            borrower_id=borrower_id,
            loan_id=loan_id,
            received_at=at,
            channel=channel,
            kind=kind,
            text=text.strip(),
            clock=clock.name,
            answer_due_on=_day(at) + timedelta(days=clock.days),
            **_about(borrower_id, contact_id),
        )
        _tell_the_gate(made, at)
        cancel(borrower_id, kind, at=at, by=by if hasattr(by, "pk") else None)
        record(by, "complaint.taken", f"borrower:{borrower_id}", complaint=made.pk, kind=kind, clock=clock.name)
    return made


def answer(user: Any, complaint_id: str, outcome: str, text: str, at: datetime) -> Complaint:
    """Answer one; when it was the last open one of its kind, contact may go on.

    Raises:
        WrongUse: no such open complaint or outcome, or no answer was written.
    """
    if outcome not in OUTCOMES:
        raise WrongUse(_("no such outcome"), ", ".join(OUTCOMES))
    if not text.strip() or len(text) > LONGEST:
        raise WrongUse(_("write down the answer"), _("at most %(most)s characters") % {"most": LONGEST})
    with transaction.atomic():
        row = Complaint.objects.select_for_update(of=("self",)).filter(pk=complaint_id, answered_at=None).first()
        if row is None:
            raise WrongUse(_("there is no such open complaint"), _("look at the list"))
        sending.lock_borrower(connection, row.borrower_id)
        row.answer, row.outcome, row.answered_at, row.answered_by = text.strip(), outcome, at, user
        row.save(update_fields=["answer", "outcome", "answered_at", "answered_by"])
        still = Complaint.objects.filter(borrower_id=row.borrower_id, kind=row.kind, answered_at=None).exists()
        if not still:
            open_facts = Fact.objects.filter(borrower_id=row.borrower_id, fact=OPEN_FACT[row.kind], until=None)
            open_facts.update(until=at)
        record(
            user,
            "complaint.answered",
            f"borrower:{row.borrower_id}",
            complaint=row.pk,
            outcome=outcome,
            last=not still,
        )
    return row


def _day(at: datetime) -> Any:
    zone = next((pack.head.zone for pack in packs().packs if pack.head.zone), "UTC")
    return at.astimezone(ZoneInfo(zone)).date()


def _about(borrower_id: str, contact_id: str | None) -> dict[str, Any]:
    """What a complaint about a contact is put down to: its agent, channel, sender and template."""
    if not contact_id:
        return {}
    contact = Contact.objects.filter(pk=contact_id, borrower_id=borrower_id).first()
    if contact is None:
        raise WrongUse(_("no such contact of this borrower"), _("choose one of the list"))
    attempt = Attempt.objects.filter(pk=contact_id).select_related("planned").first()
    version = Version.objects.filter(pk=attempt.planned.template_version).first() if attempt else None
    return {
        "contact": contact,
        "about": contact.by,
        "about_channel": contact.channel,
        "about_sender": contact.sender or "lender",
        "about_template": version.template_id if version else "",
    }


def _tell_the_gate(made: Complaint, at: datetime) -> None:
    fact = OPEN_FACT[made.kind]
    if not Fact.objects.filter(borrower_id=made.borrower_id, fact=fact, until=None).exists():
        Fact.objects.create(borrower_id=made.borrower_id, fact=fact, value="true", since=at)
