"""The chain over the audit log: nothing skipped, and every change found, by whatever hand it was made."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, connection, transaction

from forbear.desk.audit.log import record
from forbear.desk.audit.models import Entry, Link, Unsealed
from forbear.desk.audit.sealing import Head, head, link_hash, seal
from forbear.desk.audit.verifying import parse_head, verify

pytestmark = [pytest.mark.postgres]


def write(count: int, first: int = 1) -> None:
    for number in range(first, first + count):
        record("importer", "book.import", f"book:{number}", amount=number, why='张三 " \\')


def tamper(sql: str) -> None:
    """Change what stands there as the superuser can: with the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET session_replication_role = replica; {sql}; SET session_replication_role = origin")


def nth(number: int) -> int:
    return int(Link.objects.get(link_no=number).entry_id)


def test_a_sealed_log_holds_and_its_head_follows_from_its_entries(db):
    write(5)
    assert verify().waiting == 5
    assert seal() == 5
    proof = verify()
    assert (proof.links, proof.waiting, proof.broken) == (5, 0, "")
    assert seal() == 0
    write(2)
    assert seal() == 2
    assert verify([proof.head]).links == 7
    assert str(verify().head) == str(head()) == str(parse_head(str(head())))
    entry = Entry.objects.order_by("entry_id").first()
    told = (entry.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), entry.actor, entry.action, entry.subject)
    with connection.cursor() as cursor:
        cursor.execute("SELECT facts::text FROM audit_entries WHERE entry_id = %s", (entry.pk,))
        expected = link_hash(bytes(32), 1, entry.pk, (*told, cursor.fetchone()[0]))
    assert bytes(Link.objects.get(link_no=1).hash) == expected


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "actor = 'another'",
        "action = 'book.imports'",
        "subject = 'book:4'",
        "facts = facts || '{\"amount\": 4}'",
        "facts = facts - 'why'",
        "facts = '{}'",
        "entry_id = entry_id + 1000",
        "actor = action, action = actor",
    ],
)
def test_a_change_of_any_field_is_found_and_named(db, change):
    write(5)
    seal()
    entry = nth(3)
    tamper(f"UPDATE audit_entries SET {change} WHERE entry_id = {entry}")
    proof = verify()
    assert proof.links == 2
    assert f"entry {entry} " in proof.broken


SWAP = """
UPDATE audit_entries a SET (at, actor, action, subject, facts) = (b.at, b.actor, b.action, b.subject, b.facts)
FROM (SELECT * FROM audit_entries) b WHERE (a.entry_id, b.entry_id) IN (({two}, {three}), ({three}, {two}))
"""


@pytest.mark.parametrize(
    ("sql", "links", "said"),
    [
        ("DELETE FROM audit_entries WHERE entry_id = {three}", 2, "entry {three} is gone"),
        (
            "DELETE FROM audit_entries WHERE entry_id = {three}; DELETE FROM audit_links WHERE link_no = 3",
            2,
            "link 3 is gone",
        ),
        ("DELETE FROM audit_links WHERE link_no = 5", 4, "entry {five} was put in beside"),
        (
            "INSERT INTO audit_entries (actor, action, subject) VALUES ('x', 'y', 'z')",
            5,
            "was put in beside the chain",
        ),
        (SWAP, 1, "entry {two} is not as it was sealed"),
        (
            "UPDATE audit_links SET link_no = 6 WHERE link_no = 4; "
            "UPDATE audit_links SET link_no = 4 WHERE link_no = 5; "
            "UPDATE audit_links SET link_no = 5 WHERE link_no = 6",
            3,
            "entry {five} is not as it was sealed",
        ),
        ("UPDATE audit_links SET hash = sha256(hash) WHERE link_no = 3", 2, "entry {three} is not"),
    ],
)
def test_what_is_taken_out_put_in_or_reordered_is_found(db, sql, links, said):
    write(5)
    seal()
    named = {"two": nth(2), "three": nth(3), "five": nth(5)}
    tamper(sql.format(**named))
    proof = verify()
    assert proof.links == links
    assert said.format(**named) in proof.broken


def test_an_end_cut_off_and_a_chain_made_anew_are_found_by_a_head_kept_elsewhere(db):
    write(5)
    seal()
    kept = head()
    last = nth(5)
    tamper(f"DELETE FROM audit_entries WHERE entry_id = {last}; DELETE FROM audit_links WHERE link_no = 5")
    assert verify().broken == "", "the database alone cannot know"
    assert "link 5 is gone" in verify([kept]).broken
    tamper("DELETE FROM audit_links; UPDATE audit_entries SET actor = 'another'")
    tamper("INSERT INTO audit_unsealed SELECT entry_id FROM audit_entries")
    seal()
    assert verify().broken == ""
    assert "gone" in verify([kept]).broken
    write(1)
    seal()
    assert "made anew" in verify([kept]).broken


def test_an_entry_taken_out_before_it_was_sealed_is_found_before_and_after(db):
    write(3)
    tamper("DELETE FROM audit_entries WHERE subject = 'book:2'")
    assert "1 entries are gone" in verify().broken
    seal()
    assert "is gone; link 2 was over it" in verify().broken


def test_a_head_must_look_like_one():
    for text in ("", "5", "5:zz", "x:00", "-1:" + "0" * 64, "5:" + "0" * 62):
        with pytest.raises(Exception, match="is no head"):
            parse_head(text)
    assert parse_head("0:" + "0" * 64) == Head(0, bytes(32))


@pytest.mark.parametrize("table", ["audit_entries", "audit_links"])
@pytest.mark.parametrize("act", ["DELETE FROM {}", "UPDATE {} SET entry_id = entry_id + 1", "TRUNCATE {}"])
def test_the_tables_refuse_changes_to_whoever_leaves_the_triggers_on(db, table, act):
    write(1)
    seal()
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_not_emptied")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(act.format(table))


def test_an_entry_that_commits_late_is_sealed_later_and_nobody_waits(committed):
    late = committed()
    late.execute("INSERT INTO audit_entries (actor, action, subject) VALUES ('late', 'x', 'y')")
    write(3)
    assert seal() == 3, "the open transaction holds nothing up"
    assert verify().broken == ""
    late.commit()
    assert seal() == 1
    assert Link.objects.get(link_no=4).entry_id == Entry.objects.get(actor="late").pk
    assert verify().broken == ""


def test_many_writers_and_sealers_at_once_leave_one_whole_chain(committed):
    def write_some() -> None:
        for _ in range(20):
            with transaction.atomic():
                record("writer", "x", "y")
        connection.close()

    def seal_some() -> None:
        for _ in range(10):
            seal()
        connection.close()

    threads = [threading.Thread(target=work) for work in [write_some] * 6 + [seal_some] * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    seal(wait=True)
    proof = verify()
    assert (proof.links, proof.waiting, proof.broken) == (120, 0, "")
    assert not Unsealed.objects.exists()
