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
from forbear.testing.storm.nursery import Nursery
from forbear.testing.storm.world import BEGIN, CHANNELS, DAYS, Size

SHARE_PAYS, SHARE_STOPS = 0.15, 0.05
"""Of the borrowers: who pays in full, and who says stop, some time in the two weeks."""
STEP, NIGHT_STEP = timedelta(minutes=30), timedelta(minutes=240)
LONGEST_STEP_SECONDS, PLANNED_A_SECOND = 60.0, 2_000
"""Real seconds after which the clock steps on though something is due still, and one more for so many planned."""
SETTLE_SECONDS = 240.0
"""Real seconds after the weather within which everything must have come to its end; as many more as a step has."""
ON_ITS_WAY_SECONDS = clock.ON_ITS_WAY_NS / 1e9
RATE = 100_000
DUE = "SELECT " + " OR ".join(
    f"coalesce((SELECT next_at FROM planned_contacts WHERE state = 'waiting' AND channel = '{channel}' "
    "ORDER BY next_at LIMIT 1) <= %(at)s, false)"
    for channel, _ in CHANNELS
)
"""Whether anything is due, channel by channel, by the first in the index: it is asked thirty times a second."""
UNDER_WAY = (
    f"{DUE} OR EXISTS (SELECT FROM contact_attempts WHERE state = 'reserved' AND lease_until > clock_timestamp())"
)
"""The same, and whether a living worker may be sending."""
OPEN_STILL = f"{DUE} OR EXISTS (SELECT FROM contact_attempts WHERE state = 'reserved')"
"""The same, and whether anything is reserved still."""


@dataclass
class Weather:
    """How bad it gets."""

    workers: int = 8
    kills: int = 100
    database_kills: int = 10
    jumps: int = 6
    minutes: float = 0
    """Real minutes after which the rest of the two weeks passes at once (what is planned still lapses); 0: none."""


@dataclass
class Storm:
    """A storm that runs."""

    size: Size
    weather: Weather
    out: Path
    server: Any
    say: Callable[[str], None]
    nursery: Nursery
    killed: dict[str, int] = field(default_factory=lambda: {"worker": 0, "database": 0, "jump": 0})
    fell: int = 0
    """Workers that ended though nobody had killed them."""
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.size.seed + 1)  # noqa: S311
        self.happened = (self.out / "happened.jsonl").open("a", buffering=1)
        self.lock = threading.Lock()
        self.began, self.last_step = time.monotonic(), 0.0
        self.longest_step = LONGEST_STEP_SECONDS + self.size.planned / PLANNED_A_SECOND

    def spawn(self) -> None:
        """Start workers until there are as many as wanted."""
        self.fell += self.nursery.ask(f"keep {self.weather.workers}")

    def dead(self) -> int:
        """How often a worker or the database was killed."""
        return self.killed["worker"] + self.killed["database"]

    def kill_one(self) -> None:
        """Kill a worker, or the database's postmaster."""
        if self.chance.random() < self.weather.database_kills / max(1, self.weather.kills):
            with suppress(ProcessLookupError, TypeError):
                os.kill(self.server.pid, signal.SIGKILL)
                self.killed["database"] += 1
        else:
            self.spawn()
            self.nursery.ask(f"kill {self.chance.randrange(self.weather.workers)}")
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
            "FORBEAR_CONTACT_CARE": "2",
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
        storm = Storm(size, weather, out, server, say, Nursery(env, out / "workers.log"))
        began = time.monotonic()
        _weather(storm)
        took = time.monotonic() - began
        _states(out)
        from forbear.testing.storm.audit import audit

        told = {"killed": storm.killed, "fell": storm.fell, "seconds": round(took), "workers": weather.workers}
        return {**audit(out), **told}


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
            "FORBEAR_CONTACT_CLOCK": "forbear.testing.storm.clock.read",
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
        storm.nursery.end()


