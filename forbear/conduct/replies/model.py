"""The model of replies: what the words of a message say of each intent, and what the rules found, weighed together.

Made by `train.py`, in two parts. A linear one gives each intent a lean, from the pieces of a message: those of the
language check's second layer (characters and their neighbors; words, pairs, parts of words and groups of words of like
meaning; families of words; what stands under a negation once more), the groups of `groups.py`, the edges of the
message, and the whole of a short one. It does not see what the
rules found, for rules know nearly all tuning messages and nothing would be left for the words to tell. The other part
turns the lean of an intent, what the rules say of it, and what is said of the other intents into its chance; it was
learned from messages of strangers alone, each by a model that had not met that stranger's hand.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from forbear.conduct.language.hints import LENGTH, laid_out
from forbear.conduct.replies.groups import grouped
from forbear.conduct.replies.intents import PROTECTING

EDGE = 3
"""Characters of the beginning and the end that count as such, in Chinese; words in English."""
SHORT = 14
"""A message of so many characters at most is a piece as a whole."""
LEAST_KNOWN = 5
"""Of a message with fewer pieces that were seen in training the model says nothing."""


@dataclass(frozen=True, slots=True)
class Model:
    """What was learned of one language.

    Args:
        intents: their order in what follows.
        row: the place of each known piece in `table`.
        table: what a piece adds to the lean of each intent and, last, the square of what it counts for before any
            weight; whole numbers in units of `1 / scale` squared, so that a sum does not hang on the order of pieces.
        scale: see `table`.
        bias: the lean of each intent before any piece.
        evidence: for each intent what each of `evidence` counts for, then its bias.
        holds_at: from which chance on each intent holds.
    """

    intents: tuple[str, ...]
    row: dict[str, int]
    table: NDArray[np.int64]
    scale: int
    bias: tuple[float, ...]
    evidence: tuple[tuple[float, ...], ...]
    holds_at: tuple[float, ...]


@cache
def model(language: str) -> Model:
    """The model of a language."""
    data = json.loads(files(__package__).joinpath(f"data/weights.{language}.json").read_text("utf-8"))
    numbers = np.array(list(data["pieces"].values()), dtype=np.int64)
    worth = numbers[:, :1]
    return Model(
        intents=tuple(data["intents"]),
        row={name: at for at, name in enumerate(data["pieces"])},
        table=np.hstack([worth * numbers[:, 1:], worth * worth]),
        scale=data["scale"],
        bias=tuple(data["bias"]),
        evidence=tuple(tuple(row) for row in data["evidence"]),
        holds_at=tuple(data["holds_at"]),
    )


def features(text: str, language: str) -> set[str]:
    """The pieces of a flow."""
    made = {name for name, _, _ in laid_out(text, language)}
    made.update(grouped(text, language))
    if language == "zh":
        made |= {f"^{text[:n]}" for n in range(1, EDGE + 1)} | {f"{text[-n:]}$" for n in range(1, EDGE + 1)}
    else:
        words = text.split()
        made |= {"^" + " ".join(words[:n]) for n in range(1, EDGE + 1)}
    if len(text) <= SHORT:
        made.add(f"W:{text.strip(' .!?。！？')}")
    return made


def leans(learned: Model, present: Collection[str]) -> dict[str, float] | None:
    """Which way the pieces of a message lean for each intent; none where too few of them are known."""
    known = [learned.row[name] for name in present if name in learned.row]
    if len(known) < LEAST_KNOWN:
        return None
    *sums, square = learned.table[known].sum(axis=0).tolist()
    share = LENGTH / learned.scale / (math.sqrt(square) or 1.0)
    return {
        intent: bias + share * total
        for intent, bias, total in zip(learned.intents, learned.bias, sums, strict=True)
    }


def evidence(
    intent: str, lean: Mapping[str, float], ruled: Collection[str], spared: Collection[str]
) -> tuple[float, ...]:
    """What is known of an intent in a message.

    Its lean, whether a rule found it, whether a rule says that it only looks like it. Of an intent that protects then
    the lean of small talk alone, for it may stand beside any other, and what else is said is no evidence against it; of
    the others the strongest lean of another intent, and whether a rule found another one and not this.
    """
    told = lean[intent], float(intent in ruled), float(intent in spared)
    if intent in PROTECTING:
        return *told, lean["other"]
    others = max(value for name, value in lean.items() if name != intent)
    beside = intent not in ruled and any(name != intent for name in ruled)
    return *told, others, float(beside)


def chances(
    learned: Model, lean: Mapping[str, float], ruled: Collection[str], spared: Collection[str]
) -> dict[str, float]:
    """The chance of each intent."""
    chance = {}
    for intent, (*counts, bias) in zip(learned.intents, learned.evidence, strict=True):
        told = evidence(intent, lean, ruled, spared)
        total = bias + sum(count * said for count, said in zip(counts, told, strict=True))
        chance[intent] = 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
    return chance
