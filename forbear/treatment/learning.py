"""How values are learned from decisions that were logged with their chances: shrunk, and told with their doubt.

The extra discounted money within the horizon (90 days) of an action against waiting, as a share of the money at stake:

1. *A result with little noise.* Money of the first days (the step) is counted as it came; what comes after is told by a
   model from the state at the end of the step (a surrogate index: Athey, Chetty, Imbens, Kang, NBER 26463, 2019).
2. *Doubly robust differences* from waiting with the logged chances (Kennedy, Electronic Journal of Statistics 17(2),
   2023), on residuals of a model that has not seen the borrower (cross-fitting). One model of results serves all
   actions: what an action adds is small beside how people differ, and known chances keep the estimate right.
3. *Who gains more*: boosted trees of those differences (CatBoost), drawn toward the action's mean by the slope with
   which they foretell unseen borrowers (best linear predictor: Chernozhukov, Demirer, Duflo, Fernandez-Val, 2018).
4. *Who can be found*: an attempt works only on whom it finds, which the log tells with far less noise than money: an
   action's mean is multiplied by the person's chance to be found by it over the usual one.
5. *The action's mean*, drawn toward a prior where data are thin (normal means, by precision); *each stage's own mean*,
   drawn toward the action's (`stages.py`), where the log names the feature that tells stages.
6. *Value to go*: what the best step a step later would be worth, after waiting and after having acted; their difference
   is what acting today gives up.

It stops at `values.Values`; reading logs is `values_files`, keeping values `values_folder`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forbear.basics.errors import WrongUse
from forbear.treatment.stages import Between, ByStage, Stages, between, drawn
from forbear.treatment.values import CAUTION, WAIT, Bools, Floats, Ints, Log, Mean, Prior, Values, with_flag

FOLDS = 2
LEAST_TAKEN = 200
"""Times an action must have been taken for its effect to be learned; below it the prior stands alone."""
LEAST_CHANCE = 0.005
"""A logged chance below which a decision says nothing of an action (its weight would drown all others)."""
RESULT_TREES: dict[str, Any] = {"iterations": 200, "depth": 5, "learning_rate": 0.08, "l2_leaf_reg": 10}
EFFECT_TREES: dict[str, Any] = {"iterations": 150, "depth": 2, "learning_rate": 0.03, "l2_leaf_reg": 1000}
REACH_TREES: dict[str, Any] = {"iterations": 200, "depth": 5, "learning_rate": 0.08, "l2_leaf_reg": 10}
EXACT: dict[str, Any] = {"random_seed": 7, "thread_count": 2, "verbose": False, "allow_writing_files": False}


def learn(log: Log, priors: Mapping[str, Prior], *, personal: bool = True) -> Values:
    """Learn what actions bring.

    Args:
        log: decisions with chances and what followed.
        priors: by action; an action without one gets a prior of nothing that is as wide as its learned error allows.
        personal: also learn who gains more, and the value to go.

    Raises:
        WrongUse: waiting is too rare in the log, so that there is nothing to compare with.
    """
    if (log.taken == WAIT).sum() < LEAST_TAKEN:
        raise WrongUse(
            f"the log waited {(log.taken == WAIT).sum()} times",
            f"at least {LEAST_TAKEN} are needed to compare with",
        )
    fold = _folds(log.borrower)
    result = _results(log, fold)
    missed = result - _cross(log.features, result, fold)
    means, by_stage = _means(log, missed, priors)
    trees: tuple[Any, ...] = ()
    slope, slope_error, center = 0.0, 0.0, 0.0
    if personal and any(m.weight > 0 for m in means[1:]):
        difference, weight = _pooled(log, missed, means, by_stage)
        trees, told = _effects(log, difference, weight, fold)
        slope, slope_error = _slope(difference, told, weight, log.borrower)
        trees, center = (trees, _centre(told, weight)) if slope > 0 else ((), 0.0)
    reach, usual, by_stage = _reach(log, by_stage)
    made = (log.columns, log.actions, means, slope, slope_error, center, trees, reach, usual)
    size = (len(log.taken), len(np.unique(log.borrower)))
    values = Values(*made, None, *size, by_stage)
    return Values(*made, _to_go(log, values), *size, by_stage) if personal and log.after is not None else values


def _folds(borrower: Ints) -> Ints:
    """A fold for each row, by a hash of the borrower (the 64-bit finalizer of MurmurHash3)."""
    mixed = borrower.astype(np.uint64)
    for times in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(times)
    return ((mixed ^ (mixed >> np.uint64(33))) % np.uint64(FOLDS)).astype(np.int64)


def _regressor(**given: Any) -> Any:
    from catboost import CatBoostRegressor

    return CatBoostRegressor(**given, **EXACT)


def _cross(features: Floats, target: Floats, fold: Ints) -> Floats:
    """What a model of the other folds says of each row; rows whose target is not known are asked but teach nothing."""
    told = np.zeros(len(target))
    known = np.isfinite(target)
    for one in range(FOLDS):
        train, test = known & (fold != one), fold == one
        model = _regressor(**RESULT_TREES).fit(features[train], target[train])
        told[test] = model.predict(features[test])
    return told


def _results(log: Log, fold: Ints) -> Floats:
    """The step's money as it came, and what a model says of the rest from the state at its end, if any is known."""
    if log.after is None:
        return log.soon + np.where(np.isfinite(log.later), log.later, 0)
    if np.isfinite(log.later).sum() < LEAST_TAKEN:
        return log.soon
    some = [log.columns.index(name) for name in log.state or log.columns]
    return log.soon + _cross(log.after[:, some], log.later, fold)


