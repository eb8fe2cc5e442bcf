"""The figures of the pack, derived again from the book's own rows by another way than aging's (`ledger.sql`)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from forbear.aging import AgingSettings, ladder, words
from forbear.book import Book
from forbear.funding.loss.parameters import LossParameters

NOTHING = {
    "payments": "(SELECT loan_id AS payment_id, loan_id, disbursed_on AS paid_on, principal AS amount"
    " FROM book.loans WHERE false)",
    "events": "(SELECT loan_id, loan_id AS payment_id, '' AS kind, disbursed_on AS effective_on,"
    " disbursed_on AS until_on FROM book.loans WHERE false)",
}
"""Stand-ins for tables that a book does not have."""


def rederived(
    book: Book, as_of: date, settings: AgingSettings, parameters: LossParameters
) -> dict[str, tuple[int, int]]:
    """Each figure by its name: its value (loans, or money in minor units) and the loans behind it.

    Args:
        book: opened, of events.
        as_of: nothing after it counts.
        settings: whose tolerance, grace, buckets and classification count.
        parameters: whose stages count.
    """
    connection = book.connection
    given = words(settings, as_of, book.currency)
    connection.execute("CREATE SCHEMA IF NOT EXISTS funding")
    connection.execute("CREATE OR REPLACE TABLE funding.ladder (dpd INTEGER, bucket VARCHAR, category VARCHAR)")
    connection.executemany(
        "INSERT INTO funding.ladder VALUES (?, ?, ?)", [(r.dpd, r.bucket, r.category) for r in ladder(settings)]
    )
    connection.execute(
        "CREATE OR REPLACE TABLE funding.contagion (over INTEGER, share BIGINT, at_least VARCHAR, below INTEGER)"
    )
    if settings.contagion():
        keys = ("contagion_over", "contagion_share", "contagion_category", "contagion_below")
        connection.execute("INSERT INTO funding.contagion VALUES (?, ?, ?, ?)", [given[k] for k in keys])
    sources = {t: f"book.{t}" if t in book else NOTHING[t] for t in NOTHING}
    connection.execute(
        _text("ledger").format(**sources), {k: given[k] for k in ("as_of", "slack", "grace", "grace_off")}
    )
    asked = {
        "as_of": as_of,
        "ladder_top": given["ladder_top"],
        "default_days": parameters.default_days,
        "sicr_over": parameters.sicr_over,
    }
    rows = connection.execute(_text("ledger_figures").format(**sources), asked).fetchall()
    return {name: (int(value or 0), int(loans)) for name, value, loans in rows}


def _text(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")
