"""The league: strategies against each other in each world, on the same borrowers with the same luck, seed by seed.

Every figure is a mean over seeds with its 95 % interval; differences are taken seed by seed against the first strategy,
which common random numbers make far sharper than the figures themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forbear.basics.errors import WrongUse
from forbear.simulate.intervals import Interval, interval
from forbear.simulate.pilot import past_of
from forbear.simulate.run import Setup, Tally, simulate
from forbear.simulate.strategies.interface import Logged, Strategy
from forbear.simulate.strategies.registry import strategy as strategy_of
from forbear.simulate.worlds.catalog import World

SUMMED = (
    "received",
    "recovered",
    "cost",
    "contacts",
    "complaints",
    "cures",
    "burden",
    "pressed_wrongly",
    "forgiven",
)
"""Sums over borrowers; money in minor units."""
METRICS = ("brought", *SUMMED)
"""`brought`: received beyond what comes when nobody is contacted, on the same borrowers with the same luck."""
ALONE = "none"
BUDGETS = (2.0, 5.0, 10.0, 20.0, 40.0)
"""Acts a day for 1,000 borrowers, at which the frontier is drawn beside no limit."""

Told = Callable[[int, int], None]
Job = tuple[World, str, int, float | None]
"""World, strategy, seed, budget."""


@dataclass(frozen=True)
class Row:
    """One run's sums."""

    world: str
    strategy: str
    seed: int
    budget: float | None
    sums: dict[str, float]


@dataclass(frozen=True)
class Line:
    """A strategy's place in one world: means, and differences from the first strategy."""

    world: str
    strategy: str
    figures: dict[str, Interval]
    against: dict[str, Interval]


@dataclass(frozen=True)
class League:
    """The whole of it.

    Attributes:
        setup: of every run but the seed.
        seeds: which.
        worlds: name and what it is.
        strategies: in order; the first is the one compared with.
        rows: every run.
        frontier: runs under budgets of contacts, and the unlimited ones of the same seeds.
    """

    setup: Setup
    seeds: tuple[int, ...]
    worlds: dict[str, str]
    strategies: tuple[str, ...]
    rows: tuple[Row, ...]
    frontier: tuple[Row, ...]

    def lines(self) -> list[Line]:
        """The table, worlds in order, strategies in order."""
        found = []
        for world in self.worlds:
            of = {s: self._by_seed(world, s) for s in self.strategies}
            base = of[self.strategies[0]]
            for name in self.strategies:
                figures = {m: interval([r[m] for r in of[name]]) for m in METRICS}
                gaps = {m: interval([r[m] - b[m] for r, b in zip(of[name], base, strict=True)]) for m in METRICS}
                found.append(Line(world, name, figures, gaps))
        return found

    def _by_seed(self, world: str, name: str) -> list[dict[str, float]]:
        rows = [r for r in self.rows if (r.world, r.strategy) == (world, name)]
        return [r.sums for r in sorted(rows, key=lambda r: r.seed)]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "borrowers": self.setup.borrowers,
            "days": self.setup.days,
            "seeds": list(self.seeds),
            "limits": self.setup.limits.told,
            "money": "minor units",
            "worlds": [{"world": n, "told": t} for n, t in self.worlds.items()],
            "compared_with": self.strategies[0],
            "league": [
                {
                    "world": line.world,
                    "strategy": line.strategy,
                    "figures": {m: i.as_dict() for m, i in line.figures.items()},
                    "difference": {m: i.as_dict() for m, i in line.against.items()},
                }
                for line in self.lines()
            ],
            "frontier": [
                {"world": p.world, "strategy": p.strategy, "budget": p.budget, **p.means} for p in points(self)
            ],
        }


@dataclass(frozen=True)
class Point:
    """A strategy under a budget: means over the frontier's seeds."""

    world: str
    strategy: str
    budget: float | None
    means: dict[str, float]


