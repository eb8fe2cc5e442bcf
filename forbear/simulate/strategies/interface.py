"""What a strategy is given and what it answers: a table, a day with its limits, and one act for each borrower.

A strategy is a pure function of the two: same table and day, same choice. Randomness is a hash of its seed, the day
and the borrower's number (`lottery`), so that it too is the same on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forbear.book.sample_random import uniform
from forbear.simulate.acts import Menu
from forbear.simulate.seen import Seen

WAIT = 0


@dataclass(frozen=True, eq=False)
class Today:
    """The day and its limits.

    Attributes:
        day: from 0.
        on: its date.
        menu: the acts, what they cost and use; act 0 is `wait`.
        allowed: borrowers x acts; what preconditions, caps and quiet states leave. Waiting always is.
        capacity: what there is of each of `menu.resources` today.
        contacts: how many acts other than waiting may be taken today.
    """

    day: int
    on: date
    menu: Menu
    allowed: NDArray[np.bool_]
    capacity: NDArray[np.float64]
    contacts: int


@dataclass(frozen=True, eq=False)
class Choice:
    """An act (its number) for each borrower, and the probability with which it was drawn where it was drawn."""

    act: NDArray[np.int8]
    propensity: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class Ahead:
    """Beside each logged decision: every act's chance, and what followed day by day.

    Attributes:
        chances: rows x acts, of the rows as they were kept.
        after: the table `step` days later.
        step: days.
        soon: money of each of the `step` days from the decision on, rows x days, minor units.
        reached: whether the act found the person.
        pace: days between acts on one person, on average, where they were drawn.
        later: money of the days from then to the horizon of values, by tens of days, rows x tens; negative: not known.
    """

    chances: NDArray[np.float64]
    after: Seen
    step: int
    soon: NDArray[np.int64]
    reached: NDArray[np.bool_]
    pace: float
    later: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Logged:
    """Decisions of the past with what followed, for strategies that learn: one row a borrower and day.

    Attributes:
        seen: the table's columns, on the day of the decision.
        act: what was done.
        propensity: the probability with which it was drawn.
        paid: money received in the `horizon` days from then on, minor units.
        horizon: days.
        ahead: what a learner of values needs beside it; None where a pilot did not keep it.
    """

    seen: Seen
    act: NDArray[np.int8]
    propensity: NDArray[np.float32]
    paid: NDArray[np.int64]
    horizon: int
    ahead: Ahead | None = None


class Strategy(Protocol):
    """Anything that chooses."""

    @property
    def name(self) -> str:
        """What the league calls it."""
        ...

    def choose(self, seen: Seen, today: Today) -> Choice:
        """One allowed act for each borrower, within capacity and contacts."""
        ...


class Plan:
    """A day's choice in the making: acts are given in an order of preference until a capacity is used up."""

    def __init__(self, seen: Seen, today: Today) -> None:
        self.today = today
        self.act = np.zeros(len(seen), dtype=np.int8)
        self._left = today.capacity.astype(np.float64).copy()
        self._contacts = today.contacts

    def room(self, act: int) -> int:
        """How many more borrowers could get this act."""
        uses = self.today.menu.uses[act]
        used = uses > 0
        fits = np.floor(self._left[used] / uses[used] + 1e-9)
        return int(min([self._contacts, *fits]))

    def give(self, act: int, wanted: NDArray[np.int64]) -> None:
        """Give the act to the first of `wanted` (numbers of rows, best first) that are free and allowed."""
        free = (self.act[wanted] == WAIT) & self.today.allowed[wanted, act]
        got = wanted[free][: self.room(act)]
        self.act[got] = act
        self._left -= len(got) * self.today.menu.uses[act]
        self._contacts -= len(got)

    def choice(self) -> Choice:
        """What was given."""
        return Choice(self.act)


def lottery(seed: int, day: int, purpose: int, borrower: NDArray[np.int64]) -> NDArray[np.float64]:
    """One number in [0, 1) a borrower and day, the same on every machine."""
    return uniform(seed, purpose * 100_000 + day, borrower)


def best_first(value: NDArray[np.float64], among: NDArray[np.bool_], tie: NDArray[np.float64]) -> NDArray[np.int64]:
    """Numbers of the rows `among`, by falling value; equal values in the order of `tie`."""
    rows = np.flatnonzero(among)
    return rows[np.lexsort((tie[rows], -value[rows]))]
