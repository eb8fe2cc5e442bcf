"""How near a sample book comes to the two real books whose aggregates shaped it: prints the table of docs/sample.md.

    python benchmarks/sample_nearness.py [--loans 200000]

Lateness: days from the first due date until the first installment is paid in full, of loans whose first due date lies
four months or more before the as-of date; loans never paid are left out, as the real book holds repaid loans only.
Rolls: a close with the real record's states as its buckets, twelve months pooled, by number of loans.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date
from pathlib import Path

import duckdb

from forbear.book.sample import make_sample
from forbear.night import close
from forbear.night.settings import parse_settings

AS_OF = date(2026, 6, 30)
SUPERLENDER = {
    "early": 9230, "on the day": 2664, "1-7 late": 1584, "8-15": 473, "16-30": 320, "31-60": 64, "61-90": 16, "91+": 11,
}  # fmt: skip
"""First installments of superlender_ng (shared/data/README.md)."""
RECORD = {
    "0": [85.751, 1.894, 0.028, 0.004, 0.000, 0.011, 5.089],
    "30": [50.012, 31.410, 5.408, 0.058, 0, 0.012, 9.324],
    "60": [24.313, 17.511, 15.485, 30.246, 1.013, 0, 7.381],
    "90": [8.203, 3.906, 6.641, 8.984, 60.156, 0.781, 6.641],
    "120": [4.891, 0, 1.087, 0.543, 11.413, 66.848, 12.500],
    "150": [1.205, 0.151, 0.527, 0.301, 0, 90.361, 4.443],
}
"""Rolls of credit_record_monthly, % of the row, to the same states and paid off; the rest of a row is `no loan`."""
BUCKETS = [{"bucket": name, "from": int(name)} for name in RECORD]
LATENESS = """
    WITH first_due AS (
        SELECT loan_id, due_on, principal_due + interest_due + fees_due AS owed
        FROM installments WHERE number = 1 AND due_on <= $until
    ),
    running AS (
        SELECT loan_id, paid_on, sum(amount) OVER (PARTITION BY loan_id ORDER BY paid_on, payment_id) AS so_far
        FROM payments
    ),
    paid AS (
        SELECT d.due_on, min(r.paid_on) AS paid_on
        FROM first_due AS d JOIN running AS r ON r.loan_id = d.loan_id AND r.so_far >= d.owed
        GROUP BY d.loan_id, d.due_on
    )
    SELECT CASE WHEN days < 0 THEN 'early' WHEN days = 0 THEN 'on the day' WHEN days <= 7 THEN '1-7 late'
        WHEN days <= 15 THEN '8-15' WHEN days <= 30 THEN '16-30' WHEN days <= 60 THEN '31-60'
        WHEN days <= 90 THEN '61-90' ELSE '91+' END, count(*)
    FROM (SELECT date_diff('day', due_on, paid_on) AS days FROM paid) GROUP BY 1
"""


def lateness(book: Path) -> dict[str, int]:
    """First installments by how late they were paid."""
    with duckdb.connect() as connection:
        for table in ("installments", "payments"):
            connection.execute(f"CREATE VIEW {table} AS SELECT * FROM '{book}/{table}*.parquet'")
        return dict(connection.execute(LATENESS, {"until": date(2026, 2, 28)}).fetchall())


def rolls(book: Path, out: Path) -> dict[str, list[float]]:
    """Rolls of the sample, % of the row, in the states of the real record."""
    settings = parse_settings({"aging": {"buckets": BUCKETS}})
    told = close(book, as_of=AS_OF, out=out, settings=settings).portfolio["rolls"]
    found = {(r["from"], r["to"]): 100 * float(r["share_loans"]) for r in told["average"]["rows"]}
    return {a: [found.get((a, b), 0.0) for b in (*RECORD, "closed")] for a in RECORD}


def _show_lateness(ours: dict[str, int]) -> None:
    print("| first installment | superlender_ng, % | sample, % |\n| --- | --- | --- |")
    real, made = sum(SUPERLENDER.values()), sum(ours.values())
    books = ((SUPERLENDER, real), (ours, made))
    for name, loans in SUPERLENDER.items():
        print(f"| {name} | {100 * loans / real:.2f} | {100 * ours.get(name, 0) / made:.2f} |")
    for title, first, digits in (("late", 2, 2), ("over 30 days", 5, 3)):
        shares = (100 * sum(d.get(n, 0) for n in list(SUPERLENDER)[first:]) / s for d, s in books)
        print(f"| **{title}** | " + " | ".join(f"**{share:.{digits}f}**" for share in shares) + " |")


def _show_rolls(ours: dict[str, list[float]]) -> None:
    print("\n| from | | " + " | ".join((*RECORD, "paid off")) + " |\n|" + " --- |" * (len(RECORD) + 3))
    for state, shares in RECORD.items():
        whole = sum(shares)
        for name, row in (("record", [100 * s / whole for s in shares]), ("sample", ours[state])):
            print(f"| {state} | {name} | " + " | ".join(f"{s:.2f}" for s in row) + " |")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loans", type=int, default=200_000)
    loans = parser.parse_args().loans
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "book"
        make_sample(book, loans=loans, as_of=AS_OF)
        _show_lateness(lateness(book))
        _show_rolls(rolls(book, Path(folder) / "close"))


if __name__ == "__main__":
    main()
