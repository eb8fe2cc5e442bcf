"""A scorecard that people can read: bins with points, from optbinning's weights of evidence and a logistic regression.

For applications and thin files, and as the fallback when a boosted model drifts. Each feature is cut into a few
bins (optbinning, monotone or with one turn); a bin's weight of evidence enters a ridge logistic regression whose
coefficients may not change sign; the rest is addition. 600 points are odds of 1:20 and 40 more points double the
odds of staying good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from forbear.risk.measures import logistic

Doubles = npt.NDArray[np.float64]
BASE_POINTS, BASE_ODDS, DOUBLES_IN = 600.0, 20.0, 40.0
MOST_FEATURES = 25
MOST_BINS = 10
LEAST_VALUE = 0.004
"""Information value below which a feature is left out."""
ALIKE = 0.97
"""Correlation of weights of evidence from which the weaker of two features is left out."""
BINNED_ROWS = 20_000
MOST_BINNED = 30
"""Features that are given optimal bins."""
RIDGE = 5.0


@dataclass(frozen=True)
class Bins:
    """One feature's part: `cuts` rise; bin i holds values below cuts[i], the last the rest; `missing` for none.

    Attributes:
        odds: what each bin adds to the log odds of the event, the missing last.
        value: information value.
    """

    name: str
    cuts: tuple[float, ...]
    odds: tuple[float, ...]
    value: float

    def add(self, column: npt.NDArray[Any]) -> Doubles:
        """Log odds added by each value."""
        column = column.astype(np.float64)
        where = np.searchsorted(np.asarray(self.cuts), column, side="right")
        return np.asarray(self.odds)[np.where(np.isnan(column), len(self.cuts) + 1, where)]

    def points(self) -> tuple[int, ...]:
        """Points of each bin, the missing last; more is better."""
        return tuple(round(-o * DOUBLES_IN / np.log(2)) for o in self.odds)


@dataclass(frozen=True)
class Scorecard:
    """All parts, and the log odds to which they add."""

    intercept: float
    parts: tuple[Bins, ...]

    def odds(self, columns: Sequence[str], numbers: npt.NDArray[Any]) -> Doubles:
        """Log odds of the event for each row."""
        made = np.full(len(numbers), self.intercept)
        for part in self.parts:
            made += part.add(numbers[:, columns.index(part.name)])
        return made

    def base_points(self) -> int:
        """Points before any part."""
        return round(float(BASE_POINTS - DOUBLES_IN / np.log(2) * (np.log(BASE_ODDS) + self.intercept)))

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "intercept": self.intercept,
            "base_points": self.base_points(),
            "parts": [
                {
                    "name": p.name,
                    "cuts": list(p.cuts),
                    "odds": list(p.odds),
                    "points": list(p.points()),
                    "value": p.value,
                }
                for p in self.parts
            ],
        }


def read_scorecard(told: Mapping[str, Any]) -> Scorecard:
    """A scorecard from JSON values; ValueError where a part's cuts and bins do not fit."""
    parts = tuple(Bins(p["name"], tuple(p["cuts"]), tuple(p["odds"]), p["value"]) for p in told["parts"])
    for part in parts:
        if list(part.cuts) != sorted(part.cuts) or len(part.odds) != len(part.cuts) + 2:
            raise ValueError(f"scorecard: {part.name} has {len(part.odds)} bins for {len(part.cuts)} cuts")
    return Scorecard(float(told["intercept"]), parts)


