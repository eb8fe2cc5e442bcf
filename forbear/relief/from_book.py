"""A debt from a book, or from a file of its own: what `forbear relief options` starts from.

Payments pay the oldest installment first (`forbear.loans.replay`), as aging does. A book knows no charges beside its
schedule; a file does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.basics.money import to_minor
from forbear.book import Book
from forbear.loans import Component, Due, Payment, replay, rule_named
from forbear.loans.terms import Method
from forbear.relief.debt import Debt, Part

RULE = "oldest_installment"
Minor = Annotated[int, Field(ge=0)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: int
    due_on: date
    principal: Minor
    interest: Minor
    fees: Minor = 0
    charged: Minor = 0


class _File(BaseModel):
    """A debt as a file has it: what is unpaid by installment, money received; minor units."""

    model_config = ConfigDict(extra="forbid")
    loan_id: str
    on: date
    currency: str = "CNY"
    annual_rate: Annotated[Decimal, Field(ge=0, le=10)]
    method: Method = Method.equal_installment
    disbursed_on: date
    lent: Annotated[int, Field(gt=0)]
    term: Annotated[int, Field(ge=1)]
    contract_ends_on: date
    unpaid: list[_Row]
    paid: list[tuple[date, int]] = []


def debt_in_file(path: Path) -> Debt:
    """The debt that a JSON file tells (docs/relief.md).

    Raises:
        UnreadableFile: it is no JSON, or not of that form; names the fields.
    """
    try:
        told = _File.model_validate(json.loads(path.read_text("utf-8")))
    except ValidationError as wrong:
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in wrong.errors())
        raise UnreadableFile(f"{path}: {places}", "docs/relief.md has the fields") from None
    except ValueError as bad:
        raise UnreadableFile(f"{path}: {bad}", "write the debt as JSON: docs/relief.md") from bad
    rows = sorted(told.unpaid, key=lambda row: (row.due_on, row.number))
    parts = [Part(r.number, r.due_on, r.principal, r.interest, r.fees, r.charged) for r in rows]
    over = [part.due_on for part in parts if part.due_on <= told.on]
    return Debt(
        told.loan_id,
        told.on,
        told.currency,
        Fraction(told.annual_rate),
        told.method,
        told.disbursed_on,
        told.lent,
        told.term,
        told.contract_ends_on,
        max([told.disbursed_on, *over]),
        tuple(part for part in parts if part.total),
        tuple(told.paid),
        min((part.due_on for part in parts if part.total and part.due_on < told.on), default=None),
    )


def debt_in_book(book: Book, loan_id: str, on: date) -> Debt:
    """What a loan of an opened book owes on a day.

    Raises:
        WrongUse: the book has no such loan then, or no schedule of it.
    """
    loans = _rows(book, "loans", loan_id)
    if not loans or loans[0]["disbursed_on"] > on:
        raise WrongUse(f"{book.path} has no loan {loan_id!r} on {on}", "name a loan_id of its table loans")
    loan, currency = loans[0], str(loans[0].get("currency") or book.currency)
    rows = _rows(book, "installments", loan_id, order="due_on, number")
    if not rows:
        raise WrongUse(f"loan {loan_id!r} has no installments", "a plan needs the schedule: docs/book.md")
    paid = _paid(book, loan_id, on)
    unpaid = _unpaid(rows, paid, currency)
    over = [row["due_on"] for row in rows if row["due_on"] <= on]
    return Debt(
        loan_id=loan_id,
        on=on,
        currency=currency,
        annual_rate=Fraction(loan["annual_rate"]),
        method=_method(loan.get("repayment_method")),
        disbursed_on=loan["disbursed_on"],
        lent=_minor(loan["principal"], currency),
        term=int(loan["term"]),
        contract_ends_on=max(row["due_on"] for row in rows),
        began_on=max([loan["disbursed_on"], *over]),
        unpaid=unpaid,
        paid=tuple((row["paid_on"], _minor(row["amount"], currency)) for row in paid),
        late_since=min((part.due_on for part in unpaid if part.due_on < on), default=None),
    )


def _rows(book: Book, table: str, loan_id: str, order: str = "1") -> list[dict[str, Any]]:
    query = f"SELECT * FROM book.{table} WHERE CAST(loan_id AS VARCHAR) = ? ORDER BY {order}"
    rows: list[dict[str, Any]] = book.connection.sql(query, params=[loan_id]).to_arrow_table().to_pylist()
    return rows


def _paid(book: Book, loan_id: str, on: date) -> list[dict[str, Any]]:
    """Payments up to the day that were not taken back by then."""
    if "payments" not in book:
        return []
    undone = set()
    if "events" in book:
        undone = {
            row["payment_id"]
            for row in _rows(book, "events", loan_id)
            if row["kind"] == "reversal" and row["effective_on"] <= on
        }
    rows = _rows(book, "payments", loan_id, order="paid_on, payment_id")
    return [row for row in rows if row["paid_on"] <= on and row["payment_id"] not in undone]


def _unpaid(rows: Sequence[dict[str, Any]], paid: Sequence[dict[str, Any]], currency: str) -> tuple[Part, ...]:
    dues = [
        Due(int(row["number"]), component, row["due_on"], _minor(row[column], currency))
        for row in rows
        for component, column in (
            (Component.fees, "fees_due"),
            (Component.interest, "interest_due"),
            (Component.principal, "principal_due"),
        )
        if row[column]
    ]
    payments = [Payment(str(row["payment_id"]), row["paid_on"], _minor(row["amount"], currency)) for row in paid]
    left: dict[int, dict[str, int]] = {}
    for due in replay(dues, payments, rule_named(RULE)).unpaid:
        left.setdefault(due.number, {})[str(due.component)] = due.amount
    days = {int(row["number"]): row["due_on"] for row in rows}
    parts = [
        Part(number, days[number], sums.get("principal", 0), sums.get("interest", 0), sums.get("fees", 0))
        for number, sums in left.items()
    ]
    return tuple(sorted(parts, key=lambda part: (part.due_on, part.number)))


def _minor(value: Any, currency: str) -> int:
    """A book's views carry money as integers of the minor unit; a decimal is of the major one."""
    return value if isinstance(value, int) else to_minor(value, currency)


def _method(name: str | None) -> Method:
    try:
        return Method(name or "")
    except ValueError:
        return Method.equal_installment
