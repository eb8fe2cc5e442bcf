"""Forbear's own strategy: learned values, the mask of what is allowed, the allocation under the day's capacities.

It learns from a randomised pilot as a lender would from logged contacts (`forbear.treatment.learning`), stage by stage
of arrears; counts the lower bound of what an act brings; takes off its cost, the burden at a price, the complaints it
would bring at a price, and what acting today takes from a cheaper step tomorrow; what remains is allocated as `forbear
allocate` does it. Acts that the pilot never drew are left to an experiment. People who told of hardship are offered
relief and asked nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.acts import menu
from forbear.simulate.seen import Seen
from forbear.simulate.strategies.interface import WAIT, Ahead, Choice, Logged, Today, lottery
from forbear.treatment.learning import learn
from forbear.treatment.memory import choose
from forbear.treatment.stages import Stages
from forbear.treatment.values import Floats, Log, Values
from forbear.treatment.values_files import priors_of

URGENCY = 3.65
"""Annual rate (simple) at which money to come is discounted in a league that ends after some months: a hundredth a day.
A real lender's is a parameter of `forbear fit-values`; assumed."""
BURDEN_PRICE = 20
"""What a contact point must bring, minor units; assumed."""
COMPLAINT_PRICE = 50_000
"""What a complaint costs, minor units: handling and trust; assumed."""
COMPLAINTS = {"base": 2e-4, "pressing": 2.0, "by_recent": 0.5}
"""Complaints an attempt, how much more of pressing acts, and how much more by attempt of the last week; assumed, as a
pilot is too small to count them."""
STATE = (
    *("dpd", "unpaid_installments", "arrears_share", "left_share", "days_to_due", "months_on_book"),
    *(
        "days_since_payment",
        "score",
        "first_time",
        "age",
        "autopay",
        "income_share",
        "on_plan",
        "extended",
        "settling",
    ),
)
"""Features that tell what comes later, once the step is over."""
OF_TEN = 5.0
"""Money of ten days counts as if it came in their middle."""


def columns(seen: Seen) -> dict[str, Floats]:
    """The features, by name, borrowers each."""

    def number(name: str) -> Floats:
        return np.asarray(seen[name], dtype=np.float64)

    part = np.maximum(number("installment"), 1)
    plain = ("dpd", "unpaid_installments", "score", "first_time", "days_to_due", "months_on_book", "age", "autopay")
    more = ("days_since_payment", "days_since_contact", "days_since_reached", "contacts_7", "calls_7", "contacts")
    told = ("promise_open", "broken", "kept", "on_plan", "extended", "settling", "hardship", "bad_number")
    counts = ("phone_tried", "phone_reached", "text_tried", "text_read", "complained", "vulnerable")
    return {
        **{name: number(name) for name in (*plain, *more, *told, *counts)},
        "arrears_share": number("arrears") / part,
        "left_share": number("outstanding") / part,
        "income_share": part / np.maximum(number("stated_income"), 1),
        "phone_rate": (number("phone_reached") + 1) / (number("phone_tried") + 3),
        "text_rate": (number("text_read") + 1) / (number("text_tried") + 2),
    }


