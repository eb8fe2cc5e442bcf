"""Workers for real: stop-everything within a second, a stop said while messages leave, a small storm."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from forbear.desk.contact import switches
from forbear.desk.contact.inbound import stop
from forbear.desk.contact.models import Planned
from forbear.desk.contact.working import work
from forbear.testing.storm.audit import audit

BORROWERS = 40


@pytest.fixture
def busy(transactional_db, request):
    """Forty borrowers, and a worker that sends to a provider which takes one message a request, slowly."""
    outbox = request.getfixturevalue("outbox")
    slow = outbox.put(
        "slow", {"channel": "sms", "kind": "http", "url": outbox.far["a"].url, "batch": 1, "rate": 10_000}
    )
    del outbox.providers["a"]
    outbox.far["a"].manners.late, outbox.far["a"].manners.late_seconds = 1, 0.05
    for number in range(2, BORROWERS + 1):
        outbox.borrower(number)
    for number in range(1, BORROWERS + 1):
        outbox.plan(f"B{number}", key=f"s{number}")
    ended = threading.Event()

    def run():
        try:
            work(ended.is_set, care=60)
        finally:
            connections.close_all()

    worker = threading.Thread(target=run)
    worker.start()
    yield outbox
    ended.set()
    worker.join(20)
    slow.close()


def wait_for(condition):
    until = time.monotonic() + 60
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    assert condition()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_no_message_leaves_a_second_after_everything_was_stopped(busy):
    sent = busy.far["a"].sent
    wait_for(lambda: len(sent) >= 5)
    switches.stop_all("tests", busy.at)
    stopped = time.monotonic_ns()
    time.sleep(1.5)
    assert len(sent) < BORROWERS
    assert max(one["mono"] for one in sent) <= stopped + 1_000_000_000
    count = len(sent)
    switches.resume("tests", busy.at)
    wait_for(lambda: len(sent) == BORROWERS)
    assert count < BORROWERS
    assert len({one["to"] for one in sent}) == BORROWERS


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_once_a_stop_is_acknowledged_nothing_more_goes_to_her(busy):
    sent = busy.far["a"].sent
    wait_for(lambda: len(sent) >= 2)
    told = {}
    for number in range(BORROWERS, BORROWERS - 10, -1):
        stop(f"B{number}", busy.at)
        told[f"+86139{number:08}"] = time.monotonic_ns()
    wait_for(lambda: not Planned.objects.filter(state__in=["waiting", "reserved"]).exists())
    assert not [one for one in sent if one["mono"] > told.get(one["to"], one["mono"])]


@pytest.mark.postgres
def test_a_small_storm_leaves_nothing_that_must_not_be(tmp_path):
    """In a process of its own: it makes its own database and kills it."""
    import subprocess
    import sys

    size = ["--borrowers", "40", "--planned", "300", "--workers", "2", "--kills", "8", "--database-kills", "2"]
    command = [
        sys.executable,
        "-m",
        "forbear.testing.storm",
        *size,
        "--jumps",
        "2",
        "--out",
        str(tmp_path / "storm"),
    ]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-3000:]
    found = json.loads(told.stdout[told.stdout.index("{\n") :])
    assert found["messages"] > 100
    assert sum(found["killed"].values()) >= 8


# --- the auditor itself -------------------------------------------------------------------------------------------

NOON = datetime(2026, 7, 7, 4, tzinfo=UTC)


@pytest.fixture
def told(tmp_path):
    """A storm's files in which all is well: one borrower, one message."""

    def write(messages, happened=(), states=None):
        rows = {
            "borrowers.jsonl": [{"borrower": "B1", "loan": "L1", "phone": "+861", "zone": "Asia/Shanghai"}],
            "planned.jsonl": [{"key": key, "borrower": "B1", "channel": "sms"} for key in ("P1", "P2")],
            "sms-a.log.jsonl": messages,
            "happened.jsonl": happened,
            "states.jsonl": states or [{"key": "P1", "state": "sent"}, {"key": "P2", "state": "lapsed"}],
        }
        for name, lines in rows.items():
            (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
        return {name: count for name, count in audit(tmp_path)["counts"].items() if count}

    return write


def message(key="P1", at=NOON, mono=10**10, to="+861"):
    return {
        "at": at.isoformat(),
        "or_at": at.isoformat(),
        "mono": mono,
        "to": to,
        "text": f"编号 {key}。",
        "id": key,
    }


def test_the_auditor_finds_nothing_where_all_is_well(told):
    assert told([message()]) == {}


def test_the_auditor_finds_a_message_after_a_stop_that_a_provider_knows_the_desk_has(told, tmp_path):
    reply = {"at": NOON.isoformat(), "or_at": NOON.isoformat(), "mono": 10**9, "from": "+861"}
    for text, found in (("TD", {"after a stop": 1}), ("好的", {})):
        (tmp_path / "sms-a.answers.jsonl").write_text(json.dumps({**reply, "text": text}) + "\n")
        assert told([message(mono=9 * 10**9)]) == found


@pytest.mark.parametrize(
    ("messages", "happened", "states", "found"),
    [
        ([message(at=NOON + timedelta(hours=11))], [], None, "outside hours"),
        ([message(), message("P2", mono=2 * 10**10)], [], [{"key": "P1", "state": "sent"}] * 2, "over a cap"),
        ([message(mono=9 * 10**9)], [{"what": "stop", "borrower": "B1", "mono": 10**9}], None, "after a stop"),
        (
            [message(mono=9 * 10**9)],
            [{"what": "paid", "borrower": "B1", "mono": 10**9}],
            None,
            "after full payment",
        ),
        ([message(), message(mono=10**12, at=NOON + timedelta(days=1))], [], None, "sent twice"),
        ([], [], None, "lost without trace"),
        ([message()], [], [{"key": "P1", "state": "reserved"}], "lost without trace"),
        (
            [message()],
            [],
            [{"key": "P1", "state": "lapsed"}, {"key": "P2", "state": "lapsed"}],
            "lost without trace",
        ),
    ],
)
def test_the_auditor_finds_what_is_planted(told, messages, happened, states, found):
    assert found in told(messages, happened, states)
