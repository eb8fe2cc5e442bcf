"""What borrowers answer: taken once, written down as a contact that came in, and handed to whoever reads it.

`settings.CONTACT_REPLIES` names the reader:

    take(channel, borrower_or_address, text, at, message_id)

The one here, used until another is named, knows only the plainest stop: it acts on it at once, and leaves everything
else as a note for a person to read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from forbear.conduct import sending
from forbear.desk.audit.log import record
from forbear.desk.contact.models import Receipt
from forbear.desk.contact.planning import cancel
from forbear.desk.privacy.reaching import owners_of
from forbear.desk.record.models import Borrower, Contact, Fact, Note

STOPS = frozenset(
    ("td", "t", "stop", "unsubscribe", "end", "quit", "cancel", "退订", "停", "拒收", "不要再发", "n")
)
"""A whole message that says stop, folded; whatever says more is read by a person, or by a better reader."""
Take = Callable[[str, str, str, datetime, str], object]


def told_reply(provider: str, channel: str, sender: str, text: str, at: datetime, message_id: str) -> bool:
    """Take a message that a borrower sent, once; whether it was news.

    Args:
        provider: who told of it.
        channel: sms, email, chat, …
        sender: her address on that channel, or her borrower id.
        text: as it came.
        at: when it was sent.
        message_id: the provider's name for it; without one it is named by what it says.
    """
    named = message_id or hashlib.sha256(f"{sender}\0{at.isoformat()}\0{text}".encode()).hexdigest()[:32]
    with transaction.atomic():
        _, news = Receipt.objects.get_or_create(
            provider=provider, key=f"in:{named}", defaults={"result": "reply", "at": at}
        )
        if news:
            take: Take = import_string(settings.CONTACT_REPLIES)
            take(channel, sender, text, at, named)
    return news


def take_plainly(channel: str, sender: str, text: str, at: datetime, message_id: str) -> list[str]:
    """Write a reply down for each borrower it may be of; a plain stop takes effect at once.

    Returns:
        The borrowers it may be of; none: it stands in the audit log alone.
    """
    borrowers = borrowers_of(channel, sender)
    for borrower_id in borrowers:
        with transaction.atomic():
            sending.lock_borrower(connection, borrower_id)
            Contact.objects.create(
                contact_id=uuid4().hex,
                borrower_id=borrower_id,
                at=at,
                channel=channel,
                direction="in",
                result="reply",
            )
            Note.objects.create(note_id=uuid4().hex, borrower_id=borrower_id, at=at, text=f"{channel}: {text}")
            if says_stop(text):
                stop(borrower_id, at)
    if not borrowers:
        record("forbear desk", "contact.reply_of_nobody", f"channel:{channel}", message=message_id)
    return borrowers


def stop(borrower_id: str, at: datetime) -> None:
    """She said stop: the gate is told, what is planned is taken out; when this returns nothing more leaves."""
    with transaction.atomic():
        sending.lock_borrower(connection, borrower_id)
        if not Fact.objects.filter(borrower_id=borrower_id, fact="cease_request", until__isnull=True).exists():
            Fact.objects.create(borrower_id=borrower_id, fact="cease_request", value="true", since=at)
        cancel(borrower_id, "stop", at=at)
        record("forbear desk", "contact.stop_said", f"borrower:{borrower_id}")


def says_stop(text: str) -> bool:
    """Whether the whole message is a stop."""
    return text.strip().strip(".!。！ \"'“”").casefold() in STOPS


def borrowers_of(channel: str, sender: str) -> list[str]:
    """The borrowers of an address, or the one of that id."""
    if Borrower.objects.filter(pk=sender).exists():
        return [sender]
    return owners_of("email" if channel == "email" else "phone", sender)
