"""A campaign of kills from its first book to its last audit, and its figures."""

from __future__ import annotations

import random
import secrets
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from forbear.basics.errors import ForbearError
from forbear.desk.server.embedded import free_port
from forbear.testing.kills.auditing import audit
from forbear.testing.kills.books import write_book
from forbear.testing.kills.clients import Client, Manager, Payer, Reverser
from forbear.testing.kills.family import VICTIMS, kill, victims
from forbear.testing.kills.keeping import START_SECONDS, Importer, Kept, environment, forbear, until
from forbear.testing.kills.record import Record

PAYERS = 4
AGAIN_AT_ONCE = 0.2
"""Share of the kills after which the next comes before anything has recovered."""
PAUSE = (0.1, 0.8)
FIND_SECONDS = 5
OTHERWISE = "the desk's first process"
"""What is killed when there has been none of a kind for so long: it is always there."""
RECOVER_SECONDS = 300
DRAIN_SECONDS = 300
SET_UP = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from forbear.desk.server.access import desk_at
with desk_at(Path(sys.argv[1])):
    from forbear.desk.imports.importing import import_book
    from forbear.desk.people.making import make_user
    from forbear.desk.people.tokens import issue, make_token
    now = datetime.now(UTC)
    for name in ("mei", "chen"):
        make_user(name, "manager", sys.argv[3])
    make_user("till", "service", sys.argv[3])
    made = make_token("kills", "till", "kills", ["payments.book"], now + timedelta(days=1), now)
    import_book(sys.argv[2], actor="kills", at=now)
    print(issue("kills", made.pk))
"""


@dataclass
class Figures:
    """What a campaign did and found; seconds are wall time."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    recovered: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    acknowledged: int = 0
    starts: int = 0
    audits: int = 0
    seconds: float = 0.0


