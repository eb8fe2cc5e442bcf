"""民法典 art. 560: which of several debts a payment pays."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.loans.several_debts import Debt, share_among

TODAY = date(2026, 6, 1)
DUE, LATER = date(2026, 5, 1), date(2026, 7, 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Debt("first", DUE, 100), Debt("second", LATER, 100, burden=Fraction(1))),
        (Debt("first", DUE, 100), Debt("second", date(2026, 4, 1), 100, secured=Fraction(1, 2))),
        (
            Debt("first", DUE, 100, burden=Fraction(1, 4)),
            Debt("second", date(2026, 4, 1), 100, burden=Fraction(1, 5)),
        ),
        (Debt("first", date(2026, 4, 1), 100), Debt("second", DUE, 100)),
    ],
    ids=["due before not due", "least secured", "heaviest", "earliest due"],
)
def test_the_order_of_the_law(first, second):
    assert share_among([second, first], 130, TODAY) == {"first": 100, "second": 30}


def test_equal_debts_share_in_proportion():
    assert share_among([Debt("a", DUE, 200), Debt("b", DUE, 100)], 100, TODAY) == {"a": 67, "b": 33}


def test_the_debtor_may_name_the_debt():
    debts = [Debt("a", DUE, 200), Debt("b", LATER, 100)]
    assert share_among(debts, 150, TODAY, designated=["b", "b"]) == {"a": 50, "b": 100}


@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from([DUE, LATER])), max_size=6), st.integers(0, 5000))
def test_no_debt_is_overpaid_and_no_money_lost(amounts, paid):
    debts = [Debt(str(place), on, amount) for place, (amount, on) in enumerate(amounts)]
    shared = share_among(debts, paid, TODAY)
    assert all(0 <= shared[debt.debt_id] <= debt.amount for debt in debts)
    assert sum(shared.values()) == min(paid, sum(debt.amount for debt in debts))


def test_a_debt_that_is_not_there_is_refused():
    with pytest.raises(WrongUse, match="none such"):
        share_among([], 5, TODAY, designated=["none such"])
