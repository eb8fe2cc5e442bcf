"""Contacts a second: the dispatcher against a bare queue, and a borrower with a long history against one with a short.

    python benchmarks/bench_contact.py [--contacts 4000] [--batch 100] [--out benchmarks/contact.md]

Everything runs at full durability (a PostgreSQL of its own, fsync on), one process, against one provider on loopback
that takes a hundred messages in a request. Measured in turns in the same run:

- dispatch: claim, lock, gate, reserve, commit; words, send, settle, commit; then the receipts, fetched and taken
- bare, one at a time: claim one with SKIP LOCKED, insert a contact, mark it sent, commit (two commits a contact)
- bare, in batches: the same, as many at once as the dispatcher claims
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from forbear.testing.http_provider import SECRET, HttpProvider
from forbear.testing.postgres import throwaway_postgres

AT = datetime(2026, 7, 7, 2, tzinfo=UTC)
CLOCK = [AT]
"""The benchmark's clock: a Tuesday morning, until a turn sets it on."""
BARE = """
CREATE TABLE bare_queue (id bigserial PRIMARY KEY, borrower_id text NOT NULL, state text NOT NULL DEFAULT 'waiting',
    next_at timestamptz NOT NULL, sent_at timestamptz);
CREATE INDEX bare_due ON bare_queue (next_at, id) WHERE state = 'waiting';
CREATE TABLE bare_contacts (contact_id text PRIMARY KEY, borrower_id text NOT NULL, at timestamptz NOT NULL,
    channel text NOT NULL, result text);
CREATE INDEX bare_of_borrower ON bare_contacts (borrower_id, at);
"""


def now() -> datetime:
    """What the dispatcher takes for now."""
    return CLOCK[0]


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--contacts", type=int, default=4_000)
    asked.add_argument("--batch", type=int, default=100)
    asked.add_argument("--out", type=Path)
    given = asked.parse_args()
    with throwaway_postgres(max_wal_size="4GB", shared_buffers="256MB") as where, HttpProvider() as far:
        _desk(where, far)
        lines = _report(given.contacts, given.batch)
    text = "\n".join(lines)
    print(text)
    if given.out:
        given.out.write_text(text + "\n")


def _desk(where: str, far: HttpProvider) -> None:
    from forbear.desk.server.serving import migrate

    providers = Path(os.environ.get("TMPDIR", "/tmp")) / f"bench-providers-{os.getpid()}.toml"
    providers.write_text(
        f'[far]\nchannel = "sms"\nkind = "http"\nurl = "{far.url}"\nsecret_env = "BENCH_SECRET"\n'
        "rate = 1000000\nburst = 1000000\n"
    )
    os.environ |= {
        "DATABASE_URL": where,
        "DJANGO_SETTINGS_MODULE": "forbear.desk.settings",
        "FORBEAR_SECRET_KEY": "of the benchmark alone, and long enough to sign with",
        "FORBEAR_MASTER_KEYS": "Zm9yIHRlc3RzIGFsb25lLCAzMiBieXRlcyBsb25nISE=",
        "FORBEAR_CONTACT_CLOCK": "bench_contact.now",
        "FORBEAR_PROVIDERS": str(providers),
        "FORBEAR_DB_POOL": "0",
        "BENCH_SECRET": SECRET,
    }
    migrate(dict(os.environ))
    import django

    django.setup()


def _report(contacts: int, batch: int) -> list[str]:
    from django.db import connection

    from forbear.testing.storm.world import Size, _borrowers, _channels, _phones

    class Nowhere:
        def write(self, text: str) -> None:
            """The auditor's file is not wanted."""

    from forbear.desk.ledger.opening import open_loans

    size = Size(contacts, 0)
    with connection.cursor() as cursor:
        _borrowers(cursor, size, random.Random(1), Nowhere())
        cursor.execute("UPDATE facts SET value = 'Asia/Shanghai' WHERE fact = 'time_zone'")
        cursor.execute(BARE)
    open_loans(actor="bench", at=AT - timedelta(days=60))
    _phones(size)
    _channels()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    half = contacts // 2
    one_at_a_time = min(half, 800)
    ours = [_dispatch(1, half, batch)]
    bare_one = _bare(one_at_a_time, 1)
    bare_many = _bare(half, batch)
    ours.append(_dispatch(half + 1, contacts, batch))
    bare_many = max(bare_many, _bare(half, batch))
    rate = sum(ours) / 2
    short, long = _histories(batch)
    return [
        "# Contacts a second",
        "",
        f"`python benchmarks/bench_contact.py --contacts {contacts} --batch {batch}`; "
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{datetime.now(UTC):%Y-%m-%d}.",
        "One process; PostgreSQL at full durability; the provider on loopback takes 100 messages a request.",
        "",
        "| what | contacts a second | dispatch is so many times as fast |",
        "| --- | --- | --- |",
        f"| dispatch: reserve, gate, send, receipt, in batches of {batch} | {rate:,.0f} | 1 |",
        f"| bare queue, one at a time: claim, insert, commit, no gate, nothing sent | {bare_one:,.0f} "
        f"| {rate / bare_one:.2f} |",
        f"| bare queue, in batches of {batch}: the same | {bare_many:,.0f} | {rate / bare_many:.2f} |",
        "",
        f"A borrower with 1,000 past contacts costs {long / short:.2f} times one with 10 "
        f"({long * 1000:.2f} ms against {short * 1000:.2f} ms a contact, median of 9 turns).",
    ]