def points(league: League) -> list[Point]:
    """The frontier's points, by world, strategy and rising budget."""
    found = []
    for world in league.worlds:
        for name in league.strategies:
            for budget in (*BUDGETS, None):
                rows = [r.sums for r in league.frontier if (r.world, r.strategy, r.budget) == (world, name, budget)]
                if rows:
                    means = {m: float(np.mean([r[m] for r in rows])) for m in METRICS}
                    found.append(Point(world, name, budget, means))
    return found


def sums(tally: Tally) -> dict[str, float]:
    """A run's sums over borrowers."""
    return {m: float(np.asarray(getattr(tally, m)).sum(dtype=np.float64)) for m in SUMMED}


def play(
    worlds: Sequence[World],
    strategies: Sequence[str],
    setup: Setup,
    seeds: int,
    *,
    frontier_seeds: int = 0,
    told: Told = lambda _done, _all: None,
) -> League:
    """Play the league.

    Args:
        worlds: made by `world`.
        strategies: names, or `module:function`; the first is the one compared with.
        setup: size, limits, capacity; its seed is the first of the league's.
        seeds: how many, from the setup's on.
        frontier_seeds: so many of them are also played under BUDGETS.
        told: hears of runs done and their number.

    Raises:
        WrongUse: no strategy, one named twice, or one that breaks a limit.
    """
    if not strategies or len(set(strategies)) != len(strategies):
        raise WrongUse("strategies must be named, each once", "say --strategy NAME for each")
    numbers = tuple(range(setup.seed, setup.seed + seeds))
    made = {(w.name, s): strategy_of(s, setup.seed, past) for w, past in _pasts(worlds, setup) for s in strategies}
    jobs: list[Job] = [(w, s, seed, setup.contacts) for w in worlds for seed in numbers for s in strategies]
    extra: list[Job] = [
        (w, s, seed, budget)
        for w in worlds
        for seed in numbers[:frontier_seeds]
        for s in strategies
        for budget in BUDGETS
    ]
    alone: list[Job] = [(w, ALONE, seed, None) for w in worlds for seed in numbers]
    made |= {(w.name, ALONE): strategy_of(ALONE, setup.seed, _no_past) for w in worlds}
    rows = _with_brought(_run_all(jobs + extra + alone, made, setup, told), len(jobs) + len(extra))
    full = tuple(rows[: len(jobs)])
    first = [r for r in full if r.seed in numbers[:frontier_seeds]]
    unlimited = [replace(r, budget=None) for r in first] if setup.contacts is None else []
    return League(
        setup, numbers, {w.name: w.told for w in worlds}, tuple(strategies), full, (*rows[len(jobs) :], *unlimited)
    )


def _no_past() -> Logged:
    raise WrongUse("leaving people in peace needs no past")


def _with_brought(rows: list[Row], kept: int) -> list[Row]:
    """The first `kept` rows, with what each brought beyond the run without contacts of its world and seed."""
    peace = {(r.world, r.seed): r.sums["received"] for r in rows[kept:]}
    return [
        replace(r, sums={**r.sums, "brought": r.sums["received"] - peace[r.world, r.seed]}) for r in rows[:kept]
    ]


def _pasts(worlds: Sequence[World], setup: Setup):  # type: ignore[no-untyped-def]
    return [(w, past_of(w, setup.seed)) for w in worlds]


def _run_all(
    jobs: list[Job],
    made: dict[tuple[str, str], Strategy],
    setup: Setup,
    told: Told,
) -> list[Row]:
    """Runs side by side, one thread each; their results do not depend on how many there are."""
    done = 0

    def one(job: Job) -> Row:
        nonlocal done
        world, name, seed, budget = job
        own = replace(setup, seed=seed, contacts=budget, threads=setup.threads if len(jobs) == 1 else 1)
        tally = simulate(world, made[world.name, name], own).tally
        done += 1
        told(done, len(jobs))
        return Row(world.name, name, seed, budget, sums(tally))

    with ThreadPoolExecutor(max(1, setup.threads)) as pool:
        return list(pool.map(one, jobs))
