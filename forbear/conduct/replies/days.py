"""The day that a promise names, in Chinese or English, counted from the day on which it was written.

A table of cases, from the plainest to the vaguest; the first that matches is taken. A weekday is the next such day
after today; "next Friday" and 下周五 are that day of the following week (Monday to Sunday), the later of the readings
that people have, so that nobody is held to have broken a promise that she understood otherwise. A day of the month
that is past is next month's; one that the month lacks is its last. "End of the month" is the month's last day.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from forbear.conduct.replies.sums import han_number

MOST_DAYS = 366
"""A day further off is taken for none."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS_EN = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAYS_ZH = "一二三四五六日"
_NUMBERS = {"one": 1, "a": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}
_HAN = "[0-9〇零一二两三四五六七八九十]+"
_WEEKDAY_EN = r"(mon|tue|wed|thu|fri|sat|sun)[a-z]*"
_MONTH_EN = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"


def day_in(text: str, on: date) -> date | None:
    """The day that a text names; None when it names none, or one that is past or too far off.

    Args:
        text: the flow of a message (lower case, simplified).
        on: the day on which it was written.
    """
    for pattern, read in _CASES:
        if match := pattern.search(text):
            try:
                day = read(match, on)
            except (ValueError, OverflowError):
                continue
            if day is not None and on <= day <= on + timedelta(days=MOST_DAYS):
                return day
    return None


def _in_month(on: date, day: int, month: int | None = None, year: int | None = None) -> date:
    """That day of a month; without a month the next such day, without a year the next such month."""
    if not 1 <= day <= 31:
        raise ValueError
    if month is None:
        month, year = on.month, on.year
        if day < on.day:
            year, month = _month_after(year, month)
    elif year is None:
        year = on.year if (month, day) >= (on.month, on.day) else on.year + 1
    assert year is not None
    return date(year, month, min(day, monthrange(year, month)[1]))


def _month_after(year: int, month: int) -> tuple[int, int]:
    return (year + 1, 1) if month == 12 else (year, month + 1)


def _next_month(on: date, day: int) -> date:
    year, month = _month_after(on.year, on.month)
    return _in_month(on, day, month, year)


def _last_of_month(on: date) -> date:
    return date(on.year, on.month, monthrange(on.year, on.month)[1])


def _weekday(on: date, weekday: int) -> date:
    """The next such day after today."""
    return on + timedelta(days=(weekday - on.weekday() - 1) % 7 + 1)


def _of_week(on: date, weekday: int, weeks: int) -> date:
    """That day of a week from now; weeks begin on Monday."""
    return on - timedelta(days=on.weekday()) + timedelta(days=weekday + 7 * weeks)


def _this_week_or_next(on: date, weekday: int) -> date:
    day = _of_week(on, weekday, 0)
    return day if day >= on else day + timedelta(days=7)


def _ago(days: int) -> Callable[[re.Match[str], date], date]:
    return lambda _match, on: on + timedelta(days=days)


def _count(text: str) -> int:
    return _NUMBERS[text] if text in _NUMBERS else han_number(text)


def _zh_weekday(char: str) -> int:
    return 6 if char in "天日" else WEEKDAYS_ZH.index(char)