def _wishes(first: int, last: int, tag: str) -> None:
    from forbear.desk.contact.planning import Wish, plan_many

    body = "样例小贷提醒：您有 {arrears} 元逾期，如已还请忽略。回复TD退订"
    plan_many(
        (Wish(f"B{n}", "sms", "overdue", f"{tag}-{n}", "bench", body) for n in range(first, last + 1)),
        at=now() - timedelta(minutes=1),
    )


def _dispatch(first: int, last: int, batch: int) -> float:
    """Contacts a second through everything, receipts taken."""
    from forbear.desk.contact.channels.registry import providers
    from forbear.desk.contact.dispatching import step
    from forbear.desk.contact.models import Planned
    from forbear.desk.contact.resolving import fetch_news

    _wishes(first, last, "d")
    (provider,) = providers().values()
    step(provider, 1)  # the provider's row of tokens is made at its first use
    Planned.objects.filter(state="sent", key__startswith="d-").update(state="cancelled")
    wanted = Planned.objects.filter(state="waiting").count()
    began, sent = time.perf_counter(), 0
    while not (done := step(provider, batch)).idle:
        sent += done.sent
        fetch_news(provider, now())
    fetch_news(provider, now())
    took = time.perf_counter() - began
    assert sent == wanted > 0, (sent, wanted)
    return sent / took


def _bare(count: int, batch: int) -> float:
    """Contacts a second of a queue that claims and inserts."""
    from uuid import uuid4

    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bare_queue (borrower_id, next_at) SELECT 'B' || i, %s FROM generate_series(1, %s) AS i",
            [AT, count],
        )
    began, done = time.perf_counter(), 0
    while done < count:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, borrower_id FROM bare_queue WHERE state = 'waiting' AND next_at <= %s "
                "ORDER BY next_at, id LIMIT %s FOR UPDATE SKIP LOCKED",
                [AT, batch],
            )
            rows = cursor.fetchall()
            cursor.execute(
                "INSERT INTO bare_contacts SELECT c, b, %s, 'sms', NULL "
                "FROM unnest(%s::text[], %s::text[]) AS t (c, b)",
                [AT, [uuid4().hex for _ in rows], [row[1] for row in rows]],
            )
            cursor.execute(
                "UPDATE bare_queue SET state = 'reserved' WHERE id = ANY(%s)", [[row[0] for row in rows]]
            )
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE bare_queue SET state = 'sent', sent_at = %s WHERE id = ANY(%s)",
                [AT, [row[0] for row in rows]],
            )
        done += len(rows)
    return done / (time.perf_counter() - began)


def _histories(batch: int) -> tuple[float, float]:
    """Seconds a contact costs with 10 and with 1,000 past contacts, in turns, over a year and more."""
    from django.db import connection

    with connection.cursor() as cursor:
        for first, many in ((1, 10), (51, 1_000)):
            cursor.execute(
                "INSERT INTO contacts (contact_id, borrower_id, at, channel, result) "
                "SELECT 'h' || b || '-' || k, 'B' || b, %s - k * interval '9 hours' - interval '40 days', 'call', "
                "'no_answer' FROM generate_series(%s, %s) AS b, generate_series(1, %s) AS k",
                [AT, first, first + 49, many],
            )
        cursor.execute("ANALYZE contacts")
    short, long = [], []
    for turn in range(9):
        short.append(_turn(1, 50, turn, batch))
        long.append(_turn(51, 100, turn, batch))
    return sorted(short)[4], sorted(long)[4]


def _turn(first: int, last: int, turn: int, batch: int) -> float:
    """Seconds a contact for some borrowers, each turn a week later."""
    from forbear.desk.contact.channels.registry import providers
    from forbear.desk.contact.dispatching import step

    if first == 1:
        CLOCK[0] += timedelta(days=8)
    _wishes(first, last, f"t{turn}")
    (provider,) = providers().values()
    began = time.perf_counter()
    done = step(provider, batch)
    took = time.perf_counter() - began
    assert done.sent == last - first + 1, done
    return took / done.sent


if __name__ == "__main__":
    import bench_contact  # under its own name, by which the clock is found

    bench_contact.main()
