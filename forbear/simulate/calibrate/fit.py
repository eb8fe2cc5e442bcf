"""Simulated moments: parameters are moved until the simulated book has the habits of the real ones.

Gauss-Newton with damping (Levenberg 1944, Marquardt 1963) on the log-odds of the moments, derivatives by finite
differences. Common random numbers make the moments smooth enough in the parameters for that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.calibrate.moments import Moments, of_simulation
from forbear.simulate.evidence import Parameters

FREE: dict[str, tuple[float, float, float]] = {
    "behavior.early": (-4.0, 1.0, 0.3),
    "behavior.early_slope": (-0.3, 0.4, 0.04),
    "behavior.due_day": (-3.0, 3.0, 0.4),
    "behavior.late": (-4.0, 2.0, 0.3),
    "behavior.late_decay": (-0.5, 2.0, 0.15),
    "behavior.pays_one": (0.02, 0.98, 0.15),
    "behavior.remembers_late": (0.05, 0.9, 0.08),
    "behavior.shock": (0.0005, 0.02, 0.002),
    "behavior.job_lost": (0.00005, 0.005, 0.0005),
    "behavior.spends": (0.3, 1.1, 0.08),
    "population.will_spread": (0.1, 3.0, 0.25),
    "population.refusers": (0.0005, 0.05, 0.003),
    "population.essentials": (0.25, 0.8, 0.05),
    "population.essentials_spread": (0.02, 0.3, 0.04),
    "population.autopay": (0.01, 0.5, 0.06),
}
"""Parameter: (least, most, step of the derivative)."""
HABITS = (
    "behavior.early",
    "behavior.early_slope",
    "behavior.due_day",
    "behavior.late",
    "behavior.late_decay",
    "behavior.remembers_late",
    "population.will_spread",
    "population.autopay",
)
MEANS = tuple(name for name in FREE if name not in HABITS)
FLOOR = 2e-4
"""Shares are compared no nearer to 0 or 1 than this."""


@dataclass(frozen=True)
class Fit:
    """What was found: parameters, moments at the start and the end, and the distance after each round."""

    values: dict[str, float]
    before: Moments
    after: Moments
    distances: list[float]


def distance(ours: Moments, real: Moments) -> NDArray[np.float64]:
    """Differences of log-odds, in the order of `real`; shares of nearly nothing weigh less."""

    def odds(share: float) -> float:
        held = min(max(share, FLOOR), 1 - FLOOR)
        return log(held / (1 - held))

    weights = [min(1.0, (max(real[name], 1e-9) / 0.02) ** 0.5) for name in real]
    return np.array([w * (odds(ours[n]) - odds(real[n])) for w, n in zip(weights, real, strict=True)])


def fit(
    start: Parameters,
    real: Moments,
    *,
    free: Sequence[str] = tuple(FREE),
    borrowers: int = 6000,
    days: int = 360,
    rounds: int = 6,
    seed: int = 11,
    told: Callable[[str], None] = lambda _: None,
) -> Fit:
    """Move parameters towards the moments `real`; keeps the best found.

    How early and late people pay needs few days and is told by every borrower; how accounts roll needs a year and rests
    on few. So the habits (HABITS) are fitted to lateness first, the rest (MEANS) to rolls and vintages after.

    Args:
        start: where to begin.
        real: moments to meet, by name as `moments` gives them.
        free: names among FREE.
        borrowers: of the simulated book.
        days: of the simulated book.
        seed: of the simulated book; one for all runs, so that the moments move smoothly.
        rounds: of Gauss-Newton, each as many runs as there are parameters.
        told: hears of the progress.
    """

    def run(values: dict[str, float]) -> Moments:
        return of_simulation(start.with_values(values), borrowers, days, seed).moments()

    values = {name: start[name] for name in free}
    found = before = run(values)
    damp, distances = 0.5, [float(np.sum(distance(found, real) ** 2))]
    for number in range(rounds):
        slopes = _slopes(values, found, real, run)
        for _ in range(5):
            tried = _stepped(values, slopes, distance(found, real), damp)
            there = run(tried)
            far = float(np.sum(distance(there, real) ** 2))
            if far < distances[-1]:
                values, found, damp = tried, there, damp / 3
                distances.append(far)
                break
            damp *= 4
        else:
            break
        told(f"round {number + 1}: distance {distances[-1]:.3f}")
    return Fit(values, before, found, distances)


def _slopes(
    values: dict[str, float], found: Moments, real: Moments, run: Callable[[dict[str, float]], Moments]
) -> NDArray[np.float64]:
    """Moments x parameters, a parameter counted in its own steps."""
    columns = []
    here = distance(found, real)
    for name, value in values.items():
        least, most, step = FREE[name]
        way = step if value + step <= most else -step
        there = run({**values, name: min(max(value + way, least), most)})
        columns.append((distance(there, real) - here) * (step / way))
    return np.stack(columns, axis=1)


def _stepped(
    values: dict[str, float], slopes: NDArray[np.float64], gap: NDArray[np.float64], damp: float
) -> dict[str, float]:
    normal = slopes.T @ slopes
    move = np.linalg.solve(normal + damp * (np.diag(np.diag(normal)) + 1e-3 * np.eye(len(normal))), -slopes.T @ gap)
    move = np.clip(move, -3, 3)
    found = {}
    for (name, value), way in zip(values.items(), move, strict=True):
        least, most, step = FREE[name]
        found[name] = float(min(max(value + way * step, least), most))
    return found
