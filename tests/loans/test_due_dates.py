"""Due dates: derived, given, moved, rolled."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.loans.due_dates import Calendar, contract_dates, move_due_dates, rolled
from forbear.loans.every import MONTHLY, Every

JAN31 = date(2026, 1, 31)


def test_derived_dates_keep_the_day_of_disbursal():
    assert contract_dates(JAN31, MONTHLY, 3) == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]


def test_a_given_first_date_sets_the_day():
    dates = contract_dates(date(2026, 1, 10), MONTHLY, 3, first_due_on=JAN31)
    assert dates == [JAN31, date(2026, 2, 28), date(2026, 3, 31)]


def test_giving_the_derived_first_date_changes_nothing():
    assert contract_dates(JAN31, MONTHLY, 4, first_due_on=date(2026, 2, 28)) == contract_dates(JAN31, MONTHLY, 4)


def test_a_first_date_on_disbursal_is_refused():
    with pytest.raises(WrongUse, match="not after the disbursal"):
        contract_dates(JAN31, MONTHLY, 3, first_due_on=JAN31)


def test_later_dates_follow_a_moved_one():
    dates = [date(2023, 8, 1), date(2023, 9, 1), date(2023, 10, 1)]
    moved, broken = move_due_dates(dates, {date(2023, 9, 1): date(2023, 9, 15)}, MONTHLY)
    assert moved == [date(2023, 8, 1), date(2023, 9, 15), date(2023, 10, 15)]
    assert broken == {1}


@pytest.mark.parametrize(
    ("move", "says"),
    [
        ({date(2023, 9, 2): date(2023, 9, 15)}, "no installment falls due"),
        ({date(2023, 9, 1): date(2023, 7, 1)}, "after"),
    ],
)
def test_impossible_moves_are_refused(move, says):
    with pytest.raises(WrongUse, match=says):
        move_due_dates([date(2023, 8, 1), date(2023, 9, 1)], move, MONTHLY)


@pytest.mark.parametrize(
    ("day", "roll", "to"),
    [
        (date(2026, 1, 31), "none", date(2026, 1, 31)),  # a Saturday
        (date(2026, 1, 31), "following", date(2026, 2, 2)),
        (date(2026, 1, 31), "preceding", date(2026, 1, 30)),
        (date(2026, 1, 31), "modified_following", date(2026, 1, 30)),
        (date(2026, 1, 17), "modified_following", date(2026, 1, 19)),
    ],
)
def test_rolling_over_a_weekend(day, roll, to):
    assert rolled(day, roll, Calendar()) == to


def test_china_rests_on_national_day_and_works_on_make_up_sundays():
    china = Calendar("CN")
    assert rolled(date(2026, 10, 1), "following", china) > date(2026, 10, 1)
    assert not china.is_worked(date(2026, 2, 17))
    worked = [
        date(2026, month, day)
        for month in (1, 2, 9, 10)
        for day in range(1, 29)
        if date(2026, month, day).weekday() > 4
    ]
    assert any(china.is_worked(day) for day in worked), "China works some weekends to make up for holidays"


def test_own_exceptions_come_before_the_country():
    calendar = Calendar("CN", closed=frozenset({date(2026, 3, 4)}), opened=frozenset({date(2026, 10, 1)}))
    assert not calendar.is_worked(date(2026, 3, 4))
    assert calendar.is_worked(date(2026, 10, 1))


def test_an_unknown_country_is_refused():
    with pytest.raises(WrongUse, match="no holidays"):
        Calendar("QQ").is_worked(date(2026, 1, 1))


@given(
    st.dates(date(2000, 1, 1), date(2060, 1, 1)),
    st.builds(Every, st.integers(1, 45), st.sampled_from("dwmy")),
    st.integers(1, 60),
    st.sampled_from(["clamp", "roll"]),
)
def test_dates_are_as_many_as_asked_and_in_order(start, every, term, month_end):
    dates = contract_dates(start, every, term, month_end=month_end)
    assert len(dates) == term
    assert all(first < second for first, second in pairwise([start, *dates]))
