"""What a model may claim of a column: its figures, and its AUC with an interval, from rows its fits had not seen.

The interval counts a borrower's rows together (Obuchowski 1997), since they share one habit. Rows are of later days
than the fit's, or of days on which it knew other borrowers: the first sort tells how a book changes, the second is of
fits that have learned more (docs/decisions/100-claims-with-an-interval.md). Which rows they are: `rehearsal.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from forbear.risk.measures import LEAST, Doubles, Figures, expit, figures, logit

LEAST_CLAIMED = 30
"""Outcomes of the rarer kind without which no ranking and no slope is claimed: chance alone would say what they are."""
NORMAL_95 = 1.959964
MOST_IN_TIME = 0.5
"""Weight at most of days on which the fit knew other borrowers: they do not tell how a book changes."""


@dataclass(frozen=True, eq=False)
class Tried:
    """A column on rows that its fits had not seen.

    Attributes:
        y: outcomes; p: chances.
        borrowers: who each row is of.
        rounds: which rows one fit was asked about; they are ranked among each other alone.
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
    of which has a level of its own, nor of two windows, as nobody ranks loans of two years. Rounds in time have half
    of the weight at most (docs/decisions/100-claims-with-an-interval.md). Each row's part in the AUC is summed by
    borrower over all rounds (Obuchowski 1997); the interval is symmetric in log odds, so that it stays within 0 and 1.

    Returns:
        (AUC, lower end, upper end); NaN where no round has both outcomes.
    """
    y, p = tried.y.astype(bool), tried.p.astype(np.float64)
    told = []
    for number in np.unique(tried.rounds):
        rows = np.flatnonzero(tried.rounds == number)
        if 0 < (ones := int(y[rows].sum())) < len(rows):
            told.append((rows, min(ones, len(rows) - ones), not tried.later[rows[0]]))
    parts, area = np.zeros(len(y)), 0.0
    for (rows, _, _), weight in zip(told, _weights([(n, timely) for _, n, timely in told]), strict=True):
        here, shares = _parts(y[rows], p[rows])
        area += here * weight
        parts[rows] = shares * weight
    if not told:
        return float("nan"), float("nan"), float("nan")
    sums = np.bincount(np.unique(tried.borrowers, return_inverse=True)[1], weights=parts)
    spread = NORMAL_95 * float(np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1)))
    if area * (1 - area) < LEAST:
        return area, max(area - spread, 0.0), min(area + spread, 1.0)
    low, high = expit(logit(area) + np.array([-1, 1]) * spread / (area * (1 - area)))
    return area, float(low), float(high)


def _weights(rounds: Sequence[tuple[int, bool]]) -> list[float]:
    """Weights that sum to one, by (outcomes, whether in time): those in time have half together at most."""
    whole = sum(n for n, _ in rounds)
    timely = sum(n for n, is_timely in rounds if is_timely)
    if not 0 < timely < whole:
        return [n / whole for n, _ in rounds]
    share = min(timely / whole, MOST_IN_TIME)
    return [n * (share / timely if is_timely else (1 - share) / (whole - timely)) for n, is_timely in rounds]


def _parts(y: npt.NDArray[np.bool_], p: Doubles) -> tuple[float, Doubles]:
    """(AUC, by how much each row moves it away from what it is)."""
    ones, zeros = np.sort(p[y]), np.sort(p[~y])
    beats = (np.searchsorted(zeros, p[y]) + np.searchsorted(zeros, p[y], side="right")) / (2 * len(zeros))
    beaten = 1 - (np.searchsorted(ones, p[~y]) + np.searchsorted(ones, p[~y], side="right")) / (2 * len(ones))
    area = float(beats.mean())
    made = np.empty(len(y))
    made[y] = (beats - area) / len(ones)
    made[~y] = (beaten - area) / len(zeros)
    return area, made


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
