"""The model of replies: what the words of a message say of each intent, and what the rules found, weighed together.

Made by `train.py`, in two parts. A linear one gives each intent a lean, from the pieces of a message: those of the
language check's second layer (characters and their neighbors; words, pairs, parts of words and groups of words of like
meaning), the groups of `groups.py`, the edges of the message, and the whole of a short one. It does not see what the
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

from forbear.conduct.language.hints import LENGTH, pieces
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
        worth: what a piece counts for before any weight.
        weights: for each piece a number for each intent.
        bias: the lean of each intent before any piece.
        evidence: for each intent what each of `evidence` counts for, then its bias.
        holds_at: from which chance on each intent holds.
    """

    intents: tuple[str, ...]
    worth: dict[str, float]
    weights: dict[str, tuple[float, ...]]
    bias: tuple[float, ...]
    evidence: tuple[tuple[float, ...], ...]
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
        evidence=tuple(tuple(row) for row in data["evidence"]),
        holds_at=tuple(data["holds_at"]),
    )


def features(text: str, language: str) -> set[str]:
    """The pieces of a flow."""
    made = {name for name, _, _ in pieces(text, language)}
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
    known = [name for name in sorted(present) if name in learned.worth]
    if len(known) < LEAST_KNOWN:
        return None
    norm = math.sqrt(sum(learned.worth[name] ** 2 for name in known)) or 1e-9
    sums = list(learned.bias)
    for name in known:
        share = LENGTH * learned.worth[name] / norm
        for at, weight in enumerate(learned.weights[name]):
            sums[at] += share * weight
    return dict(zip(learned.intents, sums, strict=True))


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
