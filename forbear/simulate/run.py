"""One run: a world, a strategy, a seed, day after day; what came in and what it put on people.

The order of a day: installments fall due, the table is made, limits are laid over it, the strategy chooses, its choice
is held to the limits, the acts are carried out, people pay. A choice that breaks a limit stops the run with an error:
no strategy is measured by what it may not do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forbear.basics.errors import WrongUse
from forbear.simulate.acts import menu
from forbear.simulate.days import Days, days
from forbear.simulate.limits import Limits, allowed, shipped_limits
from forbear.simulate.record import NEVER, Arrays, Record, count_days, fall_due, part_of, receive
from forbear.simulate.seen import Seen, see
from forbear.simulate.strategies.interface import Choice, Strategy, Today, lottery
from forbear.simulate.streams import BLOCK, Purpose, Streams
from forbear.simulate.worlds.catalog import World
from forbear.simulate.worlds.contact import Effects, Heard, act_on, effects, fade
from forbear.simulate.worlds.people import Mind, short_for_long
from forbear.simulate.worlds.population import people

START = date(2026, 1, 1)
HOURS = 3
UNLIMITED = 1 << 30


@dataclass(frozen=True)
class Setup:
    """What a run is, beside world and strategy.

    Attributes:
        borrowers, days: how many.
        seed: of everything random.
        start: the date of day 0.
        limits: caps and quiet states.
        capacity: factor on every capacity; `inf` is no limit.
        contacts: most acts a day for 1,000 borrowers; None is no limit.
        whole_book: loans disbursed over the run instead of a book in mid-life.
        threads: blocks computed side by side; no influence on results.
    """

    borrowers: int
    days: int
    seed: int = 1
    start: date = START
    limits: Limits = field(default_factory=shipped_limits)
    capacity: float = 1.0
    contacts: float | None = None
    whole_book: bool = False
    threads: int = 1


@dataclass(eq=False)
class Tally(Arrays):
    """By borrower: money in minor units, counts, points.

    `received` is all money, `recovered` the part of it that was overdue; `pressed_wrongly` as docs/simulate.md says.
    """

    received: NDArray[np.int64]
    recovered: NDArray[np.int64]
    cost: NDArray[np.int64]
    contacts: NDArray[np.int32]
    complaints: NDArray[np.int32]
    cures: NDArray[np.int32]
    burden: NDArray[np.float32]
    pressed_wrongly: NDArray[np.bool_]
    forgiven: NDArray[np.int64]


@dataclass(eq=False)
class State:
    """Everything of a run between two days."""

    record: Record
    mind: Mind
    tally: Tally


@dataclass(frozen=True, eq=False)
class DayLog:
    """One day as it happened, for whoever writes books or learns from pilots; arrays by borrower.

    `hidden` is the state, for those who export the truth; strategies never get a DayLog.
    """

    day: int
    seen: Seen
    today: Today
    choice: Choice
    paid: NDArray[np.int64]
    reached: NDArray[np.bool_]
    hour: NDArray[np.int8]
    hidden: State


Watcher = Callable[[DayLog], None]


def blocks(borrowers: int) -> list[slice]:
    """The blocks of borrowers; their size is part of the results."""
    return [slice(first, min(first + BLOCK, borrowers)) for first in range(0, borrowers, BLOCK)]


def begin(world: World, setup: Setup, calendar: Days) -> State:
    """The state before day 0."""
    parts = []
    for number, rows in enumerate(blocks(setup.borrowers)):
        draws = Streams(setup.seed, number, rows.stop - rows.start)
        record, mind = people(world.parameters, draws, rows.start, calendar, whole_book=setup.whole_book)
        world.behavior.start(mind, record, draws)
        parts.append((record, mind))
    record = _joined([r for r, _ in parts])
    return State(record, _joined([m for _, m in parts]), _nothing(setup.borrowers))


def _check(setup: Setup) -> None:
    for name, value, least, most in (
        ("borrowers", setup.borrowers, 1, 5_000_000),
        ("days", setup.days, 1, 3650),
        ("seed", setup.seed, 0, (1 << 63) - 1),
    ):
        if not least <= value <= most:
            raise WrongUse(f"{name} is {value}", f"ask for {least:,} to {most:,}")


def simulate(
    world: World,
    strategy: Strategy,
    setup: Setup,
    *,
    watchers: Iterable[Watcher] = (),
    pool: ThreadPoolExecutor | None = None,
) -> State:
    """Run a strategy in a world; gives the state after the last day, with the tally.

    Raises:
        WrongUse: the setup is out of range, or the strategy broke a limit; says which, on what day.
    """
    _check(setup)
    calendar = days(setup.start, setup.days)
    state = begin(world, setup, calendar)
    if pool is None and setup.threads > 1 and setup.borrowers > BLOCK:
        with ThreadPoolExecutor(setup.threads) as own:
            _all_days(world, strategy, setup, calendar, state, tuple(watchers), own)
    else:
        _all_days(world, strategy, setup, calendar, state, tuple(watchers), pool)
    state.tally.forgiven[:] = state.record.forgiven
    return state


def _all_days(
    world: World,
    strategy: Strategy,
    setup: Setup,
    calendar: Days,
    state: State,
    watchers: tuple[Watcher, ...],
    pool: ThreadPoolExecutor | None,
) -> None:
    effect = effects(world.parameters)
    for day in range(setup.days):
        fall_due(state.record, calendar, day)
        seen = see(state.record, calendar, day)
        today = today_of(setup, calendar, seen, day)
        choice = strategy.choose(seen, today)
        hold(strategy.name, choice, today)
        act = np.ascontiguousarray(choice.act, dtype=np.int8)
        paid, reached = advance(world, effect, calendar, setup.seed, state, act, day, pool)
        if watchers:
            log = DayLog(day, seen, today, choice, paid, reached, hours(setup.seed, state.record, day), state)
            for watcher in watchers:
                watcher(log)


def hours(seed: int, record: Record, day: int) -> NDArray[np.int8]:
    """The part of the day in which each borrower would be contacted: by lot, as no strategy chooses it yet."""
    return (lottery(seed, day, 9, record.borrower) * HOURS).astype(np.int8)


def advance(
    world: World,
    effect: Effects,
    calendar: Days,
    seed: int,
    state: State,
    act: NDArray[np.int8],
    day: int,
    pool: ThreadPoolExecutor | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Carry out a day's acts, changing `state`; gives money paid and whether the act found the person, by borrower."""
    step = _Step(world, effect, calendar, seed, state, act, hours(seed, state.record, day), day)
    rows = list(enumerate(blocks(len(state.record))))
    came = list(pool.map(step, rows)) if pool else [step(one) for one in rows]
    return np.concatenate([p for p, _ in came]), np.concatenate([r for _, r in came])


