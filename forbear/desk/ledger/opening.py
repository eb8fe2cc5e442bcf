"""Taking loans into the ledger: disbursal and schedule of each loan that has none yet, and payments in bulk.

All in SQL over the record's tables, so that millions of loans take minutes. Payments that are not plain for this way
(before the disbursal, or of a loan on which anything else was ever booked) go one by one through `booking`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from forbear.desk.ledger.booking import Payment, book, pay_many
from forbear.desk.ledger.named import named, whole_tables
from forbear.desk.ledger.rules import waterfall_order

AT_ONCE = 1_000


def open_loans(
    *, actor: str, at: datetime, rule: str = "oldest_installment", loan_ids: Sequence[str] | None = None
) -> int:
    """Open an account for every loan of the record that has none, with its disbursal and its schedule; how many.

    Args:
        actor: who, a username or a program's name.
        at: the instant at which it becomes known.
        rule: the allocation rule, a name of `forbear/loans/allocations.toml`.
        loan_ids: these loans alone; None: all.

    Raises:
        WrongUse: no such rule.
    """
    order = waterfall_order(rule)
    with transaction.atomic(), connection.cursor() as cursor:
        words = {"actor": actor, "at": at, "rule": rule, "order": list(order or ()) or None}
        words["loans"] = None if loan_ids is None else list(loan_ids)
        with whole_tables(cursor) if loan_ids is None else nullcontext():
            cursor.execute(named("open_loans"), words)
            opened: int = cursor.fetchone()[0]
        return opened


def load_payments(table: str, *, actor: str, at: datetime) -> int:
    """Book every payment of a table (payment_id, loan_id, paid_on, amount, source) that is not booked yet; how many.

    A payment whose id is known is left out, so that loading again books nothing twice. A payment of nothing is left
    out too.

    Args:
        table: a table's own name, qualified; never from people's input.
        actor: who.
        at: the instant at which it becomes known.
    """
    words = {"actor": actor, "at": at}
    with transaction.atomic(), connection.cursor() as cursor:
        with whole_tables(cursor):
            cursor.execute(named("load_payments").replace("{payments}", table), words)
            loaded: int = cursor.fetchone()[0]
        for one in _one_by_one(cursor, table):
            loaded += len(pay_many(one, actor=actor, at=at))
    return loaded


def _one_by_one(cursor: Any, table: str) -> Iterator[list[Payment]]:
    cursor.execute(
        f"SELECT payment_id, loan_id, paid_on, amount, 'book:' || payment_id, coalesce(source, '') FROM {table} AS p"
        " WHERE amount > 0 AND NOT EXISTS"
        " (SELECT FROM ledger_entries AS e WHERE e.kind = 'payment' AND e.cause = p.payment_id)"
        " ORDER BY paid_on, payment_id"
    )
    rows = [Payment(*row) for row in cursor.fetchall()]
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]


def load_events(table: str, *, actor: str, at: datetime) -> int:
    """Book every event of a table as the book has them (event_id, loan_id, kind, effective_on, until_on, payment_id).

    Raises:
        Refused: a reversal of a payment that the ledger does not have.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT v.event_id, v.loan_id, v.kind, v.effective_on, v.until_on, p.entry_id FROM {table} AS v"
            " LEFT JOIN ledger_entries AS p ON p.kind = 'payment' AND p.cause = v.payment_id"
            " WHERE NOT EXISTS (SELECT FROM ledger_entries AS e WHERE e.key = 'event:' || v.event_id)"
            " ORDER BY v.effective_on, v.event_id"
        )
        rows = cursor.fetchall()
        for event_id, loan_id, kind, on, until, entry in rows:
            facts = {"until_on": until or date.max} if kind == "pause" else {"entry": entry}
            book(kind, loan_id, on, None, event_id, f"event:{event_id}", actor=actor, at=at, **facts)
    return len(rows)
