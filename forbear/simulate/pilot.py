"""A pilot: randomised decisions of a world, logged as a lender would log them, for strategies that learn.

It runs on seeds of its own, so that nobody learns from the borrowers on whom the league is played; and it hands out
what was seen, done and received, never the hidden state.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.limits import shipped_limits
from forbear.simulate.run import DayLog, Setup, simulate
from forbear.simulate.seen import Seen
from forbear.simulate.strategies.interface import Logged, lottery
from forbear.simulate.strategies.lists import Explore
from forbear.simulate.worlds.catalog import World

APART = 1 << 40
"""Added to a seed to make a pilot's."""
HORIZON = 21
WAITING_KEPT = 0.10
"""Of the decisions to wait, so many are kept: they are many."""
BORROWERS, DAYS = 12_000, 90


def pilot(world: World, seed: int, *, borrowers: int = BORROWERS, days: int = DAYS) -> Logged:
    """Logged decisions of one pilot."""
    collector = _Collector()
    setup = Setup(borrowers, days, seed=seed + APART, limits=shipped_limits(), capacity=float("inf"))
    simulate(world, Explore(seed + APART, share=0.12), setup, watchers=[collector])
    return collector.logged()


def past_of(world: World, seed: int) -> Callable[[], Logged]:
    """A function that runs the pilot when first asked, and then remembers it."""
    known: list[Logged] = []

    def past() -> Logged:
        if not known:
            known.append(pilot(world, seed))
        return known[0]

    return past


class _Collector:
    def __init__(self) -> None:
        self._kept: list[
            tuple[NDArray[np.int64], dict[str, NDArray[np.generic]], NDArray[np.int8], NDArray[np.float32]]
        ] = []
        self._paid: list[NDArray[np.int64]] = []

    def __call__(self, log: DayLog) -> None:
        self._paid.append(log.paid)
        late = np.asarray(log.seen["dpd"]) > 0
        waits = log.choice.act == 0
        lot = lottery(0, log.day, 7, np.asarray(log.seen["borrower"], dtype=np.int64))
        free = log.today.allowed[:, 1:].any(axis=1)
        rows = np.flatnonzero(late & free & (~waits | (lot < WAITING_KEPT)))
        table = {name: column[rows] for name, column in log.seen.columns.items()}
        propensity = log.choice.propensity
        drawn = np.ones(len(rows), dtype=np.float32) if propensity is None else propensity[rows]
        self._kept.append((rows, table, log.choice.act[rows], drawn))

    def logged(self) -> Logged:
        """Every kept decision whose horizon lies within the run."""
        until = np.cumsum(np.stack(self._paid), axis=0)
        whole = self._kept[: len(self._paid) - HORIZON]
        paid = []
        for day, (rows, *_) in enumerate(whole):
            before = until[day - 1][rows] if day else 0
            paid.append(until[day + HORIZON - 1][rows] - before)
        columns = {n: np.concatenate([k[1][n] for k in whole]) for n in whole[0][1]}
        act = np.concatenate([k[2] for k in whole])
        return Logged(Seen(columns), act, np.concatenate([k[3] for k in whole]), np.concatenate(paid), HORIZON)
