"""The prices of capacities: the least Lagrangian bound, by cutting planes in a trust box that widens and shrinks.

    bound(p) = p . limit + sum over borrowers of max(0, max over actions of (value - p . use)),   p >= 0

is, for any prices p, at least the value of any allocation (weak duality), and its least equals the bound of the linear
program over all borrowers (Geoffrion, Mathematical Programming Study 2, 1974), which nobody has to build.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forbear.treatment.master import Cuts
from forbear.treatment.rows import Chosen, Floats, Grid, Rows, Totals, best, narrow, over_blocks

MOST_STEPS = 600
"""Evaluations in one search; 30 to 150 are usual."""
PROPOSALS = 40
"""Trials for lower prices at the same bound."""
SAME = 1e-11
"""Relative difference of bounds that is rounding."""
SMALLEST = 1e-300
"""Keeps divisions by a bound of nothing finite."""
FINEST = 1e-9
"""Part of the bound to which the small programs are scaled at the finest; they are solved far more finely than one."""


@dataclass
class Problem:
    """Borrowers still open, beside those settled.

    Attributes:
        blocks: rows of the open borrowers.
        limit: of each capacity.
        settled: sums of the settled ones.
        grid: how sums are taken.
    """

    blocks: list[Rows]
    limit: Floats
    settled: Totals
    grid: Grid

    @property
    def borrowers(self) -> int:
        """How many are open."""
        return sum(b.borrowers for b in self.blocks)

    def evaluate(self, prices: Floats) -> tuple[float, Floats]:
        """The cut at prices: value and slack of the choice that is best there."""

        def sums(block: Rows) -> Totals:
            rows = best(block, prices.tolist())
            return self.grid.totals(block.value[rows], block.use(rows))

        parts = map(sums, self.blocks) if len(self.blocks) < 2 else over_blocks(sums, self.blocks)
        total = sum(parts, self.settled)
        value, used = self.grid.real(total)
        return value, self.limit - used

    def narrowed(self, low: Floats, high: Floats) -> tuple[Problem, list[Chosen]]:
        """The problem within a box of prices, and the choices that are settled there."""
        lowest, highest = low.tolist(), high.tolist()
        parts = list(over_blocks(lambda b: narrow(b, lowest, highest, self.grid), self.blocks))
        settled = sum((p.totals for p in parts), self.settled)
        blocks = [p.open for p in parts if p.open.borrowers]
        return Problem(blocks, self.limit, settled, self.grid), [p.settled for p in parts]


@dataclass(frozen=True)
class Found:
    """Where a search ended.

    Attributes:
        prices: the best found.
        bound: there.
        least: no prices in the box have a bound below this.
        cuts: gathered on the way.
        steps: evaluations made.
    """

    prices: Floats
    bound: float
    least: float
    cuts: Cuts
    steps: int

    def below(self, low: Floats, high: Floats) -> tuple[Floats, float]:
        """Where in another box the cuts are lowest, and how low: no prices there have a lesser bound."""
        point, least, _ = self.cuts.within(low, high).lowest(self.prices, high - low, self.bound, self.unit())
        return point, min(least, self.bound)

    def reach(self) -> tuple[Floats, Floats]:
        """The box outside which the cuts prove that no prices are better."""
        return self.cuts.reach(self.prices, self.bound, self.unit())

    def carriers(self) -> tuple[list[Floats], Floats]:
        """Prices whose choices, mixed by weights, are the fractional optimum (the dual of the last program)."""
        width = self.cuts.high - self.cuts.low
        _, _, weight = self.cuts.lowest(self.prices, width, self.bound, self.unit())
        carrying = np.flatnonzero(weight > 1e-9)
        if not len(carrying):
            return [self.prices], np.ones(1)
        return [self.cuts.point[i] for i in carrying], weight[carrying] / weight[carrying].sum()

    def unit(self) -> float:
        """Size of the differences that matter still."""
        return max(self.bound - self.least, FINEST * abs(self.bound), SMALLEST)


@dataclass
class _Trust:
    """The trust box: how far from the best point the cuts are believed (Linderoth and Wright, 2003)."""

    radius: Floats
    widest: Floats
    failures: int = 0

    def judge(self, gained: float, predicted: float, *, at_edge: bool) -> bool:
        """Learn from a step; gives whether it is far enough down to move to."""
        if gained >= 0.1 * predicted:
            self.failures = 0
            if gained >= 0.5 * predicted and at_edge:
                self.widen(3)
            return True
        self.failures += 1
        worse = -gained / predicted
        if worse > 3 or (self.failures >= 3 and worse > 1):
            self.radius = self.radius / min(max(worse, 2.0), 4.0)
            self.failures = 0
        return gained > 0

    def widen(self, times: float) -> None:
        """Trust further, and a little where a radius had shrunk to nothing."""
        self.radius = np.minimum(self.radius * times + 1e-12 * self.widest, self.widest)


def search(problem: Problem, cuts: Cuts, start: Floats, radius: Floats, accuracy: float) -> Found:
    """The least bound within the box of `cuts`, to a relative `accuracy`.

    Args:
        problem: what is open.
        cuts: a box of prices, and what earlier searches on the same problem learned.
        start: a point in it.
        radius: how far the first step may go, each price by its own scale.
        accuracy: relative to the bound.
    """
    trust = _Trust(np.minimum(radius, cuts.high - cuts.low), cuts.high - cuts.low)
    center = np.clip(start, cuts.low, cuts.high)
    height = cuts.add(*problem.evaluate(center), center)
    under, unit = -np.inf, max(abs(height), SMALLEST)
    for step in range(1, MOST_STEPS):
        point, under, _ = cuts.lowest(center, trust.radius, height, unit)
        predicted = height - under
        if predicted <= max(accuracy * abs(height), SMALLEST):
            _, under, _ = cuts.lowest(center, trust.widest, height, unit)
            if height - under <= max(accuracy * abs(height), SMALLEST):
                return Found(center, height, min(under, height), cuts, step)
            trust.widen(8)
        else:
            reached = cuts.add(*problem.evaluate(point), point)
            edge = bool(np.any(np.abs(point - center) >= 0.999 * trust.radius))
            if trust.judge(height - reached, predicted, at_edge=edge):
                center, height = point, reached
            cuts.tidy(center)
        unit = max(height - under, FINEST * abs(height), SMALLEST)
    _, under, _ = cuts.lowest(center, trust.widest, height, unit)
    return Found(center, height, min(under, height), cuts, MOST_STEPS)


def first_radius(problem: Problem, ceiling: Floats) -> Floats:
    """A scale for each price to begin with: a twentieth of the value that a use stands for when all is free."""
    value, slack = problem.evaluate(np.zeros(len(ceiling)))
    used = problem.limit - slack
    return np.where(used > 0, value / np.maximum(used, SMALLEST), ceiling) * 0.05


def least_prices(problem: Problem, found: Found) -> Found:
    """Of all prices with the least bound the lowest: what one more unit brings, not what one less would cost.

    Where a limit is just exhausted many prices prove the same bound. The cuts say how low prices may go;
    each proposal is tried, and refuted by a new cut or taken.
    """
    for _ in range(PROPOSALS):
        prices = found.cuts.cheapest(found.prices, found.bound, found.unit())
        if (prices >= found.prices * (1 - 1e-9)).all():
            break
        bound = found.cuts.add(*problem.evaluate(prices), prices)
        if bound <= found.bound + SAME * abs(found.bound):
            return replace(found, prices=prices, bound=bound, least=min(found.least, bound))
    return found
