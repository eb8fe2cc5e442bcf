"""Claims to the cent: against hand-worked figures, against a second way of counting, and always within the cap."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from forbear.basics.console import answers
from forbear.basics.errors import WrongUse
from forbear.cli import app
from forbear.recovery.litigation import Judgment, claim_of, deferred_interest, read_claim_loan
from forbear.recovery.litigation.claim import claim_loan

DUES = [date(2026, m, 15) for m in range(2, 8)]


def loan_of(**more):
    rows = [{"due_on": day, "principal": "200.00", "interest": f"{18 - 3 * n}.00"} for n, day in enumerate(DUES)]
    plain = {
        "loan_id": "L1",
        "disbursed_on": "2026-01-15",
        "principal": "1200.00",
        "annual_rate": "0.18",
        "lender_kind": "consumer_finance",
        "installments": rows,
    }
    return claim_loan({**plain, **more})


def test_a_claim_worked_by_hand():
    """One installment late by 30 days at 18 %: 200.00 x 0.18 x 30 / 365 = 2.958; the next is not yet due."""
    claim = claim_of(loan_of(), date(2026, 3, 15))
    assert claim.parts["principal"] == 400_00
    assert claim.parts["interest"] == 18_00 + 15_00
    days = (date(2026, 3, 15) - date(2026, 2, 15)).days
    assert claim.parts["penalty"] == floor(Fraction(200_00 * 18 * days, 100 * 365))
    assert not any(claim.cut.values())


def test_a_payment_stops_penalty_on_what_it_paid():
    paid = [{"on": "2026-02-20", "amount": "118.00"}]  # 18.00 interest, 100.00 principal
    claim = claim_of(loan_of(payments=paid), date(2026, 3, 1))
    assert claim.paid == {"principal": 100_00, "interest": 18_00, "penalty": 0, "fees": 0}
    assert claim.parts["penalty"] == floor(Fraction((200_00 * 5 + 100_00 * 9) * 18, 100 * 365))
    assert [(first, last, base) for first, last, base, _ in claim.spans] == [
        (date(2026, 2, 16), date(2026, 2, 20), 200_00),
        (date(2026, 2, 21), date(2026, 3, 1), 100_00),
    ]


def test_a_loan_called_in_owes_all_principal_and_interest_to_that_day_alone():
    claim = claim_of(loan_of(accelerated_on="2026-04-01"), date(2026, 4, 11))
    assert claim.parts["principal"] == 1200_00
    running = floor(Fraction(800_00 * 18 * 17, 100 * 365))  # 15 March to 1 April on what was not yet due
    assert claim.parts["interest"] == 18_00 + 15_00 + min(running, 12_00)


def test_penalty_is_held_to_one_and_a_half_times_where_the_rule_may_bind():
    high, most = (claim_of(loan_of(penalty_multiple=m), date(2026, 6, 1)) for m in ("3", "1.5"))
    assert high.parts == most.parts


def test_what_is_above_the_cap_is_left_out_penalty_first():
    private = loan_of(lender_kind="private", lpr="0.0345", penalty_multiple="4")
    claim = claim_of(private, date(2026, 7, 1))
    assert claim.cut["penalty"] > 0
    assert claim.parts["interest"] + claim.parts["penalty"] + claim.parts["fees"] == claim.room
    # The simple cap by hand: 13.8 % on 1,200.00 for 167 days, nothing paid.
    assert claim.room <= floor(Fraction(138, 1000) * 1200_00 * 167 / 365)


def test_unknown_lender_and_unknown_prime_rate_is_no_claim():
    with pytest.raises(WrongUse, match="the fact lpr is missing"):
        claim_of(loan_of(lender_kind=""), date(2026, 7, 1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"principal": "1300.00"}, "make up 120000"),
        ({"accelerated_on": "2025-01-01"}, "not within its life"),
        ({"days_in_year": 12}, "a year of 12"),
        ({"waived": {"interest": "1000.00"}}, "said to be let go"),
        ({"colour": "red"}, "nothing is called 'colour'"),
        ({"installments": []}, "installments is missing"),
        ({"payments": [{"on": "soon", "amount": "1"}]}, "payments, row 1: on"),
        ({"payments": [{"on": "2026-02-20", "amount": 1.5}]}, "payments, row 1: amount"),
        ({"charges": [{"on": "2026-02-20", "number": 99, "amount": "1"}]}, "no installment 99"),
        ({"penalty_rate": "0.2", "penalty_multiple": "1"}, "both given"),
        ({"allocation": "random"}, "random"),
    ],
)
def test_what_cannot_be_is_refused_by_name(change, said):
    with pytest.raises(WrongUse, match=said):
        claim_of(loan_of(**change), date(2026, 7, 20))


payments = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 400_00)), max_size=6)


@settings(max_examples=120, deadline=None)
@given(payments, st.integers(1, 400), st.sampled_from(["bank", "private"]), st.booleans())
def test_days_add_up_parts_stay_within_the_cap_and_nothing_is_negative(paid, after, kind, called):
    start = date(2026, 1, 15)
    as_of = start + timedelta(days=after)
    rows = [{"on": (start + timedelta(days=d)).isoformat(), "amount": f"{a / 100:.2f}"} for d, a in sorted(paid)]
    more = {"accelerated_on": start + timedelta(days=after // 2)} if called else {}
    claim = claim_of(loan_of(payments=rows, lender_kind=kind, lpr="0.03", penalty_multiple="1.5", **more), as_of)
    assert sum(day.amount for day in claim.days) == claim.parts["penalty"] + claim.cut["penalty"]
    assert all(amount >= 0 for amount in (*claim.parts.values(), *claim.cut.values()))
    assert all(day.amount >= 0 and day.base > 0 for day in claim.days)
    assert claim.parts["principal"] + claim.paid["principal"] <= 1200_00
    charges = claim.parts["interest"] + claim.parts["penalty"] + claim.parts["fees"]
    assert charges <= claim.room
    # Simple cap, counted another way: by days of unpaid principal.
    received = sum(a for d, a in paid if d <= after)
    cap = Fraction("0.24") if kind == "bank" else Fraction("0.12")
    paid_charges = received - claim.paid["principal"] - max(received - sum(claim.paid.values()), 0)
    assert charges + paid_charges <= floor(cap * 1200_00 * after / 365) or charges == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 200), st.integers(1, 60))
def test_waiting_never_claims_less(after, more):
    start = date(2026, 2, 15)
    first, second = (claim_of(loan_of(), start + timedelta(days=d)) for d in (after, after + more))
    assert second.total >= first.total


def test_deferred_performance_worked_by_hand():
    """10,000.00 unpaid for 30 days after performance: 10,000.00 x 0.000175 x 30 = 52.50."""
    judgment = Judgment(principal=10_000_00, performance_ends_on=date(2026, 3, 1))
    found = deferred_interest(judgment, date(2026, 3, 31))
    assert (found.doubled, found.ordinary, found.total) == (52_50, 0, 10_052_50)


def test_the_doubled_part_is_paid_last_and_stops_with_payment():
    judgment = Judgment(10_000_00, date(2026, 3, 1), costs=300_00, payments=((date(2026, 3, 31), 5_300_00),))
    found = deferred_interest(judgment, date(2026, 4, 10))
    assert found.owed == {"costs": 0, "ordinary": 0, "principal": 5_000_00, "doubled": 52_50 + 8_75}
    paid_off = Judgment(10_000_00, date(2026, 3, 1), payments=((date(2026, 3, 31), 10_052_50),))
    assert deferred_interest(paid_off, date(2026, 5, 1)).total == 0


def test_ordinary_interest_goes_on_beside_it_and_bears_none():
    judgment = Judgment(
        10_000_00, date(2026, 3, 1), interest=500_00, rate=Fraction("0.12"), interest_from=date(2026, 1, 1)
    )
    found = deferred_interest(judgment, date(2026, 3, 31))
    assert found.ordinary == floor(Fraction(10_000_00 * 12 * 89, 100 * 365))
    assert found.doubled == 52_50


def test_a_stay_does_not_count():
    judgment = Judgment(10_000_00, date(2026, 3, 1), stayed=((date(2026, 3, 11), date(2026, 3, 20)),))
    assert deferred_interest(judgment, date(2026, 3, 31)).doubled == 35_00


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 900_00)), max_size=6), st.integers(0, 300))
def test_a_judgment_loses_no_fen(paid, after):
    ends = date(2026, 3, 1)
    judgment = Judgment(
        3_000_00, ends, interest=100_00, rate=Fraction("0.1"), costs=50_00,
        payments=tuple((ends + timedelta(days=d), a) for d, a in paid),
    )  # fmt: skip
    found = deferred_interest(judgment, ends + timedelta(days=after))
    received = sum(a for d, a in paid if d <= after)
    brought = 3_150_00 + found.ordinary + found.doubled
    assert brought - received == found.total - found.over
    assert sum(day.doubled for day in found.days) == found.doubled


def test_a_stranger_can_claim_from_files(tmp_path):
    file, table = tmp_path / "loan.toml", tmp_path / "days.csv"
    rows = "".join(f'[[installments]]\ndue_on = {d}\nprincipal = "200.00"\ninterest = "3.00"\n' for d in DUES)
    file.write_text(
        'loan_id = "L1"\nclaim_on = 2026-08-15\ndisbursed_on = 2026-01-15\nprincipal = "1200.00"\n'
        f'annual_rate = "0.06"\nlender_kind = "bank"\n{rows}'
    )
    run = CliRunner().invoke
    done = run(app, ["litigation", "claim", str(file), "--by-day", str(table), "--format", "json"])
    assert done.exit_code == 0, done.output
    loan, as_of = read_claim_loan(file)
    claim = claim_of(loan, as_of)
    assert f'"total": "{claim.total / 100:.2f}"' in done.output
    with table.open() as opened:
        assert len(list(csv.DictReader(opened))) == len(claim.days)
    assert run(app, ["litigation", "claim", str(file)]).exit_code == 0
    judgment = tmp_path / "j.toml"
    judgment.write_text(
        'as_of = 2026-03-31\n[judgment]\nprincipal = "10000.00"\nperformance_ends_on = 2026-03-01\n'
    )
    done = run(app, ["litigation", "deferred", str(judgment), "--format", "json", "--by-day", str(table)])
    assert '"doubled": "52.50"' in done.output
    clock = tmp_path / "c.toml"
    clock.write_text(
        'last_due_on = 2023-03-10\nas_of = 2026-03-11\n[[events]]\nkind = "part_payment"\non = 2024-01-01\n'
    )
    assert run(app, ["litigation", "limitation", str(clock)]).exit_code == 1
    with answers.capture() as told:
        assert run(app, ["litigation", "fees", "10000"]).exit_code == 0
    assert "16.67" in told.get()
