"""Reference cases of Apache Fineract beside the repository: schedules, allocation, recalculation, undo.

Skipped where the folder is missing; `fineract_scenarios.yaml` holds others in the repository itself.
"""

import json
import os
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forbear.cli import app
from forbear.loans.allocation import rule_named
from forbear.loans.dues import Component, dues_of, with_charge
from forbear.loans.every import Every
from forbear.loans.recalculation import recalculated
from forbear.loans.replay import Payment, replay
from forbear.loans.schedule import make_schedule
from forbear.loans.terms import Method, Terms

SHARED = Path(os.environ.get("FORBEAR_SHARED", Path(__file__).parents[3] / "shared"))
FILE = SHARED / "cases" / "fineract.json"
CASES = {case["id"]: case for case in json.loads(FILE.read_text())["cases"]} if FILE.exists() else {}
pytestmark = pytest.mark.skipif(not CASES, reason=f"{FILE} is not there; set FORBEAR_SHARED to its folder's parent")

UNITS = {"MONTHS": "m", "WEEKS": "w", "DAYS": "d", "YEARS": "y"}
RULES = {
    "PENALTIES_FEES_INTEREST_PRINCIPAL_ORDER": "penalties_fees_interest_principal",
    "ADVANCED_PAYMENT_ALLOCATION": "advanced",
}
CHARGES = {"LOAN_NSF_FEE": Component.penalty, "LOAN_SNOOZE_FEE": Component.fees}
PLAIN = [name for name, case in CASES.items() if case["tier"] == 1] + ["LoanRepayment:375"]
ALLOCATED = [name for name, case in CASES.items() if case["category"] == "allocation"]
RECALCULATED = [name for name, case in CASES.items() if case["category"].startswith("recalc")]


def minor(text):
    return int(Decimal(text) * 100)


def day_count(loan):
    settings = loan["product_settings"]
    if loan["interest_calculation_period"] == "SAME_AS_REPAYMENT_PERIOD":
        return "30/360"
    if settings["schedule_engine"] == "cumulative":
        return "actual/365"  # its ACTUAL year stays at 365 days in the leap year 2024
    pair = (settings["days_in_month"], settings["days_in_year"])
    return {("30", "360"): "30/360", ("ACTUAL", "365"): "actual/365", ("ACTUAL", "ACTUAL"): "actual/actual"}[pair]


def method(loan):
    if loan["interest_type"] == "FLAT":
        return Method.flat
    equal = loan["amortization"] == "EQUAL_INSTALLMENTS"
    return Method.equal_installment if equal else Method.equal_principal


def terms_of(loan, **changes):
    settings = loan["product_settings"]
    return Terms(
        principal=minor(loan["principal"]),
        annual_rate=Fraction(loan["annual_rate_percent"]) / 100,
        term=loan["installments"],
        method=method(loan),
        disbursed_on=date.fromisoformat(loan["submitted_on"]),
        every=Every(loan["repay_every"], UNITS[loan["repay_unit"]]),
        day_count=day_count(loan),
        currency="EUR",
        multiple_of=minor(settings["installment_multiple_of"] or "0.01"),
        grace_principal=loan["grace_principal"],
        grace_interest=loan["grace_interest"],
        interest_free=loan["interest_free_periods"],
        down_payment=Fraction(settings.get("down_payment_percent", "0")) / 100,
        **changes,
    )


def steps(case, op):
    return [step for step in case["timeline"] if step["op"] == op]


def expected_rows(schedule_step):
    return [row for row in schedule_step["rows"] if row["nr"]]


def schedule_facts(rows):
    parts = ("principal", "interest", "balance")
    return [(date.fromisoformat(row["date"]), *(minor(row[part]) for part in parts)) for row in rows]


def our_facts(schedule):
    return [(row.due_on, row.principal, row.interest, row.balance) for row in schedule.installments]


def rule_of(loan):
    strategy = loan["payment_strategy"]
    return rule_named("due_then_advance_principal" if strategy.startswith("DUE_") else RULES[strategy])


@pytest.mark.parametrize("name", PLAIN)
def test_plain_schedules_through_the_command(name):
    loan = CASES[name]["loan"]
    options = {
        "principal": loan["principal"],
        "annual-rate": str(Decimal(loan["annual_rate_percent"]) / 100),
        "term": loan["installments"],
        "method": method(loan),
        "disbursed-on": loan["submitted_on"],
        "every": f"{loan['repay_every']}{UNITS[loan['repay_unit']]}",
        "day-count": day_count(loan),
        "grace-principal": loan["grace_principal"],
        "multiple-of": loan["product_settings"]["installment_multiple_of"] or "0.01",
        "currency": "EUR",
        "format": "json",
    }
    words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
    result = CliRunner().invoke(app, ["schedule", *words])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    ours = [
        (row["due_on"], *(row[part] for part in ("principal", "interest", "total", "balance")))
        for row in answer["installments"]
    ]
    theirs = [
        (row["date"], *(row[part] for part in ("principal", "interest", "due", "balance")))
        for row in expected_rows(steps(CASES[name], "expect_schedule")[0])
    ]
    assert ours == theirs
    totals = steps(CASES[name], "expect_totals")[0]
    assert answer["totals"]["interest"] == totals["interest"]


