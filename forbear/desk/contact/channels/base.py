"""What the dispatcher asks of a provider, and what a provider says: plain values around one small class.

Everything hangs on honest outcomes. `refused` and `not_sent` say that the message certainly did not leave, so that
another provider may be tried; whatever cannot be known (a time-out after the message was handed over, a connection
that broke) is `unknown`, counts as a contact, and is never sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from forbear.conduct.clearance import Cleared, require_cleared
from forbear.desk.contact.words import Words

Go = Callable[[], bool]
"""Asked right before each message, or handful of messages, leaves: whether it still may."""

SENT, REFUSED, NOT_SENT, UNKNOWN = "sent", "refused", "not_sent", "unknown"


@dataclass(frozen=True)
class Message:
    """One message that the gate cleared.

    Args:
        key: the attempt's id; the provider's idempotency key.
        address: where to, as the provider's `address` asks: a phone, an e-mail, a postal address, a borrower's id.
        words: what is said.
        cleared: the gate's leave; a message without it cannot be made.
    """

    key: str
    borrower_id: str
    address: str
    words: Words
    cleared: Cleared

    def __post_init__(self) -> None:
        require_cleared(self.cleared)


@dataclass(frozen=True)
class Outcome:
    """What became of one message when it was handed over.

    Args:
        key: the message's.
        state: sent, refused (the provider said no), not_sent (it was not handed over), unknown.
        ref: the provider's own name for it.
        why: a code; no personal data.
        permanent: refused for good: no other provider will do better (a dead number).
        parts: how many it is billed as.
    """

    key: str
    state: str
    ref: str = ""
    why: str = ""
    permanent: bool = False
    parts: int = 1


@dataclass(frozen=True)
class News:
    """What a provider tells afterwards of a message: a receipt.

    Args:
        key: names this piece of news for ever; told again it is the same.
        result: as in `forbear.conduct.situation.RESULTS`: delivered, read, undelivered, bounced, no_answer, …
        attempt_id: the message's own key, where the provider gives it back; else `ref` finds it.
    """

    key: str
    result: str
    attempt_id: str = ""
    ref: str = ""
    at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True)
class Answer:
    """A message that a borrower sent to a provider."""

    message_id: str
    sender: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Account:
    """A provider as the lender's file has it; see docs/contact.md.

    Args:
        name: of the table; stands in attempts and receipts.
        rate: messages a second that all workers together may give it.
        burst: most of them at once.
        order: the lower is tried first.
        cost: millionths of the currency for each part.
        address: what `Message.address` is: phone, email, address or borrower.
        options: what its kind needs beyond.
    """

    name: str
    channel: str
    kind: str
    rate: float = 50
    burst: int = 100
    order: int = 1
    timeout: float = 10
    cost: int = 0
    address: str = "phone"
    secret: str = field(default="", repr=False)
    options: dict[str, Any] = field(default_factory=dict)


class Provider:
    """A provider of one channel. A kind overrides `send` and what else its wire offers."""

    channels: ClassVar[tuple[str, ...]] = ()
    """Channels it can carry; for classes of a lender's own, which stand in no kinds.toml."""
    address: ClassVar[str] = "phone"
    """What kind of address it takes, unless its account says another."""
    longest: ClassVar[int] = 10_000
    """Characters of a body; a longer one is unsendable."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Options without which an account is refused."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def send(self, messages: Sequence[Message], go: Go) -> list[Outcome]:
        """Hand messages over, each at most once; one outcome for each, in any order.

        `go` is asked before anything leaves; what is left when it says no is `not_sent`.
        """
        raise NotImplementedError

    def query(self, keys: Sequence[str]) -> dict[str, Outcome]:
        """What became of messages whose outcome is not known, by key; `not_sent` only if the provider is sure.

        A provider that cannot tell says nothing: they stay unknown until a receipt comes.
        """
        return {}

    def news(self, cursor: str) -> tuple[Sequence[News | Answer], str]:
        """Receipts and answers since a cursor of its own, for providers that are asked; and the next cursor."""
        return (), cursor

    def cancel(self, key: str, ref: str) -> bool:
        """Take a message back that the provider holds still; whether it is certain that it will not leave."""
        return False

    def parts(self, words: Words) -> int:
        """How many messages the words are billed as."""
        return 1

    def cost(self, words: Words) -> int:
        """What the words cost, in millionths of the currency."""
        return self.parts(words) * self.account.cost

    def close(self) -> None:
        """Let connections go."""


def one_by_one(messages: Iterable[Message], go: Go, send: Callable[[Message], Outcome]) -> list[Outcome]:
    """Send messages one after the other, asking before each."""
    return [send(one) if go() else Outcome(one.key, NOT_SENT, why="stopped") for one in messages]
