"""The second layer: linear scores of what a message is made of, for wordings that no pattern foresaw.

Regressions on the letters (Chinese: one to three characters, and pairs of characters near each other; English:
words, pairs of words near each other, pieces of words), groups and families of words and their pairs (`senses`,
`families`), what stands under a negation once more (`negation`), the concepts, the rules that matched and
the facts on record. Rare pieces count for more than common ones. Each category has a score of its own, so that what
speaks for one does not lessen another; how bad a message is, is the sum of their odds. It does two things: it raises a
finding where no pattern matched and the score is high, and it turns a pattern's finding into a warning where the
score says that the whole message reads like a lawful one. Weights are data (`data/hints.*.json`), made by `train.py`
from the tuning messages alone; the span of a finding is where the pieces with the largest weights lie.

It knows wording, not truth: a lawful-sounding lie passes it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forbear.conduct.language.families import related
from forbear.conduct.language.lexicon import lexicon
from forbear.conduct.language.negation import Piece, denied_characters, denied_words
from forbear.conduct.language.reading import Read
from forbear.conduct.language.senses import LEVELS, senses

SPAN_HAN = 12
SPAN_LATIN = 40
"""Length of the stretch that a finding points to, in characters of the flow."""

REACH = 3
"""How many English words on a pair of words may reach."""

LENGTH = 3.0
"""The length to which the pieces of a message are scaled, so that a long message weighs no more than a short one."""

MARGIN = 0.5
"""How much more a sentence must lean towards forbidden than a whole message: a lawful one looks sterner alone."""

_WORD = re.compile(r"[a-z]+|\d|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Model:
    """Weights of one language: a score for each of `kinds`, and the threshold.

    `row` is the place of each known piece in `table`, which holds for it what it adds to the score of each kind and,
    last, the square of what it counts for before any weight; whole numbers in units of `1 / scale` squared, so that a
    sum does not hang on the order of pieces. A message is forbidden from the probability `forbid_at` on.
    """

    row: dict[str, int]
    table: NDArray[np.int64]
    scale: int
    kinds: tuple[str, ...]
    bias: NDArray[np.float64]
    forbid_at: float


@cache
def model(language: str) -> Model | None:
    """The model of `language`; none when its weights are not there (before the first training)."""
    source = files(__package__).joinpath(f"data/hints.{language}.json")
    if not source.is_file():
        return None
    data = json.loads(source.read_text("utf-8"))
    numbers = np.array(list(data["pieces"].values()), dtype=np.int64)
    worth = numbers[:, :1]
    return Model(
        row={name: at for at, name in enumerate(data["pieces"])},
        table=np.hstack([worth * numbers[:, 1:], worth * worth]),
        scale=data["scale"],
        kinds=tuple(data["kinds"]),
        bias=np.array(list(data["kinds"].values())),
        forbid_at=data["forbid_at"],
    )


def pieces(text: str, language: str) -> Iterator[Piece]:
    """The pieces of a flow: name, start, end."""
    if language == "zh":
        for size in (1, 2, 3):
            for start in range(len(text) - size + 1):
                yield text[start : start + size], start, start + size
        for apart in (2, 3):
            for start in range(len(text) - apart):
                yield f"{text[start]}_{text[start + apart]}", start, start + apart + 1
        return
    yield from _english(_words(text))


def _words(text: str) -> list[Piece]:
    """The words, digits and marks of punctuation of an English flow."""
    return [(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]


def _english(words: list[Piece]) -> Iterator[Piece]:
    for word, start, end in words:
        yield word, start, end
        for part in _parts(word):
            yield part, start, end
    yield from _pairs(words, "")
    known = senses()
    groups = [known.get(word, (word,) * LEVELS) for word, _, _ in words]
    for level in range(LEVELS):
        named = [(of[level], start, end) for of, (_, start, end) in zip(groups, words, strict=True)]
        yield from ((f"{level}:{name}", start, end) for name, start, end in named)
        yield from _pairs(named, f"{level}:")


def laid_out(text: str, language: str) -> Iterator[Piece]:
    """All that is weighed of a flow: its pieces, what stands under a negation, families of words.

    Replies of borrowers are read by these too (`forbear.conduct.replies`): what changes here, or in the families, asks
    for both trainings.
    """
    if language == "zh":
        yield from pieces(text, language)
        yield from related(text, language)
        yield from denied_characters(text)
    else:
        words = _words(text)
        yield from _english(words)
        yield from related(text, language)
        yield from denied_words(words, senses())


def _pairs(words: list[Piece], mark: str) -> Iterator[Piece]:
    """Each word with those near it: next to it joined by a space, further on by a line."""
    for at, (word, start, _) in enumerate(words):
        joint = " "
        for later, _, end in words[at + 1 : at + 1 + REACH]:
            yield f"{mark}{word}{joint}{later}", start, end
            joint = "_"


@lru_cache(maxsize=65536)
def _parts(word: str) -> tuple[str, ...]:
    padded = f" {word} "
    return tuple("~" + padded[at : at + size] for size in (3, 4) for at in range(len(padded) - size + 1))


@cache
def named_concepts() -> dict[int, str]:
    """The feature of each concept that has a name."""
    return {n: f"C:{name}" for name, n in lexicon().concepts.items() if not name.startswith("term:")}


def circumstances(message: Read, known: Mapping[str, Any]) -> set[str]:
    """Features that are no letters: concepts present, rules that matched, rules whose match was harmless, facts."""
    named = named_concepts()
    found = {named[concept] for concept in message.hits.spans if concept in named}
    found.update(f"R:{rule}" for rule in message.kept_rules)
    found.update(f"H:{rule}" for rule in message.harmless_rules)
    found.update(f"F:{fact}" for fact, value in known.items() if value is True)
    if message.kept:
        found.add("R")
    return found


def features(laid: Iterable[Piece], message: Read, known: Mapping[str, Any]) -> set[str]:
    """All features of a message whose pieces are `laid` (`laid_out`), each counted once."""
    return {name for name, _, _ in laid} | circumstances(message, known)


def scores(of: Model, found: Collection[str]) -> NDArray[np.float64]:
    """For each kind the score of a message made of these features, its pieces scaled to `LENGTH`."""
    known = of.row
    *sums, square = of.table[[known[name] for name in found if name in known]].sum(axis=0).tolist()
    scale = LENGTH / of.scale / math.sqrt(square) if square else 0.0
    return np.array(sums) * scale + of.bias


def leaning(of: Model, found: Collection[str]) -> float:
    """The logarithm of the odds that a message made of these features is forbidden, by whatever kind."""
    total = float(np.logaddexp.reduce(scores(of, found))) / 2
    return max(-30.0, min(30.0, total))


def together(whole: float, worst: float) -> float:
    """The leaning of a message of several sentences, from that of the whole and that of its worst sentence."""
    return max(whole, worst - MARGIN)


def chance(leans: float) -> float:
    """The probability that belongs to a leaning."""
    return 1 / (1 + math.exp(-leans))


def kind(of: Model, found: Collection[str]) -> str:
    """The likeliest category of a message that is forbidden."""
    return of.kinds[int(scores(of, found).argmax())]


def telling(of: Model, text: str, language: str, category: str) -> tuple[int, int, str]:
    """The stretch of the flow that weighs most for a category, and the words of its weightiest pieces."""
    known, column = of.row, of.table[:, of.kinds.index(category)]
    weighed = [
        (float(column[known[name]]), start, end) for name, start, end in laid_out(text, language) if name in known
    ]
    gain = [0.0] * (len(text) + 1)
    for weight, start, end in weighed:
        for at in range(start, end):
            gain[at] += weight / (end - start)
    width = min(len(text), SPAN_HAN if language == "zh" else SPAN_LATIN)
    window = sum(gain[:width])
    best, at = window, 0
    for start in range(1, len(text) - width + 1):
        window += gain[start + width - 1] - gain[start - 1]
        if window > best + 1e-12:
            best, at = window, start
    first, last = _whole_words(text, at, at + width)
    return first, last, ", ".join(_weightiest(weighed, text, first, last))


def _weightiest(weighed: list[tuple[float, int, int]], text: str, first: int, last: int) -> list[str]:
    """The five pieces within a stretch that weigh most, a piece in another's place left out."""
    chosen: list[tuple[int, int]] = []
    for weight, start, end in sorted(weighed, key=lambda row: (-row[0], row[1], row[2])):
        inside = first <= start and end <= last and weight > 0
        if inside and len(chosen) < 5 and not any(a <= start and end <= b for a, b in chosen):
            chosen.append((start, end))
    return [text[start:end].strip() for start, end in sorted(chosen)]


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    while start > 0 and text[start - 1].isascii() and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end].isascii() and text[end].isalnum() and text[end - 1].isalnum():
        end += 1
    return start, end
