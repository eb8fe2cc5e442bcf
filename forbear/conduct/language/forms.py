"""The forms of a message in which forbidden words are looked for, each with its way back to the original.

People who hide a threat change letters, not meaning: look-alikes from other alphabets, traditional characters,
dots and spaces between letters, digits for letters, pinyin for characters, invisible marks. The *flow* of a
message undoes what is safe to undo everywhere; other forms (leet, tight, syllables) are asked only for words
that are worth hiding. Every form carries, for each of its characters, the place it came from.

It stops at single letters and characters: meaning is the patterns' matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from opencc import OpenCC

HAN = "\u3400-\u4dbf\u4e00-\u9fff"
SENTENCE_END = "。！？!?；;…"
"""Marks that end a sentence; a full stop ends one only before a space or the end."""


@cache
def tables() -> dict[str, Any]:
    """The confusables file as it stands."""
    text = files(__package__).joinpath("data/confusables.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def is_han(char: str) -> bool:
    """Whether `char` is a Chinese character of the two common blocks."""
    return "\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf"


class _Folding(dict[str, str]):
    """Character to folded characters (none, one or more), worked out when first met."""

    def __init__(self) -> None:
        super().__init__()
        self._simplified = OpenCC("t2s")
        data = tables()
        for latin, others in data["letters"].items():
            self.update(dict.fromkeys(others, latin))
        for first in data["blocks"]:
            self.update({chr(int(first, 16) + n): chr(97 + n) for n in range(26)})
        self.update(data["look_alike"])

    def __missing__(self, char: str) -> str:
        self[char] = folded = self._fold(char)
        return folded

    def _fold(self, char: str) -> str:
        if char.isascii():
            return char.lower() if char.isprintable() or char in "\n\t" else ""
        if is_han(char):
            converted: str = self._simplified.convert(char)
            return converted
        kind = unicodedata.category(char)
        if kind in {"Cf", "Mn", "Me", "Cc", "Cs", "Co", "Cn"}:
            return "\n" if char == "\u2028" else ""
        if kind == "Zs":
            return " "
        parts = unicodedata.normalize("NFKD", char)
        if parts == char:
            lower = char.lower()
            return lower if lower == char or len(lower) != 1 else self[lower]
        return "".join(self[part] for part in parts if part != char)


@cache
def folding() -> _Folding:
    """The one table of folded characters."""
    return _Folding()


@dataclass(frozen=True, slots=True)
class Form:
    """A message in one form: `text`, and for each of its characters the span it stands for.

    `starts[i]` and `ends[i]` are offsets into the form it was made from (the original, for the flow).
    """

    text: str
    starts: list[int]
    ends: list[int]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The span of the source that `text[start:end]` stands for."""
        return self.starts[start], self.ends[end - 1]


def _folded(original: str) -> Form:
    table = folding()
    pieces = [table[char] for char in original]
    text = "".join(pieces)
    if len(text) == len(original) and all(len(piece) == 1 for piece in pieces):
        return Form(text, list(range(len(text))), list(range(1, len(text) + 1)))
    places = [at for at, piece in enumerate(pieces) for _ in piece]
    return Form(text, places, [at + 1 for at in places])


_GAP = re.compile(
    rf"(?<=[{HAN}])(?:[^\w。！？!?；;，,、：:《》（）()“”\"‘’「」【】\[\]%％¥￥]|_){{1,4}}(?=[{HAN}])"
)
_SINGLES = re.compile(rf"(?<![{HAN}])[{HAN}](?:[^\w\n]{{1,2}}[{HAN}]){{2,}}(?![{HAN}])")
_SPELLED = re.compile(r"(?<![^\W_])[a-z0-9@$!](?:([ ._\-|/*~·•+,])[a-z0-9@$!](?![^\W_])){2,}")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_SPACES = re.compile(r"(?<=\s)\s+|(?<=[a-z])['’`´](?=[a-z])")
_LETTERS = re.compile(r"[a-z]")
_DASH = re.compile(r"(?<=[a-z])[-‐‑–](?=[a-z])")


