"""Speed and memory of the night, against four baselines in the same run.

    .venv/bin/python benchmarks/bench_night.py --loans 1000000 10000000 --out benchmarks/night.md

Books are made with `forbear sample` below --folder, once. Every measurement is a process of its own with --threads
threads; times are the least of --repeat runs taken in turns, so that a slow minute of the machine hits all of them.

- read: DuckDB reads the columns that aging needs, and adds them up.
- tuned: the fastest single query we could write for dpd, bucket, arrears and outstanding alone (two ways, the better).
- accounts: `forbear.night.age`, all columns of accounts.parquet.
- close: `forbear close`, with the check of the book, the accounts, the portfolio and the report.
- memory loop, PostgreSQL loop: loan by loan (`peer_loops.py`), extrapolated from the first --peer-loans loans.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb

AS_OF = date(2026, 6, 30)
FORBEAR = Path(sys.executable).parent / "forbear"

READ = """
SELECT * FROM (SELECT sum(hash(loan_id)), sum(hash(borrower_id)), max(disbursed_on), sum(principal) FROM {loans}),
    (SELECT sum(hash(loan_id)), sum(number), max(due_on), sum(principal_due), sum(interest_due), sum(fees_due)
        FROM {installments}),
    (SELECT sum(hash(loan_id)), sum(hash(payment_id)), max(paid_on), sum(amount) FROM {payments})
