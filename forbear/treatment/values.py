"""What an action brings: learned from decisions that were logged with their chances, shrunk, and told with its doubt.

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
5. *The action's mean*, drawn toward a prior where data are thin (normal means, by precision).
6. *Value to go*: what the best step a step later would be worth, after waiting and after having acted; their difference
   is what acting today gives up.

The lower bound decides. Nothing here knows channels, costs or the law; it stops at shares, their errors, their sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forbear.basics.errors import WrongUse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
WAIT = 0
"""Number of the action that is waiting."""
FOLDS = 2
CAUTION = 1.282
"""Standard errors below the estimate at which the lower bound lies: one-sided 90 %."""
LEAST_TAKEN = 200
"""Times an action must have been taken for its effect to be learned; below it the prior stands alone."""
LEAST_CHANCE = 0.005
"""A logged chance below which a decision says nothing of an action (its weight would drown all others)."""
RESULT_TREES: dict[str, Any] = {"iterations": 200, "depth": 5, "learning_rate": 0.08, "l2_leaf_reg": 10}
EFFECT_TREES: dict[str, Any] = {"iterations": 150, "depth": 2, "learning_rate": 0.03, "l2_leaf_reg": 1000}
REACH_TREES: dict[str, Any] = {"iterations": 200, "depth": 5, "learning_rate": 0.08, "l2_leaf_reg": 10}
EXACT: dict[str, Any] = {"random_seed": 7, "thread_count": 2, "verbose": False, "allow_writing_files": False}


@dataclass(frozen=True, eq=False)
class Log:
    """Decisions drawn with known chances, one row each; n rows, m features, k actions of which the first waits.

    Attributes:
        columns: names of the features.
        features: as known when it was decided, n x m; NaN for what is not known.
        actions: names, waiting first.
        taken: number of the action, n.
        chances: of every action, n x k; rows add up to 1.
        borrower: number of the person, n; a person stands in one fold.
        soon: money received within the step, discounted, as a share of the money at stake, n.
        later: the same from the step's end to the horizon; NaN where it is not known yet.
        after: the features at the end of the step, n x m; None: `soon` is the whole result.
        state: names of the features that tell what comes after the step: those of the loan. Counts of contacts must
            not be among them: who was late for longer was contacted more, and a model would blame the contact.
        still: whether there is something to decide at the end of the step, n.
        reached: 1 where the action found the person, 0 where not; NaN where nothing was done or it is not known.
    """

    columns: tuple[str, ...]
    features: Floats
    actions: tuple[str, ...]
    taken: Ints
    chances: Floats
    borrower: Ints
    soon: Floats
    later: Floats
    after: Floats | None
    still: Bools
    state: tuple[str, ...] = ()
    reached: Floats | None = None

    def __post_init__(self) -> None:
        n, k = self.chances.shape
        if self.features.shape != (n, len(self.columns)) or k != len(self.actions) or n == 0:
            raise WrongUse(f"{n} rows of chances do not fit features and actions", "give one row a decision")
        if not np.allclose(self.chances.sum(axis=1), 1, atol=1e-4) or self.chances.min() < 0:
            raise WrongUse("the chances of a decision do not add up to 1", "log the chance of every action")
        if not (self.chances[np.arange(n), self.taken] > 0).all():
            raise WrongUse("an action was taken whose chance is told as 0", "log the chance of every action")
        if not np.isfinite(self.soon).all():
            raise WrongUse("a result is missing or not finite", "leave out decisions whose step is not over")


@dataclass(frozen=True)
class Prior:
    """What is believed of an action before data: a normal distribution of its mean share, and where it is from."""

    mean: float
    deviation: float
    source: str


@dataclass(frozen=True)
class Mean:
    """An action's mean share and how it came about.

    Attributes:
        action: its name.
        taken: times in the log.
        learned, error: doubly robust mean against waiting and its standard error (by borrower); NaN when not learned.
        prior: what was believed before.
        weight: of the data, 0 to 1.
        mean, deviation: what both together say.
    """

    action: str
    taken: int
    learned: float
    error: float
    prior: Prior
    weight: float
    mean: float
    deviation: float

    @property
    def low(self) -> float:
        """The lower bound."""
        return self.mean - CAUTION * self.deviation

    @property
    def source(self) -> str:
        """`learned` when the data weigh nine tenths and more, `prior` without data, else `shrunk`."""
        return "prior" if self.weight == 0 else "learned" if self.weight >= 0.9 else "shrunk"


@dataclass(frozen=True, eq=False)
class Gains:
    """Shares of the money at stake against waiting, n x k (waiting is 0), and the standard error of each."""

    mean: Floats
    error: Floats

    @property
    def low(self) -> Floats:
        """The lower bound, which decides."""
        low: Floats = self.mean - CAUTION * self.error
        return low


@dataclass(frozen=True, eq=False)
class Values:
    """What was learned.

    Attributes:
        columns, actions: as in the log.
        means: by action; waiting's is 0.
        slope, slope_error: how far a person's own difference is believed, 0 (not at all) to 1.
        center: mean of the trees' answers, from which a person's difference is counted.
        effects: trees of each fold's complement, telling how much more a person gains from being treated at all; empty
            when that is not believed.
        reach: trees of the chance to be found, of features and action; None where the log does not tell it.
        usual: of each action, the mean of that chance.
        to_go: trees of the best lower bound a step later, of features and of having acted; None: not weighed.
        rows, borrowers: of the log.
    """

    columns: tuple[str, ...]
    actions: tuple[str, ...]
    means: tuple[Mean, ...]
    slope: float
    slope_error: float
    center: float
    effects: tuple[Any, ...]
    reach: Any | None
    usual: tuple[float, ...]
    to_go: Any | None
    rows: int
    borrowers: int

    def gains(self, features: Floats) -> Gains:
        """What every action brings for every row of features (n x m, in the order of `columns`)."""
        shape = (len(features), len(self.actions))
        found = self.found(features)
        mean = found * [m.mean for m in self.means]
        doubt = found * [m.deviation for m in self.means]
        if self.effects and len(features):
            own = sum(trees.predict(features) for trees in self.effects) / len(self.effects) - self.center
            known = np.array([m.weight > 0 for m in self.means]) & (np.arange(shape[1]) != WAIT)
            mean[:, known] += self.slope * own[:, None]
            doubt[:, known] = np.hypot(doubt[:, known], self.slope_error * own[:, None])
        return Gains(mean, doubt)

    def found(self, features: Floats) -> Floats:
        """How much likelier than usual each action finds each person, n x k; 1 where nothing is known."""
        ratio = np.ones((len(features), len(self.actions)))
        if self.reach is not None and len(features):
            for a, usual in enumerate(self.usual):
                if usual > 0:
                    ratio[:, a] = np.clip(self.reach.predict(_with_flag(features, float(a))), 0, 1) / usual
        return ratio

    def given_up(self, features: Floats) -> Floats:
        """What acting today takes from the value of later steps, as a share of the money at stake, n; 0 or more."""
        if self.to_go is None or not len(features):
            return np.zeros(len(features))
        waited, acted = (self.to_go.predict(_with_flag(features, flag)) for flag in (0.0, 1.0))
        lost: Floats = np.maximum(np.maximum(waited, 0) - np.maximum(acted, 0), 0)
        return lost


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
    means = _means(log, missed, priors)
    trees: tuple[Any, ...] = ()
    slope, slope_error, center = 0.0, 0.0, 0.0
    if personal and any(m.weight > 0 for m in means[1:]):
        difference = _pooled(log, missed, means)
        trees, told = _effects(log, difference, fold)
        slope, slope_error = _slope(difference, told, log.borrower)
        trees, center = (trees, float(told.mean())) if slope > 0 else ((), 0.0)
    reach, usual = _reach(log)
    made = (log.columns, log.actions, means, slope, slope_error, center, trees, reach, usual)
    size = (len(log.taken), len(np.unique(log.borrower)))
    values = Values(*made, None, *size)
    return Values(*made, _to_go(log, values), *size) if personal and log.after is not None else values


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


def _means(log: Log, missed: Floats, priors: Mapping[str, Prior]) -> tuple[Mean, ...]:
    """Every action's mean, learned and drawn toward its prior."""
    taken = np.bincount(log.taken, minlength=len(log.actions))
    means = [Mean(log.actions[0], int(taken[0]), 0.0, 0.0, Prior(0, 0, "waiting"), 1.0, 0.0, 0.0)]
    for a, name in enumerate(log.actions[1:], 1):
        found = float("nan"), float("nan")
        if taken[a] >= LEAST_TAKEN:
            found = _mean(_difference(log, missed, a), log.borrower)
        means.append(_joined(name, int(taken[a]), found, priors.get(name)))
    return tuple(means)


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


