"""Families of words, so that the second layer knows "sell the ring" when it has only met "sell the car".

Where the groups of English words (`senses`) were made from word vectors and know near neighbors alone, families
are written by hand (`data/families.*.txt`) for what collection speaks of: kin, officials, what is sold, what is gone
without. Each word gives the name of its family, and the pair with each of the next few, in order, however far apart
("we" before "tell" before "kin"). A word without a family is left to its letters.

Chinese writes no spaces, so words are sought in the text: of words that overlap the first counts, of those that begin
together the longest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import ahocorasick

from forbear.conduct.language.negation import Piece

MARK = "§"
REACH = 3
"""How many words with a family on a pair may reach."""
Named = tuple[int, int, tuple[str, ...]]
"""A word: start, end, its families."""

_TOKEN = re.compile(r"[a-z0-9]+|[^\w\s]")


@cache
def families(language: str) -> dict[str, tuple[str, ...]]:
    """The families of each word."""
    source = files(__package__).joinpath(f"data/families.{language}.txt").read_text("utf-8")
    found: dict[str, list[str]] = {}
    for line in source.splitlines():
        if not line.startswith("#"):
            name, *words = line.split()
            for word in dict.fromkeys(words):
                found.setdefault(word, []).append(name)
    return {word: tuple(names) for word, names in found.items()}


@cache
def _automaton() -> Any:
    """The Chinese words, each with its length and its families."""
    automaton = ahocorasick.Automaton()
    for word, names in families("zh").items():
        automaton.add_word(word, (len(word), names))
    automaton.make_automaton()
    return automaton


def _chinese(text: str) -> list[Named]:
    """The words with a family, in order and without overlap."""
    found = [(last + 1 - length, last + 1, names) for last, (length, names) in _automaton().iter(text)]
    kept: list[Named] = []
    free = 0
    for start, end, names in sorted(found, key=lambda word: (word[0], -word[1])):
        if start >= free:
            kept.append((start, end, names))
            free = end
    return kept


def _english(text: str) -> list[Named]:
    """The words with a family, in order."""
    known = families("en")
    return [(match.start(), match.end(), known[match[0]]) for match in _TOKEN.finditer(text) if match[0] in known]


def related(text: str, language: str) -> Iterator[Piece]:
    """The families of the words of a flow, and pairs of families near each other."""
    words = _chinese(text) if language == "zh" else _english(text)
    for at, (start, end, names) in enumerate(words):
        for name in names:
            yield MARK + name, start, end
        for _, later, others in words[at + 1 : at + 1 + REACH]:
            yield from ((f"{MARK}{name}>{other}", start, later) for name in names for other in others)
