"""The true value of every act for every late borrower: what no lender can know, and what estimates are measured by.

From the state at the end of a run, each act is done once to everybody who is late, then nothing for the horizon; the
same futures (seeds) for every act. The mean difference from waiting is the act's true gain in money received.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.acts import menu
from forbear.simulate.days import days
from forbear.simulate.record import fall_due
from forbear.simulate.run import Setup, State, advance
from forbear.simulate.worlds.catalog import World
from forbear.simulate.worlds.contact import effects

HORIZON = 90
FUTURES = 1 << 50
"""Added to the seed for the first future; the next ones follow."""


@dataclass(frozen=True, eq=False)
class Values:
    """True gains.

    Attributes:
        borrower: numbers of the late borrowers.
        gain: borrowers x acts, extra money within the horizon against waiting, minor units; waiting is 0.
        error: standard error of each gain over the repetitions.
    """

    borrower: NDArray[np.int64]
    gain: NDArray[np.float64]
    error: NDArray[np.float64]


def true_values(world: World, state: State, setup: Setup, repetitions: int) -> Values:
    """Gains of all acts for all who are late at the end of a run.

    Args:
        world: the run's.
        state: after its last day; not changed.
        setup: the run's.
        repetitions: futures; 20 give a standard error of a tenth of an installment or so.
    """
    late = np.flatnonzero(state.record.dpd > 0)
    acts = len(menu().acts)
    came = np.zeros((repetitions, acts, len(late)))
    for number in range(repetitions):
        for act in range(acts):
            came[number, act] = _future(world, _rows(state, late), setup, act, setup.seed + FUTURES + number)
    gains = came - came[:, :1]
    spread = gains.std(axis=0, ddof=1) if repetitions > 1 else np.zeros(gains.shape[1:])
    return Values(state.record.borrower[late], gains.mean(axis=0).T, (spread / np.sqrt(repetitions)).T)


def _rows(state: State, rows: NDArray[np.int64]) -> State:
    """A copy of some borrowers."""

    def copy(part: Any) -> Any:
        return type(part)(**{f.name: getattr(part, f.name)[rows].copy() for f in fields(part)})

    return State(copy(state.record), copy(state.mind), copy(state.tally))


def _future(world: World, state: State, setup: Setup, act: int, seed: int) -> NDArray[np.int64]:
    """Money received from each borrower in one future, the act done on its first day."""
    effect = effects(world.parameters)
    calendar = days(setup.start, setup.days + HORIZON)
    came = np.zeros(len(state.record), dtype=np.int64)
    for day in range(setup.days, setup.days + HORIZON):
        fall_due(state.record, calendar, day)
        done = np.full(len(came), act if day == setup.days else 0, dtype=np.int8)
        paid, _ = advance(world, effect, calendar, seed, state, done, day)
        came += paid
    return came