def _cuts(text: str, kept_emoji: frozenset[str]) -> list[tuple[int, int]]:
    """Stretches of folded text that only hide a word."""
    cuts = [match.span() for match in _GAP.finditer(text) if not kept_emoji.intersection(match[0])]
    for match in _SINGLES.finditer(text):
        cuts += [(at, at + 1) for at in range(*match.span()) if not is_han(text[at]) and text[at] not in kept_emoji]
    for match in _SPELLED.finditer(text):
        if len(_LETTERS.findall(match[0])) >= 3:
            cuts += [(at, at + 1) for at in range(match.start() + 1, match.end(), 2)]
    cuts += [(match.start() + 1, match.end()) for match in _STRETCHED.finditer(text)]
    cuts += [match.span() for match in _SPACES.finditer(text)]
    return cuts


def without(form: Form, cuts: Iterable[tuple[int, int]]) -> Form:
    """`form` less the stretches `cuts`."""
    gone = {at for start, end in cuts for at in range(start, end)}
    if not gone:
        return form
    left = [at for at in range(len(form.text)) if at not in gone]
    return Form(
        "".join([form.text[at] for at in left]), [form.starts[at] for at in left], [form.ends[at] for at in left]
    )


def _reassembled(form: Form) -> Form:
    parts: dict[str, str] = tables()["taken_apart"]
    text = form.text
    found = [part for part in parts if part in text]
    if not found:
        return form
    chars, starts, ends = list(text), list(form.starts), list(form.ends)
    for part in found:
        at = text.find(part)
        while at >= 0:
            chars[at], chars[at + 1], ends[at] = parts[part], "", ends[at + 1]
            at = text.find(part, at + 2)
    left = [at for at, char in enumerate(chars) if char]
    return Form("".join(chars), [starts[at] for at in left], [ends[at] for at in left])


def flow(original: str, kept_emoji: frozenset[str] = frozenset()) -> Form:
    """The message folded, simplified, lower-cased, without marks that only hide a word.

    Args:
        original: any text.
        kept_emoji: signs that mean something to the patterns and stay.
    """
    form = without(folded := _folded(original), _cuts(folded.text, kept_emoji))
    form = _reassembled(form)
    if "-" in form.text or "–" in form.text:
        return Form(_DASH.sub(" ", form.text), form.starts, form.ends)
    return form


_LEET_WORD = re.compile(r"[a-z0-9@$!+€£]{3,}")
_LEET_MARK = re.compile(r"[0-9@$!+€£]")
_LEET_REAL = re.compile(r"[$£€]?\d+(st|nd|rd|th|k|am|pm|h|hrs?|m|x|d|kg|p|days?|mins?)?!*|[a-z]+!+")


def leet(text: str) -> list[str]:
    """Flow text with digits read as letters inside words, in up to two readings of the same length."""
    words = [
        match
        for match in _LEET_WORD.finditer(text)
        if _LEET_MARK.search(match[0]) and _LETTERS.search(match[0]) and not _LEET_REAL.fullmatch(match[0])
    ]
    if not words:
        return []
    first = str.maketrans(tables()["leet"])
    second = str.maketrans({**tables()["leet"], **tables()["leet_second"]})
    readings = []
    for reading in (first, second):
        chars = list(text)
        for match in words:
            chars[match.start() : match.end()] = match[0].translate(reading)
        readings.append("".join(chars))
    return readings if readings[0] != readings[1] else readings[:1]


_NOT_LETTER = re.compile(rf"[^a-z{HAN}]+")


def tight(form: Form) -> Form:
    """Only the letters and Chinese characters of a flow, its places being places in the flow."""
    whole = Form(form.text, list(range(len(form.text))), list(range(1, len(form.text) + 1)))
    return without(whole, (match.span() for match in _NOT_LETTER.finditer(form.text)))


def sentence_ends(text: str) -> list[int]:
    """Offsets at which a sentence of the flow ends, in order."""
    ends = [at for at, char in enumerate(text) if char in SENTENCE_END or (char == "\n" and _hard(text, at))]
    ends += [match.start() for match in re.finditer(r"\.(?=\s|$)", text)]
    return sorted(ends)


def _hard(text: str, at: int) -> bool:
    """A line's end ends a sentence when the line is closed by a mark or is followed by an empty line."""
    before = text[at - 1] if at else " "
    return not (before.isalpha() or is_han(before)) or text[at + 1 : at + 2] == "\n"
