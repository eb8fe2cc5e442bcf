"""Each channel's own list, by uplift per unit of its capacity: the strong plain rule that a better one has to beat.

Uplift is learned from randomised decisions of the past: for each act a ridge regression of what came in, against that
of those left in peace (a T-learner, Kuenzel et al. 2019). No channel knows of the others; whoever stands on several
lists gets the first channel's act.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.seen import Seen
from forbear.simulate.strategies.interface import WAIT, Choice, Logged, Plan, Today, best_first, lottery

ORDER = ("human_call", "letter", "voice_reminder", "sms", "email", "app_push")
RIDGE = 30.0
DAYS = (1, 4, 8, 16, 31, 61)
"""Days past due at which behavior is taken to change."""

Matrix = NDArray[Any]


def features(seen: Seen) -> Matrix:
    """Borrowers x features of what is seen; the first is 1."""

    def number(name: str) -> Matrix:
        return np.asarray(seen[name], dtype=np.float64)

    dpd = number("dpd")
    tried, found = number("phone_tried"), number("phone_reached")
    sent, read = number("text_tried"), number("text_read")
    columns = [
        np.ones(len(seen)),
        *(((dpd >= a) & (dpd < b)).astype(float) for a, b in zip(DAYS[1:], (*DAYS[2:], 1e9), strict=True)),
        np.minimum(dpd, 180) / 90,
        np.minimum(number("unpaid_installments"), 6) / 3,
        (number("score") - 600) / 60,
        number("first_time"),
        number("days_to_due") / 30,
        np.minimum(number("days_since_payment"), 120) / 60,
        np.minimum(number("days_since_contact"), 30) / 15,
        number("contacts_7") / 3,
        (found + 1) / (tried + 3),
        (read + 1) / (sent + 2),
        number("promise_open"),
        np.minimum(number("broken"), 3),
        number("hardship"),
        number("on_plan"),
        np.minimum(number("installment") / np.maximum(number("stated_income"), 1), 1) * 5,
    ]
    return np.stack(columns, axis=1)


@dataclass(frozen=True, eq=False)
class Uplift:
    """The lists; `gains` holds for each act of ORDER the weights of its uplift in installments."""

    gains: dict[str, Matrix]
    seed: int = 0
    name: str = "uplift"

    def choose(self, seen: Seen, today: Today) -> Choice:
        """For each channel those with a gain beyond its cost, the best per unit first."""
        plan = Plan(seen, today)
        late = np.asarray(seen["dpd"]) > 0
        if not late.any():
            return plan.choice()
        table = features(seen)
        tie = lottery(self.seed, today.day, 1, np.asarray(seen["borrower"], dtype=np.int64))
        part = np.asarray(seen["installment"], dtype=np.float64)
        for name, weights in self.gains.items():
            act = today.menu.index(name)
            value = table @ weights * part - today.menu.cost[act]
            plan.give(act, best_first(value, late & (value > 0), tie))
        return plan.choice()


def learn(logged: Logged, seed: int = 0) -> Uplift:
    """The lists that randomised decisions of the past suggest."""
    table = features(logged.seen)
    came = logged.paid / np.maximum(np.asarray(logged.seen["installment"], dtype=np.float64), 1)
    names = {name: number for number, name in enumerate(_names())}
    alone = _ridge(table, came, logged.act == WAIT)
    gains = {n: _ridge(table, came, logged.act == names[n]) - alone for n in ORDER if n in names}
    return Uplift(gains, seed)


def _names() -> tuple[str, ...]:
    from forbear.simulate.acts import menu

    return menu().names


def _ridge(table: Matrix, came: Matrix, rows: NDArray[np.bool_]) -> Matrix:
    x, y = table[rows], came[rows]
    penalty = RIDGE * np.eye(table.shape[1])
    penalty[0, 0] = 1e-6
    weights: Matrix = np.linalg.solve(x.T @ x + penalty, x.T @ y)
    return weights
