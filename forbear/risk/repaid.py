"""How much of what falls due within thirty days will come, and how many days late: from the chains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from forbear.risk.frame import Frame
from forbear.risk.measures import Doubles

if TYPE_CHECKING:
    from forbear.risk.hazard import ChainModel

LEAST_ROWS = 100
MOST_ROWS = 60_000


@dataclass(frozen=True)
class Repaid:
    """Coefficients of the expected share repaid: for loans that are not overdue, and for those that are.

    Each is (constant, of the chance to pay the next installment within 15 days, of the chance to cure within 30).
    """

    current: tuple[float, float, float]
    overdue: tuple[float, float, float]

    def share(self, is_overdue: npt.NDArray[np.bool_], pays: Doubles, cures: Doubles) -> Doubles:
        """Expected share of arrears and dues of the next 30 days that is repaid by then, between 0 and 1."""
        pays, cures = np.nan_to_num(pays, nan=0.0), np.nan_to_num(cures, nan=0.0)
        parts = [c[0] + c[1] * pays + c[2] * cures for c in (self.current, self.overdue)]
        return np.clip(np.where(is_overdue, parts[1], parts[0]), 0, 1)


def fit_repaid(frame: Frame, late: ChainModel, cure: ChainModel | None) -> Repaid | None:
    """Coefficients by least squares on moments whose next 30 days are known; None when there are too few."""
    asked = (frame.marks["arrears"].astype(float) + frame.marks["due_30d"].astype(float)) > 0
    rows = np.flatnonzero(asked & (frame.outcomes["known_days"] >= 30) & ~(frame.outcomes["is_paused"] > 0))
    if len(rows) < LEAST_ROWS:
        return None
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).astype(int))]
    part = frame.take(rows)
    due = part.marks["arrears"].astype(float) + part.marks["due_30d"].astype(float)
    share = np.clip(part.outcomes["paid_30d_after"] / due, 0, 1)
    pays = 1 - late.stays(part)[:, late.chain.steps.index(15)]
    cures = 1 - cure.stays(part)[:, -1] if cure else np.zeros(len(part))
    overdue = part.marks["overdue"].astype(float) > 0
    pays = np.where(np.isnan(part.column("days_to_due")), 0.0, pays)
    return Repaid(_line(share, pays, np.zeros(len(part)), ~overdue), _line(share, pays, cures, overdue))


def _line(share: Doubles, pays: Doubles, cures: Doubles, rows: npt.NDArray[np.bool_]) -> tuple[float, float, float]:
    if rows.sum() < LEAST_ROWS:
        return 0.0, 1.0, 0.0
    design = np.column_stack([np.ones(rows.sum()), pays[rows], cures[rows]])
    ridge = np.diag([1e-6, 1e-3, 1e-3]) * rows.sum() * 1e-3
    beta = np.linalg.solve(design.T @ design + ridge, design.T @ share[rows])
    return round(float(beta[0]), 6), round(float(beta[1]), 6), round(float(beta[2]), 6)


def days_late(stays: Doubles, steps: tuple[int, ...], tails: tuple[float, ...]) -> Doubles:
    """Expected days late of the next installment, counted up to 90: the sum over steps of the chance of being still
    unpaid then, times the mean days that such installments stay unpaid up to the next step.
    """
    made: Doubles = np.einsum("ls,s->l", stays, np.asarray(tails))  # by `@` a second thread spins for each few rows
    return made
