"""The embedded server keeps what it acknowledged, comes back when killed, and goes when its owner goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from forbear.basics.errors import WrongUse
from forbear.desk.server import DataFolder, Embedded, embedded
from forbear.testing.desk import open_folder

pytestmark = [pytest.mark.postgres]
PASSWORD = "of-this-test"


@pytest.fixture
def place():
    with open_folder() as folder:
        yield folder


@pytest.fixture
def server(place):
    with Embedded(place / "pg", password=PASSWORD) as running:
        yield running


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def answers(where: str) -> bool:
    try:
        psycopg.connect(where, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def test_it_asks_for_its_password_has_checksums_and_speaks_tcp(server):
    with psycopg.connect(server.url) as connection:
        shown = {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in ("data_checksums", "timezone")}
        method = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'forbear'").fetchone()[0]
    assert shown == {"data_checksums": "on", "timezone": "UTC"}
    assert method.startswith("SCRAM-SHA-256")
    assert not answers(server.url.replace(PASSWORD, "wrong"))
    assert not answers(server.conninfo.replace(PASSWORD, "wrong"))
    assert answers(server.conninfo)


def test_killed_it_comes_back_with_what_it_acknowledged(server):
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    for n in range(3):
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("INSERT INTO kept VALUES (%s)", (n,))
        killed = server.pid
        os.kill(killed, signal.SIGKILL)
        until(lambda killed=killed: server.pid != killed and answers(server.url))
    with psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT array_agg(n ORDER BY n) FROM kept").fetchone() == ([0, 1, 2],)


def test_a_recovery_that_takes_longer_than_a_start_may_is_waited_for(server, monkeypatch):
    """It says that it is starting up for three times as long as a silent server is given, and is not stopped for it."""
    monkeypatch.setattr(embedded, "START_SECONDS", 1)
    since, really = [], Embedded._answers

    def answers_late(self):
        since.append(time.monotonic())
        return since[-1] - since[0] > 3 and really(self)

    monkeypatch.setattr(Embedded, "_answers", answers_late)
    monkeypatch.setattr(Embedded, "_recovers", lambda self: True)
    killed = server.pid
    os.kill(killed, signal.SIGKILL)
    until(lambda: since and time.monotonic() - since[0] > 3 and answers(server.url), 60)
    assert server.pid != killed


def test_a_server_that_answers_or_is_gone_does_not_recover(server):
    assert not server._recovers()
    os.kill(server.pid, signal.SIGSTOP)
    try:
        assert not server._recovers()
    finally:
        os.kill(server.pid, signal.SIGCONT)


def test_stopped_and_started_it_has_its_data(place):
    for n in range(2):
        with Embedded(place / "pg", password=PASSWORD) as server, psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
            connection.execute("INSERT INTO kept VALUES (%s)", (n,))
            connection.commit()
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (n + 1,)
        assert not alive(server.pid)


def test_a_pid_file_whose_number_another_program_has_does_not_keep_it_down(place):
    with Embedded(place / "pg", password=PASSWORD) as server:
        pid_file = place / "pg" / "data" / "postmaster.pid"
        left = pid_file.read_text()
    other = subprocess.Popen(["sleep", "60"])
    try:
        pid_file.write_text(left.replace(str(server.pid), str(other.pid), 1))
        with Embedded(place / "pg", password=PASSWORD) as again:
            assert answers(again.url)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


OWNER = """
import sys, time
from pathlib import Path
from forbear.desk.server import Embedded
with Embedded(Path(sys.argv[1]), password="of-this-test") as server:
    print(server.pid, flush=True)
    time.sleep(600)
"""


def test_when_its_owner_is_killed_it_goes_and_the_next_owner_finds_the_data(place):
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(place / "pg")], stdout=subprocess.PIPE, text=True)
    pid = int(owner.stdout.readline())
    assert alive(pid)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    with Embedded(place / "pg", password=PASSWORD) as server:
        assert server.pid != pid
        assert answers(server.url)
    until(lambda: not alive(pid))


def test_a_start_that_was_cut_leaves_no_half_cluster(place):
    half = place / "pg" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with Embedded(place / "pg", password=PASSWORD) as server:
        assert answers(server.url)


def test_a_data_folder_has_one_owner_and_its_secrets_stay(place):
    with DataFolder(place / "data") as held:
        secret = held.secret("key")
        assert len(secret) >= 43
        assert (place / "data" / "key").stat().st_mode & 0o777 == 0o600
        with pytest.raises(WrongUse, match="in use"), DataFolder(place / "data"):
            pass
    with DataFolder(place / "data") as again:
        assert again.secret("key") == secret
        assert again.secret("other") != secret
