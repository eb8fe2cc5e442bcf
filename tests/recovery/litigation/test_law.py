"""Fees and clocks against the text of the law, worked by hand."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.recovery.litigation import Event, Obstacle, court_fee, enforcement_fee, limitation, preservation_fee
from forbear.recovery.litigation.law import cap_of, law
from forbear.recovery.litigation.limitation import enforcement_until, months_on, years_on


@pytest.mark.parametrize(
    ("yuan", "fee"),
    [
        (1, 50), (10_000, 50), (100_000, 2_300), (200_000, 4_300), (500_000, 8_800), (1_000_000, 13_800),
        (2_000_000, 22_800), (5_000_000, 46_800), (10_000_000, 81_800), (20_000_000, 141_800), (30_000_000, 191_800),
        (20_000, 300), (150_000, 3_300),
    ],
)  # fmt: skip
def test_case_fees_of_article_13(yuan, fee):
    assert court_fee(yuan * 100) == fee * 100
    assert court_fee(yuan * 100, "small_claims") == court_fee(yuan * 100, "mediated") == fee * 50
    assert court_fee(yuan * 100, "judicial_confirmation") == 0


def test_a_payment_order_costs_a_third_to_the_fen():
    assert court_fee(1_000_000, "payment_order") == 1_667
    assert court_fee(10_000_000, "payment_order") == 76_667


ENFORCED = [(10_000, 50), (500_000, 7_400), (5_000_000, 52_400), (10_000_000, 77_400), (20_000_000, 87_400)]
PRESERVED = [(1_000, 30), (100_000, 1_020), (200_000, 1_520), (1_000_000, 5_000), (9_000_000, 5_000)]
INTERRUPTIONS = law()["limitation"]["interruptions"]
PROCEEDINGS = [kind for kind, row in INTERRUPTIONS.items() if row.get("until_ended")]


@pytest.mark.parametrize(("yuan", "fee"), ENFORCED)
def test_enforcement_fees_of_article_14(yuan, fee):
    assert enforcement_fee(yuan * 100) == fee * 100


@pytest.mark.parametrize(("yuan", "fee"), PRESERVED)
def test_preservation_costs_five_thousand_at_most(yuan, fee):
    assert preservation_fee(yuan * 100) == fee * 100


@given(st.integers(0, 10**13), st.integers(0, 10**9))
def test_a_higher_claim_never_costs_less(amount, more):
    for fee in (court_fee, enforcement_fee, preservation_fee):
        assert fee(amount) <= fee(amount + more)


def test_what_is_no_claim_is_refused():
    with pytest.raises(WrongUse):
        court_fee(-1)
    with pytest.raises(WrongUse, match="no procedure"):
        court_fee(1, "duel")


def test_three_years_from_the_last_installment():
    clock = limitation(date(2023, 3, 10), as_of=date(2026, 3, 10))
    assert (clock.ends_on, clock.barred, clock.days_left) == (date(2026, 3, 10), False, 0)
    assert limitation(date(2023, 3, 10), as_of=date(2026, 3, 11)).barred
    assert limitation(date(2024, 2, 29), as_of=date(2027, 2, 28)).ends_on == date(2027, 2, 28)


@pytest.mark.parametrize("kind", sorted(set(INTERRUPTIONS) - set(PROCEEDINGS)))
def test_an_interruption_with_proof_starts_anew(kind):
    clock = limitation(date(2023, 3, 10), [Event(kind, date(2025, 6, 1), "P")], as_of=date(2026, 4, 1))
    assert clock.ends_on == date(2028, 6, 1)
    assert clock.steps[0].counted
    without = limitation(date(2023, 3, 10), [Event(kind, date(2025, 6, 1))], as_of=date(2026, 4, 1))
    assert without.barred
    assert "not shown" in without.steps[0].why["en"]


@pytest.mark.parametrize("kind", PROCEEDINGS)
def test_while_a_proceeding_goes_on_no_time_runs(kind):
    on = date(2025, 6, 1)
    events = [Event(kind, on, "P"), Event("part_payment", date(2026, 1, 1), "P")]
    held = limitation(date(2023, 3, 10), events, as_of=date(2030, 1, 1))
    assert (held.ends_on, held.barred, held.runs_from) == (None, False, on)
    ended = limitation(date(2023, 3, 10), [Event(kind, on, "P", date(2026, 9, 1))], as_of=date(2027, 1, 1))
    assert ended.ends_on == date(2029, 9, 1)


def test_what_comes_after_the_end_starts_nothing():
    clock = limitation(date(2020, 1, 1), [Event("part_payment", date(2024, 1, 1), "P")], as_of=date(2024, 2, 1))
    assert clock.barred
    assert "was over" in clock.steps[0].why["en"]


def test_an_obstacle_in_the_last_six_months_leaves_six_after_it():
    last, as_of = date(2023, 3, 10), date(2026, 3, 12)
    in_time = Obstacle(date(2025, 12, 1), date(2026, 1, 13))
    assert limitation(last, obstacles=[in_time], as_of=as_of).ends_on == date(2026, 7, 13)
    early = Obstacle(date(2025, 1, 1), date(2025, 9, 9))
    assert limitation(last, obstacles=[early], as_of=as_of).ends_on == date(2026, 3, 10)
    still = limitation(last, obstacles=[Obstacle(date(2025, 6, 1), None)], as_of=as_of)
    assert (still.ends_on, still.barred) == (None, False)
    with pytest.raises(WrongUse):
        limitation(last, obstacles=[Obstacle(date(2026, 1, 2), date(2026, 1, 1))], as_of=as_of)


def test_twenty_years_end_it_whatever_interrupted():
    events = [Event("part_payment", date(y, 1, 1), "P") for y in range(2002, 2026, 2)]
    clock = limitation(date(2001, 1, 1), events, as_of=date(2022, 1, 1))
    assert clock.barred
    assert clock.ends_on == date(2021, 1, 1)


@given(
    st.lists(st.tuples(st.sampled_from(["part_payment", "message_delivered"]), st.integers(0, 4000)), max_size=8)
)
def test_no_interruption_shortens_the_time(events):
    start = date(2015, 1, 1)
    given_events = [Event(kind, start + timedelta(days=days), "P") for kind, days in events]
    plain = limitation(start, as_of=date(2030, 1, 1))
    assert limitation(start, given_events, as_of=date(2030, 1, 1)).ends_on >= plain.ends_on


def test_calendar_months_and_enforcement():
    assert months_on(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert years_on(date(2024, 2, 29), 4) == date(2028, 2, 29)
    assert enforcement_until(date(2026, 5, 1)) == date(2028, 5, 1)
    with pytest.raises(WrongUse, match="nothing called"):
        limitation(date(2025, 1, 1), [Event("a look", date(2025, 2, 1), "P")], as_of=date(2026, 1, 1))


def test_the_cap_of_each_lender():
    lpr = Fraction("0.0345")
    assert cap_of("bank", None, date(2026, 1, 1)).annual == Fraction("0.24")
    assert cap_of("private", lpr, date(2026, 1, 1)).annual == Fraction("0.138")
    assert cap_of("", lpr, date(2026, 1, 1)).annual == Fraction("0.138")
    with pytest.raises(WrongUse, match="the fact lpr is missing"):
        cap_of("", None, date(2026, 1, 1))
    with pytest.raises(WrongUse, match="no kind of lender"):
        cap_of("uncle", lpr, date(2026, 1, 1))


def test_every_piece_of_law_says_where_it_stands():
    for table in (law()["shares"], law()["times"], law()["limitation"]["interruptions"], law()["caps"]):
        assert all(row.get("article") for row in table.values())
