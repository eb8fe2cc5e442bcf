"""Three real books of events, closed by the command, beside the figures others computed from the same files.

    python benchmarks/reference_books.py               # writes benchmarks/reference_books.md

The figures and the queries are in `reference_books.toml`. The books are not part of this repository (`../shared/data`,
or FORBEAR_SHARED); the reference figures were computed with pandas, independently of this project, by whoever keeps
them. Books of statuses: `reference_statuses.py`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import duckdb
from reference_page import DATA, HERE, Figure, table, unexplained, write

from forbear.book import open_book

FORBEAR = Path(sys.executable).with_name("forbear")
SAID = """Each book was closed by `forbear close` through its shipped mapping, no loan left out. *The close*: from its
`accounts.parquet`; *the book*: from the book's tables; *the mapping*: from what it told of odd rows. Figures of the
notes on whole files of which only a part lies here are not compared. Days late are the day paid less the day due. The
close counts days past due at the end of a day, and a payment counts on its own day: `worst_dpd` of a loan paid n days
late is n - 1."""
HELPERS = """
CREATE MACRO words(numbers) AS array_to_string(list_transform(numbers, lambda n: format('{:,}', n)), ' / ');
CREATE MACRO within(days, low, high) AS len(list_filter(days, lambda d: d BETWEEN low AND high));
CREATE MACRO late_only(days) AS words([within(days, 1, 7), within(days, 8, 15), within(days, 16, 30),
    within(days, 31, 60), within(days, 61, 90), within(days, 91, 9999)]);
CREATE MACRO spread(days) AS words([within(days, -9999, -1), within(days, 0, 0)]) || ' / ' || late_only(days);
CREATE MACRO noted(what) AS (SELECT regexp_extract(note, '([0-9,]+) rows', 1) FROM notes WHERE contains(note, what));
CREATE VIEW late AS SELECT p.loan_id, number, paid_on - due_on AS days FROM book.payments p
    JOIN book.installments i ON i.loan_id = p.loan_id AND i.number = p.installment_number;
"""


def closed(connection: duckdb.DuckDBPyConnection, name: str, as_of: str, raw: str) -> None:
    """Close the book by the command, and lay its accounts beside its tables."""
    with tempfile.TemporaryDirectory() as out:
        words = ["close", str(DATA / name), "--mapping", name, "--as-of", as_of, "--out", out]
        subprocess.run([str(FORBEAR), *words], check=True, capture_output=True)
        connection.execute(f"CREATE TABLE accounts AS FROM '{Path(out) / 'accounts.parquet'}'")
    book = open_book(DATA / name, connection, mapping=name)
    connection.execute(f"CREATE TABLE raw AS FROM read_csv('{DATA / name / raw}', all_varchar = true)")
    connection.execute("CREATE TABLE notes AS SELECT unnest(?::VARCHAR[]) AS note", [list(book.notes)])
    connection.execute(HELPERS)


def figures(name: str, told: dict[str, Any]) -> list[Figure]:
    with duckdb.connect() as connection:
        closed(connection, name, told["as_of"], told["raw"])

        def answer(query: str) -> str:
            ((cell,),) = connection.execute(query).fetchall()
            return cell if isinstance(cell, str) else f"{cell:,}"

        return [
            Figure(
                one["name"],
                answer(one["from"]) if "from" in one else one["reference"],
                answer(one["ours"]),
                one.get("why", ""),
            )
            for one in told["figures"]
        ]


def main() -> None:
    books = tomllib.loads((HERE / "reference_books.toml").read_text(encoding="utf-8"))
    found = {name: figures(name, told) for name, told in books.items()}
    tables = [table(f"{name}, closed as of {books[name]['as_of']}", rows) for name, rows in found.items()]
    write(HERE / "reference_books.md", "Books of events: reference and ours", "reference_books.py", SAID, tables)
    for name, rows in found.items():
        for row in unexplained(rows):
            raise SystemExit(f"{name}: {row.name}: {row.reference} there, {row.ours} here, and nothing explains it")


if __name__ == "__main__":
    main()