def run(
    *,
    seed: int,
    kills: int,
    folder: Path,
    say: Callable[[str], None],
    loans: int = 200,
    books: int = 3,
    audit_every: int = 20,
    minutes: float = 600,
) -> Figures:
    """Kill a desk under load so many times, and audit it on the way and afterwards.

    Args:
        seed: of what is sent and of what is killed.
        kills: how many.
        folder: open to PostgreSQL's user, and empty but for a folder `desk` that never served, if one is at hand.
        say: told how far it is.
        loans: of the first book.
        books: imported meanwhile, each of a third of the loans.
        audit_every: kills between two audits.
        minutes: no kill after so many, whatever was asked for.
    """
    figures, began = Figures(seed), time.monotonic()
    record = Record(folder / "record.jsonl")
    pick = random.Random(seed)  # noqa: S311 - a plan, no secret
    made = [write_book(folder / "books", f"B{n}", loans if n == 0 else loans // 3, pick) for n in range(books + 1)]
    with Kept(folder / "desk", free_port()) as kept:
        until(lambda: is_ready(kept.url), START_SECONDS, "the first start")
        password = secrets.token_urlsafe(12)
        token = _set_up(kept.data, made[0].folder, password)
        record.books["B0"] = made[0]
        record.imported.add("B0")
        managers = [Manager(kept.url, name, password) for name in ("mei", "chen")]
        clients: list[Client] = [Payer(kept.url, record, f"{seed}-{n}", token) for n in range(PAYERS)]
        clients += [Reverser(kept.url, record, f"{seed}-reverser", *managers), Importer(kept, record, made[1:])]
        heads: list[str] = []
        for client in clients:
            client.start()
        try:
            for n, kind in enumerate(pick.choices(list(VICTIMS), list(VICTIMS.values()), k=kills)):
                if time.monotonic() - began > minutes * 60:
                    break
                _one_kill(kind, kept, record, figures, pick)
                if (n + 1) % audit_every == 0:
                    heads.append(_audited(kept, record, figures, at_rest=False))
                    say(
                        f"{n + 1} kills, {len(record.acknowledged):,} payments answered, {len(figures.faults)} faults"
                    )
        finally:
            _drain(clients, record)
        until(lambda: is_ready(kept.url), START_SECONDS, "the last recovery")
        heads.append(_audited(kept, record, figures, at_rest=True))
        _proved_by_commands(kept.data, folder, heads, record)
    _sum_up(figures, record, kept.starts, time.monotonic() - began)
    return figures


def is_ready(url: str) -> bool:
    """Whether the desk says that it can serve."""
    with urllib.request.urlopen(f"{url}/readyz", timeout=5) as told:  # noqa: S310 - our own desk
        return bool(told.status == 200)


def _set_up(data: Path, book: Path, password: str) -> str:
    told = subprocess.run(
        [sys.executable, "-c", SET_UP, str(data), str(book), password],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    if told.returncode:
        raise ForbearError(f"the desk could not be set up: {told.stderr[-2000:]}")
    return told.stdout.split()[-1]


def _one_kill(kind: str, kept: Kept, record: Record, figures: Figures, pick: random.Random) -> None:
    """Kill one of a kind; then wait for an acknowledged payment that was sent afterwards, or do not."""
    struck, began, at = 0, time.monotonic(), 0.0
    while not struck:
        if time.monotonic() - began > FIND_SECONDS:
            kind = OTHERWISE
        pids = victims(kind, kept.family(), kept.pid, pick) if kept.pid else []
        at = time.monotonic()
        struck = kill(pids)
        time.sleep(0 if struck else 0.05)
    figures.kills[kind] += 1
    record.told("kill", kind=kind, pids=pids)
    if pick.random() < AGAIN_AT_ONCE:
        time.sleep(pick.uniform(0, 0.5))
        return
    try:
        until(lambda: record.recovered_at > at, RECOVER_SECONDS, f"recovery from a kill of {kind}")
        figures.recovered[kind].append(time.monotonic() - at)
    except TimeoutError as late:
        record.wrong(str(late))
    time.sleep(pick.uniform(*PAUSE))


def _audited(kept: Kept, record: Record, figures: Figures, *, at_rest: bool) -> str:
    """Audit as soon as the database can be asked; the head of the audit log's chain."""
    ends = time.monotonic() + RECOVER_SECONDS
    while True:
        try:
            found, head = audit(record, kept.database_url(), at_rest=at_rest)
        except (OSError, ValueError, psycopg.OperationalError):
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)
        else:
            figures.faults += found
            figures.audits += 1
            return head


def _drain(clients: list[Client], record: Record) -> None:
    """Let the clients come to their last answer."""
    for client in clients:
        client.stopping.set()
    ends = time.monotonic() + DRAIN_SECONDS
    for client in clients:
        client.join(max(0.0, ends - time.monotonic()))
    for client in clients:
        client.give_up.set()
    late = [client.name for client in clients if client.is_alive()]
    open_keys = record.sent.keys() - record.acknowledged.keys()
    if late or open_keys:
        record.wrong(f"never answered: {', '.join([*late, *sorted(open_keys)][:10])}")
    if any(one.name == "twin" for one in threading.enumerate()):
        record.wrong("a request is still under way")


def _proved_by_commands(data: Path, folder: Path, heads: list[str], record: Record) -> None:
    """The desk's own proofs, by the commands that anyone would use."""
    (folder / "heads").write_text("\n".join(filter(None, heads)) + "\n", "utf-8")
    for words in (("ledger", "verify"), ("audit", "verify", "--heads", str(folder / "heads"))):
        told = forbear(*words, data=data)
        if told.returncode:
            record.wrong(f"forbear {' '.join(words)}: {told.stdout[-500:]}{told.stderr[-500:]}")


def _sum_up(figures: Figures, record: Record, starts: int, seconds: float) -> None:
    record.close()
    figures.faults += record.faults
    figures.counts = record.counts
    figures.sent, figures.acknowledged = len(record.sent), len(record.acknowledged)
    figures.starts, figures.seconds = starts, seconds
