"""How things stand with a borrower, as far as it changes what she reads: paused, disputed, stopped, promised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from forbear.desk.portal.asking import STOPPED, running
from forbear.desk.record.models import Complaint, Promise

HARD = ("hardship", "bereavement", "vulnerable")


@dataclass(frozen=True)
class Standing:
    """What holds now.

    Args:
        hard: she told of hardship, and contact is paused.
        stopped: she stopped contact.
        open: her complaints and disputes that wait for an answer, the next to be answered first.
        promises: what she said she will pay, the next day first.
    """

    hard: bool
    stopped: bool
    open: tuple[Complaint, ...]
    promises: tuple[Promise, ...]

    @property
    def answer_on(self) -> date | None:
        """The day by which the next of what waits is answered."""
        return min((one.answer_due_on for one in self.open if one.answer_due_on), default=None)


def standing_of(borrower_id: str, at: datetime) -> Standing:
    """What holds for her now."""
    told = {
        (one.fact, one.channel)
        for one in running(borrower_id, at).filter(fact__in=[*HARD, *STOPPED]).exclude(value="false")
    }
    waiting = Complaint.objects.filter(borrower_id=borrower_id, answered_at=None).order_by("answer_due_on")
    promised = Promise.objects.filter(borrower_id=borrower_id, state="open").order_by("due_on", "promise_id")
    return Standing(
        any((fact, None) in told for fact in HARD),
        any((fact, None) in told for fact in STOPPED),
        tuple(waiting.defer("text", "answer")),
        tuple(promised),
    )
