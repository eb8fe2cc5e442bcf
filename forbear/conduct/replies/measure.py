"""Figures of the reading of replies on labelled messages: precision, recall and F1 of each intent, macro F1.

Several intents of a message count each for itself. What the figures are on is the caller's choice of file; the
held-out files are guarded by their hashes beside them and were not looked at while rules and weights were made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from forbear.conduct.replies.intents import INTENTS
from forbear.conduct.replies.labelled import Labelled
from forbear.conduct.replies.reading import Reply, read_reply

WRITTEN = date(2026, 11, 27)
"""The day on which the labelled messages count as written."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of one intent."""

    right: int
    labelled: int
    found: int

    @property
    def recall(self) -> float:
        """Of the messages that have the intent the share in which it is found."""
        return self.right / self.labelled if self.labelled else 1.0

    @property
    def precision(self) -> float:
        """Of the messages in which it is found the share that has it."""
        return self.right / self.found if self.found else 1.0

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.right / (self.labelled + self.found) if self.labelled + self.found else 1.0


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of a file: by intent, macro F1, how many were certain, and the messages that were read wrongly."""

    by_intent: dict[str, Figures]
    messages: int
    certain: int
    certain_right: int
    wrong: list[tuple[Labelled, Reply]]

    @property
    def macro_f1(self) -> float:
        """The mean of the intents' F1."""
        return sum(one.f1 for one in self.by_intent.values()) / len(self.by_intent)

    def seen(self, intent: str) -> float:
        """Of the messages that have the intent the share in which it is found, or that a person reads."""
        one = self.by_intent[intent]
        lost = sum(
            intent in message.intents and intent not in reply.intents and reply.certain
            for message, reply in self.wrong
        )
        return 1 - lost / one.labelled if one.labelled else 1.0


def measured(messages: Iterable[Labelled], language: str) -> Measured:
    """Read every message and count."""
    pairs = [(message, read_reply(message.text, WRITTEN, language)) for message in messages]  # type: ignore[arg-type]
    by_intent = {}
    for intent in INTENTS:
        labelled = sum(intent in message.intents for message, _ in pairs)
        found = sum(intent in reply.intents for _, reply in pairs)
        right = sum(intent in message.intents and intent in reply.intents for message, reply in pairs)
        by_intent[intent] = Figures(right, labelled, found)
    certain = [(message, reply) for message, reply in pairs if reply.certain]
    return Measured(
        by_intent,
        len(pairs),
        len(certain),
        sum(message.intents == set(reply.intents) for message, reply in certain),
        [(message, reply) for message, reply in pairs if message.intents != set(reply.intents)],
    )


def frozen(path: Path) -> bool:
    """Whether a held-out file is still the one whose hash stands beside it."""
    known = dict(line.split()[::-1] for line in (path.parent / "HELDOUT.sha256").read_text("utf-8").splitlines())
    return known.get(path.name) == hashlib.sha256(path.read_bytes()).hexdigest()
