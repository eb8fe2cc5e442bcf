"""Interest worked out anew on early payment; the published cases are in `test_reference_cases`."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.loans.recalculation import recalculated
from forbear.loans.schedule import make_schedule
from forbear.loans.terms import Method, Terms

START = date(2022, 11, 1)
TERMS = Terms(
    500_000, Fraction(12, 100), 6, Method.equal_installment, START, day_count="actual/365", multiple_of=100
)


PUBLISHED = {
    # Apache Fineract, LoanRepayment.feature, Apache-2.0: day and amount paid; principal, interest of each row.
    "RP02, on time in full": (
        (date(2022, 12, 1), 86_300),
        [(81_368, 4_932), (81_933, 4_267), (82_768, 3_432), (83_862, 2_338), (84_467, 1_733), (85_602, 844)],
    ),
    "RP05, on time in part": (
        (date(2022, 12, 1), 20_000),
        [(81_268, 4_932), (81_932, 4_268), (82_767, 3_433), (83_862, 2_338), (84_466, 1_734), (85_705, 845)],
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_payments_on_time_level_the_rest_anew(name):
    payment, rows = PUBLISHED[name]
    assert [(row.principal, row.interest) for row in recalculated(TERMS, [payment]).installments] == rows


def test_without_early_payments_it_is_the_plain_schedule():
    assert recalculated(TERMS, []).installments == make_schedule(TERMS).installments


@given(st.lists(st.tuples(st.integers(0, 180), st.integers(1, 80_000)), max_size=4))
def test_early_payments_never_raise_the_interest_and_all_is_repaid(payments):
    early = [(START + timedelta(days=days), amount) for days, amount in payments]
    to_the_cent = replace(TERMS, multiple_of=1)
    try:
        schedule = recalculated(to_the_cent, early)
    except WrongUse as too_much:
        assume("outstanding" in too_much.message)
        return
    assert schedule.principal == 500_000
    assert schedule.installments[-1].balance == 0
    assert schedule.interest <= make_schedule(to_the_cent).interest + 6, "but for half a unit of rounding each"
    assert min(min(row.principal, row.interest) for row in schedule.installments) >= 0


def test_the_sooner_the_cheaper():
    soon, late = (recalculated(TERMS, [(date(2022, 11, day), 50_000)]).interest for day in (5, 25))
    assert soon < late


@pytest.mark.parametrize(
    "terms",
    [replace(TERMS, method=Method.flat), replace(TERMS, grace_principal=1), replace(TERMS, grace_interest=1)],
)
def test_what_it_does_not_cover_is_refused(terms):
    with pytest.raises(WrongUse, match="recalculation covers"):
        recalculated(terms, [])


def test_more_than_is_outstanding_is_refused():
    with pytest.raises(WrongUse, match="outstanding"):
        recalculated(TERMS, [(date(2022, 11, 5), 500_001)])