@pytest.mark.parametrize("name", ALLOCATED)
def test_allocation(name):
    case = CASES[name]
    dues = dues_of(make_schedule(terms_of(case["loan"])))
    for charge in steps(case, "charge"):
        dues = with_charge(
            dues, CHARGES[charge["kind"]], date.fromisoformat(charge["due_date"]), minor(charge["amount"])
        )
    (paid,) = steps(case, "repay")
    payment = Payment("one", date.fromisoformat(paid["date"]), minor(paid["amount"]))
    outcome = replay(dues, [payment], rule_of(case["loan"]))
    (transaction,) = [row for row in steps(case, "expect_transactions")[0]["rows"] if row["type"] == "Repayment"]
    words = {"principal": "principal", "interest": "interest", "fees": "fees", "penalties": "penalty"}
    for theirs, ours in words.items():
        assert sum(part.amount for part in outcome.postings[0].parts if part.component == ours) == minor(
            transaction[theirs]
        )
    for row, state in zip(expected_rows(steps(case, "expect_schedule")[0]), outcome.installments, strict=True):
        columns = (state.due, state.paid, state.in_advance, state.late, state.outstanding)
        assert columns == tuple(minor(row[part]) for part in ("due", "paid", "in_advance", "late", "outstanding"))
        assert (state.paid_on.isoformat() if state.paid_on else None) == row["paid_date"]


@pytest.mark.parametrize("name", RECALCULATED)
def test_interest_recalculated_on_early_payment(name):
    case = CASES[name]
    early = [(date.fromisoformat(step["date"]), minor(step["amount"])) for step in steps(case, "repay")]
    schedule = recalculated(terms_of(case["loan"]), early)
    assert our_facts(schedule) == schedule_facts(expected_rows(steps(case, "expect_schedule")[0]))


@pytest.mark.skipif("LoanReschedule:127" not in CASES, reason="the case is not there")
def test_a_due_date_moved():
    case = CASES["LoanReschedule:127"]
    before, after = steps(case, "expect_schedule")
    (step,) = steps(case, "reschedule")
    move = (date.fromisoformat(step["rescheduleFromDate"]), date.fromisoformat(step["adjustedDueDate"]))
    assert our_facts(make_schedule(terms_of(case["loan"]))) == schedule_facts(expected_rows(before))
    assert our_facts(make_schedule(terms_of(case["loan"], moved_due=(move,)))) == schedule_facts(
        expected_rows(after)
    )


@pytest.mark.skipif("LoanReschedule:259" not in CASES, reason="the case is not there")
def test_a_new_rate_from_an_installment_on():
    case = CASES["LoanReschedule:259"]
    _, after = steps(case, "expect_schedule")
    (step,) = steps(case, "reschedule")
    plain = make_schedule(terms_of(case["loan"]))
    place = [row.due_on.isoformat() for row in plain.installments].index(step["rescheduleFromDate"])
    change = (plain.installments[place - 1].due_on, Fraction(step["newInterestRate"]) / 100)
    schedule = make_schedule(terms_of(case["loan"], rate_changes=(change,)))
    assert our_facts(schedule) == schedule_facts(expected_rows(after))


@pytest.mark.skipif("LoanRepayment:3382" not in CASES, reason="the case is not there")
def test_an_undone_payment_leaves_the_loan_active():
    case = CASES["LoanRepayment:3382"]
    dues = dues_of(make_schedule(terms_of(case["loan"])))
    (refund,) = steps(case, "credit_balance_refund")
    dues = with_charge(dues, Component.principal, date.fromisoformat(refund["date"]), minor(refund["amount"]))
    received = steps(case, "repay") + steps(case, "merchant_issued_refund")
    payments = [Payment(step["op"], date.fromisoformat(step["date"]), minor(step["amount"])) for step in received]
    outcome = replay(dues, payments, rule_of(case["loan"]), reversed_ids={"repay"})
    assert outcome.outstanding > 0
    assert steps(case, "expect_status")[-1]["status"] == "ACTIVE"


@pytest.mark.skipif("LoanDelinquency:311" not in CASES, reason="the case is not there")
def test_what_is_overdue_by_installment_until_a_late_payment_clears_it():
    case = CASES["LoanDelinquency:311"]
    dues = dues_of(make_schedule(terms_of(case["loan"])))
    on = date(2023, 12, 16)
    outcome = replay(dues, [], rule_of(case["loan"]))
    late = {30: 0, 60: 0}
    for state in outcome.installments:
        late[60 if (on - state.due_on).days > 60 else 30] += state.outstanding
    expected = {row["range"]: minor(row["amount"]) for row in steps(case, "expect_delinquency")[0]["buckets"]}
    assert expected == {"RANGE_30": late[30], "RANGE_60": late[60]}
    paid = Payment("late", date(2023, 12, 17), 100_000)
    assert replay(dues, [paid], rule_of(case["loan"])).outstanding == 0
