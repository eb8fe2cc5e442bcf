"""Loans at the desk for tests and benchmarks: records, schedules and accounts, and the night's view of them."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

OPENED_AT = datetime(2020, 1, 1, tzinfo=UTC)
_MONEY = frozenset(["principal", "principal_due", "interest_due", "fees_due", "amount"])


def lend(
    loan_id: str,
    *,
    principal: int = 1_200_00,
    rate: str = "0.18",
    term: int = 6,
    disbursed_on: date = date(2026, 1, 15),
    fee: int = 0,
    borrower_id: str = "B1",
    rule: str = "oldest_installment",
) -> None:
    """Write a loan with its schedule into the record and open its account; money in minor units."""
    from forbear.desk.ledger.opening import open_loans
    from forbear.desk.record.models import Borrower, Installment, Loan, Schedule
    from forbear.loans import Method, Terms, make_schedule

    made = make_schedule(Terms(principal, rate, term, Method.equal_installment, disbursed_on, fee=fee))  # type: ignore[arg-type]
    Borrower.objects.get_or_create(borrower_id=borrower_id)
    Loan.objects.create(
        loan_id=loan_id,
        borrower_id=borrower_id,
        disbursed_on=disbursed_on,
        principal=principal,
        annual_rate=Decimal(rate),
        term=term,
    )
    Schedule.objects.create(loan_id=loan_id, version=1, effective_on=disbursed_on)
    Installment.objects.bulk_create(
        Installment(
            loan_id=loan_id,
            version=1,
            number=row.number,
            due_on=row.due_on,
            principal_due=row.principal,
            interest_due=row.interest,
            fees_due=row.fees,
        )
        for row in made.installments
    )
    open_loans(actor="tests", at=OPENED_AT, rule=rule)


def aged(as_of: date, known_at: datetime | None = None) -> dict[str, dict[str, Any]]:
    """What the engine's aging says of the ledger's own events, by loan_id."""
    import duckdb

    from forbear.book import open_book
    from forbear.night import age

    with tempfile.TemporaryDirectory(prefix="fb-book-") as folder, duckdb.connect() as connection:
        _write_book(Path(folder), as_of, known_at)
        rows = age(open_book(folder, connection), as_of=as_of).to_pylist()
    return {row["loan_id"]: row for row in rows}


def _write_book(folder: Path, as_of: date, known_at: datetime | None) -> None:
    from django.db import connection

    from forbear.desk.ledger.book import COLUMNS, book_query

    for table, names in COLUMNS.items():
        columns = names.split()
        with connection.cursor() as cursor, (folder / f"{table}.csv").open("w", newline="") as file:
            cursor.execute(*book_query(table, as_of, known_at))
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(_major(columns, row) for row in cursor.fetchall())


def _major(columns: Iterable[str], row: Iterable[Any]) -> list[Any]:
    return [
        Decimal(value).scaleb(-2) if name in _MONEY else value for name, value in zip(columns, row, strict=True)
    ]
