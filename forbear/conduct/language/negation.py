"""Words that stand under a negation, as pieces of their own: "never say that the police will come".

A linear model adds up words wherever they stand, so that a rule for staff or a denial weighs like the threat whose
words it holds. A word within reach of a negation therefore counts a second time, under a mark. It reads no grammar:
the reach ends at a mark of punctuation or after some words, whatever the sentence means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

Piece = tuple[str, int, int]
"""Name, start, end."""

MARK = "¬"
REACH_LATIN = 8
"""English words that a negation reaches over."""
REACH_HAN = 9
"""Chinese characters that one reaches over."""
_LATIN = (
    "not no never nobody none nor neither nothing cannot without dont wont cant isnt arent doesnt didnt wouldnt "
    "shouldnt couldnt wasnt werent havent hasnt hadnt neednt mustnt aint wala hindi"
)
LATIN = frozenset(_LATIN.split())
"""Negations as the flow shows them, without apostrophes; the last two are Tagalog, met in English messages."""
HAN = frozenset("不没别勿莫无未非禁唔冇甭")
_LATIN_ENDS = frozenset('.,;:!?()"') | {"but"}
_HAN_ENDS = re.compile(r"[\s，。！？；：、,.!?;:（）()“”\"]")


def denied_words(words: Sequence[Piece], groups: Mapping[str, tuple[str, ...]]) -> Iterator[Piece]:
    """The English words under a negation, and their groups of words of like meaning, marked.

    Args:
        words: words and marks of punctuation in order.
        groups: the groups of a word, the narrowest first (`senses`); one without a group stands for itself.
    """
    left = 0
    for word, start, end in words:
        if word in LATIN:
            left = REACH_LATIN
        elif word in _LATIN_ENDS:
            left = 0
        elif left:
            left -= 1
            if len(word) > 1:
                yield MARK + word, start, end
                yield f"{MARK}0:{groups.get(word, (word,))[0]}", start, end


def denied_characters(text: str) -> Iterator[Piece]:
    """The Chinese characters under a negation, and pairs of them, marked."""
    left = 0
    for at, char in enumerate(text):
        if char in HAN:
            left = REACH_HAN
        elif _HAN_ENDS.match(char):
            left = 0
        elif left:
            left -= 1
            yield MARK + char, at, at + 1
            if left and not _HAN_ENDS.match(text[at + 1 : at + 2] or " "):
                yield MARK + text[at : at + 2], at, at + 2
