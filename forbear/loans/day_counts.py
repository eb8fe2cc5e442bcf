"""Day counts: what share of a year lies between two dates, as an exact fraction.

Five conventions by name. The actual ones add up over any split. The 30-day ones take a regular period (one whole
step of the schedule) as exactly its months, so that a monthly loan at 18 % bears 1.5 % each month whatever the
month's length; only a broken period is counted in days.

- `30/360`: a broken period by the US bond basis (30/360 US: a 31st counts as the 30th; February has no rule of its
  own). A step in days or weeks is its true days over 360 (a week is 7/360).
- `30/360-prorata`: as 30/360, but a broken period is its whole months, and the days left over by their share of
  the month they fall in. Apache Fineract counts so when a due date is moved.
- `actual/360`, `actual/365`: true days over 360, over 365, leap years or not.
- `actual/actual`: each day by the year in which it ends, so a period that crosses the year's end is split at
  31 December (12 December to 12 January is 19 days of the old year and 12 of the new). Apache Fineract's.
- `actual/actual-isda`: each day by the year in which it begins, so split at 1 January (2006 ISDA Definitions,
  section 4.16(b)).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction

from forbear.basics.errors import WrongUse
from forbear.loans.every import MONTHLY, Every, add_steps


def _days(start: date, end: date) -> int:
    return (end - start).days


def _year_length(year: int) -> int:
    return 366 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 365


def _actual_360(start: date, end: date) -> Fraction:
    return Fraction(_days(start, end), 360)


def _actual_365(start: date, end: date) -> Fraction:
    return Fraction(_days(start, end), 365)


def _by_year_begun(start: date, end: date) -> Fraction:
    """Each day over the length of the year in which it begins."""
    share = Fraction(0)
    while start.year < end.year:
        turn = date(start.year + 1, 1, 1)
        share += Fraction(_days(start, turn), _year_length(start.year))
        start = turn
    return share + Fraction(_days(start, end), _year_length(start.year))


def _by_year_ended(start: date, end: date) -> Fraction:
    """Each day over the length of the year in which it ends."""
    share = Fraction(0)
    while start.year < end.year:
        turn = date(start.year, 12, 31)
        share += Fraction(_days(start, turn), _year_length(start.year))
        start = turn + timedelta(days=1)
        share += Fraction(1, _year_length(start.year))
    return share + Fraction(_days(start, end), _year_length(start.year))


def _us_30_360(start: date, end: date) -> Fraction:
    first = min(start.day, 30)
    last = 30 if end.day == 31 and first == 30 else end.day
    days = 360 * (end.year - start.year) + 30 * (end.month - start.month) + last - first
    return Fraction(days, 360)


def _months_and_share(start: date, end: date) -> Fraction:
    months = 0
    while add_steps(start, MONTHLY, months + 1) <= end:
        months += 1
    begun, ends = add_steps(start, MONTHLY, months), add_steps(start, MONTHLY, months + 1)
    return (months + Fraction(_days(begun, end), _days(begun, ends))) / 12


ACTUAL: dict[str, Callable[[date, date], Fraction]] = {
    "actual/360": _actual_360,
    "actual/365": _actual_365,
    "actual/actual": _by_year_ended,
    "actual/actual-isda": _by_year_begun,
}
THIRTY: dict[str, Callable[[date, date], Fraction]] = {
    "30/360": _us_30_360,
    "30/360-prorata": _months_and_share,
}
ALIASES = {
    "360/30": "30/360",
    "30/360-us": "30/360",
    "act/360": "actual/360",
    "360/actual": "actual/360",
    "act/365": "actual/365",
    "365/actual": "actual/365",
    "act/act": "actual/actual",
    "act/act-isda": "actual/actual-isda",
}
NAMES = (*THIRTY, *ACTUAL)


def day_count_named(text: str) -> str:
    """The convention's own name for `text`, which may be an alias (act/365, 365/actual, 360/30).

    Raises:
        WrongUse: no such convention.
    """
    name = text.strip().lower()
    name = ALIASES.get(name, name)
    if name not in NAMES:
        raise WrongUse(f"{text!r} is not a day count", "use one of " + ", ".join(NAMES))
    return name


def year_fraction(name: str, start: date, end: date, every: Every | None = None) -> Fraction:
    """The share of a year from `start` to `end`.

    Args:
        name: a convention of NAMES.
        start: first day, on which interest begins to run.
        end: the day up to which it runs.
        every: the schedule's step where start to end is exactly one such step, else None.
    """
    if name in ACTUAL:
        return ACTUAL[name](start, end)
    if every is None:
        return THIRTY[name](start, end)
    if every.months is None:
        return _actual_360(start, end)
    return Fraction(every.months, 12)


def share_of_period(name: str, start: date, end: date, period: tuple[date, date], whole: Fraction) -> Fraction:
    """The part of a period's year fraction that falls between two dates inside it; the parts add up to the whole.

    Actual conventions count the days; 30-day conventions share the period out over its true days.
    """
    if (start, end) == period:
        return whole
    if name in ACTUAL:
        return ACTUAL[name](start, end)
    return whole * Fraction(_days(start, end), _days(*period))
