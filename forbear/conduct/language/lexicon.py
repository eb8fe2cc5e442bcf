"""Concepts (sets of words) and patterns over them, read from the YAML files in `data/`.

A *term expression* is a small shorthand: `(a|b)c?` stands for ac, a, bc, b. A *concept* is a named list of term
expressions. A *pattern* is a sequence of elements with the largest gap allowed between them:

    WILL > TELL >30 THIRD !POLITE     concept, at most the default gap, concept, at most 30 characters, concept;
                                      not when POLITE stands in the same sentence
    TELL & THIRD                      either order
    "in front of your house"          a term expression is a pattern of its own

Capital names are concepts, anything else a term expression; `A/B` is either. All terms of both languages live in
one Aho-Corasick automaton, so a message is read once however many patterns there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any

import ahocorasick
import yaml

from forbear.basics.errors import ForbearError
from forbear.conduct.language.forms import folding, is_han

GAP_HAN = 6
GAP_LATIN = 24
"""Characters allowed between two elements when a pattern names no gap."""

FILES = ("concepts.zh.yaml", "concepts.en.yaml", "patterns.zh.yaml", "patterns.en.yaml")


def expanded(expression: str) -> list[str]:
    """All terms of a term expression: `(a|b)`, `x?` (one letter or group made optional)."""
    terms, rest = _alternatives(expression, 0)
    if rest != len(expression) or "" in terms:
        raise ForbearError(f"unbalanced brackets or an empty term in {expression!r}", "each ( needs its )")
    return list(dict.fromkeys(terms))


def _alternatives(text: str, at: int) -> tuple[list[str], int]:
    branches: list[str] = []
    parts: list[list[str]] = []
    while at < len(text) and text[at] != ")":
        if text[at] == "|":
            branches += ["".join(choice) for choice in product(*parts)]
            parts, at = [], at + 1
            continue
        if text[at] == "(":
            inner, at = _alternatives(text, at + 1)
        else:
            inner = [text[at]]
        at += 1
        if at < len(text) and text[at] == "?":
            inner, at = ["", *inner], at + 1
        parts.append(inner)
    branches += ["".join(choice) for choice in product(*parts)]
    return branches, at


def folded_term(term: str) -> str:
    """A term as the flow shows it: folded, without apostrophes and hyphens between letters."""
    text = "".join(folding()[char] for char in term)
    return re.sub(r"\s+", " ", re.sub(r"(?<=[a-z])['’](?=[a-z])", "", text).replace("-", " ")).strip()


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern: concept numbers in order, the gap before each but the first, and where it was written."""

    rule: str
    elements: tuple[int, ...]
    gaps: tuple[int, ...]
    unless: tuple[int, ...]
    source: str


@dataclass(slots=True)
class Lexicon:
    """Everything the matcher asks: terms, their concepts, patterns by their first concept."""

    concepts: dict[str, int] = field(default_factory=dict)
    terms: dict[str, set[int]] = field(default_factory=dict)
    patterns: dict[int, list[Pattern]] = field(default_factory=dict)
    automaton: Any = None
    emoji: frozenset[str] = frozenset()

    def number(self, name: str) -> int:
        """The number of concept `name`, given anew when not met before."""
        return self.concepts.setdefault(name, len(self.concepts))

    def add_term(self, term: str, concept: int) -> None:
        """Make `term` a word of `concept`."""
        if term:
            self.terms.setdefault(term, set()).add(concept)


_NAME = re.compile(r"[A-Z][A-Z_0-9]+")
_ELEMENT = re.compile(r"\s*(>\d*|&\d*)\s*")
_UNLESS = re.compile(r"\s+!([A-Z_0-9]+)")


def _concepts(lexicon: Lexicon, element: str) -> list[int]:
    numbers = []
    for name in element.split("/") if _NAME.match(element) else [element]:
        if _NAME.fullmatch(name):
            if name not in lexicon.concepts:
                raise ForbearError(f"pattern names the concept {name}, which no file defines")
            numbers.append(lexicon.concepts[name])
            continue
        numbers.append(number := lexicon.number(f"term:{name}"))
        for term in expanded(name):
            lexicon.add_term(folded_term(term), number)
    return numbers


def _read(lexicon: Lexicon, rule: str, written: str, gap: int) -> Iterator[Pattern]:
    unless = tuple(lexicon.concepts[name] for name in _UNLESS.findall(written))
    parts = _ELEMENT.split(_UNLESS.sub("", written).strip())
    chains = [_concepts(lexicon, element) for element in parts[0::2]]
    gaps = tuple(int(joint[1:] or gap) for joint in parts[1::2])
    turned = any(joint.startswith("&") for joint in parts[1::2])
    for elements in product(*chains):
        yield Pattern(rule, elements, gaps, unless, written)
        if turned:
            yield Pattern(rule, elements[::-1], gaps[::-1], unless, written)


def _load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(files(__package__).joinpath("data", name).read_text("utf-8"))
    return loaded


def _automaton(terms: dict[str, set[int]]) -> Any:
    automaton = ahocorasick.Automaton()
    for term, concepts in terms.items():
        edges = (term[0].isascii() and term[0].isalnum(), term[-1].isascii() and term[-1].isalnum())
        automaton.add_word(term, (len(term), *edges, tuple(sorted(concepts))))
    automaton.make_automaton()
    return automaton


@cache
def lexicon() -> Lexicon:
    """The lexicon of both languages, read once.

    Raises:
        ForbearError: a data file names a concept that does not exist, or a term with unbalanced brackets.
    """
    book = Lexicon()
    loaded = {name: _load(name) for name in FILES}
    for name in FILES[:2]:
        for concept, expressions in loaded[name].items():
            number = book.number(concept)
            for expression in expressions:
                for term in expanded(expression):
                    book.add_term(folded_term(term), number)
    for name in FILES[2:]:
        gap = GAP_HAN if ".zh." in name else GAP_LATIN
        for rule, written in loaded[name].items():
            for line in written:
                for pattern in _read(book, rule, line, gap):
                    book.patterns.setdefault(pattern.elements[0], []).append(pattern)
    book.automaton = _automaton(book.terms)
    book.emoji = frozenset(
        c for t in book.terms for c in t if not c.isascii() and not c.isalnum() and not is_han(c)
    )
    return book
