"""The second layer: a linear model over what a message is made of, for wordings that no pattern foresaw.

Logistic regression on the letters (Chinese: one to three characters; English: words, pairs of words near each
other, pieces of words), the concepts and the rules that matched. It does two things: it raises a finding where no
pattern matched and the score is high, and it turns a pattern's finding into a warning where the score says that the
whole message reads like a lawful one. Weights are data (`data/hints.*.json`), made by `train.py` from the tuning
messages alone; the span of a finding is where the pieces with the largest weights lie.

It knows wording, not truth: a lawful-sounding lie passes it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from forbear.conduct.language.hits import Hits
from forbear.conduct.language.lexicon import lexicon

SPAN_HAN = 12
SPAN_LATIN = 40
"""Length of the stretch that a finding points to, in characters of the flow."""

SKIPPED = 2
"""How many English words further than the next one a pair of words may reach."""

_WORD = re.compile(r"[a-z]+|\d|[^\w\s]")
Piece = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Model:
    """Weights of one language: `lawless` for the verdict, `kinds` for the category, and the thresholds.

    A finding is raised from `raise_at` on; one that a single pattern made is kept from `keep_at` on, one that
    several patterns made from `keep_many_at` on. All are probabilities of the model.
    """

    lawless: dict[str, float]
    bias: float
    kinds: dict[str, dict[str, float]]
    raise_at: float
    keep_at: float
    keep_many_at: float

    def keep(self, patterns: int) -> float:
        """The probability below which a finding made by so many patterns is only a warning."""
        return self.keep_many_at if patterns > 1 else self.keep_at


@cache
def model(language: str) -> Model | None:
    """The model of `language`; none when its weights are not there (before the first training)."""
    source = files(__package__).joinpath(f"data/hints.{language}.json")
    if not source.is_file():
        return None
    data = json.loads(source.read_text("utf-8"))
    scale = data.pop("scale")
    data["lawless"] = _unpacked(data["lawless"], scale)
    data["kinds"] = {name: _unpacked(weights, scale) for name, weights in data["kinds"].items()}
    return Model(**data)


def _unpacked(weights: dict[str, int], scale: int) -> dict[str, float]:
    return {name: weight / scale for name, weight in weights.items()}


def pieces(text: str, language: str) -> Iterator[Piece]:
    """The pieces of a flow: name, start, end."""
    if language == "zh":
        for size in (1, 2, 3):
            for start in range(len(text) - size + 1):
                yield text[start : start + size], start, start + size
        return
    words = [(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]
    for at, (word, start, end) in enumerate(words):
        yield word, start, end
        if at + 1 < len(words):
            yield f"{word} {words[at + 1][0]}", start, words[at + 1][2]
        for later, _, ends in words[at + 2 : at + 2 + SKIPPED]:
            yield f"{word}_{later}", start, ends
        for part in _parts(word):
            yield part, start, end


@lru_cache(maxsize=65536)
def _parts(word: str) -> tuple[str, ...]:
    padded = f" {word} "
    return tuple("~" + padded[at : at + size] for size in (3, 4) for at in range(len(padded) - size + 1))


@cache
def _named() -> dict[int, str]:
    return {n: f"C:{name}" for name, n in lexicon().concepts.items() if not name.startswith("term:")}


def circumstances(hits: Hits, kept: Collection[str], harmless: Collection[str]) -> set[str]:
    """Features that are no letters: concepts present, rules that matched, rules whose match was harmless."""
    named = _named()
    found = {named[concept] for concept in hits.spans if concept in named}
    found.update(f"R:{rule}" for rule in kept)
    found.update(f"H:{rule}" for rule in harmless)
    if kept:
        found.add("R")
    return found


def features(text: str, language: str, hits: Hits, kept: Collection[str], harmless: Collection[str]) -> set[str]:
    """All features of a message, each counted once."""
    return {name for name, _, _ in pieces(text, language)} | circumstances(hits, kept, harmless)


def score(weights: dict[str, float], bias: float, found: Collection[str]) -> float:
    """The probability of the model for a set of features; the sum is scaled by the square root of their number."""
    known = [weights[name] for name in found if name in weights]
    total = 3 * sum(known) / math.sqrt(max(1, len(known))) + bias
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def kind(of: Model, found: Collection[str]) -> str:
    """The likeliest category of a message that is forbidden."""
    return max(sorted(of.kinds), key=lambda name: score(of.kinds[name], 0.0, found))


def telling(of: Model, text: str, language: str) -> tuple[int, int, str]:
    """The stretch of the flow with the greatest weight, and its weightiest pieces by name."""
    weighed = [(of.lawless.get(name, 0.0), name, start, end) for name, start, end in pieces(text, language)]
    gain = [0.0] * (len(text) + 1)
    for weight, _, start, end in weighed:
        gain[start] += weight / (end - start)
    width = min(len(text), SPAN_HAN if language == "zh" else SPAN_LATIN)
    window = sum(gain[:width])
    best, at = window, 0
    for start in range(1, len(text) - width + 1):
        window += gain[start + width - 1] - gain[start - 1]
        if window > best + 1e-12:
            best, at = window, start
    inside = sorted({(-w, name) for w, name, start, end in weighed if at <= start and end <= at + width and w > 0})
    start, end = _whole_words(text, at, at + width)
    return start, end, ", ".join(name.strip("~") for _, name in inside[:5])


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    while start > 0 and text[start - 1].isascii() and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end].isascii() and text[end].isalnum() and text[end - 1].isalnum():
        end += 1
    return start, end
