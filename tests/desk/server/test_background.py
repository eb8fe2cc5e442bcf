"""The desk seals its audit log by itself, and its commands prove it, on the real process; keys rotate under it."""

from __future__ import annotations

import subprocess
import sys
import time

import psycopg
import pytest

pytestmark = [pytest.mark.postgres]


def forbear(*words: str, code: int = 0) -> str:
    command = [sys.executable, "-c", "from forbear.cli import main; main()", *words]
    from forbear.testing.desk import _plain

    told = subprocess.run(command, capture_output=True, text=True, check=False, env=_plain())
    assert told.returncode == code, told.stdout + told.stderr
    return told.stdout + told.stderr


def test_a_log_is_sealed_proved_broken_and_found_broken_and_keys_rotate(live_desk, tmp_path):
    data = ("--data", str(live_desk.data))
    values = tmp_path / "people.csv"
    values.write_text("borrower_id,name,phone,phone_label,phone_2\nB1,张伟三,13800138000,mobile,\n", "utf-8")
    with psycopg.connect(live_desk.database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO borrowers (borrower_id) VALUES ('B1')")
        assert "2 values recorded" in forbear("desk", "personal", "import", str(values), *data)
        end = time.monotonic() + 15
        while connection.execute("SELECT count(*) FROM audit_links").fetchone() == (0,):
            assert time.monotonic() < end, live_desk.log
            time.sleep(0.1)
        assert '"audit sealed"' in live_desk.log
        (kept,) = connection.execute("SELECT link_no || ':' || encode(hash, 'hex') FROM audit_links").fetchone()
        (tmp_path / "heads").write_text(kept)
        assert "re-wrapped 2 data keys" in forbear("desk", "keys", "rotate", *data)
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE audit_entries SET actor = 'nobody' WHERE action = 'borrower.import'")
        assert "not as it was sealed" in forbear(
            "audit", "verify", "--heads", str(tmp_path / "heads"), *data, code=1
        )
    assert "13800138000" not in live_desk.log
    assert (live_desk.data / "master-keys").stat().st_mode & 0o077 == 0
