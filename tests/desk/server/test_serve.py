"""`forbear serve` answers, survives what is done to it, and goes cleanly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from forbear.basics.errors import ForbearError
from forbear.desk.server import Embedded
from forbear.desk.server.serving import migrate
from forbear.testing.desk import LiveDesk, open_folder

pytestmark = [pytest.mark.postgres]


def fetch(url: str, host: str | None = None) -> tuple[int, str]:
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def until_ready(desk: LiveDesk, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if fetch(f"{desk.url}/readyz")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(desk.log)


def processes_naming(text: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                said = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if text.encode() in said and int(entry.name) != os.getpid():
                found.append(int(entry.name))
    return found


def test_it_tells_whether_it_lives_is_ready_and_what_it_counts(live_desk):
    assert fetch(f"{live_desk.url}/healthz") == (200, "alive\n")
    assert fetch(f"{live_desk.url}/readyz") == (200, "ready\n")
    assert fetch(f"{live_desk.url}/accounts/login/")[0] == 200
    status, told = fetch(f"{live_desk.url}/metrics")
    assert status == 200
    assert 'forbear_request_seconds_count{method="GET",route="accounts/login/",status="200"} 1.0' in told


def test_probes_answer_a_balancer_that_comes_by_bare_address_and_pages_do_not(live_desk):
    assert fetch(f"{live_desk.url}/healthz", "10.1.2.3")[0] == 200
    assert fetch(f"{live_desk.url}/accounts/login/", "evil.example")[0] == 400


def test_a_log_line_is_json_and_tells_the_route_not_the_address(live_desk):
    fetch(f"{live_desk.url}/accounts/login/?next=/13800138000")
    lines = [json.loads(line) for line in live_desk.log.splitlines()]
    told = [line for line in lines if line["event"] == "request"][-1]
    assert (told["route"], told["status"]) == ("accounts/login/", 200)
    assert "13800138000" not in live_desk.log


def test_its_secrets_are_its_owners_alone(live_desk):
    for name in ("secret-key", "database-password", "running.json", "lock"):
        assert (live_desk.data / name).stat().st_mode & 0o077 == 0, name


def test_a_second_desk_over_the_same_folder_is_refused(live_desk):
    command = [sys.executable, "-c", "from forbear.cli import main; main()", "serve", "--data", str(live_desk.data)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "in use by another desk" in " ".join(told.stderr.split())


def test_an_address_that_others_reach_needs_tls_in_front(tmp_path):
    command = [sys.executable, "-c", "from forbear.cli import main; main()", "serve", "--host", "0.0.0.0"]
    env = {name: value for name, value in os.environ.items() if name != "FORBEAR_PUBLIC_URL"}
    told = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=env)
    assert told.returncode == 2
    assert "FORBEAR_PUBLIC_URL" in told.stderr


def test_killed_database_and_killed_desk_come_back_and_a_stop_leaves_nothing(new_desk):
    new_desk.start()
    with psycopg.connect(new_desk.database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO borrowers (borrower_id) VALUES ('B1')")

    new_desk.kill_database()
    until_ready(new_desk)

    new_desk.kill()
    new_desk.start()
    until_ready(new_desk)
    with psycopg.connect(new_desk.database_url) as connection:
        assert connection.execute("SELECT borrower_id FROM borrowers").fetchall() == [("B1",)]

    # Killed and started again a little later: a command that came in between has waited for it, not taken its place.
    new_desk.kill()
    command = [sys.executable, "-c", "from forbear.cli import main; main()", "desk", "user", "list", "--data"]
    asked = subprocess.Popen(
        [*command, str(new_desk.data)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    time.sleep(1)
    new_desk.start()
    assert asked.wait(60) == 0, asked.communicate()
    asked.stdout.close()
    assert "in use" not in new_desk.log

    assert new_desk.stop() < 5
    assert processes_naming(str(new_desk.data)) == []
    assert not (new_desk.data / "running.json").exists()


def test_two_that_start_at_once_bring_the_tables_up_to_date_once(tmp_path):
    with open_folder() as folder, Embedded(folder / "pg", password="of-this-test") as server:
        env = {**os.environ, "DATABASE_URL": server.url, "DJANGO_SETTINGS_MODULE": "forbear.desk.settings"}
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(migrate, [env, env]))
        with psycopg.connect(server.url) as connection:
            twice = "SELECT app, name FROM django_migrations GROUP BY app, name HAVING count(*) > 1"
            assert connection.execute(twice).fetchall() == []
            assert connection.execute("SELECT count(*) FROM loans").fetchone() == (0,)


def test_a_database_that_does_not_answer_is_told_in_words():
    with pytest.raises(ForbearError, match="does not answer"):
        migrate({**os.environ, "DATABASE_URL": "host=127.0.0.1 port=1 dbname=none"})