def today_of(setup: Setup, calendar: Days, seen: Seen, day: int) -> Today:
    """The day's limits for the strategy."""
    scale = setup.capacity * setup.borrowers / 1000
    capacity = menu().capacities * scale
    capacity = np.where(np.isfinite(capacity), np.round(capacity, 6), UNLIMITED)
    contacts = UNLIMITED if setup.contacts is None else int(setup.contacts * setup.borrowers / 1000 + 1e-9)
    return Today(day, calendar.on(day), menu(), allowed(setup.limits, seen), capacity, contacts)


def hold(name: str, choice: Choice, today: Today) -> None:
    """Refuse a choice that breaks a limit.

    Raises:
        WrongUse: what was broken, by which strategy, on which day.
    """
    act = choice.act
    place = f"strategy {name}, day {today.day}"
    if act.shape != (len(today.allowed),):
        raise WrongUse(f"{place}: {act.shape} acts for {len(today.allowed)} borrowers", "give one act a borrower")
    if act.min(initial=0) < 0 or act.max(initial=0) >= len(today.menu.acts):
        raise WrongUse(f"{place}: act number {act.min()} to {act.max()} is not on the menu")
    refused = np.flatnonzero(~today.allowed[np.arange(len(act)), act])
    if len(refused):
        first = int(refused[0])
        raise WrongUse(
            f"{place}: {today.menu.names[int(act[first])]} for borrower {first}, which is not allowed",
            "choose within today.allowed",
        )
    counts = np.bincount(act, minlength=len(today.menu.acts))
    used = counts @ today.menu.uses
    over = np.flatnonzero(used > today.capacity * (1 + 1e-9) + 1e-6)
    if len(over):
        what = today.menu.resources[int(over[0])]
        raise WrongUse(f"{place}: {used[over[0]]:g} {what} of {today.capacity[over[0]]:g}", "hold the capacities")
    if counts[1:].sum() > today.contacts:
        raise WrongUse(f"{place}: {counts[1:].sum()} acts of {today.contacts}", "hold today.contacts")


