"""Day counts, against hand-worked values and an independent day-by-day count."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.loans.day_counts import ACTUAL, NAMES, day_count_named, share_of_period, year_fraction
from forbear.loans.every import Every

DAYS = st.dates(date(1999, 1, 1), date(2045, 12, 31))


def length(day):
    return (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days


@pytest.mark.parametrize(
    ("name", "start", "end", "fraction"),
    [
        ("30/360", date(2026, 1, 15), date(2026, 2, 20), Fraction(35, 360)),
        ("30/360", date(2026, 1, 31), date(2026, 3, 31), Fraction(60, 360)),
        ("30/360", date(2026, 1, 30), date(2026, 2, 28), Fraction(28, 360)),
        ("30/360", date(2026, 1, 15), date(2026, 1, 31), Fraction(16, 360)),
        ("30/360-prorata", date(2024, 1, 1), date(2024, 2, 18), Fraction(1, 12) + Fraction(17, 29 * 12)),
        ("actual/360", date(2024, 1, 1), date(2025, 1, 1), Fraction(366, 360)),
        ("actual/365", date(2024, 1, 1), date(2025, 1, 1), Fraction(366, 365)),
        ("actual/actual", date(2023, 12, 12), date(2024, 1, 12), Fraction(19, 365) + Fraction(12, 366)),
        ("actual/actual-isda", date(2023, 12, 12), date(2024, 1, 12), Fraction(20, 365) + Fraction(11, 366)),
        ("actual/actual-isda", date(2003, 11, 1), date(2004, 5, 1), Fraction(61, 365) + Fraction(121, 366)),
        ("actual/actual", date(2023, 12, 31), date(2025, 1, 1), Fraction(1) + Fraction(1, 365)),
    ],
)
def test_worked_values(name, start, end, fraction):
    assert year_fraction(name, start, end) == fraction


@given(DAYS, st.integers(0, 1200))
def test_actual_conventions_are_the_sum_of_their_days(start, days):
    each = [start + timedelta(days=count) for count in range(days)]
    end = start + timedelta(days=days)
    assert year_fraction("actual/actual-isda", start, end) == sum(Fraction(1, length(day)) for day in each)
    ended = sum(Fraction(1, length(day + timedelta(days=1))) for day in each)
    assert year_fraction("actual/actual", start, end) == ended
    assert year_fraction("actual/365", start, end) * 365 == days


@given(DAYS, st.integers(1, 400), st.integers(1, 400), st.sampled_from(NAMES))
def test_the_parts_of_a_period_add_up(start, first, second, name):
    middle = start + timedelta(days=first)
    end = middle + timedelta(days=second)
    whole = year_fraction(name, start, end)
    parts = [share_of_period(name, *span, (start, end), whole) for span in ((start, middle), (middle, end))]
    assert sum(parts) == whole


@given(DAYS, st.integers(1, 800), st.sampled_from(NAMES))
def test_time_is_never_negative_and_near_the_days(start, days, name):
    share = year_fraction(name, start, start + timedelta(days=days))
    assert share >= 0
    assert abs(share - Fraction(days, 365)) <= Fraction(days, 365) / 50 + Fraction(4, 360)


@pytest.mark.parametrize(
    ("every", "fraction"),
    [("m", Fraction(1, 12)), ("y", Fraction(1)), ("w", Fraction(7, 360)), ("d", Fraction(1, 360))],
)
def test_a_regular_period_of_30_360_is_its_step(every, fraction):
    ends = {"m": date(2026, 2, 28), "y": date(2027, 1, 31), "w": date(2026, 2, 7), "d": date(2026, 2, 1)}
    assert year_fraction("30/360", date(2026, 1, 31), ends[every], Every(1, every)) == fraction


@pytest.mark.parametrize(
    ("alias", "name"), [("ACT/365", "actual/365"), ("360/30", "30/360"), (" act/act ", "actual/actual")]
)
def test_aliases(alias, name):
    assert day_count_named(alias) == name


def test_an_unknown_convention_is_refused_with_the_known_ones():
    with pytest.raises(WrongUse) as refusal:
        day_count_named("30/365")
    assert "actual/actual-isda" in refusal.value.hint
    assert set(ACTUAL) < set(NAMES)
