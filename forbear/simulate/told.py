"""What reached borrowers say of why they have not paid, as a desk's calls and replies would have it on record.

A lender's book holds more than money: whoever talks to a late borrower notes what was said. People do not always tell,
nor always the truth: ashamed, hopeful, wary of consequences. How often each says what is in `parameters.yaml`
(`told.*`, all assumed); the cause itself is never written. Nothing here changes what people do: it is drawn apart from
their own luck, after the day is over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.acts import menu
from forbear.simulate.evidence import Parameters
from forbear.simulate.run import DayLog
from forbear.simulate.strategies.interface import lottery
from forbear.simulate.worlds.people import Cause

WORDS = ("forgot", "payment_failed", "short_for_now", "hardship", "refused")
"""Results of contacts inward, in the order in which one draw chooses among them."""
TALKS = ("call", "visit", "chat")
"""Channels in which two people talk; a machine's call is none."""
SAYS = {
    Cause.forgot: "forgot",
    Cause.operational: "debit_broke",
    Cause.cannot_for_now: "short",
    Cause.cannot_for_long: "unable",
    Cause.will_not: "unwilling",
    Cause.slow: "slow",
}
"""Causes whose people give reasons, and their group of parameters; who disputes says so elsewhere."""
LOTTERY = 17


@dataclass(frozen=True, eq=False)
class Said:
    """Rows, and the number of the word in WORDS that each said."""

    rows: NDArray[np.int64]
    words: NDArray[np.int64]


class Listener:
    """Hears, day after day, what is said in conversations with late borrowers."""

    def __init__(self, parameters: Parameters, seed: int) -> None:
        self._seed = seed
        self._shares = np.zeros((len(Cause), len(WORDS)))
        for cause, name in SAYS.items():
            self._shares[cause] = [parameters.get(f"told.{name}_{word}", 0.0) for word in WORDS]
        self._talks = np.array([a.channel in TALKS for a in menu().acts])
        self._unaware: NDArray[np.bool_] | None = None
        self._broke: NDArray[np.bool_] | None = None

    def __call__(self, log: DayLog, why: NDArray[np.int8]) -> Said:
        """What is said today; `why` is the cause behind each borrower's arrears at the day's end.

        Who had forgotten before the call says so, though the call itself is a reminder.
        """
        mind = log.hidden.mind
        late = np.asarray(log.seen["dpd"]) > 0
        rows = np.flatnonzero(self._talks[log.choice.act] & log.reached & late)
        cause = why[rows].astype(np.int64)
        if self._unaware is not None and self._broke is not None:
            told = cause != Cause.disputes
            cause = np.where(told & self._unaware[rows], int(Cause.forgot), cause)
            cause = np.where(told & self._broke[rows], int(Cause.operational), cause)
        self._unaware, self._broke = ~mind.aware, mind.debit_fails.copy()
        luck = lottery(self._seed, log.day, LOTTERY, log.hidden.record.borrower[rows])
        ends = np.cumsum(self._shares[cause], axis=1)
        word = (luck[:, None] >= ends).sum(axis=1)
        said = word < len(WORDS)
        return Said(rows[said], word[said])
