"""The annual cost of a loan."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.loans.cost import annual_cost, cash_flows, xirr_of
from forbear.loans.every import Every
from forbear.loans.schedule import make_schedule
from forbear.loans.terms import Method, Terms

START = date(2026, 1, 15)
BASE = Terms(1_200_000, Fraction(18, 100), 12, Method.equal_installment, START)
METHODS = [method for method in Method if method not in (Method.flat, Method.bullet, Method.zero_interest)]


def cost(**changes):
    return annual_cost(make_schedule(replace(BASE, **changes)))


@pytest.mark.parametrize("method", METHODS)
def test_without_fees_the_irr_is_the_contract_rate(method):
    assert cost(method=method).irr_annual == pytest.approx(0.18, abs=2e-5)


@pytest.mark.parametrize(("every", "effective"), [("m", 1.015**12 - 1), ("y", 0.18)])
def test_effective_is_compounded(every, effective):
    assert cost(every=Every(1, every)).irr_effective == pytest.approx(effective, abs=3e-5)


def test_flat_interest_costs_nearly_twice_what_it_says():
    assert cost(method=Method.flat).irr_annual == pytest.approx(0.3176, abs=5e-4)


def test_fees_are_a_cost():
    plain = cost(method=Method.zero_interest, annual_rate=0)
    each = cost(method=Method.zero_interest, annual_rate=0, fee_rate=Fraction(5, 1000))
    upfront = cost(method=Method.zero_interest, annual_rate=0, upfront_fee=72_000)
    assert (plain.irr_annual, plain.xirr) == (0.0, 0.0)
    assert each.irr_annual == pytest.approx(0.1090, abs=5e-4)
    assert upfront.irr_annual > each.irr_annual, "the same money, but all of it on the first day"


def test_a_down_payment_lowers_what_is_lent():
    flows = cash_flows(make_schedule(replace(BASE, down_payment=Fraction(1, 4))))
    assert flows[:2] == [(date(2026, 1, 15), -1_200_000), (date(2026, 1, 15), 300_000)]
    assert cost(down_payment=Fraction(1, 4)).irr_annual == pytest.approx(0.18, abs=2e-5)


def test_tranches_have_an_xirr_alone():
    both = cost(tranches=((date(2026, 2, 1), 100_000),))
    assert both.irr_annual is None
    assert both.xirr == pytest.approx(0.1965, abs=1e-3)


def test_a_bullet_is_annualised_over_its_periods():
    assert cost(method=Method.bullet).xirr == pytest.approx(0.18, abs=1e-6)


@settings(deadline=None)
@given(
    st.sampled_from(list(Method)),
    st.integers(1, 30_000),
    st.integers(1, 36),
    st.integers(10_000, 10**9),
    st.integers(0, 100),
)
def test_at_its_xirr_a_loan_is_worth_nothing(method, basis_points, term, principal, fee):
    rate = Fraction(basis_points, 10_000)
    schedule = make_schedule(Terms(principal, rate, term, method, date(2026, 1, 31), fee=fee))
    rate = annual_cost(schedule).xirr
    assert rate is not None
    worth = sum(
        amount / (1 + rate) ** ((day - date(2026, 1, 31)).days / 365) for day, amount in cash_flows(schedule)
    )
    assert abs(worth) <= principal * 1e-5


def test_no_rate_is_none():
    assert xirr_of([(date(2026, 1, 1), 5), (date(2026, 2, 1), 6)]) is None


def test_a_rate_too_large_to_be_a_number_is_none():
    dear = Terms(10_000_000, Fraction(10), 1, Method.bullet, START, every=Every(1, "d"), upfront_fee=9_999_999)
    assert annual_cost(make_schedule(dear)).xirr is None
