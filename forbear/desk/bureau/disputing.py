"""Disputes of what a bureau holds: marked at once, answered in writing by the law's clock, and what follows from it.

Taking one tells the gate (`bureau_dispute_open`, `bureau_dispute_received_on`) for the loan, so that nothing of it is
reported without its mark; answering ends both.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.conduct import sending
from forbear.desk.audit.log import record
from forbear.desk.bureau import telling
from forbear.desk.bureau.models import OUTCOMES, WAYS, Dispute
from forbear.desk.record.models import Fact, Loan

LONGEST = 20_000
OPEN, RECEIVED = "bureau_dispute_open", "bureau_dispute_received_on"


def take(user: Any, loan_id: str, text: str, received_on: date, came_by: str, at: datetime) -> Dispute:
    """Take a dispute; from now on the loan is reported only as disputed.

    Args:
        user: who writes it down.
        loan_id: what is disputed.
        text: what she says is wrong.
        received_on: when it came; the clock runs from then.
        came_by: direct (from her), bureau, or regulator.
        at: now.

    Raises:
        WrongUse: no such loan or way, nothing said, or a day that lies ahead.
    """
    loan = Loan.objects.filter(pk=loan_id).first()
    if loan is None or came_by not in WAYS:
        raise WrongUse(_("no such loan or way"), ", ".join(WAYS))
    if not text.strip() or len(text) > LONGEST:
        raise WrongUse(_("write down what is disputed"), _("at most %(most)s characters") % {"most": LONGEST})
    if received_on > at.date():
        raise WrongUse(_("%(day)s lies ahead") % {"day": received_on}, _("the day on which it came"))
    clock = telling.clock()
    with transaction.atomic():
        sending.lock_borrower(connection, loan.borrower_id)
        made = Dispute.objects.create(
            loan=loan,
            borrower_id=loan.borrower_id,
            received_on=received_on,
            came_by=came_by,
            text=text.strip(),
            place=clock.place,
            due_on=clock.dispute_due_on(received_on),
            taken_by=user,
        )
        for fact, value in ((OPEN, "true"), (RECEIVED, received_on.isoformat())):
            Fact.objects.create(
                borrower_id=loan.borrower_id, fact=fact, value=value, since=at, loan_id=loan_id, by=user
            )
        record(user, "bureau.disputed", f"loan:{loan_id}", dispute=made.pk, due_on=str(made.due_on))
    return made


def answer(user: Any, dispute_id: int, outcome: str, text: str, at: datetime) -> Dispute:
    """Answer a dispute in writing; the last one of a loan ends its mark.

    Raises:
        WrongUse: no such outcome, or no answer was written.
        AnswerIsNo: there is no such open dispute.
    """
    if outcome not in OUTCOMES:
        raise WrongUse(_("no such outcome"), ", ".join(OUTCOMES))
    if not text.strip() or len(text) > LONGEST:
        raise WrongUse(_("write down the answer"), _("at most %(most)s characters") % {"most": LONGEST})
    with transaction.atomic():
        row = Dispute.objects.select_for_update(of=("self",)).filter(pk=dispute_id, answered_at=None).first()
        if row is None:
            raise AnswerIsNo(_("there is no such open dispute"), _("look at the list"))
        sending.lock_borrower(connection, row.borrower_id)
        row.outcome, row.answer, row.answered_at, row.answered_by = outcome, text.strip(), at, user
        row.save(update_fields=["outcome", "answer", "answered_at", "answered_by"])
        if not Dispute.objects.filter(loan_id=row.loan_id, answered_at=None).exists():
            facts = Fact.objects.filter(borrower_id=row.borrower_id, loan_id=row.loan_id, until=None)
            facts.filter(fact__in=(OPEN, RECEIVED)).update(until=at)
        late = at.date() > row.due_on
        record(user, "bureau.answered", f"loan:{row.loan_id}", dispute=row.pk, outcome=outcome, late=late)
    return row
