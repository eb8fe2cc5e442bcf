"""The ledger as a loan book: the tables that the night reads, as of any date and as it was known at any instant.

Aging over these tables gives the arrears, days past due and principal that `balances` gives for the same date; a
property test holds the two together.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from forbear.desk.ledger.named import named

COLUMNS = {
    "loans": "loan_id borrower_id disbursed_on principal annual_rate term currency product repayment_method funder_id",
    "installments": "loan_id number due_on principal_due interest_due fees_due",
    "payments": "payment_id loan_id paid_on amount source",
    "events": "event_id loan_id kind effective_on until_on payment_id recorded_on",
}
"""The columns that each table's query gives, in order; money in minor units."""

_STEPS = {
    "loans": ("book_known", "book_loans"),
    "installments": ("book_known", "book_installments"),
    "payments": ("book_known", "book_money", "book_payments"),
    "events": ("book_known", "book_money", "book_events"),
}


def book_query(table: str, as_of: date, known_at: datetime | None = None) -> tuple[str, dict[str, Any]]:
    """The SQL of one table of the book and its values; it can stand inside COPY (...) TO STDOUT.

    Args:
        table: loans, installments, payments or events.
        as_of: what is in effect by the end of that day.
        known_at: only what was booked by that instant; None: all.
    """
    return "".join(named(step) for step in _STEPS[table]), {"as_of": as_of, "known_at": known_at}