def _means(log: Log, missed: Floats, priors: Mapping[str, Prior]) -> tuple[tuple[Mean, ...], ByStage | None]:
    """Every action's mean, learned and drawn toward its prior; and every stage's, drawn toward the action's."""
    taken = np.bincount(log.taken, minlength=len(log.actions))
    means = [Mean(log.actions[0], int(taken[0]), 0.0, 0.0, Prior(0, 0, "waiting"), 1.0, 0.0, 0.0)]
    own = None if log.stages is None else _Own.nothing(log, log.stages)
    for a, name in enumerate(log.actions[1:], 1):
        found, variance = (float("nan"), float("nan")), 0.0
        if taken[a] >= LEAST_TAKEN:
            difference = _difference(log, missed, a)
            found = _mean(difference, log.borrower)
            if own is not None:
                agreed = own.learn(log, difference, a)
                if np.isfinite(agreed.mean):
                    found, variance = (agreed.mean, agreed.error), agreed.variance
        means.append(_joined(name, int(taken[a]), found, priors.get(name)))
        if own is not None:
            own.draw(a, means[-1], variance)
    return tuple(means), None if own is None else own.told()


@dataclass(frozen=True, eq=False)
class _Own:
    """Tables of the stages' own figures in the making, (stages + 1) x actions."""

    stages: Stages
    place: Ints
    taken: Ints
    learned: Floats
    error: Floats
    mean: Floats
    deviation: Floats

    @classmethod
    def nothing(cls, log: Log, stages: Stages) -> _Own:
        place, shape = stages.of(log.columns, log.features), (len(stages) + 1, len(log.actions))
        taken = np.zeros(shape, dtype=np.int64)
        np.add.at(taken, (place, log.taken), 1)
        unknown = [np.full(shape, np.nan) for _ in range(2)]
        return cls(stages, place, taken, unknown[0], unknown[1], np.zeros(shape), np.zeros(shape))

    def learn(self, log: Log, difference: Floats, action: int) -> Between:
        """Each stage's mean difference, where it was tried often enough; gives what they agree on."""
        for stage in range(len(self.stages)):
            if self.taken[stage, [action, WAIT]].min() >= LEAST_TAKEN:
                here = np.where(self.place == stage, difference, np.nan)
                self.learned[stage, action], self.error[stage, action] = _mean(here, log.borrower)
        return between(self.learned[:-1, action], self.error[:-1, action])

    def draw(self, action: int, mean: Mean, variance: float) -> None:
        """Draw the stages' figures toward the action's."""
        own = (self.learned[:-1, action], self.error[:-1, action])
        self.mean[:, action], self.deviation[:, action] = drawn(*own, mean.mean, mean.deviation, variance)

    def told(self) -> ByStage:
        """As it will be kept; who is usually found is not known yet."""
        usual = np.zeros(self.mean.shape)
        return ByStage(self.stages, self.taken, self.learned, self.error, self.mean, self.deviation, usual)


