"""Proving the audit log: every link recomputed from the entries as they stand, against the chain and kept heads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from forbear.basics.errors import WrongUse
from forbear.desk.audit.sealing import BEGINNING, CONTENT, Head, link_hash

EVERYTHING = f"""
SELECT l.link_no, entry_id, l.hash, e.entry_id IS NOT NULL, {CONTENT}
FROM audit_links l FULL JOIN audit_entries e USING (entry_id) LEFT JOIN audit_unsealed u USING (entry_id)
WHERE l.link_no IS NOT NULL OR u.entry_id IS NULL ORDER BY l.link_no NULLS LAST, entry_id
"""
WAITING = """
SELECT count(*), count(*) FILTER (WHERE e.entry_id IS NULL)
FROM audit_unsealed LEFT JOIN audit_entries e USING (entry_id)
"""


@dataclass(frozen=True)
class Proof:
    """What a verification found.

    Args:
        links: how many links hold, from the first on.
        waiting: entries not sealed yet; the chain says nothing of them.
        head: the last link that holds.
        broken: the first thing that is wrong, in a sentence; empty: nothing is.
    """

    links: int
    waiting: int
    head: Head
    broken: str


def verify(kept: Iterable[Head] = ()) -> Proof:
    """Recompute the chain in one snapshot of the database, and hold it against heads that were kept elsewhere."""
    heads = {one.link_no: one for one in kept}
    at, broken = Head(0, BEGINNING), ""
    for link_no, entry_id, hashed, there, *content in _rows():
        broken = _wrong(at, link_no, entry_id, hashed, there, content)
        if not broken and (one := heads.get(link_no)) and one.hash != bytes(hashed):
            broken = f"link {link_no} (entry {entry_id}) is not the one that was kept: the chain was made anew"
        if broken:
            break
        at = Head(link_no, bytes(hashed))
    furthest = max(heads, default=0)
    if not broken and furthest > at.link_no:
        broken = f"link {at.link_no + 1} is gone, and all after it: the head kept elsewhere is link {furthest}"
    waiting, gone = _waiting()
    if not broken and gone:
        broken = f"{gone} entries are gone that were not sealed yet"
    return Proof(at.link_no, waiting, at, broken)


def parse_head(text: str) -> Head:
    """A head as `forbear audit head` writes it.

    Raises:
        WrongUse: it is not of the form NUMBER:HASH.
    """
    number, _, hashed = text.strip().partition(":")
    try:
        made = Head(int(number), bytes.fromhex(hashed))
    except ValueError:
        made = Head(-1, b"")
    if made.link_no < 0 or len(made.hash) != len(BEGINNING):
        raise WrongUse(f"{text.strip()!r} is no head", "NUMBER:HASH, as `forbear audit head` writes it")
    return made


def _wrong(at: Head, link_no: int | None, entry_id: int, hashed: Any, there: bool, content: list[Any]) -> str:
    if link_no is None:
        return f"entry {entry_id} was put in beside the chain"
    if link_no != at.link_no + 1:
        return f"link {at.link_no + 1} is gone; the next is {link_no}, of entry {entry_id}"
    if not there:
        return f"entry {entry_id} is gone; link {link_no} was over it"
    if link_hash(at.hash, link_no, entry_id, content) != bytes(hashed):
        return f"entry {entry_id} is not as it was sealed, or its link {link_no} is not in its place"
    return ""


def _rows() -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(EVERYTHING)
        while rows := cursor.fetchmany(5_000):
            yield from rows


def _waiting() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        waiting, gone = cursor.fetchone()
    return waiting, gone
