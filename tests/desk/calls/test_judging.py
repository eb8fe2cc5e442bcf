"""Whether a promise was kept: cases by hand, and what holds whatever was promised and paid."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.desk.calls.judging import Money, Part, Terms, judged

DAY = date(2026, 7, 1)
TERMS = Terms(grace_days=2, tolerance=Fraction(1, 100), tolerance_most=1_000, token_share=Fraction(1, 10))
LATER = DAY + timedelta(days=90)


def on(days: int) -> date:
    return DAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("paid", "today", "state"),
    [
        ([], 0, "open"),
        ([], 2, "open"),
        ([], 3, "broken"),
        ([(0, 50_000)], 0, "kept"),
        ([(-3, 50_000)], 0, "kept"),
        ([(2, 50_000)], 2, "kept"),
        ([(3, 50_000)], 3, "broken"),
        ([(1, 49_500)], 3, "kept"),
        ([(1, 49_499)], 3, "part_kept"),
        ([(1, 20_000), (2, 30_000)], 2, "kept"),
        ([(1, 5_000)], 3, "part_kept"),
        ([(1, 4_999)], 3, "broken"),
        ([(1, 100)], 3, "broken"),
        ([(1, 50_000), (2, -50_000)], 3, "broken"),
    ],
)
def test_one_part(paid, today, state):
    money = [Money(on(day), amount) for day, amount in paid]
    assert judged([Part(DAY, 50_000)], money, on(today), TERMS) == [state]


def test_parts_are_paid_one_after_the_other():
    parts = [Part(on(0), 30_000), Part(on(14), 30_000)]
    first = [Money(on(0), 30_000)]
    assert judged(parts, first, on(5), TERMS) == ["kept", "open"]
    assert judged(parts, first, on(20), TERMS) == ["kept", "broken"]
    assert judged(parts, [*first, Money(on(10), 30_000)], on(20), TERMS) == ["kept", "kept"]
    assert judged(parts, [Money(on(0), 60_000)], on(1), TERMS) == ["kept", "kept"]
    late = [Money(on(10), 60_000)]
    assert judged(parts, late, on(20), TERMS) == ["broken", "kept"]


parts_of = st.lists(
    st.builds(Part, st.integers(0, 60).map(on), st.integers(1_000, 1_000_000)), min_size=1, max_size=5
)
money_of = st.lists(st.builds(Money, st.integers(-5, 70).map(on), st.integers(1, 500_000)), max_size=8)


@given(parts_of, money_of)
def test_in_the_end_nothing_is_open(parts, money):
    assert "open" not in judged(parts, money, LATER, TERMS)


@given(parts_of)
def test_nothing_paid_keeps_nothing(parts):
    assert set(judged(parts, [], LATER, TERMS)) == {"broken"}


@given(parts_of)
def test_all_paid_at_once_keeps_everything(parts):
    money = [Money(on(0), sum(part.amount for part in parts))]
    assert set(judged(parts, money, LATER, TERMS)) == {"kept"}


@given(parts_of, money_of, st.builds(Money, st.integers(-5, 70).map(on), st.integers(1, 500_000)))
def test_more_money_never_makes_the_last_part_worse(parts, money, more):
    rank = {"broken": 0, "part_kept": 1, "kept": 2}
    last = max(range(len(parts)), key=lambda n: (parts[n].due_on, n))
    kept = [all(state == "kept" for state in judged(parts, paid, LATER, TERMS)) for paid in (money, [*money, more])]
    assert kept[0] <= kept[1]
    if len(parts) == 1:
        before, after = (judged(parts, paid, LATER, TERMS)[last] for paid in (money, [*money, more]))
        assert rank[before] <= rank[after]


@given(parts_of, money_of)
def test_the_order_of_parts_and_payments_does_not_matter(parts, money):
    states = judged(parts, money, LATER, TERMS)
    if len({part.due_on for part in parts}) == len(parts):
        turned = judged(parts[::-1], money[::-1], LATER, TERMS)
        assert turned[::-1] == states


@given(st.integers(1_000, 1_000_000), st.integers(1, 1_000_000))
def test_a_token_payment_keeps_nothing(amount, paid):
    states = judged([Part(DAY, amount)], [Money(DAY, paid)], LATER, TERMS)
    if paid < amount * TERMS.token_share:
        assert states == ["broken"]