def _difference(log: Log, missed: Floats, action: int) -> Floats:
    """Doubly robust difference of an action from waiting, n; NaN where either had no chance worth the name."""
    mine, waits = log.chances[:, action], log.chances[:, WAIT]
    able = (mine >= LEAST_CHANCE) & (waits >= LEAST_CHANCE)
    apart = np.where(log.taken == action, missed / np.maximum(mine, LEAST_CHANCE), 0.0)
    apart -= np.where(log.taken == WAIT, missed / np.maximum(waits, LEAST_CHANCE), 0.0)
    return np.where(able, apart, np.nan)


def _mean(difference: Floats, borrower: Ints) -> tuple[float, float]:
    """Mean difference and its standard error, decisions of one borrower counted together."""
    able = np.isfinite(difference)
    if able.sum() < 2:
        return float("nan"), float("nan")
    mean = float(difference[able].mean())
    _, owner = np.unique(borrower[able], return_inverse=True)
    sums = np.bincount(owner, weights=difference[able] - mean)
    return mean, float(np.sqrt((sums**2).sum()) / able.sum())


def _pooled(log: Log, missed: Floats, means: tuple[Mean, ...], by_stage: ByStage | None) -> tuple[Floats, Floats]:
    """Difference from waiting of being treated at all, less each action's own mean: what differs among people.

    Beside it each row's weight: one over the variance at its stage, 1 on average.
    """
    known = np.array([m.weight > 0 for m in means])
    known[WAIT] = False
    treated, waits = log.chances[:, known].sum(axis=1), log.chances[:, WAIT]
    able = (treated >= LEAST_CHANCE) & (waits >= LEAST_CHANCE)
    if by_stage is None:
        stage = np.zeros(len(missed), dtype=np.int64)
        usual = np.array([m.learned if known[a] else 0.0 for a, m in enumerate(means)])[log.taken]
    else:
        stage = by_stage.stages.of(log.columns, log.features)
        usual = np.where(known, by_stage.mean, 0.0)[stage, log.taken]
    own = missed - usual
    apart = np.where(known[log.taken], own / np.maximum(treated, LEAST_CHANCE), 0.0)
    apart -= np.where(log.taken == WAIT, missed / np.maximum(waits, LEAST_CHANCE), 0.0)
    return np.where(able, apart, np.nan), _weights(apart, able, stage)


def _weights(apart: Floats, able: Bools, stage: Ints) -> Floats:
    weight = np.zeros(len(apart))
    for one in np.unique(stage[able]):
        here = able & (stage == one)
        weight[here] = 1 / max(float(apart[here].var()), 1e-12)
    mean = weight[able].mean() if able.any() else 1.0
    return np.asarray(weight / mean, dtype=np.float64)


def _effects(log: Log, difference: Floats, weight: Floats, fold: Ints) -> tuple[tuple[Any, ...], Floats]:
    """Trees of every fold's complement, and what they say of rows they have not seen."""
    known, told, trees = np.isfinite(difference), np.zeros(len(difference)), []
    for one in range(FOLDS):
        train = known & (fold != one)
        fitted = _regressor(**EFFECT_TREES)
        trees.append(fitted.fit(log.features[train], difference[train], sample_weight=weight[train]))
        told[fold == one] = trees[-1].predict(log.features[fold == one])
    return tuple(trees), told


