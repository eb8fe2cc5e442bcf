"""Read a message: everything that patterns find in it, before any verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from forbear.conduct.language.forms import Form, flow, is_han
from forbear.conduct.language.hits import Hits, hits
from forbear.conduct.language.lexicon import Lexicon, lexicon
from forbear.conduct.language.match import Match, Setting, harmless, matches, setting, spared
from forbear.conduct.language.rules import rules

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Read:
    """A message read: its flow, its hits, the setting, the matches kept and those that are harmless in it."""

    flow: Form
    hits: Hits
    around: Setting
    kept: list[Match]
    harmless: list[Match]

    @property
    def kept_rules(self) -> set[str]:
        """Rules of the matches kept."""
        return {match.rule for match in self.kept}

    @property
    def harmless_rules(self) -> set[str]:
        """Rules of the harmless matches."""
        return {match.rule for match in self.harmless}


def read_message(text: str, spoken: Language, known: Mapping[str, Any]) -> Read:
    """Read `text`: everything that patterns find in it, before any verdict."""
    book = lexicon()
    form = flow(text, book.emoji)
    found = hits(form, pinyin=spoken == "zh" or any(map(is_han, form.text)))
    around = setting(book, found, form.text)
    kept: list[Match] = []
    spared_ones: list[Match] = []
    for match in matches(book, found):
        if not _excused(book, found, match, known):
            (spared_ones if harmless(book, found, around, match) else kept).append(match)
    return Read(form, found, around, kept, spared_ones)


def _excused(book: Lexicon, found: Hits, match: Match, known: Mapping[str, Any]) -> bool:
    """Whether a fact on record or a lawful wording of the sentence lifts the rule."""
    rule = rules()[match.rule]
    if any(known.get(fact) for fact in rule.lifted_by):
        return True
    return spared(found, match, tuple(book.concepts[name] for name in rule.spared_by))
