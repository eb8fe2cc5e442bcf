"""The allocation over any source of rows: prices from samples, a box around them, one pass, and the rest in memory.

Two samples of borrowers give two sets of prices; how they differ says how far the true prices may lie. Within that
box most borrowers' choice is settled by one pass over all rows, and only the few that it leaves open are searched
on. If the cuts cannot prove that no prices outside the box are better, the box moves and grows, and the pass is
made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from forbear.treatment.finish import Order, finish
from forbear.treatment.master import Cuts
from forbear.treatment.prices import FINEST, SMALLEST, Found, Problem, first_radius, least_prices, search
from forbear.treatment.rows import Chosen, Floats, Grid, Rows, split

SAMPLED = (20_000, 60_000)
"""Borrowers in a sample, at least and at most; books of fewer than twice the least are searched whole."""
SAMPLED_PART = 0.02
"""Part of the borrowers that a sample takes in between."""
SAMPLE_ACCURACY = 3e-5
STAGES = (1e-4, 1e-6, 1e-12)
"""Relative accuracies of the searches on what is open; between them it is narrowed."""
PROVED = 1e-9
"""Relative distance from the least bound at which prices count as best."""
MOST_BOXES = 40
SPREAD = 4
"""Differences between two samples' prices that the first box reaches to either side."""
LEAST_SPREAD = 0.03
"""Part of a price that the first box reaches at least."""
LEAST_PRICE = 0.005
"""The same where no sample uses a capacity up: part of the price at which it would be worth the whole bound."""


class Source(Protocol):
    """Where rows come from.

    Attributes:
        borrowers: how many there are.
        limit: of each capacity, shape (capacities,).
        ceiling: prices above which nobody uses a capacity.
        grid: how sums are taken.
    """

    borrowers: int
    limit: Floats
    ceiling: Floats
    grid: Grid

    def samples(self, borrowers: int) -> Sequence[Rows]:
        """Two samples of about so many borrowers each, that do not depend on the rows' order."""

    def narrowed(self, low: Floats, high: Floats) -> tuple[Problem, list[Chosen]]:
        """The problem within a box of prices, and the choices that are settled there: one pass over all rows."""


@dataclass(frozen=True)
class Solved:
    """An allocation.

    Attributes:
        prices: of the capacities.
        bound: no allocation has a greater value.
        least: no prices give a bound below this; equal to `bound` but for rounding when the search ended well.
        chosen: the decisions.
        steps: evaluations made in the last search.
    """

    prices: Floats
    bound: float
    least: float
    chosen: Chosen
    steps: int


def solve(source: Source, hashed: Order) -> Solved:
    """Decide for every borrower of a source.

    Args:
        source: the rows and limits.
        hashed: the keyed hash by which equals are told apart.
    """
    nothing = np.zeros(len(source.limit))
    if source.borrowers < 2 * SAMPLED[0]:
        low, high = nothing, source.ceiling
    else:
        low, high = _first_box(source)
    for number in range(MOST_BOXES):
        problem, settled = source.narrowed(low, high)
        found = _searched(problem, low, high)
        best, least = found.below(nothing, source.ceiling)
        proved = found.bound - least <= max(PROVED * abs(found.bound), SMALLEST)
        if proved or _whole(low, high, source) or number == MOST_BOXES - 1:
            break
        low, high = _moved(low, high, found.prices, best, source.ceiling)
        problem, settled = _nothing(source), []  # or two passes' rows lie in memory side by side
    open_ones = finish(problem, found, hashed)
    chosen = Chosen.joined([*settled, open_ones], len(source.limit))
    return Solved(_clean(found.prices), found.bound, least, chosen, found.steps)


def _nothing(source: Source) -> Problem:
    return Problem([], source.limit, source.grid.none(), source.grid)


def _whole(low: Floats, high: Floats, source: Source) -> bool:
    return bool((low <= 0).all() and (high >= source.ceiling).all())


def _clean(prices: Floats) -> Floats:
    return np.maximum(prices, 0.0) + 0.0


def _first_box(source: Source) -> tuple[Floats, Floats]:
    size = int(np.clip(source.borrowers * SAMPLED_PART, *SAMPLED))
    ends = [_sample_prices(source, rows) for rows in source.samples(size)]
    prices = np.array([found.prices for found in ends])
    center, apart = prices.mean(axis=0), np.abs(prices[0] - prices[1])
    bound = max(found.bound for found in ends) * source.borrowers / size
    worth = np.where(source.limit > 0, bound / np.where(source.limit > 0, source.limit, 1.0), source.ceiling)
    # two samples may agree on one price by chance: what they differ by on the whole counts for each
    # (the median, for of a price near nothing samples differ by any factor)
    usual = float(np.median(apart[center > 0] / center[center > 0])) if (center > 0).any() else 0.0
    radius = np.maximum(SPREAD * np.maximum(apart, usual * center), LEAST_SPREAD * center)
    radius = np.where(center > 0, radius, np.maximum(radius, LEAST_PRICE * worth))
    return np.maximum(center - radius, 0.0), np.minimum(center + radius, source.ceiling)


def _sample_prices(source: Source, rows: Rows) -> Found:
    limit = source.limit * (rows.borrowers / source.borrowers)
    problem = Problem(split(rows), limit, source.grid.none(), source.grid)
    nothing = np.zeros(len(limit))
    cuts = Cuts(nothing, source.ceiling)
    return search(problem, cuts, nothing, first_radius(problem, source.ceiling), SAMPLE_ACCURACY)


def _searched(problem: Problem, low: Floats, high: Floats) -> Found:
    """Search in stages, between them on the few borrowers that the cuts leave open."""
    if (low <= 0).all():
        start, radius = low, np.minimum(first_radius(problem, high), high - low)
    else:
        start, radius = (low + high) / 2, (high - low) / 4
    found = search(problem, Cuts(low, high), start, radius, STAGES[0])
    for accuracy in STAGES[1:]:
        nearest, farthest = found.reach()
        nearer, _ = problem.narrowed(nearest, farthest)
        if nearer.borrowers < 0.7 * problem.borrowers:
            problem = nearer
        radius = np.maximum((farthest - nearest) / 4, FINEST * high)
        found = search(problem, found.cuts, found.prices, radius, accuracy)
    return least_prices(problem, found)


def _moved(low: Floats, high: Floats, prices: Floats, best: Floats, ceiling: Floats) -> tuple[Floats, Floats]:
    """A box four times as wide where the cuts point outside, about the best prices known."""
    beyond = (best < low) | (best > high)
    radius = (high - low) / 2 * np.where(beyond, 4.0, 1.0)
    return np.maximum(prices - radius, 0.0), np.minimum(prices + radius, ceiling)
