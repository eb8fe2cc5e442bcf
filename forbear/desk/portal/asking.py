"""What a borrower asks for or tells on her page, done at once: the gate is told, people get a task, she gets a number.

Each act holds her lock in one transaction, as messages that come in do (`replies.acting`): when she sees the receipt,
what she asked for is in force. One who asks very often (`MOST_A_DAY`) is asked to call instead, so that nobody's page
can flood the desk; to stop contact is never limited.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from forbear.basics.errors import WrongUse
from forbear.conduct import sending
from forbear.conduct.replies import read_reply
from forbear.desk.audit.log import record
from forbear.desk.calls.promising import Part, promise
from forbear.desk.complaints import taking
from forbear.desk.portal.checking import ACTOR
from forbear.desk.portal.evidence import Upload, keep_all
from forbear.desk.portal.models import Asked
from forbear.desk.portal.numbers import new_number
from forbear.desk.record.models import Complaint, Fact
from forbear.desk.replies.acting import Said, act, open_task
from forbear.desk.replies.models import Incoming, Task
from forbear.desk.wording.rendering import today_of

MOST_A_DAY = 20
LONGEST = 4_000
CAUSES = ("work", "illness", "family", "disaster", "debts", "other")
"""Why things are hard, to choose from; more than one may hold, none need be told."""
EXTENSIONS = (7, 14, 30, 60)
"""Days that may be asked for; for more there are plans."""
STOPPED = ("cease_request", "channel_declined")


def tell_hardship(
    borrower_id: str, causes: Sequence[str], text: str, at: datetime, uploads: Sequence[Upload] = ()
) -> Asked:
    """Tell that times are hard: contact is paused from this instant, and a person looks for relief.

    Args:
        borrower_id: whose page.
        causes: some of `CAUSES`; unknown ones are left out.
        text: her own words, perhaps none.
        at: now.
        uploads: what shows it, such as a notice of dismissal; nothing need be shown.

    Raises:
        WrongUse: the text is too long, a file does not fit, or too much was asked today.
    """
    kept = [one for one in CAUSES if one in causes]
    with asking(borrower_id, "hardship", text, at, causes=kept) as asked:
        said = _said(asked, ["hardship"])
        act("hardship", said)
        keep_all(asked, uploads, at)
        asked.refers, asked.due_on = _task("offer_relief", borrower_id)
    return asked


def ask_extension(borrower_id: str, days: int, text: str, at: datetime) -> Asked:
    """Ask for more time; a person answers, and what is due meanwhile stays due.

    Raises:
        WrongUse: not a number of days that may be asked for, the text is too long, or too much was asked today.
    """
    if days not in EXTENSIONS:
        raise WrongUse(_("choose how much time you need"), _("for longer, look at the plans"))
    with asking(borrower_id, "extension", text, at, days=days) as asked:
        open_task("offer_plan", _said(asked, ["asks_plan"]), 2)
        asked.refers, asked.due_on = _task("offer_plan", borrower_id)
    return asked


def dispute(
    borrower_id: str, text: str, uploads: Sequence[Upload], at: datetime, loan_id: str | None = None
) -> Asked:
    """Dispute what is asked of her, with what proves it; nobody asks her to pay until it is answered.

    Raises:
        WrongUse: nothing was said, a file does not fit, or too much was asked today.
    """
    with asking(borrower_id, "dispute", text, at, files=len(uploads)) as asked:
        made = taking.take(ACTOR, borrower_id, text, at, channel="portal", kind="dispute", loan_id=loan_id)
        keep_all(made, uploads, at)
        open_task("look_into_dispute", _said(asked, ["dispute"]), 2)
        asked.refers, asked.due_on = made.pk, made.answer_due_on
    return asked


def complain(borrower_id: str, text: str, at: datetime, contact_id: str | None = None) -> Asked:
    """Complain, perhaps of one contact; contact waits until it is answered.

    Raises:
        WrongUse: nothing was said, no such contact of hers, or too much was asked today.
    """
    with asking(borrower_id, "complaint", "", at) as asked:
        made = taking.take(ACTOR, borrower_id, text, at, channel="portal", contact_id=contact_id)
        asked.refers, asked.due_on = made.pk, made.answer_due_on
    return asked


def promise_to_pay(borrower_id: str, amount: int, day: date, currency: str, at: datetime) -> Asked:
    """Say that she pays an amount by a day; nobody calls about it until then.

    Raises:
        WrongUse: no amount, a day that is past or too far off, or too much was asked today.
    """
    with asking(borrower_id, "promise", "", at, amount=amount, currency=currency) as asked:
        made = promise(None, borrower_id, [Part(day, amount)], at, currency=currency, method="app", actor=ACTOR)
        asked.refers, asked.due_on = made[0].pk, day
    return asked


def stop(borrower_id: str, at: datetime) -> Asked:
    """Stop contact altogether, without reasons and however often; what the law demands still comes by letter."""
    with asking(borrower_id, "stop", "", at, limited=False) as asked:
        act("stop", Said(borrower_id, at, "portal", "", by=ACTOR))
        asked.refers, asked.due_on = _task("confirm_stop", borrower_id)
    return asked


def contact_again(borrower_id: str, at: datetime) -> Asked:
    """Take a stop back: she may be contacted again, within the rules."""
    with asking(borrower_id, "again", "", at) as asked:
        running(borrower_id, at).filter(fact__in=STOPPED, channel=None).update(until=at)
        record(ACTOR, "portal.contact_again", f"borrower:{borrower_id}")
    return asked


def stopped(borrower_id: str, at: datetime) -> bool:
    """Whether she has stopped contact altogether."""
    return running(borrower_id, at).filter(fact__in=STOPPED, channel=None).exclude(value="false").exists()


def running(borrower_id: str, at: datetime) -> Any:
    """Facts about her that hold now."""
    return Fact.objects.filter(Q(until__isnull=True) | Q(until__gt=at), borrower_id=borrower_id)


@contextmanager
def asking(
    borrower_id: str, kind: str, text: str, at: datetime, *, limited: bool = True, **facts: Any
) -> Iterator[Asked]:
    """A numbered request under the borrower's lock; what is set on it in the block is saved with it."""
    if len(text) > LONGEST:
        raise WrongUse(_("that is too long"), _("at most %(most)s characters") % {"most": LONGEST})
    with transaction.atomic():
        sending.lock_borrower(connection, borrower_id)
        today = Asked.objects.filter(borrower_id=borrower_id, at__gt=at - timedelta(days=1))
        if limited and today.count() >= MOST_A_DAY:
            raise WrongUse(_("you have asked many things today"), _("call us, or come back tomorrow"))
        asked = Asked.objects.create(
            number=new_number(), borrower_id=borrower_id, kind=kind, at=at, text=text.strip(), facts=facts
        )
        yield asked
        asked.save(update_fields=["refers", "due_on", "facts"])
        record(ACTOR, f"portal.{kind}", f"borrower:{borrower_id}", number=asked.pk, refers=asked.refers)


