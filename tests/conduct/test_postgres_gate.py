"""Judging at the moment of sending: no race passes a cap, and a worker that dies leaves no half-done contact."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from one_rule import SHANGHAI, rule, write_pack

from forbear.basics.errors import WrongUse
from forbear.conduct import Cleared, Refusal, load_packs
from forbear.conduct.sending import SCHEMA, lock_borrower, reserve, settle
from forbear.testing.postgres import NoPostgres, binaries, throwaway_postgres

pytestmark = [pytest.mark.postgres]
WORKER = Path(__file__).parent / "send_worker.py"
CAP = 5
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
CALL = {"borrower_id": "B1", "channel": "call"}


@pytest.fixture(scope="module")
def server():
    try:
        binaries()
    except NoPostgres as missing:
        pytest.skip(missing.hint)
    with throwaway_postgres() as where:
        with psycopg.connect(where) as connection:
            connection.execute(SCHEMA)
        yield where


@pytest.fixture
def where(server):
    with psycopg.connect(server) as connection:
        connection.execute("TRUNCATE contacts, facts")
        for n in range(3):
            connection.execute(
                "INSERT INTO facts (borrower_id, fact, value) VALUES (%s, 'time_zone', %s)", (f"B{n}", SHANGHAI)
            )
    return server


@pytest.fixture
def connection(where):
    with psycopg.connect(where) as opened:
        yield opened


@pytest.fixture(scope="module")
def pack_folder(tmp_path_factory):
    """A cap a person over hours, so that midnight makes no difference to a test that runs by the real clock."""
    folder = tmp_path_factory.mktemp("packs") / "cap"
    channels = ["call", "sms", "email", "voice"]
    write_pack(
        folder,
        "cap",
        None,
        rule("frequency", cap=CAP, window={"hours": 24}, channels=channels, count="conversation"),
    )
    return folder


@pytest.fixture(scope="module")
def packs(pack_folder):
    return load_packs([pack_folder])


def kept(connection):
    return connection.execute("SELECT contact_id, result FROM contacts ORDER BY 1").fetchall()


def test_what_is_allowed_is_written_before_it_is_sent(connection, packs):
    act = {
        **CALL,
        "loan_id": "L1|L2",
        "sender": "A1",
        "party": "guarantor",
        "number": "n1",
        "at": "2020-01-01T00:00Z",
    }
    said = reserve(connection, act, packs, NOON, contact_id="c1")
    assert isinstance(said, Cleared)
    assert said.act.at == NOON, "a planned instant is not the moment of sending"
    rows = connection.execute("SELECT * FROM contacts").fetchall()
    assert rows == [("c1", "B1", NOON, "call", "out", None, "guarantor", "A1", "L1|L2", "n1")]


def test_what_is_refused_writes_nothing(connection, packs):
    for n in range(CAP):
        assert isinstance(reserve(connection, CALL, packs, NOON + timedelta(minutes=n)), Cleared)
    said = reserve(connection, {**CALL, "channel": "sms"}, packs, NOON + timedelta(minutes=CAP))
    assert isinstance(said, Refusal)
    assert (said.codes, said.until) == (("R-1",), NOON + timedelta(hours=24))
    assert len(kept(connection)) == CAP


def test_a_result_that_is_known_counts_as_what_it_was(connection, packs):
    for n in range(CAP):
        reserve(connection, CALL, packs, NOON, contact_id=f"c{n}")
    assert isinstance(reserve(connection, CALL, packs, NOON), Refusal)
    settle(connection, "c3", "no_answer")
    assert isinstance(reserve(connection, CALL, packs, NOON, contact_id="c9"), Cleared)
    assert ("c3", "no_answer") in kept(connection)
    with pytest.raises(WrongUse, match="no contact 'c7'"):
        settle(connection, "c7", "no_answer")


def test_facts_of_the_table_are_asked(connection, pack_folder, tmp_path):
    write_pack(tmp_path / "barred", "barred", pack_folder, rule("bar", "R-BAR", states=["cease_request"]))
    barred = load_packs([tmp_path / "barred"])
    assert isinstance(reserve(connection, CALL, barred, NOON), Cleared)
    connection.execute("INSERT INTO facts (borrower_id, fact, since) VALUES ('B1', 'cease_request', %s)", (NOON,))
    said = reserve(connection, CALL, barred, NOON)
    assert isinstance(said, Refusal)
    assert said.codes == ("R-BAR",)
    assert isinstance(reserve(connection, {**CALL, "borrower_id": "B2"}, barred, NOON), Cleared)


def test_a_contact_that_cannot_be_read_is_named_by_its_table_and_row(connection, packs):
    for name, direction in (("c1", "out"), ("c2", "sideways")):
        connection.execute(
            "INSERT INTO contacts (contact_id, borrower_id, at, channel, direction) VALUES (%s, 'B1', %s, 'call', %s)",
            (name, NOON - timedelta(days=3), direction),
        )
    with pytest.raises(WrongUse, match=r"^contacts, row 2\b"):
        reserve(connection, CALL, packs, NOON)


def test_an_act_that_is_no_contact_is_judged_and_not_written(connection, tmp_path):
    write_pack(tmp_path / "fees", "fees", None, rule("bar", states=["hardship"], acts=["fee"]))
    assert isinstance(
        reserve(connection, {**CALL, "channel": "fee"}, load_packs([tmp_path / "fees"]), NOON), Cleared
    )
    assert kept(connection) == []


def test_the_servers_clock_is_the_moment(connection, packs):
    said = reserve(connection, CALL, packs)
    (now,) = connection.execute("SELECT clock_timestamp()").fetchone()
    assert isinstance(said, Cleared)
    assert timedelta(0) <= now - said.act.at < timedelta(seconds=30)


def test_a_history_ahead_of_the_clock_refuses(connection, packs):
    assert isinstance(reserve(connection, CALL, packs, NOON + timedelta(seconds=1)), Cleared)
    said = reserve(connection, CALL, packs, NOON)
    assert isinstance(said, Refusal)
    assert said.codes == ("FORBEAR-CLOCK",)


@pytest.mark.parametrize("wrong", [{"borrower_id": ""}, {"channel": "pigeon"}])
def test_a_row_that_is_no_act_is_refused(connection, packs, wrong):
    with pytest.raises(WrongUse, match="act, row 1"):
        reserve(connection, {**CALL, **wrong}, packs, NOON)


def test_without_a_transaction_nothing_is_reserved(where, packs):
    with psycopg.connect(where, autocommit=True) as bare:
        with pytest.raises(WrongUse, match=r"^no transaction is open") as said:
            reserve(bare, CALL, packs)
        assert said.value.hint == "turn autocommit off, or begin one"
        with bare.transaction():
            assert isinstance(reserve(bare, CALL, packs), Cleared)


@pytest.mark.parametrize("level", [psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE])
def test_a_snapshot_older_than_the_lock_is_refused(connection, packs, level):
    connection.isolation_level = level
    with pytest.raises(WrongUse, match=r"^isolation is") as said:
        reserve(connection, CALL, packs)
    assert said.value.hint == "use read committed"


def test_the_second_waits_for_the_first_and_sees_what_it_did(where, packs):
    with psycopg.connect(where) as first, psycopg.connect(where) as second:
        for _ in range(CAP):
            assert isinstance(reserve(first, CALL, packs), Cleared)
        second.execute("SET lock_timeout = '100ms'")
        second.commit()
        with pytest.raises(psycopg.errors.LockNotAvailable):
            reserve(second, CALL, packs)
        second.rollback()
        other = reserve(second, {**CALL, "borrower_id": "B2"}, packs)
        assert isinstance(other, Cleared), "another borrower's lock is another"
        second.rollback()
        first.commit()
        assert isinstance(reserve(second, CALL, packs), Refusal)


def test_whoever_writes_facts_can_take_the_lock_too(where, packs):
    with psycopg.connect(where) as clerk, psycopg.connect(where) as sender:
        lock_borrower(clerk, "B1")
        sender.execute("SET lock_timeout = '100ms'")
        sender.commit()
        with pytest.raises(psycopg.errors.LockNotAvailable):
            reserve(sender, CALL, packs)


def race(where, pack_folder, seeds, tries, death):
    """Workers let loose at once; the contacts each says were cleared and committed, and the codes they ended with."""
    command = [sys.executable, str(WORKER), where, str(pack_folder)]
    workers = [
        subprocess.Popen(
            [*command, str(seed), str(tries), str(death)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in seeds
    ]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n", worker.stderr.read()
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    outs = [worker.communicate(timeout=60) for worker in workers]
    codes = [worker.returncode for worker in workers]
    assert set(codes) <= {0, -9}, outs
    return [line for out, _ in outs for line in out.split()], codes


def test_many_workers_at_once_never_pass_the_cap(where, pack_folder):
    """Six processes, three loans, two agencies, four channels: each borrower gets what the cap gives, no more."""
    sent, codes = race(where, pack_folder, range(6), 40, 0)
    with psycopg.connect(where) as connection:
        counts = Counter(row[0] for row in connection.execute("SELECT borrower_id FROM contacts"))
        assert counts == {"B0": CAP, "B1": CAP, "B2": CAP}
        assert sorted(sent) == [contact_id for contact_id, _ in kept(connection)]
    assert codes == [0] * 6


def test_workers_killed_within_their_transaction_leave_nothing(where, pack_folder):
    """Each cleared act has an even chance to kill its worker before the commit; the rest go on unharmed."""
    sent, codes = race(where, pack_folder, range(10, 16), 40, 0.5)
    assert -9 in codes
    with psycopg.connect(where) as connection:
        assert sorted(sent) == [contact_id for contact_id, _ in kept(connection)]
    more, _ = race(where, pack_folder, [20], 60, 0)
    with psycopg.connect(where) as connection:
        counts = Counter(row[0] for row in connection.execute("SELECT borrower_id FROM contacts"))
        assert counts == {"B0": CAP, "B1": CAP, "B2": CAP}
        assert len(sent) + len(more) == 3 * CAP
