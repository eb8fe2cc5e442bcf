"""Push by the lender's own app server: signed HTTP, one message a request, shaped like FCM's HTTP v1.

    POST {url}/push  {"message": {"topic": borrower, "notification": {"title", "body"}, "data": {"id": key}}}
      -> {"name": "…"}  or  {"error": {"status": "UNREGISTERED" | "UNAVAILABLE" | …}}

`topic` is the borrower's id: only the app server knows her devices. It tells receipts and reads by `/news`, and what
became of a message by `/status`, as `http` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from forbear.desk.contact.channels.base import REFUSED, SENT, UNKNOWN, Go, Message, Outcome, one_by_one
from forbear.desk.contact.channels.http import Http
from forbear.desk.contact.channels.wire import Certainly, Perhaps
from forbear.desk.contact.words import Words

FOR_GOOD = frozenset(("UNREGISTERED", "NOT_FOUND", "INVALID_ARGUMENT", "SENDER_ID_MISMATCH", "rejected"))
FOR_NOW = frozenset(("UNAVAILABLE", "QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED", "throttled"))
TITLES = {"zh-hans": "还款提醒", "en": "About your loan"}
"""What stands above a push whose words have no subject."""


class Push(Http):
    """An app server."""

    address: ClassVar[str] = "borrower"
    longest: ClassVar[int] = 1_000

    def send(self, messages: Sequence[Message], go: Go) -> list[Outcome]:
        """Hand messages over one by one."""
        return one_by_one(messages, go, self._push)

    def _push(self, message: Message) -> Outcome:
        try:
            answer = self.wire.post("/push", {"message": self.item(message)})
        except Certainly as no:
            return Outcome(message.key, REFUSED, why=no.why, permanent=no.permanent)
        except Perhaps as who_knows:
            return Outcome(message.key, UNKNOWN, why=who_knows.why)
        if isinstance(answer, dict) and answer.get("name"):
            return Outcome(message.key, SENT, str(answer["name"])[:100])
        error = answer.get("error") if isinstance(answer, dict) else None
        status = str(error.get("status", "")) if isinstance(error, dict) else ""
        known = status in FOR_GOOD | FOR_NOW
        return Outcome(message.key, REFUSED if known else UNKNOWN, why=status[:100], permanent=status in FOR_GOOD)

    def item(self, message: Message) -> dict[str, Any]:
        """One message, FCM-shaped."""
        words = message.words
        title = words.subject or TITLES.get(words.language, TITLES["en"])
        return {
            "topic": message.address,
            "notification": {"title": title, "body": words.body},
            "data": {"id": message.key},
        }

    def parts(self, words: Words) -> int:
        """A push is one."""
        return 1
