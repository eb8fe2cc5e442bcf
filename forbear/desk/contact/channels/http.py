"""Messages by a signed HTTP interface, up to `batch` in one request; its wire is described in docs/contact.md.

    POST {url}/messages  {"messages": [{"id", "to", "text", "sender"}]}  -> {"results": [{"id", "state", "ref"}]}
    POST {url}/status    {"ids": [...]}                                  -> {"results": [{"id", "state", "ref"}]}
    POST {url}/news      {"after": cursor}                               -> {"news": [...], "cursor": cursor}
    POST {url}/cancel    {"id"}                                          -> {"cancelled": true}

`id` is the idempotency key: a provider that gets it twice sends it once. What the answer does not name is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar

from forbear.desk.contact.channels.base import (
    NOT_SENT,
    REFUSED,
    SENT,
    UNKNOWN,
    Account,
    Answer,
    Go,
    Message,
    News,
    Outcome,
    Provider,
)
from forbear.desk.contact.channels.text_parts import split
from forbear.desk.contact.channels.wire import Certainly, Perhaps, Wire
from forbear.desk.contact.words import Words

STATES = {
    "accepted": (SENT, False),
    "rejected": (REFUSED, True),
    "throttled": (REFUSED, False),
    "unavailable": (REFUSED, False),
}
"""What a provider says of a message, as state and whether it is for good; anything else is unknown."""
MOST_NEWS_ROUNDS = 20


class Http(Provider):
    """A provider of text messages by HTTP."""

    needs: ClassVar[tuple[str, ...]] = ("url",)
    longest: ClassVar[int] = 1_000
    path: ClassVar[str] = "/messages"
    many: ClassVar[str] = "messages"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.wire = Wire(account)
        self.batch = int(account.options.get("batch", 100))

    def send(self, messages: Sequence[Message], go: Go) -> list[Outcome]:
        """Hand messages over, `batch` at a time."""
        told: list[Outcome] = []
        for start in range(0, len(messages), self.batch):
            some = messages[start : start + self.batch]
            told += self._sent(some) if go() else [Outcome(one.key, NOT_SENT, why="stopped") for one in some]
        return told

    def _sent(self, some: Sequence[Message]) -> list[Outcome]:
        try:
            answer = self.wire.post(self.path, {self.many: [self.item(one) for one in some]})
        except Certainly as no:
            return [
                Outcome(one.key, REFUSED, why=no.why, permanent=no.permanent and len(some) == 1) for one in some
            ]
        except Perhaps as who_knows:
            return [Outcome(one.key, UNKNOWN, why=who_knows.why) for one in some]
        said = results_of(answer)
        parts = {one.key: self.parts(one.words) for one in some}
        return [_outcome(one.key, said.get(one.key, {}), parts[one.key]) for one in some]

    def item(self, message: Message) -> dict[str, Any]:
        """One message as the wire has it."""
        sender = self.account.options.get("sender", "")
        return {"id": message.key, "to": message.address, "text": message.words.body, "sender": sender}

    def query(self, keys: Sequence[str]) -> dict[str, Outcome]:
        """Ask what became of messages; one the provider never got was certainly not sent."""
        try:
            said = results_of(self.wire.post("/status", {"ids": list(keys)}))
        except (Certainly, Perhaps):
            return {}
        found = {}
        for key in keys:
            state = str(said.get(key, {}).get("state", ""))
            ref = str(said.get(key, {}).get("ref", ""))
            if state == "never_seen":
                found[key] = Outcome(key, NOT_SENT, why="provider_never_saw_it")
            elif state in ("accepted", "delivered", "undelivered", "read"):
                found[key] = Outcome(key, SENT, ref, why=state)
            elif state in STATES:
                found[key] = _outcome(key, said[key], 1)
        return found

    def news(self, cursor: str) -> tuple[Sequence[News | Answer], str]:
        """Receipts and answers since the cursor."""
        found: list[News | Answer] = []
        with suppress(Certainly, Perhaps):
            for _ in range(MOST_NEWS_ROUNDS):
                answer = self.wire.post("/news", {"after": cursor})
                rows = answer.get("news", []) if isinstance(answer, dict) else []
                if not rows:
                    break
                found += [one for one in map(told, rows) if one is not None]
                cursor = str(answer.get("cursor", cursor))
        return found, cursor

    def cancel(self, key: str, ref: str) -> bool:
        """Ask the provider to take a message back."""
        try:
            answer = self.wire.post("/cancel", {"id": key})
        except (Certainly, Perhaps):
            return False
        return isinstance(answer, dict) and answer.get("cancelled") is True

    def parts(self, words: Words) -> int:
        """Parts of a text message: 160 or 153 characters of GSM-7, 70 or 67 of UCS-2."""
        return len(split(words.body).parts)

    def close(self) -> None:
        """Let the connection go."""
        self.wire.close()


def results_of(answer: Any) -> dict[str, dict[str, Any]]:
    """The results of an answer by id; an answer of another form has none."""
    rows = answer.get("results") if isinstance(answer, dict) else None
    return {str(row["id"]): row for row in rows or () if isinstance(row, dict) and "id" in row}


def _outcome(key: str, said: dict[str, Any], parts: int) -> Outcome:
    state, permanent = STATES.get(str(said.get("state", "")), (UNKNOWN, False))
    why = str(said.get("reason", "") or ("" if state == SENT else said.get("state", "not_named")))[:100]
    return Outcome(key, state, str(said.get("ref", ""))[:100], why, permanent, parts)


def told(row: Any) -> News | Answer | None:
    """One piece of news as the wire has it: a receipt, or an answer; None: it has no known form."""
    if not isinstance(row, dict):
        return None
    try:
        at = datetime.fromisoformat(str(row["at"])) if row.get("at") else None
        if at is not None and at.tzinfo is None:
            return None
        if row.get("text") is not None:
            return Answer(str(row["key"]), str(row["from"]), str(row["text"]), at) if at else None
        given = {"attempt_id": str(row.get("id", "")), "ref": str(row.get("ref", "")), "at": at}
        return News(str(row["key"]), str(row["result"]), detail=str(row.get("code", ""))[:100], **given)
    except (KeyError, ValueError):
        return None
