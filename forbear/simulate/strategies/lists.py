"""The plain rules: the ladder, one list by balance or by risk, chance, one gentle notice, and nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from forbear.simulate.seen import Seen
from forbear.simulate.strategies.interface import Choice, Plan, Today, best_first, lottery

LADDER_FILE = Path(__file__).with_name("ladder.yaml")
CHANNELS = ("human_call", "voice_reminder", "sms")
"""The order in which a single list uses up the channels: the strongest for those at its top."""
NOTICE_DAY = 3
"""Days past due on which the least contact sends its one message."""

Key = Callable[[Seen], NDArray[np.float64]]


def _tie(seed: int, seen: Seen, today: Today) -> NDArray[np.float64]:
    return lottery(seed, today.day, 1, np.asarray(seen["borrower"], dtype=np.int64))


@cache
def ladder_steps() -> tuple[dict[int, str], int]:
    """(step by days past due, days of grace) of ladder.yaml."""
    raw = yaml.safe_load(LADDER_FILE.read_text(encoding="utf-8"))
    return {int(d): str(a) for d, a in raw["steps"].items()}, int(raw["grace"])


@dataclass(frozen=True)
class Ladder:
    """The same steps on the same days for everybody; the longest overdue first where capacity is short."""

    seed: int = 0
    name: str = "ladder"

    def choose(self, seen: Seen, today: Today) -> Choice:
        """The step that a borrower's days past due call for, if not yet taken since it fell due."""
        steps, grace = ladder_steps()
        plan = Plan(seen, today)
        dpd, tie = np.asarray(seen["dpd"]), _tie(self.seed, seen, today)
        since = np.asarray(seen["days_since_contact"])
        for day in sorted(steps, reverse=True):
            age = dpd - day
            due = (dpd > 0) & (age >= 0) & (age <= grace) & (since > age)
            plan.give(today.menu.index(steps[day]), best_first(dpd.astype(float), due, tie))
        return plan.choice()


@dataclass(frozen=True)
class List:
    """One list of all who are late, best first; the strongest channel for its top until that is used up, and so on."""

    name: str
    key: Key
    seed: int = 0

    def choose(self, seen: Seen, today: Today) -> Choice:
        """The channels in their order, down the list."""
        plan = Plan(seen, today)
        order = best_first(self.key(seen), np.asarray(seen["dpd"]) > 0, _tie(self.seed, seen, today))
        for channel in CHANNELS:
            plan.give(today.menu.index(channel), order)
        return plan.choice()


def balance(seen: Seen) -> NDArray[np.float64]:
    """Money overdue."""
    return np.asarray(seen["arrears"], dtype=np.float64)


def risk(seen: Seen) -> NDArray[np.float64]:
    """Risk as a scorecard would put it: days past due and broken promises against the application score."""
    dpd = np.minimum(np.asarray(seen["dpd"], dtype=np.float64), 180)
    score: NDArray[np.float64] = (
        dpd / 30 + np.asarray(seen["broken"]) - (np.asarray(seen["score"], dtype=np.float64) - 600) / 60
    )
    return score


@dataclass(frozen=True)
class Chance:
    """Whoever is late, in an order drawn anew every day, and an allowed channel drawn too."""

    seed: int = 0
    name: str = "random"

    def choose(self, seen: Seen, today: Today) -> Choice:
        """Each borrower draws a channel; draws beyond a capacity are not carried out."""
        plan = Plan(seen, today)
        borrower = np.asarray(seen["borrower"], dtype=np.int64)
        draw = (lottery(self.seed, today.day, 2, borrower) * len(CHANNELS)).astype(np.int64)
        tie = _tie(self.seed, seen, today)
        late = np.asarray(seen["dpd"]) > 0
        for number, channel in enumerate(CHANNELS):
            plan.give(today.menu.index(channel), best_first(tie, late & (draw == number), tie))
        return plan.choice()


@dataclass(frozen=True)
class Least:
    """The least contact: one message a spell of arrears, and nothing more."""

    seed: int = 0
    name: str = "least"

    def choose(self, seen: Seen, today: Today) -> Choice:
        """A message on the third day, to those not told in this spell yet."""
        plan = Plan(seen, today)
        dpd = np.asarray(seen["dpd"])
        told = np.asarray(seen["days_since_contact"]) <= dpd
        late = (dpd >= NOTICE_DAY) & (dpd < 2 * NOTICE_DAY) & ~told
        plan.give(today.menu.index("sms"), best_first(dpd.astype(float), late, _tie(self.seed, seen, today)))
        return plan.choice()


@dataclass(frozen=True)
class Nothing:
    """Everybody is left in peace: what would have come by itself."""

    name: str = "none"

    def choose(self, seen: Seen, today: Today) -> Choice:
        """Wait."""
        return Plan(seen, today).choice()


@dataclass(frozen=True)
class Explore:
    """Acts drawn for each borrower and day with known probabilities: logged decisions for measuring others by.

    Attributes:
        share: of those late, each day, who get an act other than waiting; the act is drawn evenly among `acts` that
            are allowed. Where a capacity is short some draws are not carried out, and their propensities are then too
            high by that: run it with `capacity=inf` for exact ones, as books are.
    """

    seed: int = 0
    share: float = 0.06
    acts: tuple[str, ...] = ("app_push", "sms", "email", "voice_reminder", "human_call", "letter", "plan_offer")
    name: str = "explore"

    def choose(self, seen: Seen, today: Today) -> Choice:
        """Draw whether, then what."""
        borrower = np.asarray(seen["borrower"], dtype=np.int64)
        among = np.array([today.menu.index(a) for a in self.acts])
        chances = self.chances(seen, today)
        allowed = chances[:, among] > 0
        count = allowed.sum(axis=1)
        whether = lottery(self.seed, today.day, 3, borrower) < self.share
        pick = (lottery(self.seed, today.day, 4, borrower) * count).astype(np.int64)
        chosen = among[np.argmax(np.cumsum(allowed, axis=1) > pick[:, None], axis=1)]
        acts = whether & (count > 0)
        plan, tie = Plan(seen, today), _tie(self.seed, seen, today)
        for act in among:
            plan.give(int(act), best_first(tie, acts & (chosen == act), tie))
        drawn = np.where(acts, chosen, 0)
        return Choice(plan.act, chances[np.arange(len(drawn)), drawn].astype(np.float32))

    def chances(self, seen: Seen, today: Today) -> NDArray[np.float64]:
        """The chance of every act, borrowers x acts."""
        among = np.array([today.menu.index(a) for a in self.acts])
        allowed = today.allowed[:, among] & (np.asarray(seen["dpd"]) > 0)[:, None]
        count = allowed.sum(axis=1)
        told = np.zeros(today.allowed.shape)
        told[:, among] = np.where(allowed, self.share / np.maximum(count, 1)[:, None], 0)
        told[:, 0] = np.where(count > 0, 1 - self.share, 1.0)
        return told
