"""Sample books with what the sampler leaves out: pauses, reversals, backdated ones, text ids, loans of one borrower."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from forbear.book.sample import make_sample

AS_OF = date(2026, 6, 30)

EVENTS = """
COPY (
    SELECT 'E' || loan_id AS event_id, loan_id, 'pause' AS kind,
        disbursed_on + CAST(35 + hash(loan_id) % 90 AS INTEGER) AS effective_on,
        CASE WHEN hash(loan_id) % 7 = 0 THEN DATE '2027-01-31'
            ELSE disbursed_on + CAST(40 + hash(loan_id) % 90 + hash(loan_id) % 61 AS INTEGER) END AS until_on,
        NULL AS payment_id,
        CASE WHEN hash(loan_id) % 3 = 0 THEN DATE '2026-06-28' END AS recorded_on
    FROM '{folder}/loans.parquet' WHERE hash(loan_id) % 20 = 3
    UNION ALL
    SELECT 'P' || loan_id, loan_id, 'pause', disbursed_on + CAST(70 + hash(loan_id) % 20 AS INTEGER),
        disbursed_on + CAST(95 + hash(loan_id) % 20 AS INTEGER), NULL, NULL
    FROM '{folder}/loans.parquet' WHERE hash(loan_id) % 40 = 3
    UNION ALL
    SELECT 'R' || payment_id, loan_id, 'reversal', paid_on + CAST(hash(payment_id) % 40 AS INTEGER), NULL,
        payment_id, NULL
    FROM '{folder}/payments.parquet' WHERE hash(payment_id) % 50 = 1
) TO '{folder}/events.parquet' (FORMAT parquet)
"""


def restless(folder: Path, loans: int, seed: int = 1) -> Path:
    """A sample book of so many loans in the folder, with pauses and reversals beside it."""
    make_sample(folder, loans=loans, as_of=AS_OF, seed=seed)
    duckdb.execute(EVENTS.format(folder=folder.as_posix()))
    return folder


def with_text_ids(source: Path, folder: Path) -> Path:
    """The same book with ids that are texts."""
    folder.mkdir()
    for file in source.glob("*.parquet"):
        named = {row[0] for row in duckdb.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()}
        texts = [f"'№' || {c} || 'x' AS {c}" for c in ("loan_id", "borrower_id", "payment_id") if c in named]
        swapped = f"SELECT * REPLACE ({', '.join(texts)}) FROM '{file}'"
        duckdb.execute(f"COPY ({swapped}) TO '{folder / file.name}' (FORMAT parquet)")
    (folder / "book.toml").write_text((source / "book.toml").read_text())
    return folder
