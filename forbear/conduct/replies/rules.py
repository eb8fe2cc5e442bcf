"""Rules of replies: patterns that say an intent in so many words, and what makes them harmless.

`data/rules.LANGUAGE.yaml` has for each intent `patterns` and `unless`, regular expressions over the flow of the message
(`forbear.conduct.language.forms`: folded, simplified, lower-cased, without apostrophes). What a pattern of `unless`
covers is taken out of the text first, so that "I cannot stop by the shop; stop texting" still says stop.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from forbear.basics.errors import WrongUse
from forbear.conduct.replies.intents import INTENTS


@dataclass(frozen=True, slots=True)
class Rule:
    """The patterns of one intent in one language."""

    intent: str
    patterns: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]

    def fires(self, text: str) -> bool:
        """Whether a pattern matches what is left of the text."""
        for pattern in self.unless:
            text = pattern.sub(" ~ ", text)
        return any(pattern.search(text) for pattern in self.patterns)

    def spares(self, text: str) -> bool:
        """Whether the text only looks like the intent: what makes it harmless is there, and no pattern beside it."""
        return any(pattern.search(text) for pattern in self.unless) and not self.fires(text)


@cache
def rules(language: str) -> tuple[Rule, ...]:
    """The rules of a language, in the order of the file.

    Raises:
        WrongUse: the file names an intent that does not exist.
    """
    data: dict[str, Any] = yaml.safe_load(
        files(__package__).joinpath(f"data/rules.{language}.yaml").read_text("utf-8")
    )
    if unknown := set(data) - {*INTENTS, "grave", "herself"}:
        raise WrongUse(f"rules.{language}.yaml: no intent {min(unknown)!r}", ", ".join(INTENTS))
    return tuple(
        Rule(
            intent,
            tuple(re.compile(p) for p in row.get("patterns", ())),
            tuple(re.compile(p) for p in row.get("unless", ())),
        )
        for intent, row in data.items()
    )


def spared(text: str, language: str) -> frozenset[str]:
    """The intents that a flow only looks like; the model alone is not believed on them."""
    return frozenset(rule.intent for rule in rules(language) if rule.spares(text))


def found(text: str, language: str) -> frozenset[str]:
    """What the rules of a language find in a flow: intents, and the marks `grave` and `herself`."""
    return frozenset(rule.intent for rule in rules(language) if rule.fires(text))