def _pooled(log: Log, missed: Floats, means: tuple[Mean, ...]) -> Floats:
    """Difference from waiting of being treated at all, each action's own mean taken off: what differs among people."""
    known = np.array([m.weight > 0 for m in means])
    known[WAIT] = False
    treated, waits = log.chances[:, known].sum(axis=1), log.chances[:, WAIT]
    able = (treated >= LEAST_CHANCE) & (waits >= LEAST_CHANCE)
    own = missed - np.array([m.learned if known[a] else 0.0 for a, m in enumerate(means)])[log.taken]
    apart = np.where(known[log.taken], own / np.maximum(treated, LEAST_CHANCE), 0.0)
    apart -= np.where(log.taken == WAIT, missed / np.maximum(waits, LEAST_CHANCE), 0.0)
    return np.where(able, apart, np.nan)


def _effects(log: Log, difference: Floats, fold: Ints) -> tuple[tuple[Any, ...], Floats]:
    """Trees of every fold's complement, and what they say of rows they have not seen."""
    known, told, trees = np.isfinite(difference), np.zeros(len(difference)), []
    for one in range(FOLDS):
        train = known & (fold != one)
        trees.append(_regressor(**EFFECT_TREES).fit(log.features[train], difference[train]))
        told[fold == one] = trees[-1].predict(log.features[fold == one])
    return tuple(trees), told


