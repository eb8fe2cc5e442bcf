"""What every schedule keeps to, whatever the terms; and each method by a hand-worked example."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.loans.day_counts import NAMES
from forbear.loans.every import Every
from forbear.loans.schedule import installment_count, make_schedule
from forbear.loans.terms import Method, Terms, as_rate

RATES = st.integers(0, 40_000).map(lambda basis_points: Fraction(basis_points, 10_000))


@st.composite
def any_terms(draw, methods=tuple(Method)):
    """Terms of all kinds, with grace, fees, tranches and new rates."""
    method = draw(st.sampled_from(methods))
    term = draw(st.integers(1, 40))
    principal = draw(st.integers(term * 20, 10**9))
    disbursed_on = draw(st.dates(date(2019, 1, 1), date(2031, 12, 31)))
    single = method in (Method.bullet, Method.interest_first)
    gap = draw(st.none() | st.integers(1, 100))
    terms = Terms(
        principal=principal,
        annual_rate=draw(RATES),
        term=term,
        method=method,
        disbursed_on=disbursed_on,
        first_due_on=None if gap is None else date.fromordinal(disbursed_on.toordinal() + gap),
        every=Every(draw(st.integers(1, 3)), draw(st.sampled_from("wmy"))),
        day_count=draw(st.sampled_from(NAMES)),
        rounding=draw(st.sampled_from(["half_even", "half_up"])),
        multiple_of=draw(st.sampled_from([1, 1, 10])),
        grace_principal=0 if single else draw(st.integers(0, term - 1)),
        grace_interest=0 if method == Method.bullet else draw(st.integers(0, term - 1)),
        interest_free=draw(st.integers(0, term)),
        fee_rate=draw(st.sampled_from([Fraction(0), Fraction(1, 200)])),
        down_payment=draw(st.sampled_from([Fraction(0), Fraction(0), Fraction(1, 4)])),
        month_end=draw(st.sampled_from(["clamp", "roll"])),
        roll=draw(st.sampled_from(["none", "following", "modified_following"])),
    )
    last = make_schedule(replace(terms, roll="none")).installments[-1].due_on
    within = st.dates(disbursed_on, date.fromordinal(last.toordinal() - 1))
    if draw(st.booleans()):
        terms = replace(terms, tranches=tuple(draw(st.lists(st.tuples(within, st.integers(1, 10**7)), max_size=2))))
    if draw(st.booleans()):
        terms = replace(terms, rate_changes=tuple(draw(st.lists(st.tuples(within, RATES), max_size=2))))
    return terms


@settings(max_examples=300, deadline=None)
@given(any_terms())
def test_every_schedule_repays_exactly_what_was_paid_out(terms):
    schedule = make_schedule(terms)
    rows = schedule.installments
    paid_out = terms.principal + sum(amount for _, amount in terms.tranches)
    assert sum(row.principal for row in rows) == paid_out
    assert rows[-1].balance == 0
    assert len(rows) == installment_count(terms)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert all(min(row.principal, row.interest, row.fees, row.balance) >= 0 for row in rows)
    assert all(earlier.due_on <= later.due_on for earlier, later in pairwise(rows))


@settings(max_examples=200, deadline=None)
@given(any_terms(methods=(Method.equal_installment,)))
def test_level_payments_are_level(terms):
    plain = replace(
        terms, tranches=(), rate_changes=(), grace_interest=0, interest_free=0, down_payment=Fraction(0)
    )
    assume(terms.every.unit != "y")
    plain = replace(plain, first_due_on=None, annual_rate=min(plain.annual_rate, Fraction(1, 2)), multiple_of=1)
    level = [row.principal + row.interest for row in make_schedule(plain).installments[plain.grace_principal : -1]]
    assert not level or max(level) - min(level) <= 1


@settings(max_examples=100, deadline=None)
@given(any_terms(methods=(Method.equal_installment, Method.flat, Method.zero_interest)))
def test_level_payments_are_multiples_of_the_step(terms):
    plain = replace(
        terms, tranches=(), rate_changes=(), grace_interest=0, first_due_on=None, multiple_of=10, interest_free=0,
        annual_rate=min(terms.annual_rate, Fraction(1, 2)),
    )  # fmt: skip
    assume(plain.principal >= plain.term * 1000 and plain.every.unit != "y")
    skipped = plain.grace_principal + (plain.down_payment > 0)
    rows = make_schedule(plain).installments[skipped:-1]
    assert all((row.principal + row.interest) % 10 == 0 for row in rows)


def test_flat_interest_rounds_each_period_and_as_a_whole_also_after_a_grace():
    """0.75 of a cent a period is 1 cent each, and 2 in all: none is left for the last. Sums are multiples of 10."""
    terms = Terms(
        192_858, Fraction(1, 10_000), 3, Method.flat, date(2019, 1, 1), every=Every(2, "w"), grace_principal=1,
        multiple_of=10,
    )  # fmt: skip
    assert columns(terms) == [(0, 1), (96_429, 1), (96_429, 0)]


@pytest.mark.parametrize(
    ("principal", "rate", "term", "interest"),
    [
        (80_394_513, "0.06", 4, [401_973, 401_973, 401_973, 401_971]),  # 401972.565 each, 1607890.26 in all
        (20_000_000, "0.2399", 2, [399_833, 399_834]),  # 399833.33 each, 799666.67 in all
        (1_000, "0.0066", 12, [0] * 11 + [7]),  # 0.55 each is 1, but 11 of them were more than the 6.6 in all
    ],
)
def test_flat_interest_of_a_period_is_its_own_rounded_and_the_last_takes_the_rest(principal, rate, term, interest):
    terms = Terms(principal, as_rate(rate), term, Method.flat, date(2024, 1, 31))
    assert [row.interest for row in make_schedule(terms).installments] == interest


@settings(max_examples=60, deadline=None)
@given(any_terms())
def test_at_rate_zero_nothing_but_principal_and_fees_falls_due(terms):
    free = replace(terms, annual_rate=Fraction(0), rate_changes=())
    schedule = make_schedule(free)
    assert schedule.interest == 0
    fee = free.fee + round(free.principal * free.fee_rate)
    assert abs(schedule.fees - fee * sum(row.period > 0 for row in schedule.installments)) <= len(
        schedule.installments
    )


@settings(max_examples=60, deadline=None)
@given(any_terms(), st.integers(0, 300))
def test_a_change_to_the_rate_in_force_is_no_change(terms, days):
    day = date.fromordinal(terms.disbursed_on.toordinal() + days)
    same = replace(terms, rate_changes=((day, terms.annual_rate), (day, terms.annual_rate)))
    assert make_schedule(same).installments == make_schedule(replace(terms, rate_changes=())).installments


def loan(method, **changes):
    base = Terms(1_200_000, Fraction(18, 100), 12, method, date(2026, 1, 15))
    return replace(base, **changes)


def columns(terms):
    return [(row.principal, row.interest) for row in make_schedule(terms).installments]


def test_equal_installment():
    rows = make_schedule(loan(Method.equal_installment)).installments
    assert {row.total for row in rows[:-1]} == {110_016}
    assert (rows[0].interest, rows[-1].total) == (18_000, 110_019)


def test_equal_principal():
    assert columns(loan(Method.equal_principal))[::11] == [(100_000, 18_000), (100_000, 1_500)]


def test_interest_first():
    assert columns(loan(Method.interest_first))[::11] == [(0, 18_000), (1_200_000, 18_000)]


def test_bullet_pays_simple_interest_once():
    (row,) = make_schedule(loan(Method.bullet)).installments
    assert (row.principal, row.interest, row.due_on) == (1_200_000, 216_000, date(2027, 1, 15))


def test_flat():
    assert set(columns(loan(Method.flat))) == {(100_000, 18_000)}


def test_zero_interest_with_a_fee_each():
    rows = make_schedule(loan(Method.zero_interest, fee_rate=Fraction(5, 1000), fee=100)).installments
    assert {(row.principal, row.interest, row.fees) for row in rows} == {(100_000, 0, 6_100)}


def test_interest_free_periods_are_free_and_the_rest_still_level():
    rows = make_schedule(loan(Method.equal_installment, interest_free=3)).installments
    assert [row.interest for row in rows[:3]] == [0, 0, 0]
    assert {row.total for row in rows[:-1]} == {rows[0].total}
    assert abs(rows[-1].total - rows[0].total) <= 6


def test_grace_on_interest_gathers_it_on_the_next():
    rows = make_schedule(loan(Method.interest_first, grace_interest=2)).installments
    assert [row.interest for row in rows[:4]] == [0, 0, 54_000, 18_000]


def test_a_long_first_period_bears_its_true_interest():
    late = make_schedule(loan(Method.equal_installment, first_due_on=date(2026, 3, 1), day_count="actual/365"))
    assert late.installments[0].interest == round(Fraction(1_200_000 * 18 * 45, 100 * 365))
    assert {row.total for row in late.installments[:-1]} == {late.installments[0].total}
    assert abs(late.installments[-1].total - late.installments[0].total) <= 6


def test_where_interest_alone_exceeds_the_level_it_is_what_falls_due():
    rows = make_schedule(loan(Method.equal_installment, first_due_on=date(2027, 1, 15))).installments
    assert (rows[0].principal, rows[0].interest) == (0, 216_000)
    assert len({row.total for row in rows[1:-1]}) == 1
    assert abs(rows[-1].total - rows[1].total) <= 6


def test_a_rolled_due_date_does_not_change_the_interest():
    plain = make_schedule(loan(Method.equal_installment, day_count="actual/365"))
    moved = make_schedule(loan(Method.equal_installment, day_count="actual/365", roll="following"))
    assert [row.interest for row in plain.installments] == [row.interest for row in moved.installments]
    assert all(row.due_on.weekday() < 5 for row in moved.installments)


def test_rounding_up_never_ends_a_loan_before_its_term():
    rows = make_schedule(loan(Method.equal_installment, principal=100_000, annual_rate=Fraction(0), term=60,
                              multiple_of=100)).installments  # fmt: skip
    assert {row.principal for row in rows[:-1]} == {1_600}
    assert rows[-1].principal == 5_600


def test_half_a_minor_unit_goes_by_the_rule():
    even, up = (
        make_schedule(loan(Method.flat, principal=1_250, annual_rate=Fraction(12, 100), term=2, rounding=rule))
        for rule in ("half_even", "half_up")
    )
    assert (even.installments[0].interest, up.installments[0].interest) == (12, 13)


@pytest.mark.parametrize(
    "bad",
    [
        {"principal": 0},
        {"principal": 11},
        {"principal": 10**16},
        {"term": 0},
        {"term": 1201},
        {"annual_rate": Fraction(-1, 100)},
        {"annual_rate": Fraction(11)},
        {"grace_principal": 12},
        {"grace_interest": 12},
        {"interest_free": 13},
        {"upfront_fee": 1_200_000},
        {"down_payment": Fraction(1)},
        {"multiple_of": 0},
        {"multiple_of": 200_000},
        {"day_count": "30/365"},
        {"currency": "XYZW"},
        {"rounding": "down"},
        {"roll": "sideways"},
        {"month_end": "skip"},
        {"tranches": ((date(2025, 1, 1), 5),)},
        {"tranches": ((date(2026, 3, 1), 0),)},
        {"rate_changes": ((date(2026, 3, 1), Fraction(-1)),)},
        {"method": Method.bullet, "grace_principal": 1},
        {"method": Method.bullet, "grace_interest": 1},
        {"method": Method.flat, "prepayments": ((date(2026, 3, 1), 5),)},
    ],
)
def test_terms_no_loan_can_have_are_refused(bad):
    with pytest.raises(WrongUse):
        replace(loan(Method.equal_installment), **bad)


@pytest.mark.parametrize("change", [{"tranches": ((date(2027, 1, 15), 5),)}, {"first_due_on": date(2026, 1, 15)}])
def test_dates_no_schedule_can_have_are_refused(change):
    with pytest.raises(WrongUse):
        make_schedule(replace(loan(Method.equal_installment), **change))


@pytest.mark.parametrize("bad", [0.18, "nan", "Infinity", "", "18 %", "1e999999999", None])
def test_a_rate_is_an_exact_number(bad):
    with pytest.raises(WrongUse):
        as_rate(bad)
