"""What the chain costs writers, and how fast values are sealed, masked, found and proved.

    python benchmarks/bench_privacy.py --out benchmarks/privacy.md

Writers commit one audit entry a transaction, on a throwaway PostgreSQL with its durability left on: once with the
trigger off (bare), once with the trigger on and the sealer at work (chained), in turns, so that both meet the same
machine. Rates are of one process.
"""

from __future__ import annotations

import argparse
import os
import platform
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

SECONDS, ROUNDS, WRITERS, BORROWERS = 3.0, 3, 8, 5_000
INSERT = """
INSERT INTO audit_entries (actor, action, subject, facts) VALUES ('a', 'payments.book', 'loan:L1', '{"amount": 1}')
"""
MANY = "INSERT INTO audit_entries (actor, action, subject) SELECT 'a', 'b', 'c' FROM generate_series(1, 50000)"


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md").with_name("privacy.md"))
    out = parser.parse_args().out
    from forbear.testing.postgres import throwaway_postgres

    with throwaway_postgres() as where:
        _set_up(where)
        rates = [(_rate(where, chained=False), _rate(where, chained=True)) for _ in range(ROUNDS)]
        bare, chained = (sum(rate[place] for rate in rates) / ROUNDS for place in (0, 1))
        rows = [
            ("entries a second, bare", f"{bare:,.0f}", "1.00"),
            ("entries a second, chained and sealed beside", f"{chained:,.0f}", f"{chained / bare:.2f}"),
            *_proof(),
            *_values(),
        ]
        out.write_text(_page(rows), "utf-8")
        print(out.read_text("utf-8"))


def _set_up(where: str) -> None:
    from cryptography.fernet import Fernet

    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "forbear.desk.settings",
        "FORBEAR_SECRET_KEY": "of the benchmark",
        "FORBEAR_MASTER_KEYS": Fernet.generate_key().decode(),
        "FORBEAR_LOG_LEVEL": "ERROR",
        "FORBEAR_DB_POOL": "0",
        "DATABASE_URL": where,
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)


def _rate(where: str, *, chained: bool) -> float:
    import psycopg

    with psycopg.connect(where, autocommit=True) as one:
        turn = "ENABLE" if chained else "DISABLE"
        one.execute(f"ALTER TABLE audit_entries {turn} TRIGGER audit_entries_unsealed")
    ends = time.monotonic() + SECONDS
    done = [0] * WRITERS

    def write(number: int) -> None:
        with psycopg.connect(where, autocommit=True) as own:
            while time.monotonic() < ends:
                own.execute(INSERT)
                done[number] += 1

    def seal_meanwhile() -> None:
        from django.db import connection

        from forbear.desk.audit.sealing import seal

        while time.monotonic() < ends:
            seal()
            time.sleep(0.5)
        connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    threads += [threading.Thread(target=seal_meanwhile)] if chained else []
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / SECONDS


def _proof() -> list[tuple[str, str, str]]:
    from django.db import connection

    from forbear.desk.audit.sealing import seal
    from forbear.desk.audit.verifying import verify

    seal()
    with connection.cursor() as cursor:
        cursor.execute(MANY)
    began = time.perf_counter()
    sealed = seal()
    took = time.perf_counter() - began
    with connection.cursor() as cursor:  # those written with the trigger off stand beside the chain
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM audit_entries WHERE entry_id NOT IN (SELECT entry_id FROM audit_links)")
        cursor.execute("SET session_replication_role = origin")
    began = time.perf_counter()
    proof = verify()
    assert not proof.broken, proof.broken
    proved = time.perf_counter() - began
    return [
        ("entries sealed a second", f"{sealed / took:,.0f}", ""),
        ("links proved a second", f"{proof.links / proved:,.0f}", ""),
    ]


def _values() -> list[tuple[str, str, str]]:
    from forbear.desk.people.models import User
    from forbear.desk.privacy import find, masked_names, put_many
    from forbear.desk.privacy.keys import forget
    from forbear.desk.privacy.storing import Given
    from forbear.desk.record.models import Borrower

    Borrower.objects.bulk_create(Borrower(borrower_id=f"B{n:06}") for n in range(BORROWERS))
    given = [
        value
        for n in range(BORROWERS)
        for value in (Given(f"B{n:06}", "name", "张三丰"), Given(f"B{n:06}", "phone", f"138{n:08}"))
    ]
    began = time.perf_counter()
    put_many(given, "benchmark")
    stored = len(given) / (time.perf_counter() - began)
    forget()
    began = time.perf_counter()
    assert len(masked_names(f"B{n:06}" for n in range(50))) == 50
    masked = (time.perf_counter() - began) * 1000
    user = User.objects.create_user("m", role="manager")
    began = time.perf_counter()
    assert [one.pk for one in find(user, "phone", "13800000007")] == ["B000007"]
    found = (time.perf_counter() - began) * 1000
    return [
        ("personal values stored a second, keys made along", f"{stored:,.0f}", ""),
        ("ms to mask the names of a page of 50, no key remembered", f"{masked:.1f}", ""),
        ("ms to find a borrower by phone", f"{found:.1f}", ""),
    ]


def _page(rows: list[tuple[str, str, str]]) -> str:
    told = "".join(f"| {what} | {figure} | {ratio} |\n" for what, figure, ratio in rows)
    return (
        "# Audit chain and personal data\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.0f} from other work; `python benchmarks/bench_privacy.py`. "
        f"{WRITERS} writers, a commit an entry, {ROUNDS} rounds of {SECONDS:.0f} s each in turns.\n\n"
        f"| what | figure | to bare |\n| --- | --- | --- |\n{told}"
    )


if __name__ == "__main__":
    main()
