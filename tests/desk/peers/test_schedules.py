"""What users of other systems complain of in schedules and rescheduling (docs/peers.md, 23 to 29), tried here."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from forbear.cli import app
from forbear.desk.ledger.balances import items
from forbear.loans import Method, Terms, as_rate, make_schedule, payoff
from forbear.loans.day_counts import NAMES
from forbear.testing.lending import lend

from .acting import act, at, pay

BEGUN = date(2024, 1, 31)


@settings(max_examples=60, deadline=None)
@given(
    term=st.integers(1, 60),
    method=st.sampled_from([m for m in Method if m is not Method.bullet]),
    principal=st.integers(100_00, 500_000_00),
    rate=st.sampled_from(["0", "0.07", "0.24", "0.36"]),
    multiple=st.sampled_from([1, 100, 10_000]),
)
def test_23_who_asks_for_twelve_months_gets_twelve_installments(term, method, principal, rate, multiple):
    principal = max(principal, term * multiple)  # less cannot be divided so, which is refused in words
    made = make_schedule(Terms(principal, as_rate(rate), term, method, BEGUN, multiple_of=multiple))
    assert len(made.installments) == term
    assert sum(row.principal for row in made.installments) == principal


@pytest.mark.parametrize("rate", ["0", "0.001", "0.24"])
def test_24_a_rate_changed_from_zero_and_to_zero_keeps_the_schedule_whole(rate):
    for before, after in ((rate, "0"), ("0", rate)):
        terms = Terms(
            1_200_000,
            as_rate(before),
            12,
            Method.equal_installment,
            BEGUN,
            rate_changes=((date(2024, 6, 1), as_rate(after)),),
        )
        made = make_schedule(terms)
        assert len(made.installments) == 12
        assert sum(row.principal for row in made.installments) == 1_200_000
        assert made.installments[-1].balance == 0
        assert all(row.total > 0 for row in made.installments)


@pytest.mark.django_db
def test_24_a_loan_without_interest_is_given_a_rate_and_is_not_overpaid():
    lend("L1", rate="0")
    pay(date(2026, 2, 15), 20_000)
    act("re-amortize", date(2026, 3, 1), term=6, annual_rate="0.12")
    now = at(date(2026, 3, 1))
    assert (now.principal_outstanding, now.unapplied) == (100_000, 0)
    assert now.interest_outstanding > 0


@pytest.mark.parametrize("day_count", NAMES)
def test_26_one_day_count_holds_in_the_schedule_and_in_the_payoff(day_count):
    """Over a leap year: the interest of a period paid off on its last day is the schedule's own."""
    terms = Terms(1_200_000, as_rate("0.18"), 12, Method.interest_first, date(2024, 1, 10), day_count=day_count)
    made = make_schedule(terms)
    for row in made.installments[:-1]:
        assert payoff(made, row.due_on).interest in (0, row.interest), row
    first = made.installments[0]
    assert payoff(made, first.due_on - timedelta(days=1)).interest < first.interest


@pytest.mark.django_db
def test_27_the_schedule_that_is_tried_is_the_schedule_that_is_booked():
    lend("L1")
    words = ["schedule", "--principal", "1200", "--annual-rate", "0.18", "--term", "6"]
    said = CliRunner().invoke(app, [*words, "--disbursed-on", "2026-01-15", "--format", "json"])
    tried = json.loads(said.stdout)["installments"]
    booked = {(i.number, i.component): i.due for i in items("L1", date(2026, 1, 15))}
    for row in tried:
        for name in ("principal", "interest"):
            assert round(float(row[name]) * 100) == booked[row["number"], name]


def test_28_a_due_date_of_the_31st_rolls_to_the_first_where_that_is_asked():
    months = {how: [r.due_on for r in make_schedule(_monthly(how)).installments][:3] for how in ("clamp", "roll")}
    assert months["clamp"] == [date(2025, 2, 28), date(2025, 3, 31), date(2025, 4, 30)]
    assert months["roll"] == [date(2025, 3, 1), date(2025, 3, 31), date(2025, 5, 1)]


def _monthly(month_end: str) -> Terms:
    return Terms(300_000, as_rate("0.12"), 3, Method.equal_installment, date(2025, 1, 31), month_end=month_end)


def test_29_several_changes_at_once_with_a_tranche_and_a_fee_make_one_schedule():
    words = [
        "schedule",
        "--principal",
        "6000",
        "--annual-rate",
        "0.12",
        "--term",
        "12",
        "--disbursed-on",
        "2026-01-15",
    ]
    words += ["--tranche", "2026-03-01=3000", "--rate-change", "2026-05-01=0.09", "--fee-rate", "0.001"]
    words += ["--move-due", "2026-07-15=2026-07-25", "--format", "json"]
    told = json.loads(CliRunner().invoke(app, words).stdout)
    assert len(told["installments"]) == 12
    assert told["totals"]["principal"] == "9000.00"
    assert "2026-07-25" in [row["due_on"] for row in told["installments"]]


@pytest.mark.django_db
def test_29_reschedules_follow_one_another_on_a_loan_with_charges():
    lend("L1", fee=100)
    act("fee", date(2026, 2, 20), 2_500, number=1)
    act("re-age", date(2026, 3, 20), months=1)
    act("re-amortize", date(2026, 5, 20), term=9, annual_rate="0.10")
    act("re-age", date(2026, 7, 1), months=2)
    now = at(date(2026, 7, 1))
    assert (now.principal_outstanding, now.arrears_fees >= 2_500) == (120_000, True)
    assert len({i.number for i in items("L1", date(2026, 7, 1)) if i.component == "principal" and i.unpaid}) == 9