_Case = tuple[re.Pattern[str], Callable[[re.Match[str], date], date | None]]
_CASES: tuple[_Case, ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (r"\b(20\d\d)[-/.](\d{1,2})[-/.](\d{1,2})\b", lambda m, on: date(int(m[1]), int(m[2]), int(m[3]))),
        (rf"({_HAN})月({_HAN})[日号]", lambda m, on: _in_month(on, _count(m[2]), _count(m[1]))),
        (rf"下(?:个)?月({_HAN})[日号]", lambda m, on: _next_month(on, _count(m[1]))),
        (
            rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH_EN}\b",
            lambda m, on: _in_month(on, int(m[1]), MONTHS.index(m[2]) + 1),
        ),
        (
            rf"\b{_MONTH_EN}\.? (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?\b",
            lambda m, on: _in_month(on, int(m[2]), MONTHS.index(m[1]) + 1),
        ),
        (r"\bfirst of next month\b|下(?:个)?月初", lambda m, on: _next_month(on, 1)),
        (r"\bend of next month\b|下(?:个)?月底", lambda m, on: _next_month(on, 31)),
        (r"下下(?:个)?(?:周|星期|礼拜)([一二三四五六日天])", lambda m, on: _of_week(on, _zh_weekday(m[1]), 2)),
        (r"下(?:个)?(?:周|星期|礼拜)([一二三四五六日天])", lambda m, on: _of_week(on, _zh_weekday(m[1]), 1)),
        (
            r"(?:这|本)(?:个)?(?:周|星期|礼拜)([一二三四五六日天])",
            lambda m, on: _this_week_or_next(on, _zh_weekday(m[1])),
        ),
        (
            rf"\bnext (?:week )?(?:on )?{_WEEKDAY_EN}\b|\b{_WEEKDAY_EN} (?:of )?next week\b",
            lambda m, on: _of_week(on, WEEKDAYS_EN.index(m[1] or m[2]), 1),
        ),
        (r"大后天", _ago(3)),
        (r"后天|后日|day after tomorrow", _ago(2)),
        (r"明天|明早|明晚|明日|听日|\b(?:tomorrow|tmrw?|tmr|tomoz|2moro|2morrow|2mrw)\b", _ago(1)),
        (
            rf"(?<![月\d])(?<!第)({_HAN})[号日](?!线|楼|码)",
            lambda m, on: _in_month(on, _count(m[1])),
        ),
        (r"\b(\d{1,2})(?:st|nd|rd|th)\b", lambda m, on: _in_month(on, int(m[1]))),
        (r"\bon the first\b|\bthe first\b|\bon 1st\b", lambda m, on: _in_month(on, 1)),
        (r"(?:周|星期|礼拜)([一二三四五六日天])", lambda m, on: _weekday(on, _zh_weekday(m[1]))),
        (
            rf"\b(?<!every ){_WEEKDAY_EN}\b",
            lambda m, on: _weekday(on, WEEKDAYS_EN.index(m[1])) if _is_weekday(m[0]) else None,
        ),
        (rf"({_HAN})(?:天|日)(?:内|之内|后|以内|之后)", lambda m, on: on + timedelta(days=_count(m[1]))),
        (r"过两天", _ago(2)),
        (rf"过({_HAN})天", lambda m, on: on + timedelta(days=_count(m[1]))),
        (
            r"\b(?:in|within) (\d+|one|a|two|three|four|five|six|seven|ten) (day|week|hour)s?\b",
            lambda m, on: on + timedelta(days=_in_days(_count(m[1]), m[2])),
        ),
        (rf"({_HAN})(?:个)?(?:周|星期|礼拜)(?:内|之内|后)", lambda m, on: on + timedelta(weeks=_count(m[1]))),
        (r"\bend of (?:the |this )?month\b|\bmonth end\b|月底|月末", lambda m, on: _last_of_month(on)),
        (
            r"\bend of (?:the |this )?week\b|\bthis week\b|本周内|这周内|(?:这|本)?周末|weekend",
            lambda m, on: _sunday(on),
        ),
        (r"\bnext month\b|下(?:个)?月", lambda m, on: _last_of_month(_next_month(on, 1))),
        (r"\bnext week\b|下(?:个)?(?:周|星期|礼拜)", lambda m, on: _of_week(on, 6, 1)),
        (
            r"今天|今晚|今日|今早|中午|下午|晚上|下班|马上|等会|等一下|一会|待会|晚点"
            r"|\b(?:today|tonight|this (?:afternoon|evening)|after (?:lunch|work)|later today)\b",
            _ago(0),
        ),
    )
)


def _is_weekday(word: str) -> bool:
    """Whether a word that begins like a weekday is one: not `sat`urated, `mon`ey, `wed`ding, `sun`glasses."""
    return re.fullmatch(r"(mon|tues?|wed(nes|s)?|thu(rs?)?|fri|sat(ur)?|sun)(day)?", word) is not None


def _in_days(count: int, unit: str) -> int:
    return count * 7 if unit == "week" else count if unit == "day" else -(-count // 24)


def _sunday(on: date) -> date:
    return on + timedelta(days=6 - on.weekday())
