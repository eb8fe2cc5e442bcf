"""Days and sums that promises name, in both languages."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.conduct.language.forms import flow
from forbear.conduct.replies.days import MOST_DAYS, day_in
from forbear.conduct.replies.sums import han_number, sum_in

FRIDAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("明天还", date(2026, 11, 28)),
        ("大后天", date(2026, 11, 30)),
        ("后天转", date(2026, 11, 29)),
        ("下周五还五百", date(2026, 12, 4)),
        ("周五还", date(2026, 12, 4)),
        ("周日还", date(2026, 11, 29)),
        ("下下周一", date(2026, 12, 7)),
        ("15号发工资就还", date(2026, 12, 15)),
        ("二十八号", date(2026, 11, 28)),
        ("12月1日", date(2026, 12, 1)),
        ("十二月三号", date(2026, 12, 3)),
        ("下个月5号", date(2026, 12, 5)),
        ("月底还清", date(2026, 11, 30)),
        ("三天内", date(2026, 11, 30)),
        ("今晚还", FRIDAY),
        ("听日还", date(2026, 11, 28)),
        ("next Friday", date(2026, 12, 4)),
        ("on Monday", date(2026, 11, 30)),
        ("by the 15th", date(2026, 12, 15)),
        ("on 3 June", date(2027, 6, 3)),
        ("by Dec 5", date(2026, 12, 5)),
        ("2moro", date(2026, 11, 28)),
        ("in two days", date(2026, 11, 29)),
        ("within 48 hours", date(2026, 11, 29)),
        ("end of the month", date(2026, 11, 30)),
        ("on the 31st", date(2026, 11, 30)),
        ("the first of next month", date(2026, 12, 1)),
        ("2026-12-24", date(2026, 12, 24)),
        ("the money is in", None),
        ("我会还的", None),
        ("2020-01-01", None),
    ],
)
def test_days(text, day):
    assert day_in(flow(text).text, FRIDAY) == day


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("下周五还五百", 500, "CNY"),
        ("还500块", 500, "CNY"),
        ("£20 tomorrow", 20, "GBP"),
        ("will send $1,200.50", Decimal("1200.50"), "USD"),
        ("Rs 5000 on 10th", 5000, "INR"),
        ("40 quid", 40, "GBP"),
        ("还两千五", 2500, "CNY"),
        ("一千二百元", 1200, "CNY"),
        ("还1.5万元", 15000, "CNY"),
        ("pay 50 on Friday", 50, None),
        ("pay on the 15th", None, None),
        ("15号还", None, None),
        ("call me on 07700900123", None, None),
    ],
)
def test_sums(text, amount, currency):
    assert sum_in(text) == (None if amount is None else Decimal(amount), currency)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("十", 10),
        ("十五", 15),
        ("二十", 20),
        ("一百零五", 105),
        ("一千二", 1200),
        ("两千五", 2500),
        ("三万", 30000),
        ("28", 28),
    ],
)
def test_chinese_numbers(text, number):
    assert han_number(text) == number


@given(
    st.text(alphabet="0123456789一二三十百千万号日月周星期下个天nextfridaymondaythend £$元块 -/.", max_size=30),
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
)
def test_whatever_is_written_a_day_lies_ahead_and_a_sum_is_positive(text, on):
    day = day_in(text, on)
    assert day is None or on <= day <= on + timedelta(days=MOST_DAYS)
    amount, _ = sum_in(text)
    assert amount is None or amount > 0
