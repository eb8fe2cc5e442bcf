"""Field studies repeated on simulated borrowers: does an act do here about what it did to people?

`trials.yaml` holds the studies, their populations and the ranges, which were fixed before the first run. Both arms of a
trial are played on the same borrowers with the same luck, so that the difference is the act's alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from forbear.simulate.evidence import parameters
from forbear.simulate.limits import no_limits
from forbear.simulate.run import DayLog, Setup, State, simulate
from forbear.simulate.seen import Seen
from forbear.simulate.strategies.interface import Choice, Plan, Today
from forbear.simulate.worlds.catalog import world

TRIALS_FILE = Path(__file__).with_name("trials.yaml")


@dataclass(frozen=True)
class Trial:
    """One study to repeat; see trials.yaml."""

    name: str
    study: str
    tells: str
    outcome: str
    range: tuple[float, float]
    fixed: str
    days: int
    people: dict[str, float]
    why_people: str
    arms: dict[str, dict[str, Any]]
    compare: tuple[str, str]
    measure: str
    whole_book: bool = False
    relative: bool = False
    effects: dict[str, str] = field(default_factory=dict)
    base: tuple[float, float] | None = None


@dataclass(frozen=True)
class Result:
    """What came out: each arm's outcome, the effect, and whether it lies within the range."""

    trial: Trial
    arms: dict[str, float]
    effect: float

    @property
    def within(self) -> bool:
        """The effect lies in the fixed range, and the base rate, where the study told it, in its own."""
        low, high = self.trial.range
        base = self.trial.base
        based = base is None or base[0] <= self.arms[self.trial.compare[1]] <= base[1]
        return low <= self.effect <= high and based


@cache
def trials() -> tuple[Trial, ...]:
    """The trials of trials.yaml."""
    rows = yaml.safe_load(TRIALS_FILE.read_text(encoding="utf-8"))["trials"]
    pairs = ("range", "compare", "base")
    told: list[dict[str, Any]] = [{k: tuple(v) if k in pairs else v for k, v in row.items()} for row in rows]
    return tuple(Trial(**row) for row in told)


@dataclass(frozen=True)
class Arm:
    """One act on fixed days: of the run (`on_days`), or around the due date (`around_due`, negative before it)."""

    act: str = ""
    around_due: tuple[int, ...] = ()
    on_days: tuple[int, ...] = ()
    name: str = "arm"

    def choose(self, seen: Seen, today: Today) -> Choice:
        """The act for all whose day it is; those late only, unless it comes before the due date."""
        plan = Plan(seen, today)
        if not self.act:
            return plan.choice()
        dpd = np.asarray(seen["dpd"])
        due = np.zeros(len(seen), dtype=bool)
        if today.day in self.on_days:
            due |= (dpd > 0) | (np.asarray(seen["arrears"]) > 0)
        for day in self.around_due:
            due |= (dpd == day) & (day > 0)
            due |= (np.asarray(seen["days_to_due"]) == -day) & (day < 0) & (dpd == 0)
        plan.give(today.menu.index(self.act), np.flatnonzero(due))
        return plan.choice()


class _OnTime:
    """Share of installments that were covered by the end of their due day."""

    def __init__(self) -> None:
        self._due: NDArray[np.bool_] | None = None
        self.counted = self.on_time = 0

    def __call__(self, log: DayLog) -> None:
        if self._due is not None:
            self.counted += int(self._due.sum())
            self.on_time += int((self._due & (np.asarray(log.seen["arrears"]) == 0)).sum())
        fell = (np.asarray(log.seen["days_to_due"]) == 0) & (np.asarray(log.seen["months_on_book"]) > 0)
        self._due = fell & np.asarray(log.seen["open"], dtype=bool)


def repeat(trial: Trial, *, borrowers: int = 8000, seed: int = 2026) -> Result:
    """Play every arm of a trial and compare."""
    p = parameters()
    values = {**trial.people, **{name: p[source] for name, source in trial.effects.items()}}
    place = world("structural", values=values)
    arms = {}
    for name, row in trial.arms.items():
        told: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
        arm = Arm(**told)
        setup = Setup(
            borrowers,
            trial.days,
            seed=seed,
            limits=no_limits(),
            capacity=float("inf"),
            whole_book=trial.whole_book,
        )
        watch = _OnTime()
        start = _Start()
        state = simulate(place, arm, setup, watchers=[watch, start])
        arms[name] = _outcome(trial.measure, watch, start, state)
    one, other = (arms[name] for name in trial.compare)
    return Result(trial, arms, one / other - 1 if trial.relative else one - other)


class _Start:
    """What was late on the first day."""

    def __init__(self) -> None:
        self.arrears: NDArray[np.int64] | None = None
        self.paid: NDArray[np.int64] | None = None

    def __call__(self, log: DayLog) -> None:
        if self.arrears is None:
            self.arrears = np.asarray(log.seen["arrears"], dtype=np.int64)
            self.paid = np.zeros(len(self.arrears), dtype=np.int64)
        assert self.paid is not None
        self.paid += log.paid


def _outcome(measure: str, watch: _OnTime, start: _Start, state: State) -> float:
    assert start.arrears is not None
    assert start.paid is not None
    late = start.arrears > 0
    if measure == "on_time":
        return watch.on_time / max(1, watch.counted)
    if measure == "delinquent":
        return float((start.paid < start.arrears)[late].mean())
    return float(np.minimum(start.paid, start.arrears)[late].sum() / start.arrears[late].sum())