"""

BY_WINDOW = """
CREATE TABLE answer AS
WITH paid AS (SELECT loan_id, sum(amount)::BIGINT AS paid FROM {payments} WHERE paid_on <= {day} GROUP BY loan_id),
running AS (
    SELECT i.loan_id, due_on, principal_due, principal_due + interest_due + fees_due AS due, coalesce(paid, 0) AS paid,
        sum(principal_due + interest_due + fees_due) OVER (PARTITION BY i.loan_id ORDER BY number)::BIGINT AS upto
    FROM {installments} AS i LEFT JOIN paid USING (loan_id)
),
loans AS (
    SELECT loan_id,
        coalesce({day} - min(due_on) FILTER (due_on < {day} AND upto > paid), 0) AS dpd,
        coalesce(sum(least(due, greatest(upto - paid, 0))) FILTER (due_on < {day}), 0)::BIGINT AS arrears,
        sum(least(principal_due, greatest(upto - paid, 0)))::BIGINT AS outstanding
    FROM running GROUP BY loan_id
)
SELECT *, least(7, (dpd + 29) // 30) AS bucket FROM loans
"""

BY_LIST = """
CREATE TABLE answer AS
WITH paid AS (SELECT loan_id, sum(amount)::BIGINT AS paid FROM {payments} WHERE paid_on <= {day} GROUP BY loan_id),
due AS (
    SELECT loan_id, sum(principal_due + interest_due + fees_due) FILTER (due_on < {day})::BIGINT AS due_now,
        list({{'d': due_on, 'p': principal_due, 'a': principal_due + interest_due + fees_due}} ORDER BY number) AS plan
    FROM {installments} GROUP BY loan_id
),
steps AS (
    SELECT loan_id, greatest(coalesce(due_now, 0) - coalesce(paid, 0), 0) AS arrears, coalesce(paid, 0) AS paid,
        unnest(plan, recursive := true), unnest(list_transform(range(1, len(plan) + 1),
            lambda n: list_sum(list_transform(plan[1:n], lambda x: x.a)))) AS upto
    FROM due LEFT JOIN paid USING (loan_id)
)
SELECT loan_id, any_value(arrears) AS arrears, coalesce({day} - min(d) FILTER (d < {day} AND upto > paid), 0) AS dpd,
    sum(least(p, greatest(upto - paid, 0)))::BIGINT AS outstanding, least(7, (dpd + 29) // 30) AS bucket
FROM steps GROUP BY loan_id
"""


def sources(book: Path) -> dict[str, str]:
    """SQL of each table of a Parquet book."""
    names = ("loans", "installments", "payments")
    where = {n: f"{book}/{n}/*.parquet" if (book / n).is_dir() else f"{book}/{n}.parquet" for n in names}
    return {**{n: f"read_parquet('{w}')" for n, w in where.items()}, "day": f"DATE '{AS_OF}'"}


def run_query(query: str, book: Path, threads: int, memory: str) -> None:
    db = duckdb.connect()
    with tempfile.TemporaryDirectory() as spill:
        db.execute(f"SET threads = {threads}; SET memory_limit = '{memory}'; SET temp_directory = '{spill}'")
        db.execute(query.format(**sources(book))).fetchall()


def run_accounts(book: Path, threads: int, memory: str) -> None:
    from forbear.book import open_book
    from forbear.night import age

    db = duckdb.connect()
    db.execute(f"SET threads = {threads}; SET memory_limit = '{memory}'")
    age(open_book(book, db), as_of=AS_OF)


def run_close(book: Path, threads: int, memory: str) -> None:
    from forbear.night import close

    with tempfile.TemporaryDirectory() as out:
        close(book, as_of=AS_OF, out=out, threads=threads, memory=memory)


WAYS = {
    "read": lambda *a: run_query(READ, *a),
    "tuned by window": lambda *a: run_query(BY_WINDOW, *a),
    "tuned by list": lambda *a: run_query(BY_LIST, *a),
    "accounts": run_accounts,
    "close": run_close,
}


def child(way: str, book: Path, threads: int, memory: str) -> None:
    """Run one way here and print seconds and peak memory."""
    began = time.perf_counter()
    WAYS[way](book, threads, memory)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({"seconds": took, "peak_gib": peak}))


def measured(way: str, book: Path, args: argparse.Namespace) -> dict[str, float]:
    """Run one way in a process of its own."""
    order = [sys.executable, __file__, "--child", way, "--book", str(book)]
    limits = ["--threads", str(args.threads), "--memory", args.memory]
    done = subprocess.run([*order, *limits], capture_output=True, text=True, check=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def made_book(loans: int, folder: Path) -> tuple[Path, float]:
    """A sample book of so many loans, and the seconds it took to make (0 when it was there)."""
    book = folder / f"sample-{loans}"
    if (book / "book.toml").exists():
        return book, 0.0
    began = time.perf_counter()
    subprocess.run(
        [FORBEAR, "sample", "--loans", str(loans), "--as-of", AS_OF.isoformat(), "--out", book], check=True
    )
    return book, time.perf_counter() - began


def of_book(loans: int, args: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Least seconds and greatest memory of every way on a book of so many loans."""
    book, took = made_book(loans, args.folder)
    best: dict[str, dict[str, float]] = {}
    ways = [w for w in WAYS if w != "tuned by list" or loans <= args.list_up_to]
    for _ in range(args.repeat):
        for way in ways:
            got = measured(way, book, args)
            print(f"{loans:>10,} {way:18s} {got['seconds']:8.1f} s {got['peak_gib']:6.2f} GiB", flush=True)
            kept = best.setdefault(way, got)
            kept["seconds"] = min(kept["seconds"], got["seconds"])
            kept["peak_gib"] = max(kept["peak_gib"], got["peak_gib"])
    if took:
        best["sample"] = {"seconds": took, "peak_gib": 0}
    return best


def of_peers(loans: int, args: argparse.Namespace) -> dict[str, float]:
    """Seconds a loan of the loops that peers run."""
    sys.path.insert(0, str(Path(__file__).parent))
    import peer_loops

    book, _ = made_book(loans, args.folder)
    rows = peer_loops.rows_of(book, args.peer_loans)
    memory = min(peer_loops.in_memory(rows, AS_OF) for _ in range(3))
    return {"memory loop": memory, "PostgreSQL loop": peer_loops.from_postgres(book, args.peer_loans, AS_OF)}


def told(results: dict[int, dict[str, dict[str, float]]], peers: dict[str, float], args: argparse.Namespace) -> str:
    """The page."""
    lines = [
        "# The night: speed and memory",
        "",
        f"{date.today()}, {os.cpu_count()} cores, {memory_gib():.0f} GiB, {platform.platform()}, Python"  # noqa: DTZ011
        f" {platform.python_version()}, DuckDB {duckdb.__version__}; {args.threads} threads, limit {args.memory}.",
        "",
        f"Command: `.venv/bin/python benchmarks/bench_night.py --loans {' '.join(str(n) for n in args.loans)}"
        f" --repeat {args.repeat}`. What is measured stands at the head of the script.",
        "",
        "| loans | what | seconds | microseconds a loan | peak memory, GiB |",
        "| ---: | --- | ---: | ---: | ---: |",
    ]
    for loans, ways in results.items():
        for way, got in ways.items():
            each = got["seconds"] / loans * 1e6
            lines.append(f"| {loans:,} | {way} | {got['seconds']:.1f} | {each:.2f} | {got['peak_gib']:.2f} |")
    for way, seconds in peers.items():
        lines.append(f"| {args.peer_loans:,} | {way} | {seconds * args.peer_loans:.1f} | {seconds * 1e6:.2f} | |")
    return "\n".join([*lines, "", *ratios(results, peers), ""])


def ratios(results: dict[int, dict[str, dict[str, float]]], peers: dict[str, float]) -> list[str]:
    """The ratios that the night is held to, largest book."""
    most, least = max(results), min(results)
    ways = {way: got["seconds"] for way, got in results[most].items()}
    tuned = min(t for way, t in ways.items() if way.startswith("tuned"))
    growth = {w: (ways[w] / most) / (results[least][w]["seconds"] / least) for w in ("accounts", "close")}
    rows = [
        ("accounts / read the columns", ways["accounts"] / ways["read"], "at most 8"),
        ("accounts / hand-tuned query", ways["accounts"] / tuned, "at most 2"),
        ("close / hand-tuned query", ways["close"] / tuned, "at most 4"),
        ("PostgreSQL loop / accounts", peers["PostgreSQL loop"] * most / ways["accounts"], "at least 100"),
        ("PostgreSQL loop / close", peers["PostgreSQL loop"] * most / ways["close"], ""),
        ("memory loop / accounts", peers["memory loop"] * most / ways["accounts"], "at least 15"),
        ("memory loop / close", peers["memory loop"] * most / ways["close"], ""),
        (f"cost a loan, {most:,} / {least:,} loans, accounts", growth["accounts"], "at most 1.2"),
        (f"cost a loan, {most:,} / {least:,} loans, close", growth["close"], "at most 1.2"),
        ("peak memory of the close, GiB", results[most]["close"]["peak_gib"], "at most 12"),
    ]
    head = [f"Ratios at {most:,} loans:", "", "| ratio | measured | wanted |", "| --- | ---: | --- |"]
    return head + [f"| {name} | {value:.2f} | {wanted} |" for name, value, wanted in rows]


def memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--loans", type=int, nargs="+", default=[1_000_000, 10_000_000])
    asked.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "forbear-bench")
    asked.add_argument("--repeat", type=int, default=2)
    asked.add_argument("--threads", type=int, default=2)
    asked.add_argument("--memory", default="9GB", help="of DuckDB; the process as a whole takes more")
    asked.add_argument("--peer-loans", type=int, default=5000)
    asked.add_argument("--list-up-to", type=int, default=1_000_000, help="the slower tuned query only up to here")
    asked.add_argument("--out", type=Path)
    asked.add_argument("--child")
    asked.add_argument("--book", type=Path)
    args = asked.parse_args()
    if args.child:
        child(args.child, args.book, args.threads, args.memory)
        return
    results = {loans: of_book(loans, args) for loans in sorted(args.loans)}
    page = told(results, of_peers(min(args.loans), args), args)
    print(page)
    if args.out:
        args.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
