"""Train the second layer from the tuning messages: `python -m forbear.conduct.language.train`.

Full-batch logistic regression with a fixed number of Adam steps and an L2 penalty: no randomness but the folds'
seed, so the same messages give the same weights. Held-out files are never read. Five folds tell what to expect and
set the thresholds that are written beside the weights.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forbear.conduct.language.check import Language, read_message
from forbear.conduct.language.hints import features
from forbear.conduct.language.measure import DATA, LAWFUL, Labelled, read

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
PENALTY = 3e-4
STEPS = 250
RATE = 0.03
FOLDS = 5
SEED = 1
SCALE = 100
"""Weights are kept as whole hundredths."""
SMALLEST = 0.06
SMALLEST_KIND = 0.12
"""Weights below these are not kept, for the verdict and for the category."""
GRID = (0.02, 0.05, *(round(0.05 * step, 2) for step in range(2, 20)))
LEAST_RAISE = 0.5
"""Thresholds tried; a finding is never raised below an even chance."""
ALARMS_ALLOWED = 0.017
"""Share of lawful tuning messages that may be forbidden, in cross-validation."""
RAISED_ALLOWED = 0.01
"""The part of them that may have no pattern's match."""
OUT = Path(__file__).parent / "data"


def fitted(x: Floats, y: Floats) -> tuple[Floats, float]:
    """Weights and bias of an L2-penalised logistic regression by Adam."""
    rows, columns = x.shape
    theta = np.zeros(columns + 1)
    mean, square = np.zeros(columns + 1), np.zeros(columns + 1)
    for step in range(1, STEPS + 1):
        error = (1 / (1 + np.exp(-(x @ theta[:-1] + theta[-1]))) - y) / rows
        slope = np.append(x.T @ error + PENALTY * theta[:-1], error.sum())
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope * slope
        theta -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return theta[:-1], float(theta[-1])


def matrix(found: list[set[str]], names: dict[str, int]) -> Floats:
    """Rows of features, scaled as `hints.score` scales them."""
    x = np.zeros((len(found), len(names)))
    for row, present in enumerate(found):
        columns = [names[name] for name in present if name in names]
        x[row, columns] = 3 / np.sqrt(max(1, len(columns)))
    return x


def vocabulary(found: list[set[str]]) -> dict[str, int]:
    """Features met at least three times, in alphabetical order."""
    counts = Counter(name for present in found for name in present)
    return {name: at for at, name in enumerate(sorted(n for n, seen in counts.items() if seen >= 3))}


def cross_validated(found: list[set[str]], y: Floats) -> Floats:
    """For each message the probability from a model that has not seen it."""
    order = list(range(len(found)))
    random.Random(SEED).shuffle(order)  # noqa: S311 folds, not secrets
    scores = np.zeros(len(found))
    for fold in range(FOLDS):
        left_out = order[fold::FOLDS]
        rest = sorted(set(order) - set(left_out))
        names = vocabulary([found[at] for at in rest])
        weights, bias = fitted(matrix([found[at] for at in rest], names), y[rest])
        x = matrix([found[at] for at in left_out], names)
        scores[left_out] = 1 / (1 + np.exp(-(x @ weights + bias)))
    return scores


def flagged(scores: Floats, patterns: Counts, raise_at: float, keep_at: float, keep_many_at: float) -> Flags:
    """Which messages the check would forbid with these thresholds; see `hints.Model`."""
    return scores >= np.select([patterns == 0, patterns == 1], [raise_at, keep_at], keep_many_at)


def raising(scores: Floats, y: Floats, patterns: Counts) -> float:
    """Where to raise a finding that no pattern made: the lowest that stays within its part of the alarms.

    It is set apart from the other two. The patterns were written on these very messages, so that hardly any
    forbidden one is left without a match; judged by recall here, raising would always look useless.
    """
    silent = (y == 0) & (patterns == 0)
    lawful = max(1, int((y == 0).sum()))
    fit = [at for at in GRID if at >= LEAST_RAISE and (scores[silent] >= at).sum() / lawful <= RAISED_ALLOWED]
    return min(fit, default=GRID[-1])


def thresholds(scores: Floats, y: Floats, patterns: Counts) -> tuple[float, float, float]:
    """Where to raise a finding, and down to where to keep one that one or several patterns made.

    Among pairs to keep whose alarms stay within the allowance the one with the best recall; of equals the stricter.
    """
    raise_at = raising(scores, y, patterns)
    best: tuple[float, float, float] = (-1.0, raise_at, raise_at)
    lower = [at for at in GRID[::-1] if at <= raise_at]
    for keep_at, keep_many_at in combinations_with_replacement(lower, 2):
        found = flagged(scores, patterns, raise_at, keep_at, keep_many_at)
        if found[y == 0].mean() <= ALARMS_ALLOWED:
            best = max(best, (float(found[y == 1].mean()), keep_at, keep_many_at))
    return raise_at, best[1], best[2]


def _kept(names: dict[str, int], weights: Floats, least: float) -> dict[str, int]:
    """Weights worth keeping, as whole numbers of 1 / SCALE."""
    return {n: round(float(weights[at]) * SCALE) for n, at in names.items() if abs(weights[at]) >= least}


def _kinds(messages: list[Labelled], x: Floats, names: dict[str, int]) -> dict[str, dict[str, int]]:
    """For each category the weights that tell it from the other forbidden messages."""
    bad = np.array([LAWFUL not in m.labels for m in messages])
    kinds = {}
    for label in sorted({label for m in messages for label in m.labels} - {LAWFUL, "missing_opt_out"}):
        own = np.array([float(label in m.labels) for m in messages])
        kinds[label] = _kept(names, fitted(x[bad], own[bad])[0], SMALLEST_KIND)
    return kinds


def trained(messages: list[Labelled], language: Language) -> dict[str, Any]:
    """The model of one language, as plain data."""
    read_ones = [read_message(m.text, language, m.facts) for m in messages]
    found = [features(r.flow.text, language, r.hits, r.kept_rules, r.harmless_rules) for r in read_ones]
    patterns = np.array([r.patterns for r in read_ones])
    y = np.array([float(LAWFUL not in m.labels) for m in messages])
    scores = cross_validated(found, y)
    raise_at, keep_at, keep_many_at = thresholds(scores, y, patterns)
    hit = flagged(scores, patterns, raise_at, keep_at, keep_many_at)
    print(
        f"{language}: {len(messages)} messages, cross-validated recall {hit[y == 1].mean():.3f}, "
        f"alarms {hit[y == 0].mean():.3f}; raise at {raise_at}, keep at {keep_at}, many at {keep_many_at}"
    )
    names = vocabulary(found)
    x = matrix(found, names)
    weights, bias = fitted(x, y)
    return {
        "scale": SCALE,
        "lawless": _kept(names, weights, SMALLEST),
        "bias": round(bias, 4),
        "kinds": _kinds(messages, x, names),
        "raise_at": raise_at,
        "keep_at": keep_at,
        "keep_many_at": keep_many_at,
    }


def main() -> None:
    """Train both languages and write their weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    languages: tuple[Language, ...] = ("en", "zh")
    for language in languages:
        parts = sorted(asked.data.glob(f"{language}_tuning*.csv"))
        made = trained([message for part in parts for message in read(part)], language)
        text = json.dumps(made, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        (asked.out / f"hints.{language}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
