"""A backup taken under load is whole where it is brought back, on any later version, and to any moment."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from forbear.desk.server import Embedded
from forbear.desk.server.backing import back_up, bring_back
from forbear.desk.server.binaries import binaries, run, unprivileged
from forbear.testing.desk import _plain, open_folder

pytestmark = [pytest.mark.postgres]
PASSWORD = "of-this-test"
OLDER = Path(__file__).parent / "data" / "desk-2026-11-27.dump"
"""A desk of 60 loans with a month of work, backed up by that day's version; `make_older.sh` beside it tells how."""


@pytest.fixture
def place():
    with open_folder() as folder:
        yield folder


class Writers:
    """Four clients that commit numbered rows until told to stop, and remember what was acknowledged and when."""

    def __init__(self, where: str) -> None:
        self.where, self.stopping = where, threading.Event()
        self.acknowledged: list[tuple[datetime, int]] = []
        self.threads = [threading.Thread(target=self._write, args=(n,)) for n in range(4)]

    def __enter__(self) -> Writers:
        with psycopg.connect(self.where) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (n bigint PRIMARY KEY)")
        for thread in self.threads:
            thread.start()
        time.sleep(0.3)
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def _write(self, which: int) -> None:
        with psycopg.connect(self.where, autocommit=True) as connection:
            number = which * 10**6
            while not self.stopping.is_set():
                number += 1
                connection.execute("INSERT INTO kept VALUES (%s)", (number,))
                self.acknowledged.append((datetime.now(UTC), number))


def kept(where: str) -> set[int]:
    with psycopg.connect(where) as connection:
        return {row[0] for row in connection.execute("SELECT n FROM kept")}


def test_a_backup_under_load_has_all_that_was_acknowledged_before_it(place):
    with Embedded(place / "pg", password=PASSWORD) as server, Writers(server.url) as writers:
        before = {number for _, number in list(writers.acknowledged)}
        assert back_up(server.url, place / "one.dump") > 1000
        assert (place / "one.dump").stat().st_mode & 0o077 == 0
        time.sleep(0.2)
    with Embedded(place / "elsewhere", password=PASSWORD) as other:
        bring_back(place / "one.dump", other.url)
        there = kept(other.url)
    assert before <= there < {number for _, number in writers.acknowledged}


def test_a_copy_of_the_cluster_and_its_log_come_back_to_any_moment(place):
    """What docs/operations.md tells whoever runs PostgreSQL to do, by the same commands."""
    archive, copy = place / "archive", place / "copy"
    for folder in (archive, copy):
        folder.mkdir()
        if user := unprivileged():
            shutil.chown(folder, user)
    settings = {"archive_mode": "on", "archive_command": f"test ! -f {archive}/%f && cp %p {archive}/%f"}
    with Embedded(place / "pg", password=PASSWORD, settings=settings) as server:
        base = [binaries() / "pg_basebackup", "-D", copy / "data", "-X", "none", "-c", "fast", "-d", server.url]
        with Writers(server.url) as writers:
            run(base, unprivileged())
            time.sleep(0.3)
            moment = datetime.now(UTC)
            time.sleep(0.3)
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("DROP TABLE kept")  # the disaster
            connection.execute("SELECT pg_switch_wal()")
            name = "SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1) FROM pg_stat_archiver"
            ends = time.monotonic() + 20
            while not connection.execute(name).fetchone()[0]:
                assert time.monotonic() < ends
                time.sleep(0.05)
    (copy / "data" / "recovery.signal").touch()
    if user := unprivileged():
        shutil.chown(copy / "data" / "recovery.signal", user)
    back = {
        "restore_command": f"cp {archive}/%f %p",
        "recovery_target_time": moment.isoformat(),
        "recovery_target_action": "promote",
    }
    with Embedded(copy, password=PASSWORD, settings=back) as restored:
        there = kept(restored.url)
    assert {number for at, number in writers.acknowledged if at < moment} <= there
    assert there < {number for _, number in writers.acknowledged}


def test_a_backup_is_not_written_over_nor_brought_into_a_desk_that_has_data(place):
    with Embedded(place / "pg", password=PASSWORD) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        back_up(server.url, place / "one.dump")
        with pytest.raises(Exception, match="there already"):
            back_up(server.url, place / "one.dump")
        with pytest.raises(Exception, match="has tables"):
            bring_back(place / "one.dump", server.url)
        with pytest.raises(Exception, match="there is no"):
            bring_back(place / "none.dump", server.url)
        with psycopg.connect(server.url) as connection:
            connection.execute("DROP TABLE kept")
        half = place / "half.dump"
        half.write_bytes((place / "one.dump").read_bytes()[:-40])
        with pytest.raises(Exception, match="pg_restore failed"):
            bring_back(half, server.url)


def forbear(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from forbear.cli import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=_plain())


def test_a_desk_of_an_older_version_is_brought_up_to_date_with_its_data_and_proved(place):
    data = place / "desk"
    data.mkdir()
    shutil.copy(OLDER.with_suffix(".keys"), data / "master-keys")
    (data / "master-keys").chmod(0o600)
    told = forbear("desk", "restore", str(OLDER), "--data", str(data))
    assert told.returncode == 0, told.stdout + told.stderr
    assert "60 loans, 0 differences" in told.stdout
    assert "links hold, 0 not sealed" in told.stdout


def test_without_its_master_keys_a_desk_is_back_but_said_not_to_be_whole(place):
    told = forbear("desk", "restore", str(OLDER), "--data", str(place / "desk"))
    assert told.returncode == 1
    assert "are not here" in " ".join(told.stderr.split())
