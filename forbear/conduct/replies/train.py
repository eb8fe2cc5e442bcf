"""Train the model of replies from the tuning messages: `python -m forbear.conduct.replies.train`.

For each intent a logistic regression as in `forbear.conduct.language.train`: a fixed number of steps, no chance, the
same weights from the same messages. Held-out files are never read. The thresholds are set on scores of messages whose
whole written line was left out of the training: for an intent that protects the borrower as low as leaves
`PRECISION_KEPT` of what is found right, for a miss costs her more than a false alarm costs us; for the others where
precision and recall are best together.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from forbear.conduct.language.forms import flow
from forbear.conduct.language.train import Floats, fitted, presence, weighed
from forbear.conduct.replies.intents import INTENTS, PROTECTING
from forbear.conduct.replies.labelled import DATA, Labelled, read
from forbear.conduct.replies.model import features
from forbear.conduct.replies.rules import found as rules_found

OUT = Path(__file__).parent / "data"
SCALE = 100
FOLDS = 4
PENALTY = 0.3
"""Strength of the L2 penalty, for all messages together."""
RARITY = 1.5
"""Power of the logarithm by which rare pieces count for more."""
LEAST_SEEN = 2
KEPT = 12_000
"""Pieces kept: those that move any intent most."""
PRECISION_KEPT = 0.8
LOWEST, HIGHEST = 0.2, 0.6
"""Between these a threshold lies."""


def worths(found: list[set[str]]) -> dict[str, float]:
    """What each piece counts for before any weight, in alphabetical order."""
    counts = Counter(name for present in found for name in present)
    return {
        name: round(float(np.log(1 + len(found) / seen)) ** RARITY, 2)
        for name, seen in sorted(counts.items())
        if seen >= LEAST_SEEN
    }


def rows_of(found: list[set[str]], worth: dict[str, float]) -> sparse.csr_array:
    """A row of pieces a message, each worth what `worth` says."""
    columns = {name: at for at, name in enumerate(worth)}
    return weighed(presence(found, columns), np.array(list(worth.values())))


def trained(found: list[set[str]], labels: NDArray[np.bool_]) -> tuple[dict[str, float], Floats, Floats]:
    """Worths, weights (pieces by intents) and biases."""
    worth = worths(found)
    fits = [
        fitted(rows_of(found, worth), labels[:, at].astype(np.float64), PENALTY) for at in range(labels.shape[1])
    ]
    return worth, np.stack([weights for weights, _ in fits], axis=1), np.array([bias for _, bias in fits])


def scored(found: list[set[str]], worth: dict[str, float], weights: Floats, bias: Floats) -> Floats:
    """The chance of each intent for each message."""
    rows = rows_of(found, worth)
    sums = np.stack([rows @ weights[:, at] + bias[at] for at in range(len(bias))], axis=1)
    return np.asarray(1 / (1 + np.exp(-sums)))


def left_out(found: list[set[str]], labels: NDArray[np.bool_], lines: list[int]) -> Floats:
    """For each message the chances from a model that has seen nothing of its line."""
    chance = np.zeros(labels.shape)
    folds = np.array([line % FOLDS for line in lines])
    for fold in range(FOLDS):
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        worth, weights, bias = trained([found[at] for at in inside], labels[inside])
        chance[outside] = scored([found[at] for at in outside], worth, weights, bias)
    return chance


def threshold(
    intent: str, chance: Floats, held: NDArray[np.bool_], ruled: NDArray[np.bool_], weight: Floats
) -> float:
    """From which chance on an intent holds; every written line weighs the same, however many messages it stands for."""
    steps = np.arange(LOWEST, HIGHEST + 1e-9, 0.01)
    found = [(chance >= at) | ruled for at in steps]
    right = [float(weight[one & held].sum()) for one in found]
    recall = [hits / float(weight[held].sum()) for hits in right]
    precision = [hits / max(1e-9, float(weight[one].sum())) for hits, one in zip(right, found, strict=True)]
    if intent in PROTECTING:
        fit = [at for at, share in zip(steps, precision, strict=True) if share >= PRECISION_KEPT]
        return round(float(min(fit, default=HIGHEST)), 2)
    both = [2 * p * r / max(1e-9, p + r) for p, r in zip(precision, recall, strict=True)]
    return round(float(steps[int(np.argmax(both))]), 2)


def train(messages: list[Labelled], language: str) -> tuple[dict[str, Any], str]:
    """The model of a language as it is written to its file, and what to expect of it."""
    flows = [flow(m.text).text.strip() for m in messages]
    found = [features(text, language) for text in flows]
    names = list(INTENTS)
    labels = np.array([[name in m.intents for name in names] for m in messages])
    by_rule = [rules_found(text, language) for text in flows]
    ruled = np.array([[name in present for name in names] for present in by_rule])
    chance = left_out(found, labels, [m.line for m in messages])
    of_line = Counter(m.line for m in messages)
    weight = np.array([1 / of_line[m.line] for m in messages])
    holds_at = [
        threshold(name, chance[:, at], labels[:, at], ruled[:, at], weight) for at, name in enumerate(names)
    ]
    worth, weights, bias = trained(found, labels)
    strength = np.abs(weights).max(axis=1) * np.array(list(worth.values()))
    keep = set(np.argsort(-strength, kind="stable")[:KEPT].tolist())
    data = {
        "scale": SCALE,
        "intents": names,
        "bias": [round(float(one), 3) for one in bias],
        "holds_at": holds_at,
        "pieces": {
            name: [round(value * SCALE), *(round(float(w) * SCALE) for w in weights[at])]
            for at, (name, value) in enumerate(worth.items())
            if at in keep
        },
    }
    said = [f"{language}: {len(messages)} messages of {len({m.line for m in messages})} lines"]
    for at, name in enumerate(names):
        holds = (chance[:, at] >= holds_at[at]) | ruled[:, at]
        right = weight[holds & labels[:, at]].sum()
        recall, precision = right / weight[labels[:, at]].sum(), right / max(1e-9, weight[holds].sum())
        said.append(f"  {name:13} at {holds_at[at]:.2f}: recall {recall:.3f}, precision {precision:.3f}")
    return data, "\n".join(said)


def main() -> None:
    """Train both languages and write their weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--language", choices=("zh", "en"), action="append")
    asked = parser.parse_args()
    for language in asked.language or ("zh", "en"):
        data, said = train(read(asked.data / f"{language}_tuning.txt"), language)
        rows = ",\n".join(
            f"{json.dumps(name, ensure_ascii=False)}:{json.dumps(row, separators=(',', ':'))}"
            for name, row in data.pop("pieces").items()
        )
        head = json.dumps(data)[:-1]
        (asked.out / f"weights.{language}.json").write_text(
            f'{head}, "pieces": {{\n{rows}\n}}}}\n', encoding="utf-8"
        )
        print(said)


if __name__ == "__main__":
    main()