def fit_scorecard(
    columns: Sequence[str], numbers: npt.NDArray[Any], y: npt.NDArray[np.bool_], weights: Doubles | None = None
) -> Scorecard | None:
    """A scorecard of the event `y`; None when no feature tells anything.

    Args:
        columns: names of the numbers' columns.
        numbers: rows by columns, NaN for missing.
        y: whether the event came.
        weights: of the rows.
    """
    chosen = _thinned(len(y))
    strong = _promising(numbers[chosen], y[chosen])
    binned = [b for i in strong if (b := _bins(columns[i], numbers[chosen, i], y[chosen])) is not None]
    kept = _distinct(sorted(binned, key=lambda b: (-b.value, b.name)), columns, numbers[chosen])
    if not kept:
        return None
    target = y.astype(np.float64)
    while True:
        woe = np.column_stack([b.add(numbers[:, columns.index(b.name)]) for b in kept])
        design = np.column_stack([np.ones(len(y)), woe])
        beta = logistic(design, target, np.array([0.0, *([RIDGE] * len(kept))]), weights)
        if (beta[1:] > 0).all() or len(kept) == 1:
            break
        kept = [b for b, c in zip(kept, beta[1:], strict=True) if c > 0] or kept[:1]
    parts = tuple(
        Bins(b.name, b.cuts, tuple(round(float(o * max(c, 0.0)), 6) for o in b.odds), b.value)
        for b, c in zip(kept, beta[1:], strict=True)
    )
    return Scorecard(round(float(beta[0]), 6), parts)


def _thinned(rows: int) -> npt.NDArray[np.int64]:
    """Rows on which bins are cut: all, or every so many-th."""
    return np.unique(np.linspace(0, rows - 1, min(rows, BINNED_ROWS)).astype(np.int64))


def _promising(numbers: npt.NDArray[Any], y: npt.NDArray[np.bool_]) -> list[int]:
    """The features worth optimal bins, by the information value of their deciles."""
    values = []
    for column in numbers.T.astype(np.float64):
        known = column[~np.isnan(column)]
        cuts = np.unique(np.quantile(known, np.linspace(0, 1, 11)[1:-1])) if len(known) else np.array([])
        where = np.where(np.isnan(column), len(cuts) + 1, np.searchsorted(cuts, column, side="right"))
        values.append(_evidence(where, len(cuts) + 2, y)[1])
    order = np.argsort(-np.asarray(values), kind="stable")[:MOST_BINNED]
    return [int(i) for i in order if values[i] >= LEAST_VALUE]


def _bins(name: str, column: npt.NDArray[Any], y: npt.NDArray[np.bool_]) -> Bins | None:
    """Bins of one feature with their weights of evidence towards the event; None when it tells too little."""
    from optbinning import OptimalBinning

    column = column.astype(np.float64)
    known = ~np.isnan(column)
    if known.sum() < 200 or len(np.unique(column[known][:5000])) < 2:
        return None
    binning = OptimalBinning(
        name=name, dtype="numerical", solver="cp", max_n_prebins=14, max_n_bins=MOST_BINS, min_bin_size=0.015,
        monotonic_trend="auto", time_limit=300,
    )  # fmt: skip
    binning.fit(column[known], y[known].astype(int))
    cuts = tuple(round(float(c), 6) for c in binning.splits)
    where = np.where(known, np.searchsorted(np.asarray(cuts), column, side="right"), len(cuts) + 1)
    odds, value = _evidence(where, len(cuts) + 2, y)
    return Bins(name, cuts, odds, value) if value >= LEAST_VALUE else None


def _evidence(where: npt.NDArray[Any], bins: int, y: npt.NDArray[np.bool_]) -> tuple[tuple[float, ...], float]:
    """Weight of evidence of the event in each bin (half a row added to each cell), and the information value."""
    bad = np.bincount(where[y], minlength=bins) + 0.5
    good = np.bincount(where[~y], minlength=bins) + 0.5
    shares_bad, shares_good = bad / bad.sum(), good / good.sum()
    woe = np.log(shares_bad / shares_good)
    woe[np.bincount(where, minlength=bins) == 0] = 0.0
    return tuple(round(float(w), 6) for w in woe), round(float(((shares_bad - shares_good) * woe).sum()), 6)


def _distinct(ordered: Sequence[Bins], columns: Sequence[str], numbers: npt.NDArray[Any]) -> list[Bins]:
    """The strongest features of which no two say nearly the same."""
    kept: list[Bins] = []
    seen: list[Doubles] = []
    for bins in ordered:
        woe = bins.add(numbers[:, columns.index(bins.name)])
        if woe.std() == 0 or any(abs(np.corrcoef(woe, s)[0, 1]) > ALIKE for s in seen):
            continue
        kept.append(bins)
        seen.append(woe)
        if len(kept) == MOST_FEATURES:
            break
    return kept
