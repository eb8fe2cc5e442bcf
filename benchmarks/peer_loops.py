"""How the peers age a book, as baselines: loan by loan, money in Decimal objects.

`age_loan` is the usual loop over one loan's rows and gives the accounts table's figures. `in_memory` runs it on rows
that are already in memory; `from_postgres` fetches each loan's rows from PostgreSQL first, as loan systems do in
their day-end: the loan, its schedule, its receipts. Both return seconds a loan, to be extrapolated to a book.

    .venv/bin/python benchmarks/peer_loops.py BOOK --as-of 2026-06-30 --loans 5000
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from forbear.testing.postgres import throwaway_postgres

ZERO = Decimal(0)
ONE_DAY = timedelta(days=1)


@dataclass
class Installment:
    """A row of the schedule, as an object."""

    number: int
    due_on: date
    fees: Decimal
    interest: Decimal
    principal: Decimal


@dataclass
class Payment:
    """A row of the receipts, as an object."""

    paid_on: date
    amount: Decimal


def age_loan(installments: list[Installment], payments: list[Payment], as_of: date) -> dict[str, object]:
    """One row of the accounts table: oldest installment first, fees, then interest, then principal."""
    receipts = sorted((p for p in payments if p.paid_on <= as_of), key=lambda p: p.paid_on)
    queue = iter(receipts)
    purse, day = ZERO, None
    arrears = {"fees": ZERO, "interest": ZERO, "principal": ZERO}
    outstanding, oldest, overdue, late, worst = ZERO, None, 0, 0, 0
    for installment in sorted(installments, key=lambda i: (i.due_on, i.number)):
        unpaid = {}
        for component in arrears:
            left = getattr(installment, component)
            while left:
                if not purse:
                    receipt = next(queue, None)
                    if receipt is None:
                        break
                    purse, day = receipt.amount, receipt.paid_on
                paid = min(purse, left)
                purse, left = purse - paid, left - paid
            unpaid[component] = left
        outstanding += unpaid["principal"]
        if installment.due_on < as_of:
            cleared = None if any(unpaid.values()) else day
            if cleared is None:
                overdue, oldest = overdue + 1, oldest or installment.due_on
                for component, left in unpaid.items():
                    arrears[component] += left
            last = as_of if cleared is None else cleared - ONE_DAY
            late += cleared is None or cleared > installment.due_on
            worst = max(worst, (last - installment.due_on).days)
    dpd = (as_of - oldest).days if oldest else 0
    return {
        "dpd": dpd,
        "bucket": f"M{min(7, -(-dpd // 30))}",
        "installments_overdue": overdue,
        "oldest_unpaid_due_on": oldest,
        **arrears,
        "principal_outstanding": outstanding,
        "paid_total": sum((p.amount for p in receipts), ZERO),
        "worst_dpd": worst,
        "times_late": late,
    }


Rows = dict[int, tuple[list[Installment], list[Payment]]]


def _cents(value: int) -> Decimal:
    return Decimal(value).scaleb(-2)


def rows_of(book: Path, loans: int) -> Rows:
    """The first `loans` loans of a Parquet book, as objects."""
    db = duckdb.connect()
    rows: Rows = defaultdict(lambda: ([], []))
    for loan, *rest in _select(db, book, "installments", loans):
        number, due_on, principal, interest, fees = rest
        rows[loan][0].append(Installment(number, due_on, _cents(fees), _cents(interest), _cents(principal)))
    for loan, _payment, paid_on, amount in _select(db, book, "payments", loans):
        rows[loan][1].append(Payment(paid_on, _cents(amount)))
    return rows


COLUMNS = {
    "installments": "loan_id, number, due_on, principal_due, interest_due, fees_due",
    "payments": "loan_id, payment_id, paid_on, amount",
    "loans": "loan_id, borrower_id, disbursed_on, principal",
}


def _select(db: duckdb.DuckDBPyConnection, book: Path, table: str, loans: int) -> list[tuple[Any, ...]]:
    files = f"{book}/{table}/*.parquet" if (book / table).is_dir() else f"{book}/{table}.parquet"
    first = f"(SELECT loan_id FROM '{str(files).replace(table, 'loans')}' ORDER BY loan_id LIMIT {loans})"
    return db.execute(f"SELECT {COLUMNS[table]} FROM '{files}' WHERE loan_id IN {first}").fetchall()


def in_memory(rows: Rows, as_of: date) -> float:
    """Seconds a loan when the objects are already there."""
    began = time.perf_counter()
    for installments, payments in rows.values():
        age_loan(installments, payments, as_of)
    return (time.perf_counter() - began) / len(rows)


_LOAN = "SELECT loan_id, borrower_id, disbursed_on, principal FROM loans WHERE loan_id = %s"


def from_postgres(book: Path, loans: int, as_of: date) -> float:
    """Seconds a loan when its rows are fetched from PostgreSQL, three indexed queries a loan."""
    with throwaway_postgres(shared_buffers="512MB") as where, psycopg.connect(where) as connection:
        _load(connection, book, loans)
        keys = [row[0] for row in connection.execute("SELECT DISTINCT loan_id FROM installments ORDER BY 1")]
        accounts = []
        began = time.perf_counter()
        for key in keys:
            loan = connection.execute(_LOAN, (key,)).fetchone() or ()
            account = age_loan(_installments(connection, key), _payments(connection, key), as_of)
            accounts.append((*loan, account))
        return (time.perf_counter() - began) / len(keys)


def _installments(connection: psycopg.Connection, key: int) -> list[Installment]:
    query = "SELECT number, due_on, fees, interest, principal FROM installments WHERE loan_id = %s ORDER BY number"
    return [Installment(*row) for row in connection.execute(query, (key,))]


def _payments(connection: psycopg.Connection, key: int) -> list[Payment]:
    query = "SELECT paid_on, amount FROM payments WHERE loan_id = %s ORDER BY paid_on"
    return [Payment(*row) for row in connection.execute(query, (key,))]


def _load(connection: psycopg.Connection, book: Path, loans: int) -> None:
    connection.execute(
        """CREATE TABLE installments (loan_id bigint, number int, due_on date, principal numeric(18,2),
               interest numeric(18,2), fees numeric(18,2), PRIMARY KEY (loan_id, number));
           CREATE TABLE payments (loan_id bigint, payment_id bigint PRIMARY KEY, paid_on date,
               amount numeric(18,2));
           CREATE TABLE loans (loan_id bigint PRIMARY KEY, borrower_id bigint, disbursed_on date,
               principal numeric(18,2));
           CREATE INDEX ON payments (loan_id)"""
    )
    db = duckdb.connect()
    for table, money_from in (("installments", 3), ("payments", 3), ("loans", 3)):
        with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            for row in _select(db, book, table, loans):
                copy.write_row([*row[:money_from], *map(_cents, row[money_from:])])
    connection.execute("ANALYZE")
    connection.commit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    parser.add_argument("--loans", type=int, default=5000)
    asked = parser.parse_args()
    memory = in_memory(rows_of(asked.book, asked.loans), asked.as_of)
    postgres = from_postgres(asked.book, asked.loans, asked.as_of)
    print(f"in memory {memory * 1e6:.1f} us a loan, from PostgreSQL {postgres * 1e6:.1f} us a loan")


if __name__ == "__main__":
    main()
