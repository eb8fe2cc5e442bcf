"""One strategy held against another on the frontier: contacts saved at its recovery, money gained at its contacts.

Each strategy's curve is what it brought against its contacts under rising budgets, a mean over seeds, straight between
budgets and through nothing for no contacts. Intervals are by resampling seeds (percentile bootstrap).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.league import League, Row

RESAMPLES = 1000
Curve = NDArray[np.float64]
"""Points by rising contacts: contacts, brought (2 x points)."""


@dataclass(frozen=True)
class Held:
    """How a strategy stands to another in a world.

    Attributes:
        world, strategy, other: which.
        saved: part of the other's contacts not needed to bring what the other brings: mean, low, high; None: never
            brings it within its budgets.
        gained: how much more it brings with at most the other's contacts, as a part of that; None: the other brings
            nothing.
    """

    world: str
    strategy: str
    other: str
    saved: tuple[float, float, float] | None
    gained: tuple[float, float, float] | None


def held(league: League, world: str, strategy: str, other: str, *, seed: int = 1) -> Held:
    """Hold a strategy against another's unlimited runs, on the seeds of the league's frontier."""
    mine, theirs = _by_seed(league, world, strategy), _by_seed(league, world, other)
    seeds = sorted(mine)
    saved, gained = _compare([mine[s] for s in seeds], [theirs[s] for s in seeds])
    draws = np.random.default_rng(seed).integers(0, len(seeds), (RESAMPLES, len(seeds)))
    drawn = [_compare([mine[seeds[i]] for i in d], [theirs[seeds[i]] for i in d]) for d in draws]
    return Held(world, strategy, other, _told(saved, [s for s, _ in drawn]), _told(gained, [g for _, g in drawn]))


def _told(value: float, resampled: list[float]) -> tuple[float, float, float] | None:
    if not np.isfinite(value):
        return None
    low, high = np.percentile([r if np.isfinite(r) else -1.0 for r in resampled], [2.5, 97.5])
    return value, float(low), float(high)


def _by_seed(league: League, world: str, strategy: str) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in league.frontier:
        if (row.world, row.strategy) == (world, strategy):
            found.setdefault(row.seed, []).append(row)
    return found


def _compare(mine: Sequence[list[Row]], theirs: Sequence[list[Row]]) -> tuple[float, float]:
    """(part of the contacts saved, part of the money gained); NaN where there is none."""
    free = [next(r for r in rows if r.budget is None) for rows in theirs]
    contacts = float(np.mean([r.sums["contacts"] for r in free]))
    brought = float(np.mean([r.sums["brought"] for r in free]))
    curve = _curve(mine)
    if contacts <= 0 or brought <= 0:
        return float("nan"), float("nan")
    within = float(np.interp(contacts, curve[0], curve[1]))
    most = max([within, *curve[1][curve[0] <= contacts]])
    needed = _first(curve, brought)
    return 1 - needed / contacts, most / brought - 1


def _curve(rows: Sequence[list[Row]]) -> Curve:
    budgets = [r.budget for r in rows[0]]
    points = [(0.0, 0.0)]
    for budget in budgets:
        some = [next(r for r in one if r.budget == budget).sums for one in rows]
        points.append((float(np.mean([s["contacts"] for s in some])), float(np.mean([s["brought"] for s in some]))))
    return np.array(sorted(points)).T


def _first(curve: Curve, brought: float) -> float:
    """Fewest contacts at which the curve brings so much; NaN: never."""
    for (x0, y0), (x1, y1) in zip(curve.T[:-1], curve.T[1:], strict=True):
        if y1 >= brought:
            return float(x1 if y1 == y0 else x0 + (brought - y0) / (y1 - y0) * (x1 - x0))
    return float("nan")
