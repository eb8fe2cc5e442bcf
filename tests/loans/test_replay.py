"""Payments replayed: any order of arrival, backdated and reversed, one answer."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.loans.allocation import rule_named, rules
from forbear.loans.dues import Component, Due, dues_of, with_charge
from forbear.loans.replay import Payment, replay
from forbear.loans.schedule import make_schedule
from forbear.loans.terms import Method, Terms

SCHEDULE = make_schedule(Terms(300_000, Fraction(12, 100), 3, Method.flat, date(2026, 1, 1)))
DUES = dues_of(SCHEDULE)
RULE = rule_named("oldest_installment")
PAYMENTS = st.lists(
    st.tuples(st.integers(0, 120), st.integers(0, 200_000)), max_size=8, unique_by=lambda one: one[0]
).map(
    lambda some: [
        Payment(str(n), date(2026, 1, 1) + timedelta(days), amount) for n, (days, amount) in enumerate(some)
    ]
)


def test_on_time_early_and_late_are_told_apart():
    payments = [
        Payment("early", date(2026, 1, 20), 50_000),
        Payment("on time", date(2026, 2, 1), 53_000),
        Payment("late", date(2026, 3, 5), 103_000),
    ]
    first, second, third = replay(DUES, payments, RULE).installments
    assert (first.in_advance, first.late, first.outstanding, first.paid_on) == (50_000, 0, 0, date(2026, 2, 1))
    assert (second.late, second.paid_on) == (103_000, date(2026, 3, 5))
    assert (third.paid, third.paid_on) == (0, None)


def test_a_backdated_payment_takes_its_place():
    late = Payment("late", date(2026, 2, 20), 103_000)
    backdated = Payment("backdated", date(2026, 2, 1), 103_000)
    assert replay(DUES, [late], RULE).installments[0].late == 103_000
    after = replay(DUES, [late, backdated], RULE).installments
    assert (after[0].late, after[1].in_advance) == (0, 103_000)


def test_a_reversed_payment_never_was():
    one, two = Payment("1", date(2026, 2, 1), 103_000), Payment("2", date(2026, 3, 1), 103_000)
    assert replay(DUES, [one, two], RULE, reversed_ids={"1"}) == replay(DUES, [two], RULE)


@settings(deadline=None)
@given(PAYMENTS, st.randoms(), st.sampled_from(sorted(rules())))
def test_the_order_of_arrival_does_not_matter(payments, random, name):
    shuffled = random.sample(payments, len(payments))
    assert replay(DUES, payments, rule_named(name)) == replay(DUES, shuffled, rule_named(name))


@settings(deadline=None)
@given(PAYMENTS, st.sampled_from(sorted(rules())))
def test_money_received_is_paid_or_credit(payments, name):
    outcome = replay(DUES, payments, rule_named(name))
    received = sum(payment.amount for payment in payments)
    owed = sum(due.amount for due in DUES)
    assert owed - outcome.outstanding + outcome.overpaid == received
    assert outcome.outstanding == max(owed - received, 0)
    assert sum(state.outstanding for state in outcome.installments) == outcome.outstanding


def test_a_charge_joins_the_installment_it_falls_before():
    dues = with_charge(DUES, Component.penalty, date(2026, 2, 10), 500)
    assert dues[-1] == Due(2, Component.penalty, date(2026, 2, 10), 500, date(2026, 3, 1))
    assert with_charge(DUES, Component.fees, date(2026, 9, 1), 500)[-1].number == 3


def test_impossible_input_is_refused():
    one = Payment("1", date(2026, 2, 1), 5)
    with pytest.raises(WrongUse, match="twice"):
        replay(DUES, [one, one], RULE)
    with pytest.raises(WrongUse, match="to reverse"):
        replay(DUES, [one], RULE, reversed_ids={"2"})
    with pytest.raises(WrongUse, match="cannot be"):
        with_charge(DUES, Component.fees, date(2026, 2, 1), -5)


def test_a_charge_on_a_due_date_joins_that_installment():
    assert with_charge(DUES, Component.fees, date(2026, 2, 1), 500)[-1].number == 1
