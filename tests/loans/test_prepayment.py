"""Paying early: the payoff, and what remains after a part."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.loans.cost import xirr_of
from forbear.loans.prepayment import payoff, prepay
from forbear.loans.schedule import make_schedule
from forbear.loans.terms import Method, Terms

START = date(2026, 1, 15)
BASE = Terms(1_200_000, Fraction(18, 100), 12, Method.equal_installment, START, day_count="actual/365")
SCHEDULE = make_schedule(BASE)


def of(method, **changes):
    return make_schedule(replace(BASE, method=method, **changes))


def test_a_payoff_pays_interest_for_the_days_the_money_was_had():
    balance = SCHEDULE.installments[1].balance
    on = SCHEDULE.installments[1].due_on + timedelta(days=10)
    owed = payoff(SCHEDULE, on)
    assert owed.principal == balance
    assert owed.interest == round(Fraction(balance * 18 * 10, 100 * 365))
    assert owed.total == owed.principal + owed.interest


@pytest.mark.parametrize("method", list(Method))
def test_on_the_first_day_principal_alone_is_owed(method):
    assert payoff(of(method), START).total == 1_200_000


@pytest.mark.parametrize("method", list(Method))
def test_on_the_last_day_nothing_is_left_but_what_the_installment_pays(method):
    schedule = of(method)
    assert payoff(schedule, schedule.installments[-1].due_on).total == 0


def test_a_bullet_owes_the_interest_of_all_periods_so_far():
    owed = payoff(of(Method.bullet), START + timedelta(days=100))
    assert owed.interest == round(Fraction(1_200_000 * 18 * 100, 100 * 365))


def test_interest_held_by_grace_is_owed():
    schedule = of(Method.interest_first, grace_interest=3, day_count="30/360")
    assert payoff(schedule, date(2026, 3, 15)).interest == 36_000


def test_flat_owes_interest_on_the_first_principal():
    assert payoff(of(Method.flat, day_count="30/360"), date(2026, 7, 30)).interest == round(
        Fraction(18_000 * 15, 31)
    )


def test_zero_interest_owes_none():
    assert payoff(of(Method.zero_interest), date(2026, 7, 30)).interest == 0


def test_a_new_rate_and_a_tranche_within_the_period_count_from_their_days():
    schedule = of(
        Method.interest_first,
        rate_changes=((date(2026, 1, 25), Fraction(9, 100)),),
        tranches=((date(2026, 1, 30), 100_000),),
    )
    exact = Fraction(1_200_000 * 18 * 10 + 1_200_000 * 9 * 10 + 100_000 * 9 * 5, 100 * 365)
    assert payoff(schedule, date(2026, 2, 4)).interest == round(exact)


@settings(deadline=None)
@given(
    st.sampled_from([Method.equal_installment, Method.equal_principal, Method.interest_first, Method.bullet]),
    st.integers(1, 360),
)
def test_a_loan_paid_off_early_costs_its_rate(method, days):
    schedule = of(method)
    on = START + timedelta(days=days)
    assume(on < schedule.installments[-1].due_on)
    flows = [(START, -1_200_000)] + [(row.due_on, row.total) for row in schedule.installments if row.due_on <= on]
    rate = xirr_of([*flows, (on, payoff(schedule, on).total)])
    assert 0.175 <= rate <= 0.1975, "18 % simple to compounded monthly"


@pytest.mark.parametrize("method", [Method.equal_installment, Method.equal_principal])
def test_keeping_the_term_makes_installments_smaller(method):
    before = of(method)
    after = prepay(before, date(2026, 4, 1), 300_000)
    assert len(after.installments) == 12
    assert after.installments[5].total < before.installments[5].total
    assert after.principal == 900_000


@pytest.mark.parametrize("method", [Method.equal_installment, Method.equal_principal])
def test_keeping_the_installment_makes_them_fewer(method):
    before = of(method)
    after = prepay(before, date(2026, 4, 1), 300_000, keep="installment")
    assert len(after.installments) < 12
    assert after.installments[:2] == before.installments[:2]
    assert all(
        late.total <= row.total for late, row in zip(after.installments[3:], before.installments[3:], strict=False)
    )
    assert (after.principal, after.installments[-1].balance) == (900_000, 0)


@settings(deadline=None)
@given(st.integers(0, 360), st.integers(1, 1_150_000), st.sampled_from(["term", "installment"]))
def test_what_was_prepaid_and_what_falls_due_repay_the_loan(days, amount, keep):
    on = START + timedelta(days=days)
    outstanding = payoff(SCHEDULE, on).principal
    assume(amount < outstanding)
    after = prepay(SCHEDULE, on, amount, keep=keep)
    assert after.principal + amount == 1_200_000
    assert after.installments[-1].balance == 0
    assert min(min(row.principal, row.interest, row.balance) for row in after.installments) >= 0
    assert after.interest <= SCHEDULE.interest


@pytest.mark.parametrize(
    ("schedule", "amount", "keep", "says"),
    [
        (SCHEDULE, 0, "term", "no part"),
        (SCHEDULE, 1_200_000, "term", "no part"),
        (SCHEDULE, 5, "both", "keep is"),
        (of(Method.interest_first), 5, "installment", "no level"),
        (of(Method.flat), 5, "term", "would change nothing"),
    ],
)
def test_what_cannot_be_prepaid_is_refused(schedule, amount, keep, says):
    with pytest.raises(WrongUse, match=says):
        prepay(schedule, date(2026, 2, 1), amount, keep=keep)


@pytest.mark.parametrize("day", [date(2026, 1, 14), date(2027, 1, 16)])
def test_a_day_outside_the_loan_is_refused(day):
    with pytest.raises(WrongUse, match="outside the loan"):
        payoff(SCHEDULE, day)


def test_fewer_equal_principal_installments_by_hand():
    before = of(Method.equal_principal, day_count="30/360")
    rows = prepay(before, date(2026, 2, 15), 300_000, keep="installment").installments
    assert [row.number for row in rows] == [row.period for row in rows] == list(range(1, 10))
    assert [row.interest for row in rows[:3]] == [18_000, 12_000, 10_500]
    assert {row.principal for row in rows} == {100_000}


def test_interest_of_the_prepaid_part_runs_to_its_day():
    rows = prepay(of(Method.equal_principal), date(2026, 2, 25), 300_000, keep="installment").installments
    exact = Fraction(18, 100 * 365) * (1_100_000 * 10 + 800_000 * 18)
    assert rows[1].interest == round(exact)
