"""A pilot: randomised decisions of a world, logged as a lender would log them, for strategies that learn.

It runs on seeds of its own, so that nobody learns from the borrowers on whom the league is played; and it hands out
what was seen, done and received, never the hidden state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.limits import shipped_limits
from forbear.simulate.run import DayLog, Setup, simulate
from forbear.simulate.seen import Seen
from forbear.simulate.strategies.interface import Ahead, Logged, lottery
from forbear.simulate.strategies.lists import Explore
from forbear.simulate.worlds.catalog import World

Table = dict[str, NDArray[Any]]
APART = 1 << 40
"""Added to a seed to make a pilot's."""
HORIZON = 21
STEP = 10
"""Days after which the table is kept a second time, for learners of values."""
FAR = 90
"""Days of money that are kept for them, as far as the pilot reaches."""
TEN = 10
WAITING_KEPT = 0.15
"""Of the decisions to wait, so many are kept: they are many."""
SHARE = 0.15
"""Of those late, each day, who get an act by lot."""
BORROWERS, DAYS = 60_000, 150


def pilot(world: World, seed: int, *, borrowers: int = BORROWERS, days: int = DAYS) -> Logged:
    """Logged decisions of one pilot."""
    explore = Explore(seed + APART, share=SHARE)
    collector = _Collector(explore)
    setup = Setup(borrowers, days, seed=seed + APART, limits=shipped_limits(), capacity=float("inf"))
    simulate(world, explore, setup, watchers=[collector])
    return collector.logged()


def past_of(world: World, seed: int) -> Callable[[], Logged]:
    """A function that runs the pilot when first asked, and then remembers it."""
    known: list[Logged] = []

    def past() -> Logged:
        if not known:
            known.append(pilot(world, seed))
        return known[0]

    return past


@dataclass(frozen=True, eq=False)
class _Day:
    """What is kept of a day: rows, the table, acts and their propensities, every act's chance, who was found."""

    rows: NDArray[np.int64]
    table: Table
    act: NDArray[np.int8]
    propensity: NDArray[np.float32]
    chances: NDArray[np.float64]
    reached: NDArray[np.bool_]


class _Collector:
    def __init__(self, explore: Explore) -> None:
        self._explore = explore
        self._kept: list[_Day] = []
        self._after: list[Table] = []
        self._paid: list[NDArray[np.int64]] = []

    def __call__(self, log: DayLog) -> None:
        if len(self._paid) >= STEP:
            rows = self._kept[len(self._paid) - STEP].rows
            self._after.append({name: column[rows] for name, column in log.seen.columns.items()})
        self._paid.append(log.paid)
        late = np.asarray(log.seen["dpd"]) > 0
        waits = log.choice.act == 0
        lot = lottery(0, log.day, 7, np.asarray(log.seen["borrower"], dtype=np.int64))
        chances = self._explore.chances(log.seen, log.today)
        rows = np.flatnonzero(late & (chances[:, 0] < 1) & (~waits | (lot < WAITING_KEPT)))
        table = {name: column[rows] for name, column in log.seen.columns.items()}
        drawn = log.choice.propensity
        assert drawn is not None
        self._kept.append(
            _Day(rows, table, log.choice.act[rows], drawn[rows], _as_kept(chances[rows]), log.reached[rows])
        )

    def logged(self) -> Logged:
        """Every kept decision whose horizon lies within the run."""
        until = np.cumsum(np.stack([np.zeros_like(self._paid[0]), *self._paid]), axis=0)
        whole = self._kept[: min(len(self._paid) - HORIZON + 1, len(self._after))]
        paid, soon, later = [], [], []
        for day, kept in enumerate(whole):
            paid.append(until[day + HORIZON][kept.rows] - until[day][kept.rows])
            soon.append(np.diff(until[day : day + STEP + 1, kept.rows], axis=0).T)
            later.append(_by_tens(until, day, kept.rows))
        ahead = Ahead(
            np.concatenate([k.chances for k in whole]),
            Seen(_stacked(self._after[: len(whole)])),
            STEP,
            np.concatenate(soon),
            np.concatenate([k.reached for k in whole]),
            1 / SHARE,
            np.concatenate(later),
        )
        act = np.concatenate([k.act for k in whole])
        propensity = np.concatenate([k.propensity for k in whole])
        return Logged(
            Seen(_stacked([k.table for k in whole])), act, propensity, np.concatenate(paid), HORIZON, ahead
        )


def _as_kept(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chances among the rows that are kept: waiting is kept more rarely."""
    kept = chances.copy()
    kept[:, 0] *= WAITING_KEPT
    kept /= kept.sum(axis=1, keepdims=True)
    return kept


def _by_tens(until: NDArray[np.int64], day: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Money from the step's end to FAR days by tens of days; -1 where the pilot ends before."""
    edges = [*range(day + STEP, day + FAR, TEN), day + FAR]
    if day + FAR >= len(until):
        return np.full((len(rows), len(edges) - 1), -1, dtype=np.int64)
    return np.diff(until[edges][:, rows], axis=0).T


def _stacked(tables: list[Table]) -> Table:
    return {name: np.concatenate([t[name] for t in tables]) for name in tables[0]}