def _slope(difference: Floats, told: Floats, borrower: Ints) -> tuple[float, float]:
    """How far differences between persons are believed: what one told unit foretells of unseen borrowers, 0 to 1."""
    keep = np.isfinite(difference)
    x, y = told[keep] - told[keep].mean(), difference[keep] - difference[keep].mean()
    spread = float((x**2).sum())
    if spread <= 0:
        return 0.0, 0.0
    slope = float((x * y).sum() / spread)
    _, owner = np.unique(borrower[keep], return_inverse=True)
    error = float(np.sqrt((np.bincount(owner, weights=x * (y - slope * x)) ** 2).sum()) / spread)
    return float(np.clip(slope - CAUTION * error, 0.0, 1.0)), error


def _joined(name: str, taken: int, learned: tuple[float, float], prior: Prior | None) -> Mean:
    found, error = learned
    prior = prior or Prior(0.0, 3 * error if np.isfinite(error) else 0.0, "no effect, as nothing is known")
    if not np.isfinite(found):
        return Mean(name, taken, found, error, prior, 0.0, prior.mean, prior.deviation)
    weight = prior.deviation**2 / max(prior.deviation**2 + error**2, 1e-30)
    mean = weight * found + (1 - weight) * prior.mean
    return Mean(name, taken, found, error, prior, weight, mean, float(np.sqrt(weight)) * error)


def _reach(log: Log) -> tuple[Any | None, tuple[float, ...]]:
    """Trees of the chance to be found, and its mean over all decisions by action; 0 where too few attempts tell it."""
    nothing = (0.0,) * len(log.actions)
    if log.reached is None:
        return None, nothing
    told = np.isfinite(log.reached) & (log.taken != WAIT)
    tries = np.bincount(log.taken[told], minlength=len(log.actions))
    if tries.max() < LEAST_TAKEN:
        return None, nothing
    asked = _with_flag(log.features, log.taken.astype(np.float64))
    trees = _regressor(**REACH_TREES).fit(asked[told], log.reached[told])
    usual = [
        float(np.clip(trees.predict(_with_flag(log.features, float(a))), 0, 1).mean()) if n >= LEAST_TAKEN else 0.0
        for a, n in enumerate(tries)
    ]
    return trees, tuple(usual)


def _with_flag(features: Floats, flag: float | Floats) -> Floats:
    return np.column_stack([features, np.broadcast_to(flag, len(features))])


def _to_go(log: Log, values: Values) -> Any | None:
    """Trees of the best lower bound at the step's end, of the features and of having acted; None: nothing has one."""
    assert log.after is not None
    gains = values.gains(log.after)
    best = np.where(log.still, np.maximum(gains.low[:, 1:].max(axis=1), 0), 0)
    if best.max() <= best.min():
        return None
    acted = (log.taken != WAIT).astype(np.float64)
    return _regressor(**{**RESULT_TREES, "iterations": 100}).fit(_with_flag(log.features, acted), best)
