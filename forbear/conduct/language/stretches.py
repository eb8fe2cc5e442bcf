"""The sentences of a message, each with its own features: one bad sentence in a lawful letter.

The second layer scales a message to one length, so that in a letter a single threat weighs little. A long message is
therefore judged twice by the same weights, as a whole and by its worst sentence (`hints.together`). Sentences of
lawful messages, long or not, are lessons of their own in the training, so that the weights have met them alone. The
pieces of a message are made once and dealt out to its sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forbear.conduct.language.hints import named_concepts
from forbear.conduct.language.negation import Piece
from forbear.conduct.language.reading import Language, Read

LONG: dict[Language, int] = {"en": 220, "zh": 80}
"""Characters of the flow from which on a message is judged by its sentences too."""
TAUGHT: dict[Language, int] = {"en": 60, "zh": 22}
"""Characters from which on the sentences of a lawful message are lessons of their own."""
SHORT: dict[Language, int] = {"en": 25, "zh": 8}
"""Characters below which a sentence is joined to the next: greetings, abbreviations."""
FRAMES = frozenset({"C:POLICY", "C:REPORTED", "C:QUOTING"})
"""Features of the whole that each of its sentences has too: a rule for staff, a report of what others said."""
LEAST = 2
"""Sentences below which a message is judged as a whole alone."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A sentence: its place in the flow, and its features."""

    start: int
    end: int
    features: set[str]


def stretches(
    message: Read, language: Language, known: Mapping[str, Any], laid: Sequence[Piece], least: int | None = None
) -> list[Stretch]:
    """The sentences of a message in order; none of one that is short or has one sentence only.

    Args:
        message: the message read.
        language: zh or en.
        known: facts on record, features of each sentence.
        laid: the pieces of its whole flow (`hints.laid_out`).
        least: characters below which it is short; `LONG` when not given.
    """
    text = message.flow.text
    if len(text) < (LONG[language] if least is None else least):
        return []
    places = _places(text, message.hits.ends, SHORT[language])
    if len(places) < LEAST:
        return []
    concepts = named_concepts()
    everywhere = FRAMES & {concepts.get(concept, "") for concept in message.hits.spans}
    everywhere |= {f"F:{fact}" for fact, value in known.items() if value is True}
    found = [Stretch(start, end, set(everywhere)) for start, end in places]
    _deal_out(found, message, laid)
    return found


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


def _deal_out(found: list[Stretch], message: Read, laid: Sequence[Piece]) -> None:
    """Give each sentence the features that stand within it, as those of a message of its own."""
    of: list[Stretch | None] = [None] * (len(message.flow.text) + 1)
    for stretch in found:
        of[stretch.start : stretch.end] = [stretch] * (stretch.end - stretch.start)
    for name, start, end in laid:
        place = of[start]
        if place is not None and end <= place.end:
            place.features.add(name)
    concepts = named_concepts()
    for concept, spans in message.hits.spans.items():
        if own := concepts.get(concept):
            for start, _ in spans:
                if (place := of[start]) is not None:
                    place.features.add(own)
    for match in message.kept:
        if (place := of[match.start]) is not None:
            place.features.update(("R", f"R:{match.rule}"))
    for match in message.harmless:
        if (place := of[match.start]) is not None:
            place.features.add(f"H:{match.rule}")