def _said(asked: Asked, intents: list[str]) -> Said:
    """Her words as a message that came in, for the desk's inbox; signs of danger in them are read as in any other."""
    text = asked.text
    row = Incoming.objects.create(
        message_id=asked.pk, channel="portal", borrower_id=asked.borrower_id, at=asked.at, text=text,
        intents=intents, acted_on=intents, certain=True, state="done",
    )  # fmt: skip
    reading = read_reply(text, today_of(asked.borrower_id, asked.at)) if text else None
    if reading is not None and reading.grave:
        row.state, row.certain = "waiting", False
        row.save(update_fields=["state", "certain"])
    grave = reading is not None and reading.grave
    return Said(asked.borrower_id, asked.at, "portal", text, None, grave, False, row, ACTOR)


def _task(kind: str, borrower_id: str) -> tuple[str, date | None]:
    """The open task of a kind, as what a request became and by when somebody looks at it."""
    task = Task.objects.filter(borrower_id=borrower_id, kind=kind, done_at=None).first()
    return (str(task.pk), task.due_on) if task else ("", None)


def of(borrower_id: str) -> list[Asked]:
    """Her receipts, the newest first."""
    return list(Asked.objects.filter(borrower_id=borrower_id).order_by("-at")[:200])


def complaint_of(asked: Asked) -> Complaint | None:
    """The complaint or dispute that a request became."""
    if asked.kind not in ("complaint", "dispute"):
        return None
    return Complaint.objects.filter(pk=asked.refers, borrower_id=asked.borrower_id).first()
