"""Penalty interest and the cap on everything a loan may cost."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.loans import penalty
from forbear.loans.allocation import rule_named
from forbear.loans.cost import cash_flows, xirr_of
from forbear.loans.dues import dues_of
from forbear.loans.penalty import CapPolicy, cap_policy, penalty_on, room_under_cap
from forbear.loans.replay import Payment, replay
from forbear.loans.schedule import make_schedule
from forbear.loans.terms import Method, Terms

START = date(2026, 1, 15)
RULE = rule_named("oldest_installment")
NONE_LEFT = CapPolicy(Fraction(10), Fraction(3, 2))


def loan(rate="12/100", method=Method.equal_installment, **changes):
    return make_schedule(replace(Terms(1_200_000, Fraction(rate), 12, method, START), **changes))


def test_penalty_is_the_multiple_of_the_rate_on_overdue_principal_alone():
    schedule = loan(method=Method.equal_principal)
    as_of = schedule.installments[0].due_on + timedelta(days=20)
    found = penalty_on(schedule, [], as_of, RULE, NONE_LEFT)
    exact = Fraction(100_000) * Fraction(12, 100) * Fraction(3, 2) * 20 / 365
    assert found.accrued == found.charged == int(exact)


def test_each_overdue_installment_bears_it_from_its_own_day_until_paid():
    schedule = loan(method=Method.equal_principal)
    first, second = (row.due_on for row in schedule.installments[:2])
    payment = Payment("1", second, schedule.installments[0].total)
    as_of = second + timedelta(days=10)
    days = (second - first).days + 10
    found = penalty_on(schedule, [payment], as_of, RULE, NONE_LEFT)
    assert found.accrued == int(Fraction(100_000) * Fraction(18, 100) * days / 365)


def test_a_loan_paid_on_time_bears_none():
    schedule = loan()
    payments = [Payment(str(row.number), row.due_on, row.total) for row in schedule.installments[:3]]
    assert penalty_on(schedule, payments, payments[-1].paid_on, RULE).charged == 0


def test_a_loan_at_its_cap_already_bears_none():
    late = date(2026, 6, 1)
    at_cap = penalty_on(loan("30/100"), [], late, RULE)
    assert at_cap.accrued > 0
    assert at_cap.charged == at_cap.room == 0


def test_fees_use_up_the_room():
    late = date(2026, 6, 1)
    plain, dear = (penalty_on(loan("20/100", fee=fee), [], late, RULE) for fee in (0, 5_000))
    assert dear.room < plain.room


PAYING = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 300_000)), max_size=6)


def settled(schedule, payments, as_of, charged):
    """Money by date if all were settled with `charged` on `as_of`, worked out apart from the code under test."""
    out = [(day, amount) for day, amount in cash_flows(schedule) if amount < 0]
    received = [(one.paid_on, one.amount) for one in payments if one.paid_on <= as_of]
    owed = penalty._settlement(
        schedule, replay(dues_of(schedule), [p for p in payments if p.paid_on <= as_of], RULE), as_of
    )
    return [*out, *received, (as_of, owed + charged)]


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 2_400),
    st.sampled_from([Method.equal_installment, Method.equal_principal, Method.interest_first, Method.bullet]),
    PAYING,
    st.integers(1, 800),
    st.sampled_from([0, 0, 1_000]),
)
def test_what_is_charged_keeps_the_whole_cost_under_the_cap(basis_points, method, paying, days, fee):
    schedule = loan(Fraction(basis_points, 10_000), method=method, fee=fee)
    payments = [Payment(str(n), START + timedelta(on), amount) for n, (on, amount) in enumerate(paying)]
    as_of = START + timedelta(days=days)
    found = penalty_on(schedule, payments, as_of, RULE)
    assert 0 <= found.charged <= found.accrued
    if not found.charged:
        return
    flows = settled(schedule, payments, as_of, found.charged)
    worth = sum(amount / 1.24 ** ((day - START).days / 365) for day, amount in flows)
    assert worth <= 0.01, "compounded at the cap, the lender is no better off"
    rate = xirr_of(flows)
    assert rate is None or rate <= 0.24 + 1e-6


@given(st.integers(1, 10**9), st.integers(1, 3650), st.integers(1, 60))
def test_the_room_is_the_most_the_cap_allows(lent, days, percent):
    policy = CapPolicy(Fraction(percent, 100), Fraction(3, 2), "xirr")
    on = START + timedelta(days=days)
    room = room_under_cap([(START, -lent), (on, lent)], 0, on, policy)
    exact = lent * (1 + percent / 100) ** (days / 365) - lent
    assert room <= exact + 1e-6 * lent
    assert room + 1 >= exact - 1e-6 * lent
    simple = room_under_cap([(START, -lent), (on, lent)], lent * days, on, replace(policy, basis="simple"))
    assert simple == lent * percent * days // 36_500
    assert room_under_cap([(START, -lent), (on, lent)], lent * days, on, replace(policy, basis="both")) == min(
        room, simple
    )


def test_china_caps_at_24_percent_and_says_why():
    policy = cap_policy("cn")
    assert (policy.annual_cap, policy.penalty_multiple, policy.basis) == (Fraction(24, 100), Fraction(3, 2), "both")
    assert "CN-INT-04" in policy.source


def test_impossible_caps_are_refused():
    with pytest.raises(WrongUse, match="no cap is known"):
        cap_policy("atlantis")
    with pytest.raises(WrongUse, match="no cap can be"):
        CapPolicy(Fraction(-1), Fraction(1))
    with pytest.raises(WrongUse, match="lies after"):
        room_under_cap([(date(2026, 2, 1), 5)], 0, START, cap_policy())
