"""`forbear schedule`: its answer, its table, and that no input makes a traceback."""

import json
import re
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from forbear.basics.errors import ForbearError
from forbear.cli import app

PLAIN = {"principal": "12000", "annual-rate": "0.18", "term": "12", "disbursed-on": "2026-01-15"}


def run(**options):
    given = PLAIN | {name.replace("_", "-"): value for name, value in options.items()}
    words = [word for name, value in given.items() for word in (f"--{name}", value)]
    return CliRunner().invoke(app, ["schedule", *words])


def answer(**options):
    result = run(**options, format="json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_answer_has_the_promised_shape():
    found = answer()
    first = found["installments"][0]
    assert list(first) == ["number", "due_on", "principal", "interest", "fees", "total", "balance"]
    assert first == {
        "number": 1,
        "due_on": "2026-02-15",
        "principal": "920.16",
        "interest": "180.00",
        "fees": "0.00",
        "total": "1100.16",
        "balance": "11079.84",
    }
    assert found["irr_annual"] == pytest.approx(0.18, abs=1e-5)
    assert found["xirr"] == pytest.approx(0.1965, abs=1e-4)


def test_totals_are_the_sums_of_the_rows():
    found = answer(fee_rate="0.005", method="flat")
    for part in ("principal", "interest", "fees", "total"):
        assert Decimal(found["totals"][part]) == sum(Decimal(row[part]) for row in found["installments"])


@pytest.mark.parametrize(("currency", "text"), [("JPY", "12000"), ("KWD", "12000.000"), ("cny", "12000.00")])
def test_money_has_the_digits_of_its_currency(currency, text):
    assert answer(currency=currency)["totals"]["principal"] == text


def shell(*words):
    code = "from forbear.cli import main; main()"
    plain = [word for name, value in PLAIN.items() for word in (f"--{name}", value)]
    return subprocess.run(
        [sys.executable, "-c", code, "schedule", *plain, *words], capture_output=True, encoding="utf-8", check=False
    )


def test_the_table_shows_every_installment_and_the_annual_cost():
    shown = shell().stdout
    assert len(re.findall(r"\d{4}-\d\d-15", shown)) == 12
    assert "IRR 18.00%" in shown
    assert "XIRR 19.65%" in shown
    assert "等额本息" in shown


def test_what_is_not_used_is_said_beside_the_answer():
    free = shell("--method", "zero_interest", "--format", "json")
    assert "--annual-rate is not used" in free.stderr
    assert json.loads(free.stdout)["totals"]["interest"] == "0.00"
    assert "--multiple-of is not used" in shell("--method", "equal_principal", "--multiple-of", "1").stderr


def test_wrong_use_ends_with_two_and_one_message():
    wrong = shell("--term", "0")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "the term is 0" in wrong.stderr
    assert "Traceback" not in wrong.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"principal": "-5"}, "the principal"),
        ({"principal": "NaN"}, "--principal"),
        ({"principal": "1e9"}, "--principal"),
        ({"principal": "9" * 5000}, "--principal"),
        ({"principal": "10.001"}, "--principal"),
        ({"term": "0"}, "the term is 0"),
        ({"annual-rate": "nan"}, "--annual-rate"),
        ({"annual-rate": "18"}, "18 % is 0.18"),
        ({"annual-rate": "-0.1"}, "the annual rate"),
        ({"first-due-on": "2026-01-15"}, "not after the disbursal"),
        ({"first-due-on": "15.02.2026"}, "--first-due-on"),
        ({"disbursed-on": "2026-02-30"}, "--disbursed-on"),
        ({"disbursed-on": "9999-12-31"}, "beyond the calendar"),
        ({"every": "0m"}, "step between due dates"),
        ({"method": "balloon"}, "not a method"),
        ({"day-count": "30/365"}, "not a day count"),
        ({"currency": "EURO"}, "not a currency"),
        ({"rounding": "up"}, "half_even"),
        ({"multiple-of": "0"}, "multiple-of"),
        ({"grace-principal": "12"}, "grace on principal"),
        ({"fee-rate": "2"}, "the fee rate"),
        ({"upfront-fee": "12000"}, "the upfront fee"),
        ({"down-payment": "1"}, "the down payment"),
        ({"calendar": "QQ", "roll": "following"}, "no holidays"),
        ({"tranche": "2026-02-01"}, "DATE=VALUE"),
        ({"tranche": "2026-02-01=x"}, "--tranche"),
        ({"rate-change": "2030-01-01=0.1"}, "not before the last due date"),
        ({"move-due": "2026-02-16=2026-02-20"}, "no installment falls due"),
    ],
)
def test_what_cannot_be_is_refused_with_a_word_of_help(options, says):
    result = run(**options)
    assert isinstance(result.exception, ForbearError)
    assert result.exception.exit_code == 2
    assert says in f"{result.exception.message} {result.exception.hint}"


OPTIONS = [
    "principal",
    "annual-rate",
    "term",
    "disbursed-on",
    "first-due-on",
    "every",
    "day-count",
    "currency",
    "rounding",
    "multiple-of",
    "grace-principal",
    "grace-interest",
    "interest-free",
    "fee-rate",
    "fee",
    "upfront-fee",
    "down-payment",
    "month-end",
    "roll",
    "calendar",
    "tranche",
    "rate-change",
    "move-due",
]
WORDS = st.text(max_size=12) | st.integers().map(str) | st.decimals().map(str)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(OPTIONS),
        WORDS,
        max_size=3,
    )
)
def test_garbage_is_answered_or_refused_never_a_traceback(options):
    result = run(**options)
    assert result.exit_code == 0 or isinstance(result.exception, (ForbearError, SystemExit)), options


def test_a_narrow_terminal_cuts_no_amount(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    terms = {"principal": "9999999999.99", "annual_rate": "0.35", "term": "2", "fee_rate": "0.01"}
    shown = shell(
        *(word for name, value in terms.items() for word in (f"--{name.replace('_', '-')}", value))
    ).stdout
    assert "…" not in shown
    for row in answer(**terms)["installments"]:
        assert all(str(value) in shown for value in row.values())
