"""Taking a message in: stored once, read, and where it protects the borrower acted on, all in one transaction."""

from __future__ import annotations

from datetime import datetime

from forbear.desk.replies.models import Incoming


def take(channel: str, address_or_borrower: str, text: str, at: datetime, message_id: str) -> Incoming:
    """Take a message in that came on a channel.

    Args:
        channel: as in the table of contacts.
        address_or_borrower: the phone number or e-mail address it came from, or the borrower's id.
        text: what it says.
        at: when it came.
        message_id: the provider's own id; a repetition changes nothing and gives the first row.
    """
    raise NotImplementedError
