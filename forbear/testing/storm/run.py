"""Running the storm: a database of its own, providers, workers, and everything that happens to them until it is over.

The clock steps on when nothing is due any more, or after a moment; at night it steps by the hour. Now and then it jumps
back. Workers and the database are killed (SIGKILL) at random; stops and payments come in at any time, and each is told
to the auditor's file only when the desk has it, which is when the desk must keep it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from forbear.testing.storm import clock
from forbear.testing.storm.far import PROVIDERS
from forbear.testing.storm.world import BEGIN, DAYS, Size

SHARE_PAYS, SHARE_STOPS = 0.15, 0.05
"""Of the borrowers: who pays in full, and who says stop, some time in the two weeks."""
STEP, NIGHT_STEP = timedelta(minutes=30), timedelta(minutes=240)
LONGEST_STEP_SECONDS = 60.0
"""Real seconds after which the clock steps on though something is due still."""
RATE = 100_000


@dataclass
class Weather:
    """How bad it gets."""

    workers: int = 8
    kills: int = 100
    database_kills: int = 10
    jumps: int = 6
    seconds: float = 600
    """Real seconds it should take about: kills and events are spread over the clock's steps, not over these."""


@dataclass
class Storm:
    """A storm that runs."""

    size: Size
    weather: Weather
    out: Path
    env: dict[str, str]
    server: Any
    say: Callable[[str], None]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    killed: dict[str, int] = field(default_factory=lambda: {"worker": 0, "database": 0, "jump": 0})
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.size.seed + 1)  # noqa: S311
        self.happened = (self.out / "happened.jsonl").open("a", buffering=1)
        self.lock = threading.Lock()

    def spawn(self) -> None:
        """Start workers until there are as many as wanted."""
        self.workers = [one for one in self.workers if one.poll() is None]
        while len(self.workers) < self.weather.workers:
            with (self.out / "workers.log").open("ab") as log:
                command = [sys.executable, "-m", "forbear.desk.contact.worker"]
                self.workers.append(subprocess.Popen(command, env=self.env, stdout=log, stderr=log))

    def kill_one(self) -> None:
        """Kill a worker, or the database's postmaster."""
        if self.chance.random() < self.weather.database_kills / max(1, self.weather.kills):
            with suppress(ProcessLookupError, TypeError):
                os.kill(self.server.pid, signal.SIGKILL)
                self.killed["database"] += 1
        elif self.workers:
            one = self.chance.choice(self.workers)
            one.kill()
            one.wait()
            self.killed["worker"] += 1
        self.spawn()

    def tell(self, what: str, borrower: str) -> None:
        """Write down that the desk has it."""
        row = {"what": what, "borrower": borrower, "mono": time.monotonic_ns()}
        with self.lock:
            self.happened.write(json.dumps(row) + "\n")


