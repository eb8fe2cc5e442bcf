"""Steps between due dates."""

import contextlib
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.loans.every import Every, add_steps, parse_every


@pytest.mark.parametrize(
    ("text", "every", "a_year"),
    [
        ("1m", Every(1, "m"), 12),
        ("2w", Every(2, "w"), 26),
        ("30d", Every(30, "d"), Fraction(365, 30)),
        ("1y", Every(1, "y"), 1),
        ("Monthly", Every(1, "m"), 12),
        ("bi-weekly", Every(2, "w"), 26),
        ("quarterly", Every(3, "m"), 4),
    ],
)
def test_a_step_is_read_and_annualised(text, every, a_year):
    assert parse_every(text) == every
    assert every.a_year == a_year


@given(st.text(max_size=8))
def test_text_is_read_or_refused(text):
    with contextlib.suppress(WrongUse):
        assert 1 <= parse_every(text).count <= 366


@pytest.mark.parametrize("text", ["0m", "-1m", "1", "m", "1.5m", "367d", "1h", "", "٣m"])
def test_impossible_steps_are_refused(text):
    with pytest.raises(WrongUse):
        parse_every(text)


@pytest.mark.parametrize(
    ("steps", "clamped", "rolled"),
    [
        (1, date(2026, 2, 28), date(2026, 3, 1)),
        (2, date(2026, 3, 31), date(2026, 3, 31)),
        (3, date(2026, 4, 30), date(2026, 5, 1)),
        (25, date(2028, 2, 29), date(2028, 3, 1)),
    ],
)
def test_the_31st_survives_short_months(steps, clamped, rolled):
    anchor = date(2026, 1, 31)
    assert add_steps(anchor, Every(1, "m"), steps) == clamped
    assert add_steps(anchor, Every(1, "m"), steps, "roll") == rolled


def test_a_leap_day_clamps_in_common_years_and_returns():
    yearly = [add_steps(date(2024, 2, 29), Every(1, "y"), count) for count in (1, 4)]
    assert yearly == [date(2025, 2, 28), date(2028, 2, 29)]


def test_beyond_the_calendar_is_refused():
    with pytest.raises(WrongUse, match="beyond the calendar"):
        add_steps(date(9999, 12, 31), Every(1, "m"), 1)
    with pytest.raises(WrongUse, match="beyond the calendar"):
        add_steps(date(9999, 12, 31), Every(1, "d"), 1)


@given(
    st.dates(date(1990, 1, 1), date(2090, 12, 31)),
    st.builds(Every, st.integers(1, 60), st.sampled_from("dwmy")),
    st.integers(0, 40),
    st.sampled_from(["clamp", "roll"]),
)
def test_steps_only_go_forward(anchor, every, steps, month_end):
    here, there = (add_steps(anchor, every, count, month_end) for count in (steps, steps + 1))
    assert here < there
    assert there - here <= timedelta(days=every.count * {"d": 1, "w": 7, "m": 31, "y": 366}[every.unit] + 3)


@pytest.mark.parametrize(
    ("every", "day"),
    [(Every(10, "d"), date(2026, 3, 2)), (Every(2, "w"), date(2026, 3, 14)), (Every(1, "d"), date(2026, 2, 3))],
)
def test_days_and_weeks_are_counted(every, day):
    assert add_steps(date(2026, 1, 31), every, 3) == day
