"""Taking a message in: stored once, read, and where it protects the borrower acted on, all in one transaction.

`contact.inbound` calls `take` for each message that a provider tells of, once; told again it changes nothing here
either. When it returns and the transaction commits, the gate bars what it must, and nothing planned is left to be sent.
"""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from django.db import connection, transaction

from forbear.basics.errors import WrongUse
from forbear.basics.money import minor_digits
from forbear.conduct import sending
from forbear.conduct.replies import PROTECTING, Reply, read_reply
from forbear.desk.audit.log import record
from forbear.desk.contact.inbound import borrowers_of
from forbear.desk.privacy import pseudonym
from forbear.desk.record.models import Case, Contact
from forbear.desk.record.work import MOST_DAYS_PROMISED
from forbear.desk.replies.acknowledging import acknowledge
from forbear.desk.replies.acting import ACTOR, Said, act, effects, open_task
from forbear.desk.replies.models import Incoming
from forbear.desk.wording.rendering import today_of

LONGEST = 20_000
"""Characters of a message that are kept."""
AT_ONCE = (*PROTECTING, "already_paid")
"""Intents that are acted on without a person, even where the reading is not certain."""


@transaction.atomic
def take(channel: str, address_or_borrower: str, text: str, at: datetime, message_id: str) -> list[Incoming]:
    """Take a message in that came on a channel.

    Args:
        channel: as in the table of contacts.
        address_or_borrower: the phone number or e-mail address it came from, or the borrower's id.
        text: what it says; of a very long one the beginning is kept.
        at: when it came.
        message_id: the provider's own id; a repetition changes nothing and gives the rows it made.

    Returns:
        One row for each borrower whose address it is; one without a borrower where it is nobody's.
    """
    owners: list[str | None] = [*borrowers_of(channel, address_or_borrower)]
    taken = []
    for borrower_id in owners or [None]:
        row, news = Incoming.objects.get_or_create(
            channel=channel, message_id=message_id, borrower_id=borrower_id, defaults={"at": at, "state": "waiting"}
        )
        if news and borrower_id is not None:
            sending.lock_borrower(connection, borrower_id)
            _of_borrower(row, _number(borrower_id, address_or_borrower), text[:LONGEST])
        elif news:
            _of_nobody(row, text[:LONGEST])
        taken.append(row)
    return taken


def _of_borrower(row: Incoming, number: str | None, text: str) -> None:
    reply = read_reply(text, today_of(row.borrower_id, row.at))
    row.contact = Contact.objects.create(
        contact_id=uuid4().hex,
        borrower_id=row.borrower_id,
        at=row.at,
        channel=row.channel,
        direction="in",
        result="reply",
        number=number,
    )
    row.text = text  # type: ignore[assignment]  # sealed when it is saved
    row.language, row.intents = reply.language, list(reply.intents)
    said = Said(row.borrower_id, row.at, row.channel, text, number, reply.grave, reply.herself, row)
    row.acted_on = [intent for intent in reply.intents if intent in AT_ONCE]
    for intent in row.acted_on:
        act(intent, said)
    if "promise" in reply.intents and reply.certain and not row.acted_on and _promise(row, reply):
        row.acted_on = ["promise"]
    for intent in set(reply.intents) - set(row.acted_on) - {"other"}:
        open_task(effects()[intent].task, said, effects()[intent].within)
    complaint = any(effects()[intent].complaint for intent in row.acted_on)
    acknowledge(row.borrower_id, row.channel, reply.intents, row.at, complaint=complaint)
    row.certain = reply.certain
    row.state = "waiting" if _for_a_person(reply) else "done"
    row.save()
    record(
        ACTOR, "reply.taken", f"borrower:{row.borrower_id}",
        incoming=row.pk, channel=row.channel, intents=row.intents, acted_on=row.acted_on, certain=row.certain,
    )  # fmt: skip


def _for_a_person(reply: Reply) -> bool:
    """Whether somebody reads it: it is not certain, the writer may be in danger, or it may ask something unknown."""
    thanks = reply.intents == ("other",) and "other" in reply.by_rule
    return not reply.certain or reply.grave or (reply.intents == ("other",) and not thanks)


def _of_nobody(row: Incoming, text: str) -> None:
    """From an address that nobody is known by: the text cannot be sealed and is not kept."""
    reply = read_reply(text, row.at.date())
    row.language, row.intents, row.certain, row.state = (
        reply.language,
        list(reply.intents),
        reply.certain,
        "waiting",
    )
    row.save()
    record(ACTOR, "reply.of_nobody", f"channel:{row.channel}", incoming=row.pk, intents=row.intents)


def _promise(row: Incoming, reply: Reply) -> bool:
    """Write a promise down that names day and sum in the currency of what is owed; whether it could be."""
    from forbear.desk.calls.promising import Part, promise

    case = Case.objects.filter(borrower_id=row.borrower_id, closed_at__isnull=True).first()
    told = reply.promised
    if case is None or told is None or told.day is None or told.amount is None:
        return False
    if told.currency not in (None, case.currency):
        return False
    minor = told.amount.scaleb(minor_digits(case.currency))
    if minor != minor.to_integral_value() or (told.day - row.at.date()).days > MOST_DAYS_PROMISED:
        return False
    promise(None, row.borrower_id, [Part(told.day, int(minor))], row.at, currency=case.currency,
            contact_id=row.contact.pk if row.contact else None, method=row.channel)  # fmt: skip
    return True


def _number(borrower_id: str, address: str) -> str | None:
    if address == borrower_id:
        return None
    try:
        return pseudonym(borrower_id, address)
    except WrongUse:
        return None