def _centre(told: Floats, weight: Floats) -> float:
    return float((told * weight).sum() / weight.sum())


def _slope(difference: Floats, told: Floats, weight: Floats, borrower: Ints) -> tuple[float, float]:
    """How far differences between persons are believed: what one told unit foretells of unseen borrowers, 0 to 1."""
    keep = np.isfinite(difference)
    w = weight[keep]
    x = told[keep] - _centre(told[keep], w)
    y = difference[keep] - _centre(difference[keep], w)
    spread = float((w * x**2).sum())
    if spread <= 0:
        return 0.0, 0.0
    slope = float((w * x * y).sum() / spread)
    _, owner = np.unique(borrower[keep], return_inverse=True)
    error = float(np.sqrt((np.bincount(owner, weights=w * x * (y - slope * x)) ** 2).sum()) / spread)
    return float(np.clip(slope - CAUTION * error, 0.0, 1.0)), error


def _joined(name: str, taken: int, learned: tuple[float, float], prior: Prior | None) -> Mean:
    found, error = learned
    prior = prior or Prior(0.0, 3 * error if np.isfinite(error) else 0.0, "no effect, as nothing is known")
    if not np.isfinite(found):
        return Mean(name, taken, found, error, prior, 0.0, prior.mean, prior.deviation)
    weight = prior.deviation**2 / max(prior.deviation**2 + error**2, 1e-30)
    mean = weight * found + (1 - weight) * prior.mean
    return Mean(name, taken, found, error, prior, weight, mean, float(np.sqrt(weight)) * error)


def _reach(log: Log, by_stage: ByStage | None) -> tuple[Any | None, tuple[float, ...], ByStage | None]:
    """Trees of the chance to be found, and its mean by action and by stage; 0 where too few attempts tell it."""
    nothing = (0.0,) * len(log.actions)
    if log.reached is None:
        return None, nothing, by_stage
    told = np.isfinite(log.reached) & (log.taken != WAIT)
    tries = np.bincount(log.taken[told], minlength=len(log.actions))
    if tries.max() < LEAST_TAKEN:
        return None, nothing, by_stage
    asked = with_flag(log.features, log.taken.astype(np.float64))
    trees = _regressor(**REACH_TREES).fit(asked[told], log.reached[told])
    often = np.flatnonzero(tries >= LEAST_TAKEN)
    chance = np.zeros(log.chances.shape)
    for a in often:
        chance[:, a] = np.clip(trees.predict(with_flag(log.features, float(a))), 0, 1)
    usual = tuple(float(c) for c in chance.mean(axis=0))
    return trees, usual, None if by_stage is None else _usual_by_stage(log, by_stage, chance)


def _usual_by_stage(log: Log, by_stage: ByStage, chance: Floats) -> ByStage:
    """Means of the chances by stage; over all where a stage holds nobody."""
    stage, usual = by_stage.stages.of(log.columns, log.features), by_stage.usual.copy()
    usual[:] = chance.mean(axis=0)
    for one in range(len(by_stage.stages)):
        if (stage == one).any():
            usual[one] = chance[stage == one].mean(axis=0)
    return replace(by_stage, usual=usual)


def _to_go(log: Log, values: Values) -> Any | None:
    """Trees of the best lower bound at the step's end, of the features and of having acted; None: nothing has one."""
    assert log.after is not None
    gains = values.gains(log.after)
    best = np.where(log.still, np.maximum(gains.low[:, 1:].max(axis=1), 0), 0)
    if best.max() <= best.min():
        return None
    acted = (log.taken != WAIT).astype(np.float64)
    return _regressor(**{**RESULT_TREES, "iterations": 100}).fit(with_flag(log.features, acted), best)
