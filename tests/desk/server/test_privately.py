"""On the real desk: no personal value reaches a log, whatever is done; the audit log seals itself, keys rotate."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import urllib.parse

import psycopg
import pytest
import requests

from forbear.desk.server.binaries import reachable
from forbear.testing.desk import PASSWORD, _plain

pytestmark = [pytest.mark.postgres]

VALUES = {
    "name": "张伟三",
    "phone": "13800138000",
    "identity_number": "11010519491231002X",
    "address": "浙江省杭州市西湖区文三路100号",
    "email": "zhang.weisan@private.example",
    "employer": "杭州某某科技有限公司",
}
TEXT = "邻居说她住院了"


def forms(value: str) -> set[str]:
    """A value as it could stand in a log: plain, escaped for JSON, for an address, in bytes."""
    escaped = value.encode("unicode_escape").decode()
    return {value, escaped, urllib.parse.quote(value), value.encode().hex(), repr(value.encode())[2:-1]}


class Browser:
    """Someone at the desk, with a session and its token."""

    def __init__(self, url: str, name: str, password: str = PASSWORD) -> None:
        self.url, self.session = url, requests.Session()
        self.session.get(f"{url}/accounts/login/", timeout=60)
        self.send("POST", "/accounts/login/", data={"login": name, "password": password})

    def send(self, method: str, path: str, **more) -> int:
        token = self.session.cookies.get("csrf", "")
        headers = {"X-CSRFToken": token, "Referer": self.url}
        answer = self.session.request(method, f"{self.url}{path}", headers=headers, timeout=60, **more)
        return answer.status_code


def use_everything(agent: Browser) -> list[int]:
    base = "/api/v1/personal/borrowers/B1"
    said = [agent.send("PUT", f"{base}/values", json={"field": f, "value": v}) for f, v in VALUES.items()]
    said += [agent.send("POST", f"{base}/reveal", json={"field": f, "reason": "contact"}) for f in VALUES]
    said += [
        agent.send("POST", "/api/v1/personal/search", json={"field": f, "value": VALUES[f]})
        for f in ("name", "phone", "identity_number", "email")
    ]
    said.append(agent.send("POST", "/notes/of/B1", data={"text": TEXT}))
    return said


def make_every_mistake(agent: Browser, url: str) -> list[int]:
    base = "/api/v1/personal/borrowers/B1"
    said = []
    for field, value in VALUES.items():
        said += [
            agent.send("PUT", f"{base}/values", json={"field": "email", "value": f"{value} and more"}),
            agent.send("PUT", f"{base}/values", json={"field": field, "value": value, "position": value}),
            agent.send("POST", f"{base}/reveal", json={"field": value, "reason": value}),
            agent.send("POST", "/api/v1/personal/search", data=f'{{"field": "{value}"'.encode()),
            agent.send("GET", f"/api/v1/personal/borrowers/{value}"),
            agent.send("GET", f"/{value}?q={value}"),
            agent.send("GET", f"/accounts/login/?next=/{value}"),
        ]
    Browser(url, VALUES["phone"], VALUES["email"])
    return said


def test_logs_hold_nothing_of_what_was_typed_shown_or_failed(live_desk):
    live_desk.add_user("anna", "agent")
    with psycopg.connect(live_desk.database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO borrowers (borrower_id, time_zone) VALUES ('B1', 'Asia/Shanghai')")
        agent = Browser(live_desk.url, "anna")
        assert set(use_everything(agent)) <= {200, 204, 302}
        assert 500 not in make_every_mistake(agent, live_desk.url)
        connection.execute("ALTER TABLE personal_values RENAME TO broken")
        broken = [agent.send("POST", "/api/v1/personal/search", json={"field": "phone", "value": VALUES["phone"]})]
        connection.execute("ALTER TABLE broken RENAME TO personal_values")
        connection.execute("ALTER TABLE personal_values ADD CONSTRAINT planted CHECK (label <> 'mobile') NOT VALID")
        base = "/api/v1/personal/borrowers/B1/values"
        broken += [agent.send("PUT", base, json={"field": "phone", "value": VALUES["phone"]})]
        connection.execute("ALTER TABLE notes ADD CONSTRAINT planted CHECK (note_id = '') NOT VALID")
        broken.append(agent.send("POST", "/notes/of/B1", data={"text": TEXT}))
        for table in ("personal_values", "notes"):
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT planted")
        assert broken == [500, 500, 500]
    logs = {
        "the desk's": live_desk.log,
        "PostgreSQL's": (reachable(live_desk.data / "postgres") / "log").read_text(errors="replace"),
    }
    assert '"failure"' in logs["the desk's"], "the failures were logged"
    assert "database system is ready" in logs["PostgreSQL's"]
    for whose, log in logs.items():
        for value in (*VALUES.values(), TEXT, "138****8000", "张*三", "+8613800138000"):
            for form in forms(value):
                assert form not in log, f"{whose} log holds {value!r}"


def forbear(*words: str, code: int = 0) -> str:
    command = [sys.executable, "-c", "from forbear.cli import main; main()", *words]
    told = subprocess.run(command, capture_output=True, text=True, check=False, env=_plain())
    assert told.returncode == code, told.stdout + told.stderr
    return told.stdout + told.stderr


def test_a_log_is_sealed_proved_broken_and_found_broken_and_keys_rotate(live_desk, tmp_path):
    data = ("--data", str(live_desk.data))
    values = tmp_path / "people.csv"
    values.write_text("borrower_id,name,phone,phone_label,phone_2\nB2,张伟三,13800138000,mobile,\n", "utf-8")
    with psycopg.connect(live_desk.database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO borrowers (borrower_id) VALUES ('B2')")
        assert "2 values recorded" in forbear("desk", "personal", "import", str(values), *data)
        end = time.monotonic() + 60
        while connection.execute("SELECT count(*) FROM audit_unsealed").fetchone() != (0,):
            assert time.monotonic() < end, live_desk.log
            time.sleep(0.1)
        assert '"audit sealed"' in live_desk.log
        (kept,) = connection.execute(
            "SELECT link_no || ':' || encode(hash, 'hex') FROM audit_links LIMIT 1"
        ).fetchone()
        (tmp_path / "heads").write_text(kept)
        assert re.search(r"re-wrapped [23] data keys", forbear("desk", "keys", "rotate", *data))
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE audit_entries SET actor = 'nobody' WHERE action = 'borrower.import'")
        assert "not as it was sealed" in forbear(
            "audit", "verify", "--heads", str(tmp_path / "heads"), *data, code=1
        )
    assert "13800138000" not in live_desk.log
    assert (live_desk.data / "master-keys").stat().st_mode & 0o077 == 0
