"""What an agent does with a case: claim it, let it go, take the next; record a call's outcome, a promise, a note.

A claim ends by itself, so that a case is never lost with somebody's browser. Of two who claim at once one wins, by the
database. Everything here is told to the audit log in its own transaction.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from forbear.basics.errors import WrongUse
from forbear.conduct import sending
from forbear.conduct.situation import RESULTS
from forbear.desk.audit.log import record
from forbear.desk.record.models import Case, Contact, Note

CLAIM = timedelta(minutes=30)
"""How long a case stays claimed without anything being done about it."""
OUTCOMES = ("conversation", "promise", "refused", "no_answer", "busy", "voicemail", "third_party", "not_in_service")
"""Outcomes of a call that an agent may record, in the order of the keys; all are known to the gate."""
MOST_DAYS_PROMISED = 60
"""A promise to pay later than this is a plan, and is offered as one."""


def free(at: datetime) -> Q:
    """Cases that nobody holds at an instant."""
    return Q(claimed_by__isnull=True) | Q(claimed_until__lte=at)


def claim(user: Any, case_id: str, cases: QuerySet[Case], at: datetime) -> bool:
    """Claim a case of those the user may see; False when somebody else holds it, or it is closed or not hers to see."""
    with transaction.atomic():
        mine = cases.filter(free(at) | Q(claimed_by=user), case_id=case_id)
        if not mine.update(claimed_by=user, claimed_until=at + CLAIM):
            return False
        record(user, "case.claim", f"case:{case_id}")
    return True


def claim_next(user: Any, cases: QuerySet[Case], at: datetime) -> Case | None:
    """Claim the free case of highest priority that is due; None when there is none. Two who ask at once get two."""
    with transaction.atomic():
        due = cases.filter(free(at), Q(next_action_on__isnull=True) | Q(next_action_on__lte=at.date()))
        first = (
            due.order_by(F("priority").desc(), "case_id").select_for_update(skip_locked=True, of=("self",)).first()
        )
        if first is None:
            return None
        first.claimed_by, first.claimed_until = user, at + CLAIM
        first.save(update_fields=["claimed_by", "claimed_until"])
        record(user, "case.claim", f"case:{first.pk}")
    return first


def release(user: Any, case_id: str, next_action_on: date | None = None) -> bool:
    """Let a case go that the user holds, perhaps until a day; False when she does not hold it."""
    with transaction.atomic():
        held = Case.objects.filter(case_id=case_id, claimed_by=user, closed_at__isnull=True)
        if not held.update(claimed_by=None, claimed_until=None, next_action_on=next_action_on):
            return False
        record(user, "case.release", f"case:{case_id}", next_action_on=str(next_action_on or ""))
    return True


def settle_call(user: Any, contact_id: str, outcome: str) -> None:
    """Record how a call went that the user had reserved; once.

    Raises:
        WrongUse: no such outcome, no such call of hers, or its outcome is known already.
    """
    if outcome not in OUTCOMES:
        raise WrongUse(_("no outcome %(outcome)r") % {"outcome": outcome}, f"{', '.join(OUTCOMES)}")
    with transaction.atomic():
        open_call = Contact.objects.select_for_update().filter(contact_id=contact_id, by=user, result__isnull=True)
        contact = open_call.first()
        if contact is None:
            raise WrongUse(_("there is no such call of yours whose outcome is open"), _("look at the timeline"))
        sending.settle(connection, contact_id, outcome)
        record(user, "call.outcome", f"borrower:{contact.borrower_id}", contact=contact_id, outcome=outcome)


def note(user: Any, borrower_id: str, text: str, at: datetime) -> Note:
    """Write a note about a borrower.

    Raises:
        WrongUse: it is empty.
    """
    if not text.strip():
        raise WrongUse(_("a note says something"), _("write it, or leave it"))
    with transaction.atomic():
        made = Note.objects.create(note_id=uuid4().hex, borrower_id=borrower_id, at=at, by=user, text=text.strip())
        record(user, "note.written", f"borrower:{borrower_id}", note=made.pk)
    return made


assert set(OUTCOMES) <= set(RESULTS)
