"""The true value of every act for every late borrower: what no lender can know, and what estimates are measured by.

From the state at the end of a run, each act is done once to everybody who is late, then nothing for the horizon; the
same futures (seeds) for every act. The mean difference from waiting is the act's true gain in discounted money.
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
SOON = 30
"""Days of the second, undiscounted gain: what an act hastens shows there, while after 90 days most have paid anyhow."""
DISCOUNT = 0.12
"""Annual rate at which money to come is discounted to the day of the act (simple, 365 days); assumed."""
FUTURES = 1 << 50
"""Added to the seed for the first future; the next ones follow."""


@dataclass(frozen=True, eq=False)
class Values:
    """True gains.

    Attributes:
        borrower: numbers of the late borrowers.
        gain: borrowers x acts, extra discounted money within HORIZON days against waiting, minor units; waiting is 0.
        soon: the same within SOON days, not discounted.
        error: standard error of each gain over the repetitions.
    """

    borrower: NDArray[np.int64]
    gain: NDArray[np.float64]
    soon: NDArray[np.float64]
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
    came = np.zeros((2, repetitions, acts, len(late)))
    for number in range(repetitions):
        for act in range(acts):
            came[:, number, act] = _future(world, _rows(state, late), setup, act, setup.seed + FUTURES + number)
    gains = came - came[:, :, :1]
    spread = gains[0].std(axis=0, ddof=1) if repetitions > 1 else np.zeros(gains.shape[2:])
    whole, soon = gains.mean(axis=1)
    return Values(state.record.borrower[late], whole.T, soon.T, (spread / np.sqrt(repetitions)).T)


def _rows(state: State, rows: NDArray[np.int64]) -> State:
    """A copy of some borrowers."""

    def copy(part: Any) -> Any:
        return type(part)(**{f.name: getattr(part, f.name)[rows].copy() for f in fields(part)})

    return State(copy(state.record), copy(state.mind), copy(state.tally))


def _future(world: World, state: State, setup: Setup, act: int, seed: int) -> NDArray[np.float64]:
    """Discounted money within HORIZON and plain money within SOON from each borrower, the act done on the first day."""
    effect = effects(world.parameters)
    calendar = days(setup.start, setup.days + HORIZON)
    came = np.zeros((2, len(state.record)))
    for day in range(setup.days, setup.days + HORIZON):
        fall_due(state.record, calendar, day)
        ahead = day - setup.days
        done = np.full(len(state.record), act if ahead == 0 else 0, dtype=np.int8)
        paid, _ = advance(world, effect, calendar, seed, state, done, day)
        came[0] += paid / (1 + DISCOUNT * ahead / 365)
        if ahead < SOON:
            came[1] += paid
    return came
