"""How often an installment falls due: every N days, weeks, months or years.

Stops at adding a step to a date; which dates a loan has is `due_dates`.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from forbear.basics.errors import WrongUse

UNITS = {"d": "day", "w": "week", "m": "month", "y": "year"}
MAX_COUNT = 366
PERIODS_A_YEAR = {"d": 365, "w": 52, "m": 12, "y": 1}
"""For annualising a rate per period: 52 weeks, 12 months, 365 days."""

WORDS = {
    "daily": "1d",
    "weekly": "1w",
    "biweekly": "2w",
    "bi-weekly": "2w",
    "monthly": "1m",
    "quarterly": "3m",
    "yearly": "1y",
}


@dataclass(frozen=True)
class Every:
    """A step between due dates: `count` units of `unit` (d, w, m, y)."""

    count: int
    unit: str

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def months(self) -> int | None:
        """Whole months of the step, or None where it is counted in days or weeks."""
        return {"m": self.count, "y": 12 * self.count}.get(self.unit)

    @property
    def a_year(self) -> Fraction:
        """Steps in a year, for annualising (2w is 26, 1m is 12, 30d is 365/30)."""
        return Fraction(PERIODS_A_YEAR[self.unit], self.count)


MONTHLY = Every(1, "m")


def parse_every(text: str) -> Every:
    """Read `1m`, `2w`, `30d`, `1y`, or a word such as monthly or biweekly.

    Raises:
        WrongUse: not of that form, or a count that is zero or above MAX_COUNT.
    """
    known = WORDS.get(text.strip().lower(), text.strip().lower())
    form = re.fullmatch(r"([1-9][0-9]{0,3})([dwmy])", known, re.ASCII)
    if not form or int(form[1]) > MAX_COUNT:
        raise WrongUse(
            f"{text!r} is not a step between due dates",
            "use a count and a unit: 1m (month), 2w (weeks), 30d (days), 1y (year)",
        )
    return Every(int(form[1]), form[2])


def add_steps(anchor: date, every: Every, steps: int, month_end: str = "clamp") -> date:
    """The date `steps` steps after `anchor`, counted from the anchor so that 31 January comes back to 31 March.

    Args:
        anchor: the date whose day of the month is kept.
        every: the step.
        steps: how many.
        month_end: for a day the month does not have: `clamp` to its last day, or `roll` to the first of the next.

    Raises:
        WrongUse: the date would lie beyond the year 9999.
    """
    try:
        if every.months is None:
            days = every.count * (7 if every.unit == "w" else 1)
            return anchor + timedelta(days=days * steps)
        return _add_months(anchor, every.months * steps, month_end)
    except (OverflowError, ValueError) as beyond:
        raise WrongUse(f"{steps} x {every} after {anchor} lies beyond the calendar", "shorten the term") from beyond


def _add_months(anchor: date, months: int, month_end: str) -> date:
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    if anchor.day <= last:
        return date(year, month + 1, anchor.day)
    end = date(year, month + 1, last)
    return end + timedelta(days=1) if month_end == "roll" else end
