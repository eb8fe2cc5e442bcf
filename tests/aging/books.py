"""Random loans for the oracle, and how to write them as a book."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from oracle import Event, Installment, Loan, Payment

from forbear.book import open_book

STARTS = st.dates(date(2023, 1, 1), date(2024, 6, 30)) | st.sampled_from(
    [date(2024, 1, 31), date(2024, 2, 29), date(2023, 12, 31), date(2023, 10, 31)]
)
CENTS = st.integers(0, 40_000).map(lambda n: Decimal(n) / 100)


def month_after(day, months):
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last))


@st.composite
def schedules(draw, start):
    """A schedule: monthly, by weeks or days, now and then irregular; components may be zero."""
    term = draw(st.integers(1, 8))
    step = draw(st.sampled_from(["month", 7, 14, 30, 10, "odd"]))
    zero_rate = draw(st.booleans())
    due, plan = start, []
    level = draw(CENTS) + Decimal("0.01")
    is_level = draw(st.booleans())
    for number in range(1, term + 1):
        if step == "month":
            due = month_after(start, number)
        elif step == "odd":
            due += timedelta(days=draw(st.integers(0, 40)))
        else:
            due += timedelta(days=step)
        principal = level if is_level else draw(CENTS)
        interest = Decimal(0) if zero_rate else draw(CENTS) / 10
        fees = draw(st.sampled_from([Decimal(0), Decimal(0), Decimal("1.50")]))
        plan.append(Installment(number, due, principal, interest.quantize(Decimal("0.01")), fees))
    if sum(i.principal for i in plan) == 0:
        plan[-1].principal += Decimal("10.00")
    return plan


@st.composite
def payments(draw, plan, start, loan_id):
    """Payments near the due dates: in full, in part, over, early, late, twice, several at once, or not at all."""
    made = []
    left = draw(st.integers(0, len(plan)))
    for k, i in enumerate(plan[:left]):
        shift = draw(st.sampled_from([0, 0, -1, 1, 2, -5]) | st.integers(-20, 95))
        day = max(start, i.due_on + timedelta(days=shift))
        how = draw(st.sampled_from(["full"] * 6 + ["part", "parts", "over", "twice", "rest", "none"]))
        rest = sum((j.total for j in plan[k:]), Decimal(0))
        amounts = {
            "full": [i.total], "part": [(i.total / 3).quantize(Decimal("0.01"))], "none": [],
            "parts": [(i.total / 2).quantize(Decimal("0.01")), i.total - (i.total / 2).quantize(Decimal("0.01"))],
            "over": [i.total + draw(CENTS)], "twice": [i.total, i.total], "rest": [rest],
        }[how]  # fmt: skip
        for n, amount in enumerate(amounts):
            made.append(Payment(f"{loan_id}-{k}-{n}", day + timedelta(days=n * draw(st.integers(0, 9))), amount))
        if how == "rest":
            break
    return made


@st.composite
def events(draw, loan):
    made = []
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2, 3]))):
        since = loan.disbursed_on + timedelta(days=draw(st.integers(0, 300)))
        known = since + timedelta(days=draw(st.integers(-5, 120)))
        known = draw(st.sampled_from([None, known]))
        if loan.payments and draw(st.booleans()):
            which = draw(st.sampled_from(loan.payments))
            back = which.paid_on + timedelta(days=draw(st.integers(-1, 60)))
            made.append(Event("reversal", back, payment_id=which.payment_id, recorded_on=known))
        else:
            made.append(Event("pause", since, since + timedelta(days=draw(st.integers(0, 60))), recorded_on=known))
    return made


@st.composite
def loans(draw, with_events=True):
    """A few loans of a few borrowers."""
    made = []
    for n in range(draw(st.integers(1, 10))):
        start = draw(STARTS)
        plan = draw(schedules(start))
        principal = sum((i.principal for i in plan), Decimal(0))
        loan = Loan(f"L{n}", f"B{draw(st.integers(0, 2))}", start, principal, plan)
        loan.payments = draw(payments(plan, start, loan.loan_id))
        loan.events = draw(events(loan)) if with_events else []
        made.append(loan)
    return made


DATES, MONEY, TEXT = pa.date32(), pa.decimal128(18, 2), pa.string()
SCHEMAS = {
    "loans": [("loan_id", TEXT), ("borrower_id", TEXT), ("disbursed_on", DATES), ("principal", MONEY),
              ("annual_rate", pa.decimal128(12, 8)), ("term", pa.int32())],
    "installments": [("loan_id", TEXT), ("number", pa.int32()), ("due_on", DATES), ("principal_due", MONEY),
                     ("interest_due", MONEY), ("fees_due", MONEY)],
    "payments": [("payment_id", TEXT), ("loan_id", TEXT), ("paid_on", DATES), ("amount", MONEY)],
    "events": [("event_id", TEXT), ("loan_id", TEXT), ("kind", TEXT), ("effective_on", DATES), ("until_on", DATES),
               ("payment_id", TEXT), ("recorded_on", DATES)],
}  # fmt: skip


def rows_of(book):
    rows = {name: [] for name in SCHEMAS}
    for x in book:
        rows["loans"].append(
            (x.loan_id, x.borrower_id, x.disbursed_on, x.principal, Decimal(0), len(x.installments))
        )
        for i in x.installments:
            rows["installments"].append((x.loan_id, i.number, i.due_on, i.principal, i.interest, i.fees))
        rows["payments"] += [(p.payment_id, x.loan_id, p.paid_on, p.amount) for p in x.payments]
        for n, e in enumerate(x.events):
            rows["events"].append(
                (f"{x.loan_id}-e{n}", x.loan_id, e.kind, e.effective_on, e.until_on, e.payment_id, e.recorded_on)
            )
    return rows


def write_book(book, folder: Path):
    """The loans as a canonical book of Parquet files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in rows_of(book).items():
        schema = pa.schema(SCHEMAS[name])
        columns = list(zip(*rows, strict=True)) or [[] for _ in schema]
        arrays = [pa.array(c, type=f.type) for c, f in zip(columns, schema, strict=True)]
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), folder / f"{name}.parquet")
    return folder


def opened(book, folder: Path):
    """The loans as an opened book."""
    connection = duckdb.connect(config={"threads": 1})
    return open_book(write_book(book, folder), connection)
