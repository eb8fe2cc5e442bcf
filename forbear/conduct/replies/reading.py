"""`read_reply`: the intents of one message, how sure they are, and a promise's day and sum."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from forbear.conduct.language.check import language_of
from forbear.conduct.language.forms import flow
from forbear.conduct.language.reading import Language
from forbear.conduct.replies.days import day_in
from forbear.conduct.replies.intents import INTENTS, PROTECTING
from forbear.conduct.replies.model import chances, features, leans, model
from forbear.conduct.replies.rules import found, spared
from forbear.conduct.replies.sums import sum_in

MOST_READ = 2_000
"""Characters of a message that are read; what is longer waits for a person whatever is found."""
SURE = 0.75
"""An intent is certain from this chance on."""
SHORT = 4
"""In a message of so many characters what a rule finds holds, and nothing else."""
BELIEVED = 0.9
"""Where a rule says that the words only look like an intent that protects, it holds from this chance on."""
NEAR = 0.5
"""Share of an intent's threshold from which on its absence is not certain."""


@dataclass(frozen=True, slots=True)
class Promised:
    """What was promised: by when, how much, in which currency if it was said; None where it was not said."""

    day: date | None
    amount: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """A message read.

    Args:
        language: zh or en.
        intents: those that hold, in the order of `INTENTS`; at least one.
        certain: whether a person need not look.
        chances: of each intent; none of a message of which the model knows too little.
        by_rule: the intents that a rule found; one that does not hold all the same is never certain.
        grave: the writer may be in danger, or is gravely ill.
        herself: the one who died may be the borrower.
        promised: day and sum, where `promise` holds.
    """

    language: Language
    intents: tuple[str, ...]
    certain: bool
    chances: dict[str, float]
    by_rule: frozenset[str]
    grave: bool = False
    herself: bool = False
    promised: Promised | None = None

    @property
    def protecting(self) -> tuple[str, ...]:
        """The intents that protect the borrower."""
        return tuple(intent for intent in self.intents if intent in PROTECTING)


def read_reply(text: str, on: date, language: Language | None = None) -> Reply:
    """Read a message that a borrower wrote.

    Args:
        text: any Unicode.
        on: the day on which it was written, where its writer is; "tomorrow" counts from it.
        language: zh or en; found out when not given.
    """
    spoken = language or language_of(text)
    said = flow(text[:MOST_READ]).text.strip()
    if not said:
        return Reply(spoken, ("other",), certain=not text.strip(), chances={}, by_rule=frozenset())
    ruled = found(said, spoken)
    by_rule = ruled & INTENTS.keys()
    learned = model(spoken)
    lean = None if by_rule and len(said) <= SHORT else leans(learned, features(said, spoken))
    alike = spared(said, spoken)
    chance = chances(learned, lean, by_rule, alike) if lean else {}
    threshold = dict(zip(learned.intents, learned.holds_at, strict=True))
    needed = threshold | dict.fromkeys(alike & set(PROTECTING), BELIEVED)
    held = {intent for intent, one in chance.items() if one >= needed[intent]} if chance else set(by_rule)
    if len(held) > 1:
        held.discard("other")
    held = held or {"other"}
    return Reply(
        language=spoken,
        intents=tuple(intent for intent in INTENTS if intent in held),
        certain=len(text) <= MOST_READ and _certain(held, by_rule, chance, threshold),
        chances=chance,
        by_rule=by_rule,
        grave="grave" in ruled,
        herself="herself" in ruled,
        promised=_promised(text, said, on) if "promise" in held else None,
    )


def _certain(
    held: set[str], by_rule: frozenset[str], chance: dict[str, float], threshold: dict[str, float]
) -> bool:
    """Whether each that holds is sure, and no protecting one that does not hold nearly does or was found by a rule."""
    if not chance:
        return held == by_rule
    return all(chance[intent] >= SURE for intent in held) and not any(
        intent in by_rule or chance[intent] >= NEAR * threshold[intent]
        for intent in PROTECTING
        if intent not in held
    )


def _promised(text: str, said: str, on: date) -> Promised:
    amount, currency = sum_in(text)
    return Promised(day_in(said, on), amount, currency)
