"""The second layer: a linear model over what a message is made of, for wordings that no pattern foresaw.

Logistic regression on the letters (Chinese: one to three characters, and pairs of characters near each other; English:
words, pairs of words near each other, pieces of words), groups and families of words and their pairs (`senses`,
`families`), what stands under a negation once more (`negation`), the concepts, the rules that matched and
the facts on record. Rare pieces count for more than common ones (`Model.worth`). It does two things: it raises a
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
    """Weights of one language: `lawless` for the verdict, `kinds` for the category, and the threshold.

    `worth` is what a piece counts for before any weight; a piece without one is unknown. `of_kind` has for a piece a
    number for each of `kinds`. A message is forbidden from the probability `forbid_at` on.
    """

    worth: dict[str, float]
    lawless: dict[str, float]
    bias: float
    kinds: tuple[str, ...]
    kind_bias: tuple[float, ...]
    of_kind: dict[str, tuple[float, ...]]
    forbid_at: float


@cache
def model(language: str) -> Model | None:
    """The model of `language`; none when its weights are not there (before the first training)."""
    source = files(__package__).joinpath(f"data/hints.{language}.json")
    if not source.is_file():
        return None
    data = json.loads(source.read_text("utf-8"))
    scale = data["scale"]
    worth = {name: row[0] / scale for name, row in data["pieces"].items()}
    kinds = sorted(data["kinds"])
    tables = [data["kinds"][name][0] for name in kinds]
    telling_pieces = {name for table in tables for name in table}
    return Model(
        worth=worth,
        lawless={name: worth[name] * row[1] / scale for name, row in data["pieces"].items()},
        bias=data["bias"],
        kinds=tuple(kinds),
        kind_bias=tuple(data["kinds"][name][1] for name in kinds),
        of_kind={
            name: tuple(worth[name] * table.get(name, 0) / scale for table in tables) for name in telling_pieces
        },
        forbid_at=data["forbid_at"],
    )


def pieces(text: str, language: str) -> Iterator[Piece]:
    """The pieces of a flow: name, start, end. Replies of borrowers are read by these too."""
    if language == "zh":
        for size in (1, 2, 3):
            for start in range(len(text) - size + 1):
                yield text[start : start + size], start, start + size
        for apart in (2, 3):
            for start in range(len(text) - apart):
                yield f"{text[start]}_{text[start + apart]}", start, start + apart + 1
        return
    words = [(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]
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
    """All that this check weighs of a flow: its pieces, what stands under a negation, families of words."""
    yield from pieces(text, language)
    yield from related(text, language)
    if language == "zh":
        yield from denied_characters(text)
    else:
        words = [(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]
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


def scaled(worth: dict[str, float], found: Collection[str]) -> float:
    """What the sum of a message's weights is multiplied with to bring its pieces to `LENGTH`."""
    counts = [worth[name] for name in found if name in worth]
    return LENGTH / math.sqrt(max(1e-9, math.fsum(count * count for count in counts)))


def leaning(of: Model, found: Collection[str]) -> float:
    """The logarithm of the odds that a message made of these features is forbidden."""
    total = math.fsum(of.lawless[name] for name in found if name in of.lawless) * scaled(of.worth, found) + of.bias
    return max(-30.0, min(30.0, total))


def together(whole: float, worst: float) -> float:
    """The leaning of a message of several sentences, from that of the whole and that of its worst sentence."""
    return max(whole, worst - MARGIN)


def chance(leans: float) -> float:
    """The probability that belongs to a leaning."""
    return 1 / (1 + math.exp(-leans))


def kind(of: Model, found: Collection[str]) -> str:
    """The likeliest category of a message that is forbidden."""
    rows = [of.of_kind[name] for name in found if name in of.of_kind]
    totals = [math.fsum(column) for column in zip(*rows, strict=True)] or [0.0] * len(of.kinds)
    scale = scaled(of.worth, found)
    likely = [total * scale + bias for total, bias in zip(totals, of.kind_bias, strict=True)]
    return of.kinds[likely.index(max(likely))]


def telling(of: Model, text: str, language: str) -> tuple[int, int, str]:
    """The stretch of the flow with the greatest weight, and the words of its weightiest pieces."""
    weighed = [
        (of.lawless[name], start, end) for name, start, end in laid_out(text, language) if name in of.lawless
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
