"""Periods of a forecast: months or weeks counted from the as-of date, so that none is in part."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from enum import StrEnum

from forbear.funding.months import last_day, month_number


class Every(StrEnum):
    """How long a period is."""

    month = "month"
    week = "week"


def period_end(as_of: date, number: int, every: Every) -> date:
    """The last day of period `number`; period 0 ends on the as-of date, 1 is the first that is forecast.

    Months end on the as-of date's day of the month, or on the month's last day when the as-of date is one or the month
    is shorter: from a month end on, periods are calendar months.
    """
    if every is Every.week:
        return as_of + timedelta(days=7 * number)
    month = month_number(as_of) + number
    if as_of == last_day(month_number(as_of)):
        return last_day(month)
    year, place = month // 12, month % 12 + 1
    return date(year, place, min(as_of.day, monthrange(year, place)[1]))


def period_ends(as_of: date, first: date, last: date, every: Every) -> list[tuple[int, date]]:
    """Numbers and last days of the periods that hold all days from `first` to `last`, oldest first."""
    ends: list[tuple[int, date]] = []
    number = 0
    while period_end(as_of, number - 1, every) >= first:
        number -= 1
    while True:
        ends.append((number, period_end(as_of, number, every)))
        if ends[-1][1] >= last:
            return ends
        number += 1
