"""The calendar of a run: day 0 is a date, and what falls due on which day is looked up, not computed.

Due dates and paydays are days of the month from 1 to 28, so every month has them. Days before day 0 are negative;
months are counted from 48 months before day 0's month, so that loans of the past have numbers too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

MONTHS_BEFORE = 48
LAST_DOM = 28


@dataclass(frozen=True, eq=False)
class Days:
    """The calendar of a run.

    Attributes:
        start: the date of day 0.
        count: how many days the run has.
        dom: day of the month by day.
        weekday: 0 is Monday, by day.
        month: number of the month by day.
        month_start: day on which each month begins, by number of the month.
    """

    start: date
    count: int
    dom: NDArray[np.int64]
    weekday: NDArray[np.int64]
    month: NDArray[np.int64]
    month_start: NDArray[np.int64]

    def on(self, day: int) -> date:
        """The date of a day."""
        return self.start + timedelta(days=int(day))

    def due_day(self, month: NDArray[np.int64], dom: NDArray[np.int8]) -> NDArray[np.int64]:
        """The day on which day `dom` of these months falls."""
        due: NDArray[np.int64] = self.month_start[np.clip(month, 0, len(self.month_start) - 1)] + dom - 1
        return due

    def until_dom(self, day: int) -> NDArray[np.int64]:
        """Days from `day` to the next day of the month 0 to 28 (index 0 is unused), 0 for today."""
        dom = np.arange(LAST_DOM + 1)
        here = self.month_start[self.month[day]] + dom - 1 - day
        there = self.month_start[self.month[day] + 1] + dom - 1 - day
        ahead: NDArray[np.int64] = np.where(here >= 0, here, there)
        return ahead


def days(start: date, count: int) -> Days:
    """The calendar of `count` days from `start`."""
    instants = np.datetime64(start) + np.arange(count)
    months = instants.astype("datetime64[M]")
    first = months[0] - MONTHS_BEFORE
    every = np.arange(first, months[-1] + 40)
    return Days(
        start,
        count,
        (instants - months.astype("datetime64[D]")).astype(np.int64) + 1,
        (instants.astype("datetime64[D]").astype(np.int64) + 3) % 7,
        (months - first).astype(np.int64),
        (every.astype("datetime64[D]") - np.datetime64(start)).astype(np.int64),
    )
