"""Figures of a model on rows it has not seen: ranking, calibration, and the segment it serves worst.

AUC is the chance that a random event ranks above a random non-event (Mann-Whitney, ties half). KS is the largest
gap of the two distributions. Slope and intercept come from a logistic regression of the outcome on the log odds
predicted (Cox 1958): 1 and 0 when calibrated. The error is the mean gap of predicted and seen share over twenty
equal bins (ECE). What a model may claim of them: `forbear.risk.claims`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
BINS = 20
LEAST = 1e-6
SEGMENT_ROWS = 300
"""Rows a segment needs before its error is told."""


def logit(p: npt.ArrayLike) -> Doubles:
    """Log odds, of probabilities held off 0 and 1."""
    held = np.clip(np.asarray(p, dtype=np.float64), LEAST, 1 - LEAST)
    return np.log(held / (1 - held))


def expit(z: npt.ArrayLike) -> Doubles:
    """Probability of log odds."""
    return 1 / (1 + np.exp(-np.clip(np.asarray(z, dtype=np.float64), -40, 40)))


def auc(y: npt.ArrayLike, p: npt.ArrayLike) -> float:
    """Area under the ROC curve; NaN with one class only."""
    y, p = np.asarray(y, dtype=bool), np.asarray(p, dtype=np.float64)
    ones = int(y.sum())
    if ones in (0, len(y)):
        return float("nan")
    _, where, counts = np.unique(p, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[where]
    return float((ranks[y].sum() - ones * (ones + 1) / 2) / (ones * (len(y) - ones)))


def ks(y: npt.ArrayLike, p: npt.ArrayLike) -> float:
    """Kolmogorov-Smirnov distance of the scores of events and non-events."""
    y, p = np.asarray(y, dtype=bool), np.asarray(p, dtype=np.float64)
    if y.all() or not y.any():
        return float("nan")
    order = np.argsort(p, kind="stable")
    ends = np.append(np.diff(p[order]) > 0, True)
    bad, good = np.cumsum(y[order]) / y.sum(), np.cumsum(~y[order]) / (~y).sum()
    return float(np.abs(bad - good)[ends].max())


def brier(y: npt.ArrayLike, p: npt.ArrayLike) -> float:
    """Mean squared error of the probability."""
    return float(np.mean((np.asarray(p, dtype=np.float64) - np.asarray(y, dtype=np.float64)) ** 2))


def log_loss(y: npt.ArrayLike, p: npt.ArrayLike) -> float:
    """Mean negative log likelihood."""
    held = np.clip(np.asarray(p, dtype=np.float64), LEAST, 1 - LEAST)
    y = np.asarray(y, dtype=np.float64)
    return float(-np.mean(y * np.log(held) + (1 - y) * np.log(1 - held)))


def line(z: Doubles, y: Doubles, weights: Doubles | None = None, ridge: float = 1e-6) -> tuple[float, float]:
    """Intercept and slope of a logistic regression of y on z, by Newton's steps."""
    design = np.column_stack([np.ones_like(z), z])
    beta = logistic(design, y, np.array([ridge, ridge]), weights, start=np.array([0.0, 1.0]))
    return float(beta[0]), float(beta[1])


def level(z: Doubles, y: Doubles, slope: float) -> float:
    """The intercept with which the chances of `slope` times log odds z are as high on average as y is; by halving."""
    low, high, wanted = -40.0, 40.0, float(y.mean())
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if float(expit(middle + slope * z).mean()) < wanted else (low, middle)
    return (low + high) / 2


def logistic(
    design: Doubles, y: Doubles, ridge: Doubles, weights: Doubles | None = None, start: Doubles | None = None
) -> Doubles:
    """Coefficients of a ridge logistic regression; `ridge` is each coefficient's penalty, around `start`."""
    centre = np.zeros(design.shape[1]) if start is None else start
    beta, w = centre.copy(), np.ones(len(y)) if weights is None else weights
    for _ in range(50):
        p = expit(design @ beta)
        gradient = design.T @ (w * (y - p)) - ridge * (beta - centre)
        hessian = (design * (w * p * (1 - p))[:, None]).T @ design + np.diag(ridge + 1e-9)
        step = np.linalg.solve(hessian, gradient)
        size = float(np.abs(step).max())
        beta = beta + step * min(1.0, 5.0 / max(size, 1e-12))
        if size < 1e-8:
            break
    return beta


