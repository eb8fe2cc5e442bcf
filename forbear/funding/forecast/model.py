"""The forecast: each cell of what is owed now pays, period by period, what such cells paid before.

Four procedures, and which is used is decided by the error each made so far:

- `direct`: the share of a cell that came k periods later, over all earlier origins of which that is known already.
- `rolls`: the roll-rate forecast (`naive.py`), by half-life instead of the last periods only.
- `hazard`: the share of what is unpaid that comes in one period, by periods until or since the due date; what stays
  unpaid comes one period nearer. It uses the newest periods for every k (the hazard of discrete survival models; the
  sums are the chain ladder's: Mack 1993, ASTIN Bulletin 23(2)).
- `mean`: the mean of the three; no single mistake weighs in full.

Earlier origins weigh by a half-life, which is decided in the same way. Intervals are `intervals.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from forbear.funding.forecast.history import Floats, History, Ints, parameters
from forbear.funding.forecast.intervals import Width, widths
from forbear.funding.forecast.naive import naive_forecast, rolled_forward

PROCEDURES = ("direct", "hazard", "rolls", "mean")
SMALL = 1e-9
Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class Period:
    """One period of a forecast; money in minor units.

    Attributes:
        number: 1 is the first after the as-of date.
        begins_after, ends_on: the days it lies between.
        expected, low, high: what is expected, and the interval.
        principal: the principal in what is expected.
        naive: the roll-rate forecast.
        total, total_low, total_high: from the as-of date to the end of the period.
        procedure, half_life: what was chosen; a half-life of 0 weighs all origins the same.
        calibrated_on: earlier forecasts that the interval was taken from; 0: none, it spans all that is possible.
        borrowed_from: the nearer period whose interval was widened because too little is known of this one; 0: none.
    """

    number: int
    begins_after: date
    ends_on: date
    expected: int
    low: int
    high: int
    principal: int
    naive: int
    total: int
    total_low: int
    total_high: int
    procedure: str
    half_life: int
    calibrated_on: int
    borrowed_from: int


@dataclass(frozen=True)
class Forecast:
    """Cash to expect from the loans that are there on the as-of date; new loans are not in it.

    Attributes:
        as_of: the date.
        every: month or week.
        rate: the share of periods that the intervals are to hold.
        owed: all that is unpaid, due or not.
        periods: one by one.
        error, naive_error: of earlier forecasts, misses over what came (WAPE), of this and of the naive one.
        covered, judged: of earlier intervals made in the same way, those that held, and how many there were.
    """

    as_of: date
    every: str
    rate: float
    owed: int
    periods: tuple[Period, ...]
    error: float | None
    naive_error: float | None
    covered: int
    judged: int


@dataclass(frozen=True)
class Past:
    """Forecasts made at every origin with what was known there, by all candidates.

    Attributes:
        candidates: procedures and half-lives.
        made: candidates x origins x horizon; NaN where nothing was known.
        chosen: origins x horizon, the candidate that past error would have chosen there.
        naive: origins x horizon.
        actual: origins x horizon; NaN where not known yet.
    """

    candidates: tuple[tuple[str, int], ...]
    made: Floats
    chosen: Ints
    naive: Floats
    actual: Floats

    def told(self) -> Floats:
        """Origins x horizon: what was told at each origin by the candidate chosen there."""
        origins, horizon = np.indices(self.chosen.shape)
        told: Floats = self.made[self.chosen, origins, horizon]
        return told


def past_forecasts(history: History) -> Past:
    """The forecasts that would have been made at each origin, the last included."""
    candidates = tuple((p, h) for p in PROCEDURES for h in parameters()["history"]["half_lives"])
    origins = range(len(history.origins))
    made = np.stack([np.stack([_made(history, o, *c) for o in origins]) for c in candidates])
    actual = history.actual()
    chosen = np.stack([_best(history, made, actual, o) for o in origins])
    naive = np.stack([naive_forecast(history, o) for o in origins])
    return Past(candidates, made, chosen, naive, actual)


def _best(history: History, made: Floats, actual: Floats, origin: int) -> Ints:
    """For each period ahead the candidate with the least misses among forecasts whose truth was known at the origin."""
    tried = parameters()["history"]["tried"][history.every.value]
    known = _known(history, origin)
    later = np.arange(1, history.horizon + 1)
    known &= np.arange(len(history.origins))[:, None] > origin - later[None, :] - tried
    known &= ~np.isnan(made).any(axis=0) & ~np.isnan(actual)
    scale = np.maximum(history.exposure.sum(axis=1), SMALL)[:, None]
    misses = np.where(known, np.abs(made - actual) / scale, 0.0).sum(axis=1)
    # Without any past the hazard over all there is: it needs the least history.
    unknown = 2 * len(made) // len(PROCEDURES) - 1
    return np.where(known.any(axis=0), misses.argmin(axis=0), unknown)


def _known(history: History, origin: int) -> Booleans:
    """Origins x horizon: whether the truth was known at an origin."""
    later = np.arange(len(history.origins))[:, None] + np.arange(1, history.horizon + 1)[None, :]
    known: Booleans = later <= origin
    return known


def _made(history: History, origin: int, procedure: str, half_life: int) -> Floats:
    if procedure == "rolls":
        return rolled_forward(history, origin, _weights(origin, origin, half_life))
    hazard = _hazard(history, origin, half_life)
    if procedure == "hazard":
        return hazard
    direct = _direct(history, origin, half_life)
    direct = np.where(np.isnan(direct), hazard, direct)  # periods so far ahead that none such has been seen yet
    if procedure == "direct":
        return direct
    mean: Floats = (direct + hazard + rolled_forward(history, origin, _weights(origin, origin, half_life))) / 3
    return mean


def _weights(origin: int, usable: int, half_life: int) -> Floats:
    ages = np.arange(usable - 1, -1, -1, dtype=np.float64)
    weights: Floats = 0.5 ** (ages / half_life) if half_life else np.ones(usable)
    return weights


def _leant(flow: Floats, exposure: Floats, wider: Floats, whole: float) -> Floats:
    """Shares of cells; a thin cell leans on the share of its wider one."""
    lean = float(parameters()["cells"]["lean"]) * whole
    told: Floats = (flow + lean * wider) / np.maximum(exposure + lean, SMALL)
    return told


def _wider(values: Floats, due_in: Ints) -> Floats:
    """Sums over the cells of the same time to the due date, told for each cell."""
    _, place = np.unique(due_in, return_inverse=True)
    told: Floats = np.bincount(place, weights=values)[place].astype(np.float64)
    return told


def _direct(history: History, origin: int, half_life: int) -> Floats:
    told = np.full(history.horizon, np.nan)
    now = history.exposure[origin]
    for later in range(1, history.horizon + 1):
        usable = origin - later + 1
        if usable < 1:
            break
        weights = _weights(origin, usable, half_life)
        flow = weights @ history.flow[:usable, :, later - 1]
        exposure = weights @ history.exposure[:usable]
        if exposure.sum() <= 0:
            break
        wide = _wider(flow, history.due_in) / np.maximum(_wider(exposure, history.due_in), SMALL)
        told[later - 1] = float(now @ _leant(flow, exposure, wide, float(exposure.sum())))
    return told


def _hazard(history: History, origin: int, half_life: int) -> Floats:
    """One-period shares by cell for the first period, by time to the due date from the second on."""
    told = np.full(history.horizon, np.nan)
    if origin < 1:
        return told
    weights = _weights(origin, origin, half_life)
    flow, exposure = weights @ history.flow[:origin, :, 0], weights @ history.exposure[:origin]
    if exposure.sum() <= 0:
        return told
    _, place = np.unique(history.due_in, return_inverse=True)
    wide_flow, wide_exposure = np.bincount(place, weights=flow), np.bincount(place, weights=exposure)
    wide = wide_flow / np.maximum(wide_exposure, SMALL)
    first = _leant(flow, exposure, wide[place], float(exposure.sum()))
    now = history.exposure[origin]
    told[0] = float(now @ first)
    unpaid: Floats = np.bincount(place, weights=now * np.maximum(1 - first, 0)).astype(np.float64)
    for later in range(1, history.horizon):
        unpaid = _one_nearer(unpaid)
        paid = unpaid * wide
        told[later] = float(paid.sum())
        unpaid = np.maximum(unpaid - paid, 0)
    return told


def _one_nearer(unpaid: Floats) -> Floats:
    """What is due in d periods is due in d - 1 one later; the oldest stay old.

    What is due beyond the horizon is taken as due right after it, so that it comes no nearer than the horizon's end.
    """
    moved = np.zeros_like(unpaid)
    moved[:-1] += unpaid[1:]
    moved[0] += unpaid[0]
    return moved


def forecast(
    history: History, rate: float | None = None, past: Past | None = None, origin: int | None = None
) -> Forecast:
    """The forecast at the last origin, with intervals.

    Args:
        history: as `book_history` gives it.
        rate: share of periods that the intervals are to hold; the parameters' when None.
        past: `past_forecasts(history)`, when it is there already.
        origin: index of an earlier origin to stand on; what came later is then not used.
    """
    before = past or past_forecasts(history)
    here = len(history.origins) - 1 if origin is None else origin
    level = rate if rate is not None else float(parameters()["interval"]["rate"])
    scale = history.exposure.sum(axis=1)
    chosen = before.chosen[here]
    made = before.made[chosen, :, np.arange(history.horizon)].T  # origins x horizon, by the candidates chosen here
    expected = np.nan_to_num(made[here], nan=0.0)
    actual = np.where(_known(history, here), before.actual, np.nan)
    each = widths(made, actual, scale, here, level)
    sums = widths(np.cumsum(made, axis=1), np.cumsum(actual, axis=1), scale, here, level)
    told, naive = before.told(), before.naive
    return Forecast(
        history.ends_on(int(history.origins[here])),
        history.every.value,
        level,
        round(scale[here]),
        tuple(_period(history, before, here, k, expected, each[k], sums[k]) for k in range(history.horizon)),
        _error(told, actual),
        _error(naive, np.where(np.isnan(told), np.nan, actual)),
        sum(w.covered for w in each),
        sum(w.judged for w in each),
    )


def _error(told: Floats, actual: Floats) -> float | None:
    both = ~np.isnan(told) & ~np.isnan(actual)
    came = float(np.abs(actual[both]).sum())
    return float(np.abs(told - actual)[both].sum()) / came if came > 0 else None


def _period(
    history: History, past: Past, here: int, k: int, expected: Floats, width: Width, whole: Width
) -> Period:
    owed = float(history.exposure[here].sum())
    procedure, half_life = past.candidates[past.chosen[here, k]]
    low, high = width.around(float(expected[k]), owed)
    total = float(expected[: k + 1].sum())
    total_low, total_high = whole.around(total, owed)
    number = int(history.origins[here])
    now = history.exposure[here]
    share = float(now @ history.principal_share / now.sum()) if now.sum() > 0 else 0.0
    return Period(
        k + 1,
        history.ends_on(number + k),
        history.ends_on(number + k + 1),
        round(expected[k]),
        round(low),
        round(high),
        round(expected[k] * share),
        round(past.naive[here, k]),
        round(total),
        round(total_low),
        round(total_high),
        procedure,
        half_life,
        width.scores,
        width.borrowed_from,
    )