def run(size: Size, weather: Weather, out: Path, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Run a storm in a fresh folder; what the auditor found, and what was done to the desk."""
    out.mkdir(parents=True)
    with _desk(out) as (env, server), _far(size, out, env) as providers:
        env |= {
            "FORBEAR_PROVIDERS": str(providers),
            "FORBEAR_CONTACT_CARE": "0.5",
            "FORBEAR_CONTACT_ASK_AGAIN": "2",
            "FORBEAR_DB_POOL": "0",
            "STORM_SECRET": _secret(),
        }
        os.environ.update(env)
        import django

        django.setup()
        _forget_providers()
        from forbear.testing.storm.world import build

        began = time.monotonic()
        build(size, out)
        say(f"built: {size.borrowers} borrowers, {size.planned} planned, {time.monotonic() - began:.0f} s")
        storm = Storm(size, weather, out, env, server, say)
        began = time.monotonic()
        _weather(storm)
        took = time.monotonic() - began
        _states(out)
        from forbear.testing.storm.audit import audit

        return {**audit(out), "killed": storm.killed, "seconds": round(took), "workers": weather.workers}


def _secret() -> str:
    from forbear.testing.http_provider import SECRET

    return SECRET


def _forget_providers() -> None:
    from django.conf import settings

    from forbear.desk.contact.channels.registry import providers

    settings.CONTACT_PROVIDERS = os.environ["FORBEAR_PROVIDERS"]
    providers.cache_clear()


@contextmanager
def _desk(out: Path) -> Iterator[tuple[dict[str, str], Any]]:
    """A PostgreSQL of its own, as durable as it comes, migrated."""
    from forbear.desk.server import Embedded
    from forbear.desk.server.serving import migrate

    place = {
        "max_connections": "60",
        "shared_buffers": "256MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
    }
    with Embedded(out / "postgres", settings=place) as server:
        env = {
            **os.environ,
            "DATABASE_URL": server.conninfo,
            "DJANGO_SETTINGS_MODULE": "forbear.desk.settings",
            "FORBEAR_SECRET_KEY": "of the storm alone, and long enough to sign with",
            "FORBEAR_MASTER_KEYS": "Zm9yIHRlc3RzIGFsb25lLCAzMiBieXRlcyBsb25nISE=",
            "FORBEAR_CONTACT_CLOCK": "forbear.testing.storm.clock.now",
            clock.WHERE: str(out / "clock"),
        }
        clock.set_to(out / "clock", BEGIN)
        migrate(env)
        yield env, server


@contextmanager
def _far(size: Size, out: Path, env: dict[str, str]) -> Iterator[Path]:
    """The providers' process, and the file that tells the desk of them."""
    command = [sys.executable, "-m", "forbear.testing.storm.far", str(out), str(size.seed)]
    far = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert far.stdout
    assert far.stdin
    told = out / "providers.toml"
    with told.open("w") as file:
        for place, _ in enumerate(PROVIDERS):
            name, url = far.stdout.readline().split()
            channel, kind, _manners = PROVIDERS[name]
            file.write(
                f'[{name}]\nchannel = "{channel}"\nkind = "{kind}"\nurl = "{url}"\nsecret_env = "STORM_SECRET"\n'
                f"timeout = 2\nrate = {RATE}\nburst = {RATE}\norder = {place}\n\n"
            )
    try:
        yield told
    finally:
        far.stdin.close()
        far.wait(10)


def _weather(storm: Storm) -> None:
    """Two weeks of it."""
    storm.spawn()
    doing = [threading.Thread(target=_happenings, args=(storm, what), daemon=True) for what in ("paid", "stop")]
    for one in doing:
        one.start()
    try:
        _time_passes(storm)
        _settle_down(storm)
    finally:
        storm.over.set()
        for one in doing:
            one.join(10)
        for worker in storm.workers:
            worker.terminate()
        for worker in storm.workers:
            with suppress(subprocess.TimeoutExpired):
                worker.wait(10)
            worker.kill()


def _time_passes(storm: Storm) -> None:
    at, end = BEGIN, BEGIN + timedelta(days=DAYS + 2, hours=1)
    steps = int((end - BEGIN) / STEP)
    kills_each, jumps_each = storm.weather.kills / (steps * 0.6), storm.weather.jumps / (steps * 0.6)
    shown = at.date()
    while at < end:
        hour = (at + timedelta(hours=8)).hour
        night = hour < 7 or hour >= 22
        at += NIGHT_STEP if hour < 3 or hour >= 23 else STEP
        clock.set_to(storm.out / "clock", at)
        if not night and storm.chance.random() < jumps_each and storm.killed["jump"] < storm.weather.jumps:
            _jump(storm, at)
        _until_quiet(storm, at, 0 if night else kills_each)
        if at.date() != shown:
            shown = at.date()
            storm.say(f"{shown}: {storm.killed}")
    while sum(storm.killed[one] for one in ("worker", "database")) < storm.weather.kills:
        storm.kill_one()
        time.sleep(0.2)


def _jump(storm: Storm, at: datetime) -> None:
    """The clock goes wrong for a moment: back, or ahead and back again."""
    storm.killed["jump"] += 1
    hours = storm.chance.choice((-5, -2, -1, 3, 9))
    clock.set_to(storm.out / "clock", at + timedelta(hours=hours))
    time.sleep(1.5)
    clock.set_to(storm.out / "clock", at)


def _until_quiet(storm: Storm, at: datetime, kills: float) -> None:
    """Wait until nothing is due, or long enough; workers and database die meanwhile."""
    until = time.monotonic() + LONGEST_STEP_SECONDS
    dies_at = time.monotonic() + storm.chance.random() * 0.3 if storm.chance.random() < kills else None
    while time.monotonic() < until:
        if dies_at is not None and time.monotonic() >= dies_at:
            storm.kill_one()
            dies_at = None
        due = _asked(
            "SELECT EXISTS (SELECT FROM planned_contacts WHERE state = 'waiting' AND next_at <= %s)",
            at,
        )
        if due is False and dies_at is None:
            return
        time.sleep(0.03)


def _settle_down(storm: Storm) -> None:
    """No more faults: until nothing is reserved and nothing waits."""
    storm.say("the weather is over; waiting until everything is settled")
    until = time.monotonic() + 240
    while time.monotonic() < until:
        open_still = _asked(
            "SELECT EXISTS (SELECT FROM planned_contacts WHERE state IN ('reserved', 'waiting')) "
            "AND %s::timestamptz IS NOT NULL",
            BEGIN,
        )
        if open_still is False:
            time.sleep(6)  # what is unknown is asked for a few times more
            return
        time.sleep(0.5)


def _asked(query: str, at: datetime) -> bool | None:
    """A yes or no of the database; None while it is away."""
    from django.db import DatabaseError, InterfaceError, connection

    try:
        with connection.cursor() as cursor:
            cursor.execute(query, [at])
            return bool(cursor.fetchone()[0])
    except (DatabaseError, InterfaceError):
        connection.close()
        return None


def _happenings(storm: Storm, what: str) -> None:
    """Payments in full, or stops: spread over the two weeks of the storm's clock, each until the desk has it."""
    from django.db import DatabaseError, InterfaceError, connection

    chance = random.Random(f"{storm.size.seed} {what}")  # noqa: S311
    share = SHARE_PAYS if what == "paid" else SHARE_STOPS
    who = chance.sample(range(1, storm.size.borrowers + 1), round(storm.size.borrowers * share))
    when = sorted(chance.random() for _ in who)
    does = {"paid": _pay, "stop": _stop}[what]
    for number, part in zip(who, when, strict=True):
        at = BEGIN + timedelta(days=DAYS * part)
        while clock.now() < at and not storm.over.is_set():
            time.sleep(0.01)
        while not storm.over.is_set():
            try:
                does(number)
                storm.tell(what, f"B{number}")
                break
            except (DatabaseError, InterfaceError):
                connection.close()
                time.sleep(0.2)
        if storm.over.is_set():
            return


def _pay(number: int) -> None:
    from forbear.desk.ledger.booking import Payment, pay
    from forbear.testing.storm.world import INTEREST, PRINCIPAL, TERM

    on = (clock.now() + timedelta(hours=8)).date()
    whole = PRINCIPAL + INTEREST * TERM
    pay(Payment(f"pay-{number}", f"L{number}", on, whole, f"storm:{number}"), actor="storm", at=clock.now())


def _stop(number: int) -> None:
    from forbear.desk.contact.inbound import stop

    stop(f"B{number}", clock.now())


def _states(out: Path) -> None:
    from django.db import connection

    with connection.cursor() as cursor, (out / "states.jsonl").open("w") as told:
        cursor.execute("SELECT key, state FROM planned_contacts ORDER BY planned_id")
        while rows := cursor.fetchmany(10_000):
            told.writelines(json.dumps({"key": key, "state": state}) + "\n" for key, state in rows)
