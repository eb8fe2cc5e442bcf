"""The limitation clock of a loan from what the desk knows: schedule, payments, what provably reached her, suits.

A demand counts as an interruption only with its proof: a receipt that says it arrived, a payment on the ledger, a new
schedule that she agreed to, a paper of a court.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Max, Q

from forbear.desk.contact.models import Attempt
from forbear.desk.ledger.acts import standing
from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.reading import history
from forbear.desk.record.models import Contact, Installment, Loan
from forbear.desk.record.zones import zone_of
from forbear.recovery.litigation import Clock, Event, limitation

ARRIVED = ("delivered", "read")
WRITTEN = {"letter": "demand_delivered"}
"""What a demand that arrived counts as, by channel; on the others it is a data message."""
CHANNELS = ("letter", "sms", "email", "app_push", "chat")
PLANS = ("re-age", "re-amortize")


@dataclass(frozen=True)
class DeskClock:
    """The clock, and the day the right was first harmed."""

    clock: Clock
    harmed_on: date

    @property
    def runs_from(self) -> date:
        """The day from which the time runs."""
        return self.clock.runs_from


def clock_of(loan: Loan, at: datetime) -> DeskClock:
    """The limitation clock of a loan at an instant, by the lender's own legal day."""
    zone = zone_of(loan.borrower_id)
    today = at.astimezone(zone).date()
    schedule = Installment.objects.filter(loan=loan, version=loan.schedule_version)
    last = schedule.aggregate(last=Max("due_on"))["last"] or loan.disbursed_on
    balance = balances([loan.pk], today).get(loan.pk)
    harmed = (balance.oldest_unpaid_due_on if balance else None) or last
    events = [*_from_ledger(loan), *_from_contacts(loan), *_from_suits(loan)]
    return DeskClock(limitation(last, events, as_of=today, harmed_on=harmed), harmed)


def _from_ledger(loan: Loan) -> Iterator[Event]:
    for act in standing(history(loan.pk).acts):
        if act.kind == "payment":
            yield Event("part_payment", act.effective_on, f"ledger entry {act.entry_id}")
        elif act.kind in PLANS:
            yield Event("plan_agreed", act.effective_on, f"ledger entry {act.entry_id}")


def _from_contacts(loan: Loan) -> Iterator[Event]:
    """Written demands that a receipt says arrived; a reminder of what is not yet due is none."""
    asked = Attempt.objects.filter(planned__borrower_id=loan.borrower_id, planned__purpose="overdue").values("pk")
    about = Q(loan_id__isnull=True) | Q(loan_id="") | Q(loan_id__contains=loan.pk)
    zone = zone_of(loan.borrower_id)
    found = Contact.objects.filter(about, pk__in=asked, channel__in=CHANNELS, result__in=ARRIVED)
    for one in found:
        if one.loan_id and loan.pk not in one.loan_id.split("|"):
            continue
        yield Event(
            WRITTEN.get(one.channel, "message_delivered"), one.at.astimezone(zone).date(), f"contact {one.pk}"
        )


def _from_suits(loan: Loan) -> Iterator[Event]:
    from forbear.desk.litigation.models import Suit

    for suit in Suit.objects.filter(loan=loan):
        yield from suit.interruptions()
