"""Calendar months as numbers (2026-01 is 2026 * 12), and the month ends between which loans are seen to move."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class MonthEnd:
    """The end of a period, and of the one before it.

    Attributes:
        ends_on: the last day of the month; the as-of date for the last period, which may be part of a month.
        begins_on: the month end before; None for the first, which begins nothing.
        month_number: the month that `ends_on` lies in.
    """

    ends_on: date
    begins_on: date | None
    month_number: int


def month_number(day: date) -> int:
    """The number of the month a day lies in."""
    return day.year * 12 + day.month - 1


def month_name(number: int) -> str:
    """`YYYY-MM`."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def last_day(number: int) -> date:
    """The last day of a month."""
    year, month = number // 12, number % 12 + 1
    return date(year, month, monthrange(year, month)[1])


def month_ends(as_of: date, months: int) -> tuple[MonthEnd, ...]:
    """The as-of date and the `months` calendar month ends before it, oldest first."""
    last = month_number(as_of)
    days = [last_day(n) for n in range(last - months, last)] + [as_of]
    befores = [None, *days[:-1]]
    return tuple(MonthEnd(d, b, month_number(d)) for d, b in zip(days, befores, strict=True))


def last_whole_month(as_of: date) -> int:
    """The latest month whose last day is not after the as-of date."""
    last = month_number(as_of)
    return last if as_of == last_day(last) else last - 1
