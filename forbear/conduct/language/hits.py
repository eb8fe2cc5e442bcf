"""Where concepts stand in a message: one pass over the flow, and one over each hidden form that it may have.

Every hit is given in places of the flow, whatever form it was found in, so that patterns may join an openly
written word with a hidden one. Hidden forms are trusted less: only words of some length count there, and only
where something was in fact hidden.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

from forbear.conduct.language.forms import Form, is_han, leet, sentence_ends, tight
from forbear.conduct.language.lexicon import Lexicon, lexicon
from forbear.conduct.language.syllables import hidden_in_pinyin

TIGHT_LETTERS = 4
TIGHT_HAN = 2
"""Shortest words looked for across gaps."""


@dataclass(slots=True)
class Hits:
    """The hits of one message: for each concept its spans in order; and the flow's sentence ends."""

    spans: dict[int, list[tuple[int, int]]]
    ends: list[int]

    def sentence(self, at: int) -> int:
        """The number of the sentence in which place `at` stands."""
        return bisect_right(self.ends, at - 1) if at else 0

    def of(self, concept: int) -> list[tuple[int, int]]:
        """Spans of `concept`, in order."""
        return self.spans.get(concept, [])


def _letter(text: str, at: int) -> bool:
    return 0 <= at < len(text) and text[at].isascii() and text[at].isalnum()


Found = set[tuple[int, int, int]]


def _open(book: Lexicon, text: str, found: Found) -> None:
    """Words standing in `text` as they are; Latin words at word edges only."""
    for last, (length, left, right, concepts) in book.automaton.iter(text):
        start, end = last - length + 1, last + 1
        if (left and _letter(text, start - 1)) or (right and _letter(text, end)):
            continue
        for concept in concepts:
            found.add((start, end, concept))


def _across(book: Lexicon, flow: Form, found: Found) -> None:
    """Words whose letters stand apart in the flow: "war rant", "坐，牢"."""
    form = tight(flow)
    text, whole = form.text, flow.text
    if len(text) == len(whole):
        return
    for last, (length, _, _, concepts) in book.automaton.iter(text):
        first = last - length + 1
        start, end = form.starts[first], form.ends[last]
        if end - start == length:
            continue
        gaps = sum(form.starts[at + 1] - form.starts[at] > 1 for at in range(first, last))
        if _trusted(text[first : last + 1], gaps) and not _letter(whole, start - 1) and not _letter(whole, end):
            found.update((start, end, concept) for concept in concepts)


def _trusted(word: str, gaps: int) -> bool:
    """Chinese words count when every character stands apart, Latin ones when they have letters enough."""
    if is_han(word[0]):
        return len(word) >= TIGHT_HAN and gaps == len(word) - 1 and all(is_han(char) for char in word)
    return len(word) >= TIGHT_LETTERS and gaps <= 2 and word in _single_words()


_STARRED = re.compile(r"(?<![a-z*])[a-z]+[*#%][a-z*#%]*[a-z]|[a-z][*#%]+[a-z]*(?![a-z])")


@cache
def _single_words() -> frozenset[str]:
    return frozenset(term for term in lexicon().terms if len(term) >= 3 and term.isascii() and term.isalpha())


@cache
def _unmasked(masked: str) -> tuple[str, ...]:
    shape = re.compile(re.sub(r"[*#%]", "[a-z]", masked))
    return tuple(word for word in _single_words() if len(word) == len(masked) and shape.fullmatch(word))


def _masked(book: Lexicon, text: str, found: Found) -> None:
    """Words with letters starred out: "j*il"."""
    for match in _STARRED.finditer(text):
        for word in _unmasked(match[0]):
            found.update((*match.span(), concept) for concept in book.terms[word])


_NUMBER = re.compile(r"(?<![\d.,$¥£€])\d{1,4}(?![\d.,]\d|\d|%)")


def hits(flow: Form, *, pinyin: bool) -> Hits:
    """All concepts of the lexicon in `flow`, by the forms they may hide in.

    Args:
        flow: the message's flow.
        pinyin: whether Latin letters may be pinyin (the message is, or may be, Chinese).
    """
    book = lexicon()
    found: Found = set()
    _open(book, flow.text, found)
    for reading in leet(flow.text):
        _open(book, reading, found)
    _across(book, flow, found)
    if "*" in flow.text or "#" in flow.text or "%" in flow.text:
        _masked(book, flow.text, found)
    number = book.concepts["NUM"]
    found.update((*match.span(), number) for match in _NUMBER.finditer(flow.text))
    if pinyin:
        found.update(hidden_in_pinyin(book, flow.text))
    return Hits(_standing(book, found), sentence_ends(flow.text))


def _standing(book: Lexicon, found: Found) -> dict[int, list[tuple[int, int]]]:
    """Hits by concept, without those inside a word that is another word (concept VOID)."""
    void = book.concepts["VOID"]
    voids = [(start, end) for start, end, concept in found if concept == void]
    spans: dict[int, list[tuple[int, int]]] = {}
    for start, end, concept in sorted(found):
        if concept != void and any(a <= start and end <= b for a, b in voids):
            continue
        spans.setdefault(concept, []).append((start, end))
    return spans