@dataclass(frozen=True, eq=False)
class _Step:
    """The day of one block: acts are carried out, people pay, the ledger and the tally are kept."""

    world: World
    effect: Effects
    calendar: Days
    seed: int
    state: State
    act: NDArray[np.int8]
    hour: NDArray[np.int8]
    day: int

    def __call__(self, numbered: tuple[int, slice]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        number, rows = numbered
        record, mind = part_of(self.state.record, rows), part_of(self.state.mind, rows)
        tally, day = part_of(self.state.tally, rows), self.day
        draws = Streams(self.seed, number, rows.stop - rows.start)
        fade(self.effect, mind, record, day)
        moved = draws.uniform(day, Purpose.number) < self.world.parameters["behavior.number_moves"]
        mind.number_ok &= ~moved
        heard = act_on(self.effect, mind, record, self.act[rows], self.hour[rows], day, draws)
        self._count(tally, mind, record, heard)
        was_late, owed = record.dpd > 0, record.arrears
        paid = self.world.behavior.pays(mind, record, self.calendar, day, draws)
        _close_settlements(record, paid, day)
        receive(record, paid, day)
        count_days(record, self.calendar, day)
        tally.received += paid
        tally.recovered += np.where(was_late, np.minimum(paid, owed), 0)
        tally.cures += was_late & (record.dpd == 0)
        reached = np.zeros(rows.stop - rows.start, dtype=bool)
        reached[heard.rows] = heard.reached
        return paid, reached

    def _count(self, tally: Tally, mind: Mind, record: Record, heard: Heard) -> None:
        rows, acts = heard.rows, menu()
        tally.cost[rows] += acts.cost[heard.act]
        tally.contacts[rows] += 1
        tally.complaints[rows] += heard.complaint
        tally.burden[rows] += acts.burden[heard.act]
        presses = acts.flag("presses")[heard.act]
        wrong = mind.disputes[rows] | mind.vulnerable[rows] | ~mind.number_ok[rows]
        if self.world.behavior.has_money:
            wrong |= short_for_long(mind, record.part)[rows]
        tally.pressed_wrongly[rows] |= presses & wrong


def _close_settlements(record: Record, paid: NDArray[np.int64], day: int) -> None:
    """Who pays the settled amount is forgiven the rest of the arrears."""
    closes = (record.settle_until >= day) & (paid >= record.settle_amount) & (paid > 0)
    if closes.any():
        record.forgiven[closes] += np.maximum(record.arrears[closes] - paid[closes], 0)
        record.settle_until[closes] = NEVER


def _joined(parts: list[Any]) -> Any:
    kind = type(parts[0])
    return kind(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(kind)})


def _nothing(n: int) -> Tally:
    return Tally(
        np.zeros(n, dtype=np.int64),
        np.zeros(n, dtype=np.int64),
        np.zeros(n, dtype=np.int64),
        np.zeros(n, dtype=np.int32),
        np.zeros(n, dtype=np.int32),
        np.zeros(n, dtype=np.int32),
        np.zeros(n, dtype=np.float32),
        np.zeros(n, dtype=bool),
        np.zeros(n, dtype=np.int64),
    )