def calibration(y: npt.ArrayLike, p: npt.ArrayLike) -> tuple[float, float]:
    """Slope and intercept of the outcome on the predicted log odds; NaN with one class only."""
    y = np.asarray(y, dtype=np.float64)
    if y.min() == y.max():
        return float("nan"), float("nan")
    intercept, slope = line(logit(p), y)
    return slope, intercept


def error(y: npt.ArrayLike, p: npt.ArrayLike, bins: int = BINS) -> float:
    """Mean absolute gap of predicted and seen share over bins of equal size."""
    y, p = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    parts = np.array_split(np.argsort(p, kind="stable"), bins)
    return float(sum(abs(p[i].mean() - y[i].mean()) * len(i) for i in parts if len(i)) / len(y))


@dataclass(frozen=True)
class Figures:
    """How well one column does on unseen rows; shares are fractions.

    Attributes:
        rows, events: how many.
        rate: share of events; mean: mean of the predictions.
        worst: the segment with the greatest gap of mean prediction and share of events, and that gap.
        auc_low, auc_high: 95 % interval of the AUC; NaN where it was not asked for.
        ranked: outcomes of the rarer kind on which a claimed AUC rests, those of days that the fit knew included.
    """

    rows: int
    events: int
    rate: float
    mean: float
    auc: float
    ks: float
    brier: float
    log_loss: float
    slope: float
    intercept: float
    error: float
    worst: str = ""
    worst_error: float = float("nan")
    auc_low: float = float("nan")
    auc_high: float = float("nan")
    ranked: int = 0

    def plain(self) -> dict[str, Any]:
        """As JSON values: six digits, null for what is not defined."""
        return {k: rounded(v) if isinstance(v, float) else v for k, v in vars(self).items()}


def rounded(value: float, digits: int = 6) -> float | None:
    """A float for JSON."""
    return None if not np.isfinite(value) else round(float(value), digits)


def figures(y: npt.ArrayLike, p: npt.ArrayLike, segments: Mapping[str, npt.NDArray[Any]] | None = None) -> Figures:
    """All figures of predictions `p` against outcomes `y`; `segments` are traits by which the worst is sought."""
    y, p = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    if not len(y):
        nan = float("nan")
        return Figures(0, 0, nan, nan, nan, nan, nan, nan, nan, nan, nan)
    slope, intercept = calibration(y, p)
    worst, gap = worst_segment(y, p, segments or {})
    return Figures(
        len(y),
        int(y.sum()),
        float(y.mean()),
        float(p.mean()),
        auc(y, p),
        ks(y, p),
        brier(y, p),
        log_loss(y, p),
        slope,
        intercept,
        error(y, p),
        worst,
        gap,
    )


def worst_segment(y: Doubles, p: Doubles, segments: Mapping[str, npt.NDArray[Any]]) -> tuple[str, float]:
    """The segment whose mean prediction is farthest from its share of events."""
    found = [("", float("nan"))]
    for trait, values in segments.items():
        for value in np.unique(values.astype(str)):
            rows = values.astype(str) == value
            if SEGMENT_ROWS <= rows.sum() < len(y):
                found.append((f"{trait} = {value or '(none)'}", float(abs(p[rows].mean() - y[rows].mean()))))
    return max(found[1:], key=lambda f: f[1]) if found[1:] else found[0]


def psi(expected: npt.ArrayLike, actual: npt.ArrayLike, bins: int = 10) -> float:
    """Population stability index over the expected values' deciles; missing values are a bin of their own."""
    a, b = np.asarray(expected, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    cuts = np.unique(np.nanquantile(a, np.linspace(0, 1, bins + 1)[1:-1])) if (~np.isnan(a)).any() else np.array([])
    return psi_of_shares(shares(a, cuts), shares(b, cuts))


def shares(values: npt.ArrayLike, cuts: npt.ArrayLike) -> Doubles:
    """Share of values in each bin that `cuts` make, the missing last."""
    values, cuts = np.asarray(values, dtype=np.float64), np.asarray(cuts, dtype=np.float64)
    where = np.where(np.isnan(values), len(cuts) + 1, np.searchsorted(cuts, values, side="right"))
    return np.bincount(where, minlength=len(cuts) + 2) / max(len(values), 1)


def psi_of_shares(expected: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Population stability index of two lists of shares, each held to at least 0.0001."""
    a, b = (np.clip(np.asarray(x, dtype=np.float64), 1e-4, None) for x in (expected, actual))
    return float(np.sum((b - a) * np.log(b / a)))
