"""Judging one act at the moment of sending, inside a PostgreSQL transaction, so that no cap is passed in a race.

`reserve` takes the borrower's lock, reads her contacts and facts, asks the gate at the server's own time, and where the
act is allowed writes it down as a contact before anything is sent. The caller commits, and sends only after the commit:

    with connection.transaction():
        said = reserve(connection, {"borrower_id": "B1", "channel": "call"}, packs)
    if isinstance(said, Cleared):
        ...  # send, then settle(connection, contact_id, "no_answer") in a transaction of its own

A worker that dies before its commit leaves nothing; one that dies after leaves a contact whose result is unknown, which
counts as everything a contact can be. Any DB-API connection with `%s` parameters will do (psycopg 2 and 3 are such).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from forbear.basics.errors import WrongUse
from forbear.conduct.clearance import Cleared, Refusal, ask, require_cleared
from forbear.conduct.horizon import horizon
from forbear.conduct.rules import CONTACTS
from forbear.conduct.situation import Contact, Fact, Proposal, contact, facts_of, proposal
from forbear.conduct.stack import Packs

SCHEMA = """
CREATE TABLE IF NOT EXISTS contacts (
    contact_id text PRIMARY KEY, borrower_id text NOT NULL, at timestamptz NOT NULL, channel text NOT NULL,
    direction text NOT NULL DEFAULT 'out', result text, party text, sender text, loan_id text, number text
);
CREATE INDEX IF NOT EXISTS contacts_of_borrower ON contacts (borrower_id, at);
CREATE TABLE IF NOT EXISTS facts (
    borrower_id text NOT NULL, fact text NOT NULL, value text, since timestamptz, until timestamptz,
    loan_id text, number text, sender text, channel text
);
CREATE INDEX IF NOT EXISTS facts_of_borrower ON facts (borrower_id);
"""
"""The two tables that `reserve` reads, as `docs/gate.md` describes them; columns of your own may stand beside."""

LOCK_SPACE = 0x466F7262
"""First half of the advisory lock's key (the letters Forb); the second is a hash of the borrower's id."""

CONTACT_COLUMNS = "contact_id, borrower_id, at, channel, direction, result, party, sender, loan_id, number"
FACT_COLUMNS = "borrower_id, fact, value, since, until, loan_id, number, sender, channel"


def reserve(
    connection: Any,
    act: Mapping[str, Any],
    packs: Packs,
    at: datetime | None = None,
    *,
    contact_id: str | None = None,
) -> Cleared | Refusal:
    """Ask the gate for one act now and, if it is allowed, write it down as a contact, in the caller's transaction.

    Args:
        connection: to PostgreSQL, within a transaction that reads committed rows.
        act: a row as `docs/gate.md` describes acts; an `at` in it, planned earlier, is not used.
        packs: from `load_packs`.
        at: the moment of sending; by default the server's clock once the lock is held.
        contact_id: name of the contact; by default a new one. Acts that are no contact write none.

    Raises:
        WrongUse: the row is no act, or the connection has no transaction that can hold the lock.
    """
    borrower = str(act.get("borrower_id") or "").strip()
    now = lock_borrower(connection, borrower)
    wanted = proposal({**act, "at": at or now}, 1, None, "act")
    facts = _facts_of(connection, [borrower])
    past = _contacts_of(connection, [borrower], horizon(packs, wanted.channel).since(wanted.at, facts))
    said = ask(wanted, facts, past, packs)
    if isinstance(said, Cleared) and wanted.channel in CONTACTS:
        write_down(connection, [(said, contact_id or new_contact_id())])
    return said


def new_contact_id() -> str:
    """A name for a contact that nobody else has."""
    return uuid4().hex


def known_of(connection: Any, borrower_id: str) -> tuple[list[Contact], list[Fact]]:
    """What the gate knows of a borrower: her contacts and the facts about her, as the database has them now."""
    return _contacts_of(connection, [borrower_id], None), _facts_of(connection, [borrower_id])


def known_of_many(
    connection: Any, borrower_ids: Sequence[str], channel: str, at: datetime, packs: Packs
) -> dict[str, tuple[list[Contact], list[Fact]]]:
    """What the gate must know of many borrowers to judge an act on a channel at `at`, in two queries.

    Contacts that lie further back than any rule on the channel looks are left out.
    """
    facts: dict[str, list[Fact]] = {one: [] for one in borrower_ids}
    for fact in _facts_of(connection, borrower_ids):
        facts[fact.borrower_id].append(fact)
    far = horizon(packs, channel)
    begins = [far.since(at, of_one) for of_one in facts.values()]
    known = [one for one in begins if one is not None]
    earliest = min(known) if known and len(known) == len(begins) else None
    past: dict[str, list[Contact]] = {one: [] for one in borrower_ids}
    for held in _contacts_of(connection, borrower_ids, earliest):
        past[held.borrower_id].append(held)
    return {one: (past[one], facts[one]) for one in borrower_ids}


def lock_borrower(connection: Any, borrower_id: str) -> datetime:
    """Wait for the borrower's lock, held until the transaction ends; the server's time once it is held.

    Whoever writes a contact or a fact by another way (a cease request, a call that came in) takes it first as well,
    so that no act is judged on what is just changing.

    Raises:
        WrongUse: no transaction is open, or it works on a snapshot older than the lock.
    """
    key = (LOCK_SPACE, borrower_id)
    began = _one(
        connection,
        "SELECT pg_current_xact_id()::text, current_setting('transaction_isolation') "
        "FROM pg_advisory_xact_lock(%s, hashtext(%s))",
        key,
    )
    still = _one(connection, "SELECT pg_current_xact_id()::text, clock_timestamp()", ())
    if began[0] != still[0]:
        raise WrongUse(
            "no transaction is open, so the borrower's lock is gone", "turn autocommit off, or begin one"
        )
    if began[1] != "read committed":
        raise WrongUse(f"isolation is {began[1]}: contacts made while waiting are not seen", "use read committed")
    now: datetime = still[1]
    return now


def settle(connection: Any, contact_id: str, result: str) -> None:
    """Write the result of a contact that was reserved.

    Raises:
        WrongUse: there is no such contact.
    """
    with connection.cursor() as cursor:
        cursor.execute("UPDATE contacts SET result = %s WHERE contact_id = %s", (result, contact_id))
        if cursor.rowcount != 1:
            raise WrongUse(f"no contact {contact_id!r} to settle")


def write_down(connection: Any, cleared: Sequence[tuple[Cleared, str]]) -> None:
    """Write cleared acts down as contacts, each under its contact id, in one statement; none is sent before that.

    Raises:
        NotCleared: one was not cleared by the gate.
    """
    rows = [_row(require_cleared(one).act, contact_id) for one, contact_id in cleared]
    columns = [list(column) for column in zip(*rows, strict=True)]
    kinds = ("text", "text", "timestamptz", *["text"] * 7)
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO contacts ({CONTACT_COLUMNS}) SELECT * FROM unnest({arrays})", columns)


def _row(act: Proposal, contact_id: str) -> tuple[Any, ...]:
    loans = "|".join(act.loans) or None
    place = (contact_id, act.borrower_id, act.at, act.channel, "out", None)
    return (*place, act.party, act.sender, loans, act.number or None)


def _contacts_of(connection: Any, borrower_ids: Sequence[str], since: datetime | None) -> list[Contact]:
    query = f"SELECT {CONTACT_COLUMNS} FROM contacts WHERE borrower_id = ANY(%s)"
    values: list[Any] = [list(borrower_ids)]
    if since is not None:
        query, values = f"{query} AND at >= %s", [*values, since]
    return [contact(row, n, "contacts") for n, row in enumerate(_rows(connection, query, values), start=1)]


def _facts_of(connection: Any, borrower_ids: Sequence[str]) -> list[Fact]:
    query = f"SELECT {FACT_COLUMNS} FROM facts WHERE borrower_id = ANY(%s)"
    return facts_of(_rows(connection, query, [list(borrower_ids)]), recorded=True)


def _one(connection: Any, query: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return tuple(cursor.fetchone())


def _rows(connection: Any, query: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
