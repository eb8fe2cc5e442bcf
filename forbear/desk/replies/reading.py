"""What a person does with the inbox: says what a message meant, ends a task, lets contact go on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from forbear.basics.errors import WrongUse
from forbear.conduct import sending
from forbear.conduct.replies import INTENTS
from forbear.desk.audit.log import record
from forbear.desk.record.models import Fact
from forbear.desk.replies.acting import Said, act, effects
from forbear.desk.replies.models import Incoming, Task

ENDS: dict[str, tuple[str, ...]] = {
    "confirm_stop": ("cease_request",),
    "find_number": ("wrong_number",),
    "check_payment": ("dispute_open",),
    "offer_relief": ("hardship", "vulnerable"),
    "handle_bereavement": ("bereavement", "vulnerable", "deceased"),
    "write_to_lawyer": ("represented",),
}
"""Facts that may be ended with a task, where the reading was wrong; only whoever handles it says so."""


def read(user: Any, incoming_id: int, intents: Sequence[str], at: datetime) -> Incoming:
    """Say what a message meant; what was not acted on yet is, and the message no longer waits.

    Raises:
        WrongUse: there is no such waiting message, or an intent does not exist.
    """
    if not intents or set(intents) - INTENTS.keys():
        raise WrongUse(_("say what it meant"), ", ".join(INTENTS))
    with transaction.atomic():
        row = Incoming.objects.select_for_update(of=("self",)).filter(pk=incoming_id, state="waiting").first()
        if row is None:
            raise WrongUse(_("there is no such message that waits"), _("look at the inbox"))
        if row.borrower_id is not None:
            sending.lock_borrower(connection, row.borrower_id)
            number = row.contact.number if row.contact else None
            said = Said(row.borrower_id, at, row.channel, row.text, number, incoming=row, by=user)
            for intent in intents:
                if intent not in row.acted_on and (effects()[intent].facts or effects()[intent].complaint):
                    act(intent, said)
                    row.acted_on = [*row.acted_on, intent]
        row.state, row.read_by, row.read_at = "done", user, at
        row.save(update_fields=["state", "read_by", "read_at", "acted_on"])
        was = sorted(row.intents)
        record(
            user, "reply.read", f"borrower:{row.borrower_id or ''}", incoming=row.pk, was=was, is_=sorted(intents)
        )
    return row


def done(user: Any, task_id: int, outcome: str, at: datetime, *, wrong: bool = False) -> Task:
    """End a task, with a word on how; where the message was misread, what it had told the gate ends too.

    Raises:
        WrongUse: there is no such open task, or nothing was said.
    """
    if not outcome.strip() or len(outcome) > 500:
        raise WrongUse(_("say what was done"), _("1 to 500 characters, without personal data"))
    with transaction.atomic():
        row = Task.objects.select_for_update(of=("self",)).filter(pk=task_id, done_at=None).first()
        if row is None:
            raise WrongUse(_("there is no such open task"), _("look at the inbox"))
        if row.borrower_id is not None:
            sending.lock_borrower(connection, row.borrower_id)
        row.done_at, row.done_by, row.outcome = at, user, outcome.strip()
        row.save(update_fields=["done_at", "done_by", "outcome"])
        if wrong:
            since = row.incoming.at if row.incoming else row.opened_at
            facts = Fact.objects.filter(
                Q(until__isnull=True) | Q(until__gt=at),
                borrower_id=row.borrower_id,
                fact__in=ENDS.get(row.kind, ()),
                since__gte=since,
            )
            facts.update(until=at)
        record(user, "task.done", f"borrower:{row.borrower_id}", task=row.pk, kind=row.kind, misread=wrong)
    return row
