"""Killed under load the desk loses nothing and doubles nothing; and the auditor who says so finds what is planted."""

from __future__ import annotations

import random
import sys
from datetime import UTC, date, datetime

import pytest

from forbear.desk.ledger.booking import book
from forbear.desk.people.models import User
from forbear.testing.desk import copied, open_folder
from forbear.testing.kills import run
from forbear.testing.kills.auditing import audit
from forbear.testing.kills.books import write_book
from forbear.testing.kills.family import Process, victims
from forbear.testing.kills.record import Record, Sent
from forbear.testing.lending import lend

pytestmark = [pytest.mark.postgres]
NOW = datetime(2026, 7, 2, tzinfo=UTC)
DAY = "2026-02-20"


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_after_twelve_kills_nothing_acknowledged_is_missing_or_doubled(started_once):
    with open_folder() as folder:
        copied(started_once, folder / "desk")
        figures = run(seed=SEED, kills=12, folder=folder, say=print, loans=60, books=1, audit_every=6)
        log = (folder / "desk.log").read_text()
    assert figures.faults == [], log[-3000:]
    assert figures.kills.total() == 12
    assert figures.audits == 3
    assert figures.acknowledged == figures.sent > 100
    assert figures.counts["reversed"] > 0
    assert figures.counts["imported"] == 1


SEED = 42
"""Its twelve kills strike nine of the ten kinds, all but the web server itself."""


DECIDED = """
INSERT INTO approvals (approval_id, kind, payload, subject, state, proposed_by_id, decided_by_id, proposed_at,
    decided_at, expires_at, reason)
VALUES (gen_random_uuid(), 'payments.reverse', '{}', 'payment:P-k1', 'executed', %s, %s, now(), now(), now(), '')
"""


@pytest.fixture
def record(tmp_path):
    made = Record(tmp_path / "record.jsonl")
    yield made
    made.close()


@pytest.fixture
def audited(record, committed, postgres, tmp_path):
    """Two payments booked and acknowledged, one of them reversed and so decided; a book that is not there."""
    lend("L1")
    for n in range(2):
        sent = Sent(f"k{n}", f"P-k{n}", "L1", DAY, 1_000)
        record.sending(sent)
        receipt = book("payment", "L1", date(2026, 2, 20), 1_000, f"P-k{n}", f"api:till:k{n}", actor="till", at=NOW)
        record.answered(sent.key, receipt.entry_id, 0.0)
    book("reversal", "L1", date(2026, 2, 25), None, "a", "r", actor="chen", at=NOW, entry=receipt.entry_id)
    record.books["B1"] = write_book(tmp_path, "B1", 2, random.Random(1))
    connection = committed(autocommit=True)
    connection.execute("SET session_replication_role = replica")  # past the tables' own guards
    connection.execute(DECIDED, [User.objects.create_user(name, role="manager").pk for name in ("mei", "chen")])
    record.reversing.add("P-k1")
    record.reversed.add("P-k1")
    return connection, lambda: audit(record, postgres, at_rest=True)[0]


def test_the_auditor_has_nothing_to_say_of_a_true_ledger(audited):
    assert audited[1]() == []


PAID = "SELECT entry_id FROM ledger_entries WHERE cause = 'P-k0' AND of_entry IS NULL"
PLANTED = {
    "acknowledged payment k0 is missing": f"DELETE FROM ledger_entries WHERE entry_id IN ({PAID})",
    "not as it was sent": f"UPDATE ledger_entries SET amount = 999 WHERE entry_id IN ({PAID})",
    "sent by nobody": f"UPDATE ledger_entries SET key = 'api:till:other' WHERE entry_id IN ({PAID})",
    "stands as": f"UPDATE ledger_entries SET entry_id = 999 WHERE entry_id IN ({PAID})",
    "booked 2 times": "DROP INDEX ledger_payment_once; INSERT INTO ledger_entries (loan_id, kind, effective_on,"
    " booked_at, amount, cause, actor, key) SELECT loan_id, kind, effective_on, booked_at, amount, cause, actor,"
    f" 'again' FROM ledger_entries WHERE entry_id IN ({PAID})",
    "out of balance": f"UPDATE ledger_postings SET amount = amount + 1 WHERE line = 1 AND entry_id IN ({PAID})",
    "by its account": "UPDATE ledger_accounts SET received = received + 1",
    "acknowledged reversal of P-k1 is missing": "DELETE FROM ledger_entries WHERE kind = 'reversal'",
    "are not one": "DELETE FROM approvals",
    "there in part": "INSERT INTO loans (loan_id, borrower_id, disbursed_on, principal, annual_rate, term) VALUES"
    " ('B1-0000', 'B1', '2025-01-15', 1, 0, 1)",
}


@pytest.mark.parametrize("fault", PLANTED)
def test_the_auditor_finds_what_is_planted(audited, fault):
    connection, found = audited
    index = connection.execute("SELECT pg_get_indexdef('ledger_payment_once'::regclass)").fetchone()[0]
    for statement in PLANTED[fault].split("; "):
        connection.execute(statement)
    try:
        assert any(fault in one for one in found()), found()
    finally:
        connection.execute("TRUNCATE ledger_entries, ledger_postings CASCADE")
        connection.execute(index.replace("CREATE UNIQUE INDEX", "CREATE UNIQUE INDEX IF NOT EXISTS"))


def test_two_answers_to_one_key_and_a_book_that_was_said_to_be_whole_are_faults(record, audited):
    _, found = audited
    record.answered("k0", 999, 0.0)
    record.imported.add("B1")
    assert record.faults
    assert any("there in part" in one for one in found())


def test_each_kind_of_kill_finds_its_own():
    tree = [
        Process(10, 1, "python -c main serve --data /d"),
        Process(11, 10, "/pg/bin/postgres -D /d/postgres/data"),
        Process(12, 11, "postgres: checkpointer"),
        Process(13, 11, "postgres: forbear postgres 127.0.0.1(5) idle"),
        Process(20, 10, "gunicorn: master [gunicorn]"),
        Process(21, 20, "gunicorn: worker [gunicorn]"),
        Process(30, 10, "python -m forbear.desk.server.background"),
        Process(40, 1, "python -c from forbear.cli import main; main() desk import /b --data /d"),
    ]
    struck = {
        "a worker of the web server": [21],
        "the web server": [20],
        "the desk's first process": [10],
        "the background": [30],
        "the database": [11],
        "a backend of the database": [13],
        "a helper of the database": [12],
        "an import": [40],
        "the database and all its children": [11, 12, 13],
        "everything at once": [one.pid for one in tree],
    }
    assert {kind: victims(kind, tree, 10, random.Random(1)) for kind in struck} == struck
    assert victims("an import", tree[:2], 10, random.Random(1)) == []
