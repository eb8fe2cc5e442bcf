"""The small linear programs over prices: where the cuts are lowest, and how far the lowest point may lie.

A cut is one choice of actions for everybody: at any prices p the bound is at least `value + p . (limit - use)` of
it (Kelley 1960). The least of the cuts' upper envelope is a lower bound on the best bound; within a trust box it is
the next point to try (the boxstep method: Marsten, Hogan and Blankenship, Operations Research 23(3), 1975).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import highspy
import numpy as np

from forbear.treatment.rows import Floats

TOLERANCE = 1e-10
"""HiGHS's feasibility tolerances; programs are scaled to about one before they are handed over."""
LID = 1e-3
"""Units by which a point may lie above the best bound and still count as on it: rounding."""
KEPT_CUTS = 400
"""Cuts kept; the oldest that are far below the best go first."""


class _Solver(highspy.Highs):
    """HiGHS without its callbacks: switching them on prints a banner to standard output."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()
        self.setOptionValue("output_flag", False)


def quiet(**options: float | str | bool) -> highspy.Highs:
    """A HiGHS that says nothing, runs on one thread and gives the same answer each time."""
    solver = _Solver()
    for name, value in {"threads": 1, "random_seed": 0, **options}.items():
        solver.setOptionValue(name, value)
    return solver


@dataclass
class Cuts:
    """Cuts of one problem: `level` is a cut's value, `slope` what one more unit of price adds.

    Attributes:
        low, high: the box in which prices are sought.
    """

    low: Floats
    high: Floats
    level: list[float] = field(default_factory=list)
    slope: list[Floats] = field(default_factory=list)
    point: list[Floats] = field(default_factory=list)

    def add(self, level: float, slope: Floats, point: Floats) -> float:
        """Take the cut of the choice that is best at `point`; gives its height there, the bound."""
        self.level.append(level)
        self.slope.append(slope)
        self.point.append(point)
        return float(level + slope @ point)

    def within(self, low: Floats, high: Floats) -> Cuts:
        """The same cuts over another box."""
        return Cuts(low, high, list(self.level), list(self.slope), list(self.point))

    def tidy(self, center: Floats) -> None:
        """Forget the cuts that lie lowest at `center`, when there are too many."""
        if len(self.level) > KEPT_CUTS:
            heights = np.array(self.level) + np.array(self.slope) @ center
            keep = np.sort(np.argsort(-heights, kind="stable")[: KEPT_CUTS // 2])
            for kept in (self.level, self.slope, self.point):
                kept[:] = [kept[i] for i in keep]

    def lowest(self, center: Floats, radius: Floats, height: float, unit: float) -> tuple[Floats, float, Floats]:
        """The least point of the cuts within a box around `center`.

        Args:
            center: point about which the program is written.
            radius: half the box's width; the cuts' own box holds too.
            height: the bound at `center`.
            unit: size of the difference that matters, in values; the program is scaled to it.

        Returns:
            The point, the cuts' height there, and each cut's weight in the optimum (they add up to one).
        """
        width, rise, base = self._scaled(center, height, unit)
        low = np.maximum(self.low - center, -radius) / width
        high = np.minimum(self.high - center, radius) / width
        solution = _solve(np.append(np.zeros(len(center)), 1.0), rise, base, low, high)
        step, lift = np.clip(solution[0][:-1], low, high), solution[0][-1]
        point = np.clip(center + step * width, self.low, self.high)
        return point, height + lift * unit, solution[1]

    def reach(self, center: Floats, height: float, unit: float) -> tuple[Floats, Floats]:
        """The smallest box that holds every point where the cuts do not exceed `height`: the best prices lie in it."""
        width, rise, base = self._scaled(center, height, unit)
        low, high = (self.low - center) / width, (self.high - center) / width
        ends = [np.empty(len(center)), np.empty(len(center))]
        for k in range(len(center)):
            for end, sign in zip(ends, (1.0, -1.0), strict=True):
                cost = np.zeros(len(center) + 1)
                cost[k] = sign
                end[k] = _solve(cost, rise, base, low, high, lid=LID)[0][k]
        lowest, highest = center + ends[0] * width, center + ends[1] * width
        margin = 1e-9 * np.abs(center) + 1e-6 * (highest - lowest)
        return np.maximum(self.low, lowest - margin), np.minimum(self.high, highest + margin)

    def cheapest(self, center: Floats, height: float, unit: float) -> Floats:
        """The lowest prices (all together, each by its scale) at which no cut exceeds `height`."""
        width, rise, base = self._scaled(center, height, unit)
        low, high = (self.low - center) / width, (self.high - center) / width
        step = _solve(np.append(np.ones(len(center)), 0.0), rise, base, low, high, lid=LID)[0][:-1]
        return np.clip(center + step * width, self.low, np.maximum(center, self.low))

    def _scaled(self, center: Floats, height: float, unit: float) -> tuple[Floats, Floats, Floats]:
        """Widths of a step along each price, cuts' slopes by them and heights above `height`, all in units."""
        slope = np.array(self.slope)
        steepest = np.abs(slope).max(axis=0)
        width = np.where(steepest > 0, unit / np.where(steepest > 0, steepest, 1.0), 1.0)
        return width, slope * width / unit, (np.array(self.level) + slope @ center - height) / unit


def _solve(
    cost: Floats, rise: Floats, base: Floats, low: Floats, high: Floats, lid: float = highspy.kHighsInf
) -> tuple[Floats, Floats]:
    """Minimize cost over (step, lift) with lift >= base + rise . step for every cut, step in its box, lift <= lid."""
    cuts, prices = rise.shape
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = prices + 1, cuts
    program.col_cost_ = cost
    program.col_lower_ = np.append(low, -highspy.kHighsInf)
    program.col_upper_ = np.append(high, lid)
    program.row_lower_, program.row_upper_ = base, np.full(cuts, highspy.kHighsInf)
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = np.arange(cuts + 1, dtype=np.int32) * (prices + 1)
    program.a_matrix_.index_ = np.tile(np.arange(prices + 1, dtype=np.int32), cuts)
    program.a_matrix_.value_ = np.hstack([-rise, np.ones((cuts, 1))]).ravel()
    solver = quiet(
        primal_feasibility_tolerance=TOLERANCE, dual_feasibility_tolerance=TOLERANCE, small_matrix_value=1e-12
    )
    solver.passModel(program)
    solver.run()
    found = solver.getSolution()
    if len(found.col_value) <= prices:  # never seen; claims nothing, and the search goes on
        return np.append(np.clip(0.0, low, high), -np.inf), np.zeros(cuts)
    return np.array(found.col_value), np.maximum(np.array(found.row_dual), 0.0)


def ceilings(most_ratio: Floats) -> Floats:
    """Prices above which nobody would use a capacity: the greatest value per unit of use, and a little more."""
    return most_ratio * (1 + 1e-9)
