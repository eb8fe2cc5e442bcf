"""What a model may claim of a column: its figures, and its AUC with an interval, from rows its fits had not seen.

The interval counts a borrower's rows together (Obuchowski 1997), since they share one habit. Rows are of later days
than the fit's, or of days on which it knew other borrowers: the first sort tells how a book changes, the second is of
fits that have learned more (docs/decisions/100-claims-with-an-interval.md, 112-claims-of-a-book-on-a-day.md). Which
rows they are: `rehearsal.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from forbear.risk.measures import LEAST, Doubles, Figures, expit, figures, logit

LEAST_CLAIMED = 30
"""Outcomes of the rarer kind without which no ranking and no slope is claimed: chance alone would say what they are."""
NORMAL_95 = 1.959964


@dataclass(frozen=True, eq=False)
class Tried:
    """A column on rows that its fits had not seen.

    Attributes:
        y: outcomes; p: chances.
        borrowers: who each row is of.
        rounds: which rows one fit was asked about, of one day; they are ranked among each other alone.
        in_time: rows of days on which the fit knew other borrowers; None where there is nothing else.
    """

    y: npt.NDArray[Any]
    p: Doubles
    borrowers: npt.NDArray[Any]
    rounds: npt.NDArray[Any]
    in_time: npt.NDArray[np.bool_] | None = None

    def of(self, rows: npt.NDArray[np.bool_]) -> Tried:
        """Some rows."""
        in_time = None if self.in_time is None else self.in_time[rows]
        return Tried(self.y[rows], self.p[rows], self.borrowers[rows], self.rounds[rows], in_time)

    @property
    def later(self) -> npt.NDArray[np.bool_]:
        """Rows of days that the fit did not know."""
        return np.ones(len(self.y), dtype=bool) if self.in_time is None else ~self.in_time


def auc_interval(tried: Tried) -> tuple[float, float, float]:
    """AUC within rounds and its 95 % interval, borrowers being drawn, not rows.

    The rounds' AUCs are averaged with the count of the rarer outcome as weight: rows of two fits are not compared, each
    of which has a level of its own, nor of two days, as nobody ranks loans of two years. Each row's part in the AUC is
    summed by borrower over all rounds (Obuchowski 1997); the interval is symmetric in log odds, so that it stays within
    0 and 1.

    Returns:
        (AUC, lower end, upper end); NaN where no round has both outcomes.
    """
    y, p = tried.y.astype(bool), tried.p.astype(np.float64)
    told: list[tuple[npt.NDArray[np.intp], int]] = []
    for rows in _by_round(tried.rounds):
        if 0 < (ones := int(y[rows].sum())) < len(rows):
            told.append((rows, min(ones, len(rows) - ones)))
    if not told:
        return float("nan"), float("nan"), float("nan")
    weights = np.array([rarer for _, rarer in told]) / sum(rarer for _, rarer in told)
    shares = [_shares(y[rows], p[rows]) for rows, _ in told]
    areas = [float(won[y[rows]].mean()) for won, (rows, _) in zip(shares, told, strict=True)]
    area = float(weights @ areas)
    parts = np.zeros(len(y))
    for weight, won, (rows, rarer) in zip(weights, shares, told, strict=True):
        parts[rows] = weight * _moved(y[rows], won, rarer, area)
    sums = np.bincount(np.unique(tried.borrowers, return_inverse=True)[1], weights=parts)
    spread = NORMAL_95 * float(np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1)))
    if area * (1 - area) < LEAST:
        return area, max(area - spread, 0.0), min(area + spread, 1.0)
    low, high = expit(logit(area) + np.array([-1, 1]) * spread / (area * (1 - area)))
    return area, float(low), float(high)


def _by_round(rounds: npt.NDArray[Any]) -> list[npt.NDArray[np.intp]]:
    """Rows of each round."""
    order = np.argsort(rounds, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(rounds[order])) + 1)


def _shares(y: npt.NDArray[np.bool_], p: Doubles) -> Doubles:
    """The share of the other kind that each row of a round is on the right side of; ties half."""
    ones, zeros = np.sort(p[y]), np.sort(p[~y])
    won = np.empty(len(y))
    won[y] = (np.searchsorted(zeros, p[y]) + np.searchsorted(zeros, p[y], side="right")) / (2 * len(zeros))
    won[~y] = 1 - (np.searchsorted(ones, p[~y]) + np.searchsorted(ones, p[~y], side="right")) / (2 * len(ones))
    return won


def _moved(y: npt.NDArray[np.bool_], won: Doubles, rarer: int, area: float) -> Doubles:
    """By how much each row of a round moves its AUC.

    Of the rarer kind measured from the AUC of all rounds: a day may have one such row, which tells nothing of its
    spread there. Of the commoner kind measured from the round's own.
    """
    rare = y if y.sum() == rarer else ~y
    own = float(won[rare].mean())
    made: Doubles = np.where(rare, (won - area) / rarer, (won - own) / (len(y) - rarer))
    return made


def claimed(tried: Tried, segments: Mapping[str, npt.NDArray[Any]] | None = None) -> Figures:
    """Figures that a model may claim: the AUC within rounds with its interval, all others of later days alone.

    No ranking and no slope is claimed on few events.

    Args:
        tried: the rows.
        segments: as `figures`, of the same rows.
    """
    later = tried.later
    made = figures(tried.y[later], tried.p[later], {n: v[later] for n, v in (segments or {}).items()})
    if min(made.events, made.rows - made.events) < LEAST_CLAIMED:
        made = replace(made, auc=float("nan"), ks=float("nan"), slope=float("nan"), intercept=float("nan"))
    events = int(tried.y.sum())
    if (ranked := min(events, len(tried.y) - events)) < LEAST_CLAIMED:
        return replace(made, auc=float("nan"), ranked=ranked)
    area, low, high = auc_interval(tried)
    return replace(made, auc=area, auc_low=low, auc_high=high, ranked=ranked)
