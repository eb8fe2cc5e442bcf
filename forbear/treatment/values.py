"""What an action brings: logged decisions to learn it from, and what was learned, with its doubt and its source.

The extra discounted money within the horizon (90 days) of an action against waiting, as a share of the money at stake.
How it is learned is said in `learning.py`. The lower bound decides. Nothing here knows channels, costs or the law; it
stops at shares, their errors, their sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forbear.basics.errors import WrongUse
from forbear.treatment.stages import ByStage, Stages

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
WAIT = 0
"""Number of the action that is waiting."""
CAUTION = 1.282
"""Standard errors below the estimate at which the lower bound lies: one-sided 90 %."""


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
        stages: bands of a feature in which actions may bring different things; None: the same everywhere.
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
    stages: Stages | None = None

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
        by_stage: means of each stage; None: `means` hold everywhere.
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
    by_stage: ByStage | None = None

    def gains(self, features: Floats) -> Gains:
        """What every action brings for every row of features (n x m, in the order of `columns`)."""
        mean, doubt = self._of_stages(features)
        if self.effects and len(features):
            own = sum(trees.predict(features) for trees in self.effects) / len(self.effects) - self.center
            known = np.array([m.weight > 0 for m in self.means]) & (np.arange(len(self.actions)) != WAIT)
            mean[:, known] += self.slope * own[:, None]
            doubt[:, known] = np.hypot(doubt[:, known], self.slope_error * own[:, None])
        return Gains(mean, doubt)

    def _of_stages(self, features: Floats) -> tuple[Floats, Floats]:
        """Mean and doubt of the action at each row's stage, times how much likelier than usual it finds the person."""
        found = self.found(features)
        if self.by_stage is None:
            return found * [m.mean for m in self.means], found * [m.deviation for m in self.means]
        stage = self.by_stage.stages.of(self.columns, features)
        return found * self.by_stage.mean[stage], found * self.by_stage.deviation[stage]

    def found(self, features: Floats) -> Floats:
        """How much likelier than usual each action finds each person, n x k; 1 where nothing is known."""
        ratio = np.ones((len(features), len(self.actions)))
        if self.reach is not None and len(features):
            usual = np.broadcast_to(self.usual, ratio.shape)
            if self.by_stage is not None:
                usual = self.by_stage.usual[self.by_stage.stages.of(self.columns, features)]
            asked = [a for a, mean in enumerate(self.usual) if mean > 0]
            told = np.clip(_of_flags(self.reach, features, asked), 0, 1)
            some = usual[:, asked]
            ratio[:, asked] = np.where(some > 0, told / np.where(some > 0, some, 1), 1)
        return ratio

    def given_up(self, features: Floats) -> Floats:
        """What acting today takes from the value of later steps, as a share of the money at stake, n; 0 or more."""
        if self.to_go is None or not len(features):
            return np.zeros(len(features))
        waited, acted = np.maximum(_of_flags(self.to_go, features, (0, 1)), 0).T
        lost: Floats = np.maximum(waited - acted, 0)
        return lost


def _of_flags(trees: Any, features: Floats, flags: Sequence[int]) -> Floats:
    """What trees say of every row with every flag, n x flags, asked at once."""
    tall = with_flag(
        np.tile(features, (len(flags), 1)), np.repeat(np.array(flags, dtype=np.float64), len(features))
    )
    told: Floats = trees.predict(tall).reshape(len(flags), len(features)).T
    return told


def with_flag(features: Floats, flag: float | Floats) -> Floats:
    """Features with one more column, n x (m + 1): a number the same for all, or each row's own."""
    return np.column_stack([features, np.broadcast_to(flag, len(features))])
