"""The model of replies: for each intent a linear score over the pieces of a message, made by `train.py`.

The pieces are those of the language check's second layer (characters and their neighbors; words, pairs, parts of words
and groups of words of like meaning), the edges of the message, and the whole of a short one. What the rules found is
no piece: a model that may lean on rules, which know nearly all tuning messages, learns little about the others.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from forbear.conduct.language.hints import LENGTH, pieces

EDGE = 3
"""Characters of the beginning and the end that count as such, in Chinese; words in English."""
SHORT = 14
"""A message of so many characters at most is a piece as a whole."""
LEAST_KNOWN = 5
"""Of a message with fewer pieces that were seen in training the model says nothing."""


@dataclass(frozen=True, slots=True)
class Model:
    """Weights of one language: for a piece its worth and a number for each intent; from which chance on each holds."""

    intents: tuple[str, ...]
    worth: dict[str, float]
    weights: dict[str, tuple[float, ...]]
    bias: tuple[float, ...]
    holds_at: tuple[float, ...]


@cache
def model(language: str) -> Model:
    """The model of a language."""
    data = json.loads(files(__package__).joinpath(f"data/weights.{language}.json").read_text("utf-8"))
    scale = data["scale"]
    return Model(
        intents=tuple(data["intents"]),
        worth={name: row[0] / scale for name, row in data["pieces"].items()},
        weights={name: tuple(w / scale for w in row[1:]) for name, row in data["pieces"].items()},
        bias=tuple(data["bias"]),
        holds_at=tuple(data["holds_at"]),
    )


def features(text: str, language: str) -> set[str]:
    """The pieces of a flow."""
    made = {name for name, _, _ in pieces(text, language)}
    if language == "zh":
        made |= {f"^{text[:n]}" for n in range(1, EDGE + 1)} | {f"{text[-n:]}$" for n in range(1, EDGE + 1)}
    else:
        words = text.split()
        made |= {"^" + " ".join(words[:n]) for n in range(1, EDGE + 1)}
    if len(text) <= SHORT:
        made.add(f"W:{text.strip(' .!?。！？')}")
    return made


def chances(learned: Model, present: Collection[str]) -> dict[str, float]:
    """The chance of each intent."""
    known = [name for name in sorted(present) if name in learned.worth]
    if len(known) < LEAST_KNOWN:
        known = []
    norm = math.sqrt(sum(learned.worth[name] ** 2 for name in known)) or 1e-9
    sums = list(learned.bias)
    for name in known:
        share = LENGTH * learned.worth[name] / norm
        for at, weight in enumerate(learned.weights[name]):
            sums[at] += share * weight
    return {
        intent: 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
        for intent, total in zip(learned.intents, sums, strict=True)
    }
