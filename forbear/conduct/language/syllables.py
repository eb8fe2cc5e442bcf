"""Chinese words hidden by their sound: in pinyin ("zuo lao", "bào tōng xùn lù") or by a character that sounds alike.

The message becomes a string of syllables, one private-use character each, and is searched for the syllables of
every Chinese term. A hit counts when some of it was written in Latin letters; a hit all in characters counts only
for the terms listed as often disguised (concept HOMOPHONE), sharing at least one character with the term unless it
has three or more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import ahocorasick

from forbear.conduct.language.forms import is_han
from forbear.conduct.language.lexicon import Lexicon

FIRST = 0xE000
"""First private-use code point; syllable n is FIRST + n."""


def _pinyin(text: str) -> list[str]:
    """Its syllables; pypinyin's tables take a quarter of a second to load, so only who asks waits for them."""
    from pypinyin import lazy_pinyin

    syllables: list[str] = lazy_pinyin(text)
    return syllables


@cache
def _codes() -> dict[str, str]:
    sounds = sorted({_pinyin(chr(code))[0] for code in range(0x4E00, 0x9FA6)})
    return {sound: chr(FIRST + n) for n, sound in enumerate(s for s in sounds if s.isascii() and s.isalpha())}


@cache
def sound_of(char: str) -> str:
    """The code of a character's commonest reading; a blank when it has none."""
    return _codes().get(_pinyin(char)[0], " ")


@lru_cache(maxsize=65536)
def split(letters: str) -> tuple[str, ...]:
    """Letters as pinyin syllables, longest first; empty when they are not all syllables."""
    if not letters:
        return ()
    for length in range(min(6, len(letters)), 0, -1):
        head = letters[:length]
        if head in _codes() and (length > 1 or head in "aeo"):
            if length == len(letters):
                return (head,)
            rest = split(letters[length:])
            if rest:
                return (head, *rest)
    return ()


@dataclass(frozen=True, slots=True)
class _Sounds:
    text: str
    starts: list[int]
    ends: list[int]
    latin: list[bool]


_PIECE = re.compile(r"[a-z]+[1-5]?(?![0-9])|[\u3400-\u4dbf\u4e00-\u9fff]|[^\W_]|[。！？!?；;]")


def _spoken(piece: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The written parts of a piece and the code of each; no parts and a blank when it is no sound."""
    if is_han(piece):
        return (piece,), (sound_of(piece),)
    parts = split(piece.rstrip("12345")) if piece[0].isascii() and piece[0].isalpha() else ()
    return parts, tuple(_codes()[part] for part in parts) or (" ",)


def _sounds(text: str) -> _Sounds:
    sounds, starts, ends, latin = [], [], [], []
    for match in _PIECE.finditer(text):
        start, end, piece = match.start(), match.end(), match[0]
        parts, codes = _spoken(piece)
        at = start
        for n, code in enumerate(codes):
            width = len(parts[n]) if parts else end - start
            sounds.append(code)
            starts.append(at)
            at += width
            ends.append(end if n == len(codes) - 1 else at)
            latin.append(bool(parts) and not is_han(piece))
    return _Sounds("".join(sounds), starts, ends, latin)


@cache
def _sound_automaton(terms: tuple[tuple[str, tuple[int, ...]], ...]) -> Any:
    by_sound: dict[str, list[tuple[str, tuple[int, ...]]]] = {}
    for term, concepts in terms:
        code = "".join(_codes().get(sound, " ") for sound in _pinyin(term))
        if " " not in code and len(code) == len(term):
            by_sound.setdefault(code, []).append((term, concepts))
    automaton = ahocorasick.Automaton()
    for code, meant in by_sound.items():
        automaton.add_word(code, meant)
    automaton.make_automaton()
    return automaton


@cache
def _automata(homophone: int, size: int) -> tuple[Any, Any]:
    from forbear.conduct.language.lexicon import lexicon

    book = lexicon()
    han = [(t, tuple(sorted(c))) for t, c in book.terms.items() if len(t) >= 2 and all(map(is_han, t))]
    disguised = [(t, c) for t, c in han if homophone in c]
    return _sound_automaton(tuple(han)), _sound_automaton(tuple(disguised))


_LATIN = re.compile(r"[a-z]{2,}")


def hidden_in_pinyin(book: Lexicon, text: str) -> set[tuple[int, int, int]]:
    """Hits (start, end, concept) of terms written by sound in flow text `text`."""
    by_letters, by_character = _automata(book.concepts["HOMOPHONE"], len(book.terms))
    sounds = _sounds(text)
    found: set[tuple[int, int, int]] = set()
    if _LATIN.search(text) and any(sounds.latin):
        for last, meant in by_letters.iter(sounds.text):
            first = last - len(meant[0][0]) + 1
            if any(sounds.latin[first : last + 1]):
                _add(found, sounds, first, last, meant)
    for last, meant in by_character.iter(sounds.text):
        first = last - len(meant[0][0]) + 1
        if not any(sounds.latin[first : last + 1]):
            written = text[sounds.starts[first] : sounds.ends[last]]
            _add(found, sounds, first, last, [(t, c) for t, c in meant if _sounds_like(written, t)])
    return found


def _sounds_like(written: str, term: str) -> bool:
    if written == term or len(written) != len(term):
        return False
    return len(term) > 2 or any(a == b for a, b in zip(written, term, strict=True))


def _add(
    found: set[tuple[int, int, int]],
    sounds: _Sounds,
    first: int,
    last: int,
    meant: list[tuple[str, tuple[int, ...]]],
) -> None:
    span = sounds.starts[first], sounds.ends[last]
    for _, concepts in meant:
        found.update((*span, concept) for concept in concepts)
