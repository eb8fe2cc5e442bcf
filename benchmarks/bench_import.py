"""Bringing a book into the desk against bare COPY of the same rows into the same tables, in one run on one server.

    .venv/bin/python benchmarks/bench_import.py --loans 100000

The import reads the book's Parquet, checks it, stages it, merges it and books it into the ledger. Then what it wrote is
copied out, the tables are emptied, and the very same rows come back by bare COPY in one transaction, into the same
tables with the same indexes, constraints and triggers. Beside it, the book's own rows by bare COPY into tables of
their shape with their keys alone, which writes no ledger. Writes benchmarks/import.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forbear.desk.server.access import desk_at
from forbear.testing.desk import open_folder

WRITTEN = (
    "borrowers",
    "facts",
    "loans",
    "schedules",
    "installments",
    "contacts",
    "ledger_accounts",
    "ledger_entries",
    "ledger_postings",
)
"""What an import writes, in the order in which bare COPY can."""
BARE = """
CREATE SCHEMA bare;
CREATE TABLE bare.borrowers (LIKE public.borrowers, PRIMARY KEY (borrower_id));
CREATE TABLE bare.loans (LIKE public.loans, PRIMARY KEY (loan_id),
    FOREIGN KEY (borrower_id) REFERENCES bare.borrowers (borrower_id));
CREATE INDEX ON bare.loans (borrower_id);
CREATE TABLE bare.installments (LIKE public.installments, PRIMARY KEY (loan_id, version, number),
    FOREIGN KEY (loan_id) REFERENCES bare.loans (loan_id));
CREATE TABLE bare.contacts (LIKE public.contacts, PRIMARY KEY (contact_id),
    FOREIGN KEY (borrower_id) REFERENCES bare.borrowers (borrower_id));
CREATE TABLE bare.payments (payment_id text PRIMARY KEY, loan_id text REFERENCES bare.loans (loan_id), paid_on date,
    amount bigint, source text);
CREATE INDEX ON bare.payments (loan_id, paid_on);
"""
PAYMENTS = (
    "SELECT cause, loan_id, effective_on, amount, facts ->> 'source' FROM ledger_entries WHERE kind = 'payment'"
)
HERE = Path(__file__).parent


class Steps:
    """Seconds of each step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[Any]:
        """Time one step; what is yielded takes its progress."""
        began = time.perf_counter()
        yield lambda _done, _all: None
        self.seconds[name] = time.perf_counter() - began


def sample(folder: Path, loans: int, seed: int) -> Path:
    """A sample book of so many loans."""
    book = folder / "book"
    command = [sys.executable, "-c", "from forbear.cli import main; main()", "sample", "--loans", str(loans)]
    subprocess.run([*command, "--seed", str(seed), "--out", str(book)], check=True, capture_output=True)
    return book


def imported(book: Path, steps: Steps) -> float:
    """Seconds of the import."""
    from forbear.desk.imports.importing import import_book

    began = time.perf_counter()
    import_book(book, actor="bench", at=datetime(2026, 7, 1, tzinfo=UTC), watch=steps)
    return time.perf_counter() - began


def copied_out(cursor: Any, query: str, file: Path) -> int:
    with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as rows, file.open("wb") as out:
        for block in rows:
            out.write(block)
    return int(cursor.rowcount)


def copied_in(cursor: Any, into: dict[str, Path]) -> float:
    """Seconds in which the files stand in their tables, committed."""
    cursor.execute("CHECKPOINT")
    began = time.perf_counter()
    cursor.execute("BEGIN")
    for table, file in into.items():
        with cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as rows, file.open("rb") as source:
            while block := source.read(1 << 20):
                rows.write(block)
    cursor.execute("COMMIT")
    return time.perf_counter() - began


def measure(loans: int, seed: int) -> dict[str, Any]:
    """Seconds and rows of the import and of both bare copies."""
    from_now = Steps()
    with open_folder() as folder:
        book = sample(folder, loans, seed)
        with desk_at(folder / "data"):
            from django.db import connection

            from forbear.desk.ledger.verify import verify

            told: dict[str, Any] = {"import": imported(book, from_now), "steps": from_now.seconds}
            told["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            began = time.perf_counter()
            assert not list(verify())
            told["verify"] = time.perf_counter() - began
            with connection.cursor() as cursor:
                whole = {table: folder / f"{table}.bin" for table in WRITTEN}
                told["written"] = {
                    table: copied_out(cursor, f"SELECT * FROM {table}", file) for table, file in whole.items()
                }
                own = {f"bare.{name}": folder / f"{name}.bin" for name in ("borrowers", "loans", "installments")}
                own |= {"bare.contacts": whole["contacts"], "bare.payments": folder / "payments.bin"}
                payments = copied_out(cursor, PAYMENTS, own["bare.payments"])
                told["book"] = payments + sum(
                    told["written"][name] for name in ("borrowers", "loans", "installments", "contacts")
                )
                cursor.execute(f"TRUNCATE {', '.join(WRITTEN)} CASCADE")
                told["copy"] = copied_in(cursor, whole)
                cursor.execute(BARE)
                told["bare"] = copied_in(cursor, own)
            assert not list(verify())
    return told


def page(told: dict[str, Any], command: str, loans: int) -> str:
    """The results page."""
    rows, book = sum(told["written"].values()), told["book"]
    steps = ", ".join(f"{name} {seconds:.1f}" for name, seconds in told["steps"].items())
    lines = [
        "# Bringing a book into the desk",
        "",
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}; the desk's own PostgreSQL, every",
        f"commit on disk. {loans:,} loans: {book:,} rows of the book, which become {rows:,} rows of the desk.",
        f"Load of the machine at the end: {os.getloadavg()[0]:.0f}.",
        "",
        "| what | rows | seconds | rows a second | ratio | wanted |",
        "| --- | --- | --- | --- | --- | --- |",
        f"| bare COPY of the desk's rows, into the same tables | {rows:,} | {told['copy']:.1f} | "
        f"{rows / told['copy']:,.0f} | 1.00 | baseline |",
        f"| the import: read, check, stage, merge, book | {rows:,} | {told['import']:.1f} | "
        f"{rows / told['import']:,.0f} | {told['copy'] / told['import']:.2f} | 0.4 |",
        "",
        "| what, counted in rows of the book | rows | seconds | rows a second | ratio |",
        "| --- | --- | --- | --- | --- |",
        f"| bare COPY of the book's rows, into tables with their keys and no ledger | {book:,} | {told['bare']:.1f} | "
        f"{book / told['bare']:,.0f} | 1.00 |",
        f"| the import, which books them too | {book:,} | {told['import']:.1f} | {book / told['import']:,.0f} | "
        f"{told['bare'] / told['import']:.2f} |",
        "",
        "The same tables means with all their indexes, constraints and triggers: keys and payment ids once, postings",
        "that balance, everything belonging to what is there, nothing changed afterwards. A payment of the book is two",
        "entries and about five postings of the desk, so the second table compares one row with seven.",
        "",
        f"Seconds of the import by step: {steps}. Most memory of its own process: {told['memory']:.1f} GiB.",
        f"`forbear ledger verify` of it: {told['verify']:.1f} s, no difference, after the import and after bare COPY.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and write the page."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--loans", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--out", type=Path, default=HERE / "import.md")
    given = options.parse_args()
    command = f"benchmarks/bench_import.py --loans {given.loans} --seed {given.seed}"
    text = page(measure(given.loans, given.seed), command, given.loans)
    given.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
