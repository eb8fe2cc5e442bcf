"""Leaving bad loans out of a book, and saying how much that is.

A bad row takes its whole loan out of every table, because half a loan gives wrong arrears. Rows that belong to no
loan of the book go too. `leave_out` narrows the views `book.*` to what is left; the figures of what went are in its
answer, so that nothing is dropped in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from forbear.basics.errors import AnswerIsNo
from forbear.book.book import Book
from forbear.book.check import BAD_LOANS, FOUND, CheckResult, grave_rules
from forbear.book.control import totals
from forbear.book.schema import TABLES
from forbear.book.views import SCHEMA, WHOLE_SCHEMA

Totals = dict[str, dict[str, Decimal]]


@dataclass(frozen=True)
class LeftOut:
    """What a quarantine left out, money in minor units.

    Attributes:
        loans: loans in quarantine.
        principal: their principal.
        scheduled_principal: principal of installments left out.
        paid: money of payments left out.
        rows: rows left out of each table.
        orphan_rows: those of them that belong to no loan of the book.
        lost_loans: loans that installments name and `loans` does not (their row may be a broken line).
        broken_lines: lines of CSV files that could not be split; what money they name is not known.
    """

    loans: int = 0
    principal: int = 0
    scheduled_principal: int = 0
    paid: int = 0
    rows: dict[str, int] | None = None
    orphan_rows: dict[str, int] | None = None
    lost_loans: int = 0
    broken_lines: int = 0


def leave_out(book: Book, result: CheckResult) -> LeftOut:
    """Take the bad loans of a checked book out of its views.

    Raises:
        AnswerIsNo: some fault concerns a whole file, so that nobody knows which loans are whole.
    """
    if not result.quarantinable:
        broken = next(f for f in result.faults if f.reach == "file" and f.grade == "fault")
        where = broken.file or broken.table
        raise AnswerIsNo(
            f"{where}: {broken.rule}: expected {broken.expected}; this cannot be quarantined",
            "rows of unknown loans may be missing: mend or fetch the file again",
        )
    if result.ok:
        return LeftOut()
    before = {t: totals(book, t) for t in book.tables}
    orphans = {t: _orphans(book, t) for t in book.tables}
    for table in book.tables:
        _narrow(book, table)
    after = {t: totals(book, t) for t in book.tables}
    return LeftOut(
        loans=result.bad_loan_count,
        principal=_gone(book, before, after, "loans", "principal"),
        scheduled_principal=_gone(book, before, after, "installments", "principal_due"),
        paid=_gone(book, before, after, "payments", "amount"),
        rows={t: int(before[t]["rows"] - after[t]["rows"]) for t in book.tables},
        orphan_rows={t: n for t, n in orphans.items() if n},
        lost_loans=_lost_loans(book),
        broken_lines=sum(len(raw.bad_lines) for raw in book.raws),
    )


def _gone(book: Book, before: Totals, after: Totals, table: str, column: str) -> int:
    if table not in before:
        return 0
    return int((before[table][column] - after[table][column]).scaleb(book.minor_digits))


def _narrow(book: Book, table: str) -> None:
    kept = f"SELECT * FROM {WHOLE_SCHEMA}.{table} WHERE {_kept(book, table)}"
    book.connection.execute(f"CREATE OR REPLACE VIEW {SCHEMA}.{table} AS {kept}")


def _kept(book: Book, table: str) -> str:
    """The condition of rows that stay."""
    good_loan = f"loan_id IN (SELECT loan_id FROM {SCHEMA}.loans)"
    not_bad = f"loan_id IS NOT NULL AND loan_id NOT IN (SELECT loan_id FROM {BAD_LOANS})"
    bad_people = f"""SELECT borrower_id FROM {FOUND} WHERE borrower_id IS NOT NULL
        AND table_name IN ('borrowers', 'contacts') AND rule IN ({grave_rules()})"""
    good_person = f"borrower_id IS NOT NULL AND CAST(borrower_id AS VARCHAR) NOT IN ({bad_people})"
    if table == "loans" or "loans" not in book.tables:
        return not_bad if TABLES[table].column("loan_id") else good_person
    if table == "borrowers":
        return good_person
    if table == "contacts":
        return f"{good_person} AND (loan_id IS NULL OR {good_loan})"
    return good_loan


def _lost_loans(book: Book) -> int:
    if "loans" not in book.tables:
        return 0
    row = book.connection.execute(
        f"""SELECT count(DISTINCT loan_id) FROM {WHOLE_SCHEMA}.installments
        WHERE loan_id NOT IN (SELECT loan_id FROM {WHOLE_SCHEMA}.loans WHERE loan_id IS NOT NULL)"""
    ).fetchone()
    return int(row[0]) if row else 0


def _orphans(book: Book, table: str) -> int:
    """Rows whose loan is not in the book at all."""
    if table in {"loans", "borrowers", "contacts"} or "loans" not in book.tables:
        return 0
    row = book.connection.execute(
        f"""SELECT count(*) FROM {WHOLE_SCHEMA}.{table} WHERE loan_id IS NULL
        OR loan_id NOT IN (SELECT loan_id FROM {WHOLE_SCHEMA}.loans WHERE loan_id IS NOT NULL)"""
    ).fetchone()
    return int(row[0]) if row else 0
