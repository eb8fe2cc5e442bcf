"""What an action brings at each stage of arrears: the stages' own means, drawn together as far as they agree.

A message on the third day and one after three months are not the same act. Each stage (a band of one feature, days past
due as a rule) has its own mean of doubly robust differences with its own error; how far the stages truly differ is the
variance between them beyond their errors (random effects: DerSimonian and Laird, Controlled Clinical Trials 7, 1986).
Each stage's figure is then drawn toward the action's mean by precision. Late stages, where whole balances come or stay
away, have errors several times those of early ones: weighing by error, the noisy do not drown the rest.

Nothing here learns from rows; it stops at stages, means and how they are joined.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forbear.basics.errors import WrongUse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LATE = (4.0, 8.0, 15.0, 31.0, 61.0, 91.0)
"""Days past due at which a stage begins, as lenders band them; the first holds all that is earlier."""
TABLES = ("taken", "learned", "error", "mean", "deviation", "usual")


@dataclass(frozen=True)
class Stages:
    """Bands of one feature.

    Attributes:
        column: the feature's name.
        cuts: rising; a stage begins at each.
    """

    column: str
    cuts: tuple[float, ...] = LATE

    def __len__(self) -> int:
        return len(self.cuts) + 1

    def of(self, columns: Sequence[str], features: Floats) -> Ints:
        """The number of each row's stage; the number after the last where the feature is not known.

        Raises:
            WrongUse: there is no such feature.
        """
        if self.column not in columns:
            raise WrongUse(f"no feature {self.column!r} to tell stages by", "name one of the log's features")
        told = features[:, list(columns).index(self.column)]
        return np.where(np.isnan(told), len(self), np.digitize(told, self.cuts)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Between:
    """An action's mean over stages: as they agree on it, its error, and the variance of the stages about it."""

    mean: float
    error: float
    variance: float


@dataclass(frozen=True, eq=False)
class ByStage:
    """What every action brings at every stage; the last row stands for a stage that is not known.

    Attributes:
        stages: the bands.
        taken: times each action was taken, (stages + 1) x actions.
        learned, error: each stage's own mean and standard error; NaN where it was tried too rarely.
        mean, deviation: drawn toward the action's.
        usual: the mean chance to be found; 0 where it is not known.
    """

    stages: Stages
    taken: Ints
    learned: Floats
    error: Floats
    mean: Floats
    deviation: Floats
    usual: Floats

    def as_dict(self) -> dict[str, Any]:
        """For JSON; what is not known is null."""
        told = {name: getattr(self, name).tolist() for name in TABLES}
        plain = {
            name: [[None if math.isnan(v) else v for v in row] for row in table] for name, table in told.items()
        }
        return {"column": self.stages.column, "cuts": list(self.stages.cuts), **plain}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> ByStage:
        """Of what `as_dict` gave.

        Raises:
            ValueError: tables of different or wrong shapes.
        """
        stages = Stages(str(told["column"]), tuple(float(c) for c in told["cuts"]))
        tables = {
            name: np.array(
                [[np.nan if v is None else float(v) for v in row] for row in told[name]], dtype=np.float64
            )
            for name in TABLES
        }
        if {t.shape for t in tables.values()} != {(len(stages) + 1, tables["mean"].shape[1])}:
            raise ValueError("tables of stages do not fit")
        return cls(stages, tables.pop("taken").astype(np.int64), **tables)


def between(learned: Floats, error: Floats) -> Between:
    """What stages that were tried (NaN: not) agree on.

    The mean's error grows with what they differ by; without any stage all is NaN.
    """
    known = np.isfinite(learned) & (error > 0)
    if not known.any():
        return Between(float("nan"), float("nan"), 0.0)
    m, weight = learned[known], 1 / error[known] ** 2
    fixed = float((weight * m).sum() / weight.sum())
    surplus = float((weight * (m - fixed) ** 2).sum()) - (len(m) - 1)
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    variance = max(surplus / scale, 0.0) if scale > 0 else 0.0
    weight = 1 / (error[known] ** 2 + variance)
    return Between(float((weight * m).sum() / weight.sum()), float(weight.sum() ** -0.5), variance)


def drawn(learned: Floats, error: Floats, mean: float, deviation: float, variance: float) -> tuple[Floats, Floats]:
    """Each stage's mean and deviation, drawn toward the action's; the last entry is of a stage not known."""
    around = deviation**2 + variance
    known = np.isfinite(learned) & (error > 0)
    safe = np.where(known, error, 1.0)
    weight = np.where(known, around / np.maximum(around + safe**2, 1e-30), 0.0)
    drawn_to = np.where(known, weight * np.where(known, learned, 0.0) + (1 - weight) * mean, mean)
    spread = np.where(known, np.sqrt(weight) * safe, np.sqrt(around))
    return np.append(drawn_to, mean), np.append(spread, np.sqrt(around))
