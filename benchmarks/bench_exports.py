"""Exporting a long list: rows a second against bare COPY of the same columns, and the memory it takes, in one run.

    .venv/bin/python benchmarks/bench_exports.py --out benchmarks/exports.md

Each export runs in a process of its own, whose peak memory is told; a tenth of the rows is exported beside all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from forbear.testing.postgres import throwaway_postgres

COLUMNS = "contact_id, borrower_id, at, channel, direction, result, party, sender, loan_id, strategy, recorded_at"
FILL = """
INSERT INTO borrowers (borrower_id) SELECT 'B' || n FROM generate_series(1, {rows} / 10) AS n;
INSERT INTO contacts (contact_id, borrower_id, at, channel, result, sender)
    SELECT 'T' || n, 'B' || (1 + n % ({rows} / 10)), timestamptz '2026-01-01' + n * interval '1 second', 'call',
        CASE WHEN n % 3 = 0 THEN 'promise' ELSE 'no_answer' END, 'lender'
    FROM generate_series(1, {rows}) AS n;
ANALYZE;
"""
EXPORT = """
import json, resource, sys, time
import django
django.setup()
from datetime import UTC, datetime
from forbear.desk.lists.described import lists
from forbear.desk.lists.exporting import export
from forbear.desk.lists.reading import asked
form, until = sys.argv[1:]
of = lists()["contacts"]
what = asked(of, None, datetime.now(UTC), {"until": until})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
size = sum(map(len, export(of, what, form, actor="bench")))
took = time.perf_counter() - began
print(json.dumps([took, size, before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


def exported(url: str, form: str, until: datetime) -> list[float]:
    """Seconds, bytes, and peak memory (KiB) before and after, of one export."""
    env = {**os.environ, "DATABASE_URL": url, "FORBEAR_DB_POOL": "0"}
    command = [sys.executable, "-c", EXPORT, form, until.isoformat().replace("+00:00", "Z")]
    told = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    figures: list[float] = json.loads(told.splitlines()[-1])
    return figures


def copied(url: str) -> float:
    """Seconds of bare COPY to this process."""
    began = time.perf_counter()
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        order = f"SELECT {COLUMNS} FROM contacts ORDER BY at, contact_id"
        with cursor.copy(f"COPY ({order}) TO STDOUT (FORMAT csv)") as copy:
            for _ in copy:
                pass
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "forbear.desk.settings",
        "FORBEAR_SECRET_KEY": "of the benchmark alone",
        "FORBEAR_MASTER_KEYS": "Zm9yIHRlc3RzIGFsb25lLCAzMiBieXRlcyBsb25nISE=",
    }
    with throwaway_postgres() as url:
        env = {**os.environ, "DATABASE_URL": url, "FORBEAR_DB_POOL": "0"}
        subprocess.run([sys.executable, "-m", "django", "migrate", "-v", "0"], env=env, check=True)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(FILL.format(rows=given.rows))
        copied(url)
        bare = copied(url)
        lines = []
        for form in ("csv", "parquet"):
            start = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
            tenth = exported(url, form, datetime.fromtimestamp(start + given.rows // 10, UTC))
            whole = exported(url, form, datetime(2100, 1, 1, tzinfo=UTC))
            more = [round((one[3] - one[2]) / 1024) for one in (tenth, whole)]
            lines.append(
                f"| {form} | {given.rows / whole[0]:,.0f} | {bare / whole[0]:.2f} | {whole[1] / 2**20:,.0f} | "
                f"{more[0]} | {more[1]} |"
            )
    command = f".venv/bin/python benchmarks/bench_exports.py --rows {given.rows}"
    page = f"""# Exports

The list `contacts`, {given.rows:,} rows, streamed in Python from a cursor, against PostgreSQL's own COPY of the same
columns in the same order ({given.rows / bare:,.0f} rows a second in this run). Memory is what the export added to its
process's peak.

| format | rows a second | of COPY's | MiB written | MiB more for a tenth of the rows | for all |
| --- | --- | --- | --- | --- | --- |
{chr(10).join(lines)}

{platform.machine()}, {os.cpu_count()} cores, PostgreSQL on the same machine; `{command}`; {datetime.now(UTC):%Y-%m-%d}.
"""
    (given.out.write_text(page, "utf-8") if given.out else print(page))


if __name__ == "__main__":
    main()