def _time_passes(storm: Storm) -> None:
    """Step by step; kills and jumps are spread evenly over the steps of the days on which something is planned."""
    at, end = BEGIN, BEGIN + timedelta(days=DAYS + 2, hours=1)
    days_left = sum(1 for _ in _daytime_steps())
    shown = at.date()
    while at < end:
        if storm.weather.minutes and time.monotonic() - storm.began > storm.weather.minutes * 60:
            storm.say(f"time is up on {at:%d %B}: the rest passes at once")
            at = end - STEP
        at += NIGHT_STEP if _local_hour(at) < 3 or _local_hour(at) >= 23 else STEP
        clock.set_to(storm.out / "clock", at)
        kills = 0.0
        if _is_day(at) and days_left > 0:
            if storm.chance.random() < (storm.weather.jumps - storm.killed["jump"]) / days_left:
                _jump(storm, at)
            kills = (storm.weather.kills - storm.dead()) / days_left
            days_left -= 1
        _until_quiet(storm, at, kills)
        if at.date() != shown:
            shown = at.date()
            storm.say(f"{shown}: {storm.killed}, {time.monotonic() - storm.began:.0f} s")
    while storm.dead() < storm.weather.kills:
        storm.kill_one()
        time.sleep(0.2)


def _daytime_steps() -> Iterator[datetime]:
    for number in range(int(timedelta(days=DAYS) / STEP)):
        if _is_day(BEGIN + number * STEP):
            yield BEGIN + number * STEP


def _local_hour(at: datetime) -> int:
    return (at + timedelta(hours=8)).hour


def _is_day(at: datetime) -> bool:
    return 7 <= _local_hour(at) < 22


def _jump(storm: Storm, at: datetime) -> None:
    """The clock goes wrong for a moment: back, or ahead and back again."""
    storm.killed["jump"] += 1
    hours = storm.chance.choice((-5, -2, -1, 3, 9))
    clock.set_to(storm.out / "clock", at + timedelta(hours=hours))
    time.sleep(1.5)
    clock.set_to(storm.out / "clock", at)


def _until_quiet(storm: Storm, at: datetime, kills: float) -> None:
    """Wait until nothing is due, or long enough; workers and database die meanwhile.

    What is on its way is waited for too, for as long as the providers look back: else two steps pass while one message
    travels, and it comes in by a clock that no sender has seen.
    """
    began = time.monotonic()
    dies = storm.chance.random() < kills
    dies_at = began + storm.chance.random() * max(0.3, storm.last_step / 2)
    while time.monotonic() < began + storm.longest_step:
        travels = time.monotonic() < began + ON_ITS_WAY_SECONDS
        due = _asked(UNDER_WAY if travels else DUE, at)
        if dies and (due is False or time.monotonic() >= dies_at):
            storm.kill_one()
            dies = False
        elif due is False:
            break
        time.sleep(0.03)
    storm.last_step = time.monotonic() - began


def _settle_down(storm: Storm) -> None:
    """No more faults: until nothing is reserved and nothing waits."""
    storm.say("the weather is over; waiting until everything is settled")
    until = time.monotonic() + SETTLE_SECONDS + storm.longest_step
    while time.monotonic() < until:
        if _asked(OPEN_STILL, BEGIN + timedelta(days=DAYS + 30)) is False:
            time.sleep(6)  # what is unknown is asked for a few times more
            return
        storm.spawn()
        time.sleep(0.5)


def _asked(query: str, at: datetime) -> bool | None:
    """A yes or no of the database; None while it is away."""
    from django.db import DatabaseError, InterfaceError, connection

    try:
        with connection.cursor() as cursor:
            cursor.execute(query, {"at": at})
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
        while clock.read() < at and not storm.over.is_set():
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

    on = (clock.read() + timedelta(hours=8)).date()
    whole = PRINCIPAL + INTEREST * TERM
    pay(Payment(f"pay-{number}", f"L{number}", on, whole, f"storm:{number}"), actor="storm", at=clock.read())


def _stop(number: int) -> None:
    from forbear.desk.contact.inbound import stop

    stop(f"B{number}", clock.read())


def _states(out: Path) -> None:
    from django.db import connection

    with connection.cursor() as cursor, (out / "states.jsonl").open("w") as told:
        cursor.execute("SELECT key, state FROM planned_contacts ORDER BY planned_id")
        while rows := cursor.fetchmany(10_000):
            told.writelines(json.dumps({"key": key, "state": state}) + "\n" for key, state in rows)
