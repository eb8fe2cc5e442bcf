"""What another strategy would have brought, from decisions that were logged with their chances (off-policy evaluation).

Three estimates of the mean result a borrower under a target strategy: by inverse propensity (IPS), self-normalized
(SNIPS) and doubly robust (DR: a model of results, corrected by what was seen), each with a 95 % interval, and a
diagnosis of overlap without which none of them means anything. Formulas: Horvitz and Thompson, JASA 47 (1952);
Swaminathan and Joachims, NIPS 2015; Dudik, Langford and Li, ICML 2011; the interval of SNIPS by the delta method
(Owen, Monte Carlo theory, 2013, chapter 9).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forbear.basics.errors import WrongUse

Floats = NDArray[np.float64]
Z = 1.959963984540054
"""Of a two-sided 95 % interval."""
LEAST_EFFECTIVE = 100
"""Effective decisions below which no estimate is to be trusted."""
MOST_UNSUPPORTED = 0.01
"""Share of the target's chances on steps that were never possible in the log."""


@dataclass(frozen=True, eq=False)
class Logged:
    """Decisions as they were made, one row each.

    Attributes:
        action: number of the step taken, n.
        chances: of every step when it was decided, n x k; each row adds up to 1.
        result: what came of it (money, or 0 and 1), n.
    """

    action: NDArray[np.int64]
    chances: Floats
    result: Floats

    def __post_init__(self) -> None:
        n, k = self.chances.shape
        if self.action.shape != (n,) or self.result.shape != (n,):
            raise WrongUse(f"{n} rows of chances, {len(self.action)} actions, {len(self.result)} results")
        if n == 0 or self.action.min() < 0 or self.action.max() >= k:
            raise WrongUse("no decisions, or an action without a chance", f"actions are numbers below {k}")
        if not np.allclose(self.chances.sum(axis=1), 1, atol=1e-6) or self.chances.min() < 0:
            raise WrongUse("the chances of a decision do not add up to 1")
        if not (self.own > 0).all():
            raise WrongUse(
                "a step was taken whose chance is told as 0", "log the chance with which each was chosen"
            )
        if not np.isfinite(self.result).all():
            raise WrongUse("a result is missing or not finite", "leave decisions out whose time is not over")

    @property
    def own(self) -> Floats:
        """Chance of the step that was taken."""
        chosen: Floats = self.chances[np.arange(len(self.action)), self.action]
        return chosen


@dataclass(frozen=True)
class Estimate:
    """A mean result a decision with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Overlap:
    """Whether the log can speak for the target.

    Attributes:
        effective: decisions that the weights amount to (Kish).
        largest_weight: of one decision, as a share of all.
        unsupported: share of the target's chances on steps that the log never gave a chance.
        is_enough: an estimate may be read.
    """

    effective: float
    largest_weight: float
    unsupported: float
    is_enough: bool


@dataclass(frozen=True)
class Evaluation:
    """All estimates of one target strategy; `dr` is the one to read, `seen` is what the logged strategy brought."""

    ips: Estimate
    snips: Estimate
    dr: Estimate | None
    seen: Estimate
    overlap: Overlap


def evaluate(logged: Logged, target: Floats, expected: Floats | None = None) -> Evaluation:
    """Estimate what a target strategy would have brought.

    Args:
        logged: decisions with their chances.
        target: chances of every step under the target, n x k.
        expected: results that a model expects of every step, n x k, each row from a model that has not seen that row
            (`cross_fitted`); None leaves the doubly robust estimate out.

    Raises:
        WrongUse: shapes that do not fit, or chances that do not add up to 1.
    """
    if (
        target.shape != logged.chances.shape
        or not np.allclose(target.sum(axis=1), 1, atol=1e-6)
        or target.min() < 0
    ):
        raise WrongUse("the target's chances have another shape than the log's, or do not add up to 1")
    rows = np.arange(len(logged.action))
    weight = target[rows, logged.action] / logged.own
    dr = None
    if expected is not None:
        if expected.shape != target.shape or not np.isfinite(expected).all():
            raise WrongUse("a result is expected of every decision and step", "give a finite number for each")
        missed = logged.result - expected[rows, logged.action]
        dr = _mean((target * expected).sum(axis=1) + weight * missed)
    return Evaluation(
        _mean(weight * logged.result),
        _ratio(weight, logged.result),
        dr,
        _mean(logged.result),
        _overlap(logged, target, weight),
    )


def _mean(values: Floats) -> Estimate:
    value = float(values.mean())
    half = Z * float(values.std(ddof=1)) / len(values) ** 0.5 if len(values) > 1 else float("inf")
    return Estimate(value, value - half, value + half)


def _ratio(weight: Floats, result: Floats) -> Estimate:
    total = float(weight.sum())
    if total == 0:
        return Estimate(float("nan"), float("-inf"), float("inf"))
    value = float((weight * result).sum() / total)
    half = Z * float(np.sqrt((weight**2 * (result - value) ** 2).sum())) / total
    return Estimate(value, value - half, value + half)


def _overlap(logged: Logged, target: Floats, weight: Floats) -> Overlap:
    total, squares = float(weight.sum()), float((weight**2).sum())
    effective = total**2 / squares if squares else 0.0
    unsupported = float(np.where(logged.chances == 0, target, 0).sum() / len(target))
    largest = float(weight.max() / total) if total else 1.0
    enough = effective >= LEAST_EFFECTIVE and unsupported <= MOST_UNSUPPORTED
    return Overlap(effective, largest, unsupported, enough)


def cross_fitted(features: Floats, logged: Logged, *, folds: int = 5, seed: int = 1) -> Floats:
    """Results that a model expects of every decision and step, n x k, each row told by a model that has not seen it.

    Gradient boosting (CatBoost) over features and step; a step that a fold has never seen is told by the others' mean.

    Args:
        features: n x m, as known when it was decided; NaN for what is not known.
        logged: decisions with their chances.
        folds: parts of the rows.
        seed: of the parts and the trees.
    """
    from catboost import CatBoostRegressor

    n, k = logged.chances.shape
    fold = np.random.default_rng(seed).permutation(n) % folds
    told: Floats = np.zeros((n, k))
    steps = np.eye(k)
    for one in range(folds):
        train, test = fold != one, fold == one
        seen = logged.result[train]
        if len(seen) == 0 or (seen == seen[0]).all():  # nothing to learn: the same is expected of every step
            told[test] = seen[0] if len(seen) else logged.result.mean()
            continue
        model = CatBoostRegressor(
            iterations=150, depth=4, learning_rate=0.08, l2_leaf_reg=5, random_seed=seed, thread_count=2,
            verbose=False, allow_writing_files=False,
        )  # fmt: skip
        model.fit(np.hstack([features[train], steps[logged.action[train]]]), seen)
        for step in range(k):
            asked = np.hstack([features[test], np.tile(steps[step], (int(test.sum()), 1))])
            told[test, step] = model.predict(asked)
    return told
