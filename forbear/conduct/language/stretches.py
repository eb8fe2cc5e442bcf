"""The sentences of a long message, each with its own features: one bad sentence in a lawful letter.

The second layer scales a message to one length, so that in a long letter a single threat weighs little. A long message
is therefore judged as a whole first, and where that finds nothing, sentence by sentence, at a higher threshold of its
own (`train.py`): a sentence of a lawful letter looks sterner alone than it does in its place. Lawful letters teach by
their sentences too, so that the weights have met them alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forbear.conduct.language.hints import circumstances, pieces
from forbear.conduct.language.hits import Hits
from forbear.conduct.language.reading import Language, Read

LONG: dict[Language, int] = {"en": 220, "zh": 80}
"""Characters of the flow from which on a message is long."""
SHORT: dict[Language, int] = {"en": 25, "zh": 8}
"""Characters below which a sentence is joined to the next: greetings, abbreviations."""
LEAST = 3
"""Sentences below which a message is judged as a whole alone."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A sentence: its place in the flow, and its features."""

    start: int
    end: int
    features: set[str]


def stretches(message: Read, language: Language, known: Mapping[str, Any]) -> list[Stretch]:
    """The sentences of a long message in order; none of a short one."""
    text = message.flow.text
    if len(text) < LONG[language]:
        return []
    places = _places(text, message.hits.ends, SHORT[language])
    if len(places) < LEAST:
        return []
    return [Stretch(start, end, _features(message, start, end, language, known)) for start, end in places]


def _places(text: str, ends: list[int], short: int) -> list[tuple[int, int]]:
    """Where the sentences stand, the short ones joined to the next."""
    found, start = [], 0
    for end in [*(at + 1 for at in ends if at + 1 < len(text)), len(text)]:
        if end - start < short and end < len(text):
            continue
        if text[start:end].strip():
            found.append((start, end))
        start = end
    return found


def _features(message: Read, start: int, end: int, language: Language, known: Mapping[str, Any]) -> set[str]:
    """The features that stand within a stretch, as those of a message of its own."""
    spans = {
        concept: own
        for concept, all_spans in message.hits.spans.items()
        if (own := [(a, b) for a, b in all_spans if start <= a < end])
    }
    alone = Read(
        message.flow,
        Hits(spans, message.hits.ends),
        message.around,
        [match for match in message.kept if start <= match.start < end],
        [match for match in message.harmless if start <= match.start < end],
    )
    letters = {name for name, _, _ in pieces(message.flow.text[start:end], language)}
    return letters | circumstances(alone, known)
