"""A small sample book with reversals and pauses, for the tests of risk: made once a run, and altered after a day."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb

from forbear.book import Book, open_book
from forbear.book.sample import make_sample

AS_OF = date(2026, 3, 31)
UNTIL = date(2026, 6, 30)
_TABLES = ("loans", "installments", "payments", "borrowers", "contacts", "events")


def small_book(folder: Path, loans: int = 600) -> Path:
    """A sample book as single Parquet files, with some payments reversed and some loans paused."""
    made = folder / "made"
    make_sample(made, loans=loans, as_of=UNTIL, seed=3)
    db = duckdb.connect()
    opened = open_book(made, db)
    db.execute("""CREATE TABLE reversed AS SELECT payment_id, loan_id, paid_on FROM book.payments
        WHERE hash(payment_id) % 40 = 0""")
    db.execute("""CREATE TABLE events AS
        SELECT 'r' || payment_id AS event_id, loan_id, 'reversal' AS kind, paid_on + 3 AS effective_on,
            NULL::DATE AS until_on, payment_id, CASE WHEN hash(payment_id) % 3 = 0 THEN paid_on + 20 END AS recorded_on
        FROM reversed
        UNION ALL
        SELECT 'p' || loan_id, loan_id, 'pause', disbursed_on + 50, disbursed_on + 80, NULL, disbursed_on + 45
        FROM book.loans WHERE hash(loan_id) % 25 = 0""")
    out = folder / "book"
    out.mkdir()
    for name in _TABLES:
        source = "events" if name == "events" else f"book.{name}"
        db.execute(f"COPY (SELECT * FROM {source} ORDER BY ALL) TO '{out / name}.parquet' (FORMAT parquet)")
    shutil.copy(made / "book.toml", out)
    text = (out / "book.toml").read_text()
    (out / "book.toml").write_text("".join(line for line in text.splitlines(True) if line.startswith("currency")))
    assert opened.currency == "CNY"
    return out


def opened(folder: Path) -> Book:
    db = duckdb.connect()
    db.execute("SET threads = 2")
    return open_book(folder, db)


def with_another_future(book: Path, folder: Path, day: date, seed: int) -> Path:
    """The same book as far as it was known on `day`; all that came later is other."""
    db = duckdb.connect()
    open_book(book, db)
    folder.mkdir()
    later = f"DATE '{day}'"
    moved = f"(1 + hash({{0}}, {seed}) % 60)::INT"
    changes = {
        "loans": f"* REPLACE (CASE WHEN disbursed_on > {later} THEN principal * 3 ELSE principal END AS principal)",
        "installments": "*",
        "payments": f"* REPLACE (CASE WHEN paid_on > {later} THEN {later} + {moved.format('payment_id')}"
        f" ELSE paid_on END AS paid_on, CASE WHEN paid_on > {later} THEN amount * 2 ELSE amount END AS amount,"
        f" CASE WHEN paid_on > {later} THEN 'later' ELSE source END AS source)",
        "borrowers": "*",
        "contacts": f"* REPLACE (CASE WHEN CAST(\"at\" AS DATE) >= {later} THEN 'refused' ELSE result END AS result)",
        "events": f"* REPLACE (CASE WHEN COALESCE(recorded_on, effective_on) > {later}"
        f" THEN {later} + {moved.format('event_id')} ELSE recorded_on END AS recorded_on)",
    }
    for name, columns in changes.items():
        gone = {
            "payments": f"WHERE paid_on <= {later} OR hash(payment_id, {seed}) % 3 > 0",
            "contacts": f'WHERE CAST("at" AS DATE) < {later} OR hash(contact_id, {seed}) % 2 = 0',
        }.get(name, "")
        db.execute(f"COPY (SELECT {columns} FROM book.{name} {gone}) TO '{folder / name}.parquet' (FORMAT parquet)")
    shutil.copy(book / "book.toml", folder)
    return folder


def month_ends(count: int) -> list[date]:
    first = AS_OF.replace(day=1)
    days = []
    for _ in range(count):
        days.append(first - timedelta(days=1))
        first = (first - timedelta(days=1)).replace(day=1)
    return days
