"""Prediction intervals by conformal calibration on the misses of earlier forecasts.

The score of an earlier forecast is |log((came + e) / (told + e))|, e a thousandth of what was owed. The interval of a
horizon reaches as far as the share `rate` of its scores (split conformal prediction: Vovk et al. 2005; Lei et al. 2018,
JASA 113). Books change, so the share asked for follows the misses (adaptive conformal inference: Gibbs and Candès 2021,
NeurIPS): each interval that missed asks for a little more, each that held for a little less. A miss counts from the
period on in which it is known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from forbear.funding.forecast.history import Floats, parameters

FLOOR = 1e-3
"""Of what was owed; keeps the logarithm of nothing out."""
LEAST, MOST = 0.005, 1.5
"""Share of misses that is allowed at least, after however many; and at most, as a multiple of the stated share."""


@dataclass(frozen=True)
class Width:
    """How far the interval of a horizon reaches.

    Attributes:
        reach: in logarithms; infinite when nothing is known.
        floor: e, in minor units.
        scores: earlier forecasts that it was taken from.
        borrowed_from: the nearer horizon it was taken from and widened; 0: its own.
        covered, judged: of earlier intervals made in the same way, those that held, and all.
    """

    reach: float
    floor: float
    scores: int
    borrowed_from: int
    covered: int
    judged: int

    def around(self, expected: float, owed: float) -> tuple[float, float]:
        """The interval around a forecast; without any history all that is possible, from nothing to all that
        is owed.
        """
        if math.isinf(self.reach):
            return 0.0, owed
        low = max(0.0, (expected + self.floor) * math.exp(-self.reach) - self.floor)
        return low, (expected + self.floor) * math.exp(self.reach) - self.floor


def widths(made: Floats, actual: Floats, scale: Floats, here: int, rate: float) -> list[Width]:
    """The width for each horizon at an origin.

    Args:
        made: origins x horizon, what was told.
        actual: origins x horizon, what came; NaN where it was not known at the origin `here`.
        scale: origins, what was owed.
        here: index of the origin.
        rate: share of periods that the intervals are to hold.
    """
    floors = np.maximum(FLOOR * scale, 1.0)[:, None]
    with np.errstate(invalid="ignore"):
        scores = np.abs(np.log((np.maximum(actual, 0) + floors) / (np.maximum(made, 0) + floors)))
    told = [_own(scores[:, k], k + 1, here, rate, float(floors[here, 0])) for k in range(made.shape[1])]
    return _rising([_borrowed(told, k) for k in range(len(told))])


def needed(rate: float) -> int:
    """Scores without which the share `rate` cannot be read off: (n + 1) * rate <= n."""
    return math.ceil(rate / (1 - rate) - 1e-9)


def _own(scores: Floats, later: int, here: int, rate: float, floor: float) -> Width:
    """Walk through the earlier origins as time did; at each, only scores known by then count."""
    window = int(parameters()["interval"]["window"])
    step = float(parameters()["interval"]["step"])
    missed: dict[int, bool] = {}
    asked = 1 - rate
    covered = 0
    for origin in range(here + 1):
        back = origin - later
        if back in missed:
            asked = min(MOST * (1 - rate), max(LEAST, asked + step * ((1 - rate) - missed[back])))
        usable = scores[max(0, back + 1 - window) : back + 1] if back >= 0 else scores[:0]
        usable = usable[~np.isnan(usable)]
        reach = _reach(usable, 1 - asked) if len(usable) >= needed(rate) else math.inf
        if origin == here:
            return Width(reach, floor, len(usable), 0, covered, len(missed))
        if not math.isinf(reach) and not np.isnan(scores[origin]):
            missed[origin] = bool(scores[origin] > reach)
            covered += not missed[origin]
    raise AssertionError("the origin itself is the last one walked to")


def _reach(scores: Floats, share: float) -> float:
    """The score that a share of them does not exceed, one more counted; beyond all of them, the worst and a bit."""
    n = len(scores)
    rank = math.ceil((n + 1) * share - 1e-9)
    if rank > n:
        return float(scores.max()) * (1 + 1 / n)
    return float(np.sort(scores)[max(rank, 1) - 1])


def _borrowed(told: list[Width], k: int) -> Width:
    """A horizon that nothing is known of takes the nearest before it, widened with the root of time."""
    if not math.isinf(told[k].reach):
        return told[k]
    for nearer in range(k - 1, -1, -1):
        if not math.isinf(told[nearer].reach):
            reach = told[nearer].reach * math.sqrt((k + 1) / (nearer + 1))
            return Width(reach, told[k].floor, told[nearer].scores, nearer + 1, told[k].covered, told[k].judged)
    return told[k]


def _rising(told: list[Width]) -> list[Width]:
    """No horizon is surer than a nearer one."""
    furthest = np.maximum.accumulate([w.reach for w in told])
    return [replace(w, reach=float(f)) for w, f in zip(told, furthest, strict=True)]
