"""Telling the borrower that what she wrote has arrived: one message on the channel she wrote on, through the outbox.

It asks the gate at the moment of sending like any other. Somebody who said stop, who is not the borrower, who has a
lawyer or who mourns is answered by a person or not at all, never by a program.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from forbear.desk.complaints.taking import jurisdiction
from forbear.desk.contact.planning import plan
from forbear.desk.record.models import Borrower
from forbear.desk.wording.choosing import version_for
from forbear.desk.wording.rendering import today_of
from forbear.desk.wording.tables import steps

CHANNELS = ("sms", "email", "chat", "app_push")
"""Where a program may answer in writing."""
UNANSWERED = frozenset({"stop", "wrong_person", "lawyer", "bereavement", "abuse", "other"})
"""Intents that no program answers; with other intents beside them neither."""
WANTED_FOR = timedelta(days=1)
"""An acknowledgement that could not leave within a day says nothing any more."""


def acknowledge(borrower_id: str, channel: str, intents: Iterable[str], at: datetime, *, complaint: bool) -> bool:
    """Plan an acknowledgement of what a borrower wrote; once a day and kind, however much she writes.

    Args:
        borrower_id: who wrote.
        channel: on which channel.
        intents: what it was read as.
        at: when it came.
        complaint: whether a complaint or a dispute was taken from it, which has words of its own.

    Returns:
        Whether one was planned; not where no approved words are in force for it.
    """
    if channel not in CHANNELS or not set(intents) or UNANSWERED & set(intents):
        return False
    step = "complaint_taken" if complaint else "reply_taken"
    language = Borrower.objects.filter(pk=borrower_id).values_list("language", flat=True).first() or "zh"
    version = version_for(step, channel, language, jurisdiction())
    if version is None:
        return False
    plan(
        borrower_id,
        channel,
        at=at,
        purpose=steps()[step].purpose,
        key=f"{step}:{borrower_id}:{channel}:{today_of(borrower_id, at)}",
        cause=step,
        template_version=version.pk,
        wanted_until=at + WANTED_FOR,
    )
    return True
