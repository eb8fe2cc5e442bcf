"""Patterns joined from hits, and the setting that makes a forbidden word harmless.

"We will never call your employer" holds the same words as the threat. A match falls away when it is denied (a
negation close before it or inside it), when it is banned (the sentence forbids it: a policy, a warning against
swindlers), or when it is only reported (what the borrower wrote, what a script must not say). A condition's
negation ("if you do not pay ...") denies nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from forbear.conduct.language.hits import Hits
from forbear.conduct.language.lexicon import Lexicon, Pattern

DENIAL_REACH_HAN = 9
DENIAL_REACH_LATIN = 30
"""How many characters before a match a negation may stand and still deny it."""
CONDITION_REACH_HAN = 0
CONDITION_REACH_LATIN = 14
"""How far behind a negation the word may stand that makes it a condition ("do not | pay")."""
QUOTES = {"“": "”", "「": "」", "『": "』", '"': '"', "‘": "’", "'": "'"}


_BREAK = re.compile(
    r"[，:：]|,(?! ?(?:or|nor)? ?[a-z]+ (?:your|the|you)\b)|\b(?:i|we|you|they|he|she)(?:ll|re|ve)?\b"
)
"""What a negation does not reach across: a colon, a Chinese comma, a new subject, a comma but of a list."""


@dataclass(frozen=True, slots=True)
class Match:
    """A pattern found: its rule, its span in the flow, the spans of its words, the pattern as written."""

    rule: str
    start: int
    end: int
    words: tuple[tuple[int, int], ...]
    source: str


def _chains(
    hits: Hits, pattern: Pattern, at: int, before: tuple[tuple[int, int], ...]
) -> Iterator[tuple[tuple[int, int], ...]]:
    if at == len(pattern.elements):
        yield before
        return
    last_end = before[-1][1]
    reach = last_end + pattern.gaps[at - 1]
    for span in hits.of(pattern.elements[at]):
        if span[0] < last_end:
            continue
        if span[0] > reach:
            return
        yield from _chains(hits, pattern, at + 1, (*before, span))


def matches(book: Lexicon, hits: Hits) -> list[Match]:
    """Every pattern that the hits make up, within one sentence each."""
    found = []
    present = hits.spans.keys()
    for concept in list(present):
        for pattern in book.patterns.get(concept, ()):
            if len(pattern.elements) > 1 and not present >= set(pattern.elements):
                continue
            for first in hits.of(concept):
                for words in _chains(hits, pattern, 1, (first,)):
                    match = _match(pattern, words)
                    if not pattern.unless or not spared(hits, match, pattern.unless):
                        found.append(match)
    return [match for match in found if _whole(hits, match)]


def _match(pattern: Pattern, words: tuple[tuple[int, int], ...]) -> Match:
    return Match(pattern.rule, words[0][0], words[-1][1], words, pattern.source)


def _whole(hits: Hits, match: Match) -> bool:
    return len(match.words) == 1 or hits.sentence(match.start) == hits.sentence(match.end - 1)


def spared(hits: Hits, match: Match, unless: tuple[int, ...]) -> bool:
    """Whether a concept that the pattern excepts stands in the match's sentence."""
    sentence = hits.sentence(match.start)
    return any(hits.sentence(start) == sentence for concept in unless for start, end in hits.of(concept))


def _overlaps(match: Match, start: int, end: int) -> bool:
    return any(start < b and a < end for a, b in match.words)


@dataclass(frozen=True, slots=True)
class Setting:
    """What in a message can make its words harmless, worked out once a message."""

    text: str
    denials: tuple[tuple[int, int], ...]
    bans: tuple[tuple[int, int], ...]
    frames: frozenset[int]
    whole: bool
    quoted: tuple[tuple[int, int], ...]


def setting(book: Lexicon, hits: Hits, text: str) -> Setting:
    """The denials, bans, frames and quotations of a message whose flow is `text`."""
    named = book.concepts
    return Setting(
        text=text,
        denials=tuple(span for span in hits.of(named["NOT"]) if not _condition(book, hits, text, span)),
        bans=tuple(hits.of(named["BAN"])),
        frames=frozenset(hits.sentence(start) for start, _ in hits.of(named["REPORTED"])),
        whole=bool(hits.of(named["POLICY"])),
        quoted=_quoted(text) if hits.of(named["QUOTING"]) else (),
    )


def _condition(book: Lexicon, hits: Hits, text: str, span: tuple[int, int]) -> bool:
    """Whether a negation belongs to a condition: "if you don't ...", "not paid", "refuses to"."""
    start, end = span
    if any(a <= start and b >= end and (a, b) != span for a, b in hits.of(book.concepts["NOT_DENIAL"])):
        return True
    reach = CONDITION_REACH_LATIN if text[start].isascii() else CONDITION_REACH_HAN
    if any(end <= a <= end + reach for a, _ in hits.of(book.concepts["PAYING"])):
        return True
    return any(
        b <= start <= b + DENIAL_REACH_LATIN and not set(",，") & set(text[b:start])
        for _, b in hits.of(book.concepts["IF"])
    )


def _quoted(text: str) -> tuple[tuple[int, int], ...]:
    spans, at = [], 0
    while at < len(text):
        close = QUOTES.get(text[at])
        end = text.find(close, at + 1) if close else -1
        if end > at:
            spans.append((at, end + 1))
            at = end
        at += 1
    return tuple(spans)


def harmless(book: Lexicon, hits: Hits, around: Setting, match: Match) -> bool:
    """Whether the setting takes the sting out of a match."""
    if around.whole or hits.sentence(match.start) in around.frames:
        return True
    if any(a <= match.start and match.end <= b for a, b in around.quoted):
        return True
    if any(_bans(hits, match, start, end) for start, end in around.bans):
        return True
    return any(_denies(book, hits, around.text, match, start, end) for start, end in around.denials)


def _bans(hits: Hits, match: Match, start: int, end: int) -> bool:
    return (
        start < match.end
        and not _overlaps(match, start, end)
        and hits.sentence(start) == hits.sentence(match.start)
    )


def _denies(book: Lexicon, hits: Hits, text: str, match: Match, start: int, end: int) -> bool:
    if any(start < a and b <= end for a, b in match.words):
        return True
    if _overlaps(match, start, end) or start >= match.end:
        return False
    if start > match.start:
        return True
    between = text[end : match.start]
    reach = DENIAL_REACH_LATIN if text[start : start + 1].isascii() else DENIAL_REACH_HAN
    if len(between) > reach or _BREAK.search(between):
        return False
    if hits.sentence(start) != hits.sentence(match.start):
        return False
    return not any(end <= a < match.start for a, _ in hits.of(book.concepts["TURN"]))
