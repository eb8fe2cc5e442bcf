"""The days on which installments fall due.

A due date is counted from one anchor, never from the one before it, so that the 31st survives February. Interest
runs from due date to due date as the contract names them; where a due date is rolled off a weekend or a holiday,
only the day of payment moves, not the interest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from forbear.basics.errors import WrongUse
from forbear.loans.every import Every, add_steps

if TYPE_CHECKING:
    import holidays

ROLLS = ("none", "following", "preceding", "modified_following")
MONTH_ENDS = ("clamp", "roll")


@dataclass(frozen=True)
class Calendar:
    """Which days are worked: a country's public holidays, and a lender's own exceptions over them.

    Args:
        country: an ISO 3166 code the `holidays` library knows (CN with make-up days); "" is weekends alone.
        closed: further days that are not worked.
        opened: days that are worked although the country's list says otherwise.
    """

    country: str = ""
    closed: frozenset[date] = field(default_factory=frozenset)
    opened: frozenset[date] = field(default_factory=frozenset)

    def is_worked(self, day: date) -> bool:
        """Whether `day` is a working day."""
        if day in self.opened or day in self.closed:
            return day in self.opened
        if not self.country:
            return day.weekday() < 5
        return bool(_country(self.country).is_working_day(day))


@cache
def _country(code: str) -> holidays.HolidayBase:
    import holidays  # a fifth of a second, which a process that asks for no day should not wait

    try:
        return holidays.country_holidays(code.upper())
    except NotImplementedError as unknown:
        raise WrongUse(
            f"no holidays are known for {code!r}", "use a country code such as CN, US or NG, or your own calendar"
        ) from unknown


def contract_dates(
    disbursed_on: date, every: Every, term: int, first_due_on: date | None = None, month_end: str = "clamp"
) -> list[date]:
    """The `term` due dates as the contract counts them, before any move or roll.

    Args:
        disbursed_on: the day interest begins.
        every: the step between due dates.
        term: how many.
        first_due_on: the first; by default one step after disbursal. Later ones keep its day of the month.
        month_end: `clamp` or `roll`, see `add_steps`.

    Raises:
        WrongUse: the first due date is not after the disbursal.
    """
    derived = add_steps(disbursed_on, every, 1, month_end)
    if first_due_on is None or first_due_on == derived:
        return [add_steps(disbursed_on, every, number, month_end) for number in range(1, term + 1)]
    if first_due_on <= disbursed_on:
        raise WrongUse(
            f"the first due date {first_due_on} is not after the disbursal on {disbursed_on}",
            "give a later first due date, or none to have it derived",
        )
    return [add_steps(first_due_on, every, number, month_end) for number in range(term)]


def move_due_dates(
    dates: list[date], moves: Mapping[date, date], every: Every, month_end: str = "clamp"
) -> tuple[list[date], frozenset[int]]:
    """Due dates after some were moved, and the places (from 0) whose period is no longer one whole step.

    The dates after a moved one follow it step by step.

    Raises:
        WrongUse: a move names a date on which nothing falls due, or puts dates out of order.
    """
    moved, broken = list(dates), set[int]()
    for old, new in sorted(moves.items()):
        if old not in moved:
            raise WrongUse(f"no installment falls due on {old}, so it cannot be moved", "name a due date")
        place = moved.index(old)
        moved[place:] = [add_steps(new, every, ahead, month_end) for ahead in range(len(moved) - place)]
        broken.add(place)
        if place and moved[place] <= moved[place - 1]:
            raise WrongUse(f"{new} is not after the due date before it, {moved[place - 1]}", "move it later")
    return moved, frozenset(broken)


def rolled(day: date, roll: str, calendar: Calendar) -> date:
    """`day`, or the working day that `roll` puts in its place.

    `following` goes forward, `preceding` back, `modified_following` forward unless that leaves the month.
    """
    if roll == "none" or calendar.is_worked(day):
        return day
    step = timedelta(days=-1 if roll == "preceding" else 1)
    other = _seek(day, step, calendar)
    if roll == "modified_following" and other.month != day.month:
        return _seek(day, -step, calendar)
    return other


def _seek(day: date, step: timedelta, calendar: Calendar) -> date:
    while not calendar.is_worked(day):
        day += step
    return day


def roll_all(dates: Iterable[date], roll: str, calendar: Calendar) -> list[date]:
    """Each date rolled; see `rolled`."""
    return [rolled(day, roll, calendar) for day in dates]
