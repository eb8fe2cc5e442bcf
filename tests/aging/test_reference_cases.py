"""Delinquency cases of Apache Fineract beside the repository, by closing the loan of each case at each of its dates.

Its grace days are taken off once a loan is beyond them, and its ranges are buckets. What it says of installments is
asked of a book in which each installment is a loan. Skipped where the cases are missing.
"""

import csv
import json
import os
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from forbear.loans.every import Every
from forbear.loans.schedule import make_schedule
from forbear.loans.terms import Method, Terms
from forbear.night import close

SHARED = Path(os.environ.get("FORBEAR_SHARED", Path(__file__).parents[3] / "shared"))
FILE = SHARED / "cases" / "fineract.json"
TOLD = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"cases": []}
CASES = {case["id"]: case for case in TOLD["cases"] if "delinquency" in case["category"]}
pytestmark = pytest.mark.skipif(not CASES, reason=f"{FILE} is not there; set FORBEAR_SHARED to its folder's parent")

HEADS = {
    "loans": ("loan_id", "borrower_id", "disbursed_on", "principal", "annual_rate", "term"),
    "installments": ("loan_id", "number", "due_on", "principal_due", "interest_due"),
    "payments": ("payment_id", "loan_id", "paid_on", "amount"),
    "events": ("event_id", "loan_id", "kind", "effective_on", "until_on"),
}


def schedule(loan):
    settings = loan["product_settings"]
    terms = Terms(
        principal=int(Decimal(loan["principal"]) * 100),
        annual_rate=0,
        term=loan["installments"],
        method=Method.equal_installment,
        disbursed_on=date.fromisoformat(loan["submitted_on"]),
        every=Every(loan["repay_every"], loan["repay_unit"][0].lower()),
        currency="EUR",
        down_payment=Decimal(settings.get("down_payment_percent", "0")) / 100,
    )
    return make_schedule(terms).installments


def book_of(folder, case, *, until, by_installment):
    """The case's loan in a folder, with what happened up to a step; its installments apart where they are asked of."""
    loan, rows = case["loan"], {name: [] for name in HEADS}
    for row in schedule(loan):
        name = f"L{row.number}" if by_installment else "L"
        number = 1 if by_installment else row.number
        rows["installments"].append((name, number, row.due_on, Decimal(row.principal) / 100, 0))
    parts = {row[0]: sum(r[3] for r in rows["installments"] if r[0] == row[0]) for row in rows["installments"]}
    for name, money in parts.items():
        term = sum(row[0] == name for row in rows["installments"])
        rows["loans"].append((name, "B" + name, loan["submitted_on"], money, 0, term))
        rows["events"] += [(f"{name}-{n}", name, "pause", *span) for n, span in enumerate(pauses(case, until))]
        for step in case["timeline"][:until]:
            if step["op"] == "repay":
                assert Decimal(step["amount"]) == sum(parts.values())
                rows["payments"].append((f"{name}-paid", name, step["date"], money))
    folder.mkdir()
    (folder / "book.toml").write_text('currency = "EUR"\ntime_zone = "Europe/Paris"\n', encoding="utf-8")
    for name, head in HEADS.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([head, *rows[name]])


def pauses(case, until):
    """Pauses up to a step; one that was resumed ends on the day before."""
    found = []
    for step in case["timeline"][:until]:
        if step["op"] == "delinquency_pause":
            found.append((step["start"], step["end"]))
        if step["op"] == "delinquency_resume":
            start, _ = found.pop()
            found.append((start, date.fromisoformat(step["start"]) - timedelta(days=1)))
    return found


def settings_in(folder, grace):
    ranges = TOLD["conventions"]["delinquency_ranges"]
    ladder = ['{ bucket = "none", from = 0 }']
    ladder += [f'{{ bucket = "{one["name"]}", from = {one["min"]} }}' for one in ranges]
    text = f'[aging]\ngrace_days = {grace}\ngrace_counts = "after_grace"\nbuckets = [{", ".join(ladder)}]\n'
    file = folder / "settings.toml"
    file.write_text(text, encoding="utf-8")
    return file


def asked(case):
    """(place in the timeline, day, what is expected) of each question of a case."""
    day, found = None, []
    for place, step in enumerate(case["timeline"]):
        day = date.fromisoformat(step["date"]) if step["op"] == "business_date" else day
        if step["op"] == "expect_delinquency":
            found.append((place, day, step))
    return found


QUESTIONS = [(name, *question) for name, case in CASES.items() for question in asked(case)]


@pytest.mark.parametrize(
    ("name", "place", "day", "expected"), QUESTIONS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_delinquency(name, place, day, expected, tmp_path):
    case, by_installment = CASES[name], expected["level"] == "INSTALLMENT"
    grace = 0 if by_installment else case["loan"]["product_settings"]["grace_on_arrears_ageing_days"]
    book_of(tmp_path / "book", case, until=place, by_installment=by_installment)
    done = close(
        tmp_path / "book", as_of=day, out=tmp_path / "out", settings=settings_in(tmp_path, grace), threads=1
    )
    accounts = pq.read_table(done.out / "accounts.parquet").to_pylist()
    if not by_installment:
        (account,) = accounts
        assert account["bucket"] == expected["range"]
        late_from = account["oldest_unpaid_due_on"] + timedelta(days=grace)
        assert late_from.isoformat() == expected["delinquent_date"]
        return
    late = {}
    for account in accounts:
        late[account["bucket"]] = late.get(account["bucket"], 0) + account["arrears_total"]
    late.pop("none", None)
    assert late == {row["range"]: Decimal(row["amount"]) for row in expected["buckets"]}
