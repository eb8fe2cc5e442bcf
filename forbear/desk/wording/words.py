"""What rendering gives to whoever sends: the words, or one of two named ways of not sending."""

from __future__ import annotations

from dataclasses import dataclass

from forbear.basics.errors import AnswerIsNo


@dataclass(frozen=True)
class Words:
    """A message ready to be sent to one borrower on one channel.

    Args:
        subject: of an e-mail or letter; empty elsewhere.
        body: the text.
        language: zh or en.
        channel: what it was written for.
        template: the template's name.
        version_id: the version whose words these are.
        amounts: every sum that the text names, in minor units, as the ledger had it when it was rendered.
        currency: of the amounts.
    """

    subject: str
    body: str
    language: str
    channel: str = ""
    template: str = ""
    version_id: int = 0
    amounts: tuple[int, ...] = ()
    currency: str = ""


class NotWanted(AnswerIsNo):
    """The message has lost its reason: the debt was paid, the promise kept. `reason` is a code."""

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or f"no longer wanted: {reason}")
        self.reason = reason


class NotSendable(AnswerIsNo):
    """The message cannot go out as it stands: not approved, a value is missing, a forbidden word. `reason` is a code."""

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or f"not to be sent: {reason}")
        self.reason = reason