@dataclass(frozen=True)
class Learned:
    """The strategy.

    Attributes:
        values: what acts bring, as shares of the installment.
        pace: days between acts on one person, below which the pilot cannot speak: nobody is contacted more often than
            there, on average.
        seed: of the hash by which equals are told apart.
    """

    values: Values
    pace: float
    seed: int = 0
    name: str = "forbear"

    def choose(self, seen: Seen, today: Today) -> Choice:
        """The acts with the best net value that are allowed and for which there is capacity."""
        act = np.zeros(len(seen), dtype=np.int8)
        late = np.asarray(seen["dpd"]) > 0
        rows = np.flatnonzero(late & self._rested(seen, today) & today.allowed[:, self.acts].any(axis=1))
        if not len(rows) or today.contacts <= 0:
            return Choice(act)
        some = Seen({name: column[rows] for name, column in seen.columns.items()})
        may = today.allowed[np.ix_(rows, self.acts)] & ~self._only_relief(some)
        uses = np.column_stack([today.menu.uses[self.acts], np.ones(len(self.acts))])
        limit = np.append(today.capacity, today.contacts)
        lots = lottery(self.seed, today.day, 8, np.asarray(some["borrower"], dtype=np.int64))
        chosen = choose(self.net(some), may, uses, limit, (lots * 2.0**53).astype(np.uint64))
        act[rows] = np.where(chosen < 0, WAIT, self.acts[chosen])
        return Choice(act)

    def net(self, seen: Seen) -> Floats:
        """Lower bound of what each of `acts` brings, less all that it costs; minor units."""
        features = np.column_stack(list(columns(seen).values()))
        stake = np.asarray(seen["installment"], dtype=np.float64)[:, None]
        gain = (self.values.gains(features).low[:, 1:] - self.values.given_up(features)[:, None]) * stake
        acts = menu()
        risk = COMPLAINTS["base"] * (1 + COMPLAINTS["by_recent"] * np.asarray(seen["contacts_7"], dtype=np.float64))
        risk = risk[:, None] * np.where(acts.flag("presses")[self.acts], COMPLAINTS["pressing"], 1)
        net: Floats = gain - acts.cost[self.acts] - BURDEN_PRICE * acts.burden[self.acts] - COMPLAINT_PRICE * risk
        return net

    def _rested(self, seen: Seen, today: Today) -> NDArray[np.bool_]:
        """Who may be contacted again: days are whole and the pace is not, so a lot rounds it, right on average."""
        lots = lottery(self.seed, today.day, 10, np.asarray(seen["borrower"], dtype=np.int64))
        rested: NDArray[np.bool_] = np.asarray(seen["days_since_contact"]) >= np.floor(self.pace + lots)
        return rested

    def _only_relief(self, seen: Seen) -> NDArray[np.bool_]:
        """Inability leads to relief: who told of hardship is offered help, and asked nothing else."""
        unable = np.asarray(seen["hardship"], dtype=bool)[:, None]
        asks: NDArray[np.bool_] = unable & ~menu().flag("relief")[self.acts]
        return asks

    @cached_property
    def acts(self) -> NDArray[np.int64]:
        """Numbers of the acts that were learned, in the order of the values' actions without waiting."""
        return np.array([menu().index(name) for name in self.values.actions[1:]], dtype=np.int64)


def log_of(logged: Logged) -> Log:
    """The pilot's decisions as a log of values: money as shares of the installment."""
    ahead = logged.ahead
    assert ahead is not None
    tried = np.flatnonzero(ahead.chances.any(axis=0))
    number = np.zeros(ahead.chances.shape[1], dtype=np.int64)
    number[tried] = np.arange(len(tried))
    part = np.maximum(np.asarray(logged.seen["installment"], dtype=np.float64), 1)
    before, after = columns(logged.seen), columns(ahead.after)
    return Log(
        tuple(before),
        np.column_stack(list(before.values())),
        tuple(menu().names[a] for a in tried),
        number[logged.act],
        ahead.chances[:, tried],
        np.asarray(logged.seen["borrower"], dtype=np.int64),
        (ahead.soon @ _worth(np.arange(ahead.step))) / part,
        _later(ahead) / part,
        np.column_stack(list(after.values())),
        np.asarray(ahead.after["dpd"]) > 0,
        STATE,
        np.where(logged.act == WAIT, np.nan, ahead.reached.astype(np.float64)),
        Stages("dpd"),
    )


def _worth(days: NDArray[Any]) -> Floats:
    worth: Floats = 1 / (1 + URGENCY * days / 365)
    return worth


def _later(ahead: Ahead) -> Floats:
    middles = ahead.step + 10 * np.arange(ahead.later.shape[1]) + OF_TEN
    money = ahead.later @ _worth(middles)
    return np.where((ahead.later < 0).any(axis=1), np.nan, money)


def learned(logged: Logged, seed: int = 0) -> Learned:
    """The strategy that a pilot suggests."""
    log = log_of(logged)
    assert logged.ahead is not None
    return Learned(learn(log, priors_of(log)), logged.ahead.pace, seed)
