"""The chain: links over the log's entries, each hashing its entry and the link before it.

Entries are written in the transactions of what they tell of, many at once and without waiting for one another; a
trigger notes each as unsealed. The sealer, one at a time, takes what has been committed, in the order of ids, and
links it. An entry that commits late is still noted and is linked later: none is skipped, whatever commits when.

    hash of link n = SHA-256(hash of link n-1, JSON of [n, entry_id, at, actor, action, subject, facts])

`at` is UTC to the microsecond, `facts` PostgreSQL's text of the jsonb; before the first link stand 32 zero bytes. Who
keeps a head (a link's number and hash) outside the database can prove later that nothing up to it was changed, taken
out, put in or reordered, even by the database's superuser. Every head is also written to the desk's log lines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction

log = structlog.get_logger("forbear.desk.audit")

BATCH = 5_000
LOCK = 0x466F7262_6C6F67
"""Advisory lock of the sealer (the letters Forblog)."""
BEGINNING = bytes(32)

CONTENT = """
    to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.actor, e.action, e.subject, e.facts::text
"""
TAKE = f"""
WITH taken AS (
    DELETE FROM audit_unsealed WHERE entry_id IN (SELECT entry_id FROM audit_unsealed ORDER BY entry_id LIMIT %s)
    RETURNING entry_id)
SELECT t.entry_id, {CONTENT} FROM taken t LEFT JOIN audit_entries e USING (entry_id) ORDER BY t.entry_id
"""
LINK = "INSERT INTO audit_links (link_no, entry_id, hash) SELECT * FROM unnest(%s::int8[], %s::int8[], %s::bytea[])"


class Head(NamedTuple):
    """The last link: its number (0: there is none) and its hash."""

    link_no: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.link_no}:{self.hash.hex()}"


def link_hash(before: bytes, link_no: int, entry_id: int, content: Sequence[str | None]) -> bytes:
    """The hash of a link; `content` is at, actor, action, subject, facts as text."""
    told = json.dumps([link_no, entry_id, *content], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(before + told.encode()).digest()


def head() -> Head:
    """The last link as it stands."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT link_no, hash FROM audit_links ORDER BY link_no DESC LIMIT 1")
        row = cursor.fetchone()
    return Head(row[0], bytes(row[1])) if row else Head(0, BEGINNING)


def seal(*, wait: bool = False) -> int:
    """Link everything that is committed and not linked yet; how many entries.

    Args:
        wait: for another sealer to finish; else, where one is at work, leave it to that one.
    """
    total = 0
    while done := _seal_batch(wait):
        total += done
        if done < BATCH:
            break
    if total:
        log.info("audit sealed", count=total, head=str(head()))
    return total


@transaction.atomic
def _seal_batch(wait: bool) -> int:
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        else:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (LOCK,))
            if not cursor.fetchone()[0]:
                return 0
        last = head()
        cursor.execute(TAKE, (BATCH,))
        links = _links(last, cursor.fetchall())
        if links:
            cursor.execute(LINK, tuple(map(list, zip(*links, strict=True))))
    return len(links)


def _links(last: Head, entries: Sequence[tuple[Any, ...]]) -> list[tuple[int, int, bytes]]:
    links, before = [], last.hash
    for link_no, (entry_id, *content) in enumerate(entries, start=last.link_no + 1):
        before = link_hash(before, link_no, entry_id, content)
        links.append((link_no, entry_id, before))
    return links
