"""The audit: the record of what was sent and answered, held against the desk's tables by plain SQL of its own.

It reads none of the desk's code, so that a fault there does not hide itself. What it holds:

- no acknowledged payment is missing or changed, none is there twice, none is there that nobody sent
- every acknowledged reversal stands once, over the right payment, and none that two people did not decide
- of every book all is there or nothing, and all where the import said that it was done
- the postings of every entry come to zero, and each loan holds what was paid less what was reversed
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import psycopg

from forbear.testing.kills.record import Record

KEY = "api:till:"
PAYMENTS = """
SELECT key, entry_id, loan_id, effective_on::text, amount, cause FROM ledger_entries
WHERE kind = 'payment' AND of_entry IS NULL
"""
REVERSALS = """
SELECT p.cause, count(*) FROM ledger_entries r JOIN ledger_entries p ON p.entry_id = r.reverses
WHERE r.kind = 'reversal' AND r.of_entry IS NULL AND p.kind = 'payment' GROUP BY p.cause
"""
DECIDED = """
SELECT substr(subject, 9), count(*) FROM approvals WHERE kind = 'payments.reverse' AND state = 'executed'
GROUP BY subject
"""
UNBALANCED = "SELECT entry_id, sum(amount) FROM ledger_postings GROUP BY entry_id HAVING sum(amount) <> 0"
OF_BOOK = """
SELECT (SELECT count(*) FROM loans WHERE starts_with(loan_id, %(book)s)),
       (SELECT count(*) FROM ledger_accounts WHERE starts_with(loan_id, %(book)s)),
       (SELECT count(*) FROM installments WHERE starts_with(loan_id, %(book)s)),
       (SELECT count(*) FROM ledger_entries WHERE kind = 'payment' AND starts_with(cause, %(book)s))
"""
HELD = """
SELECT a.loan_id, a.received, coalesce(c.cash, 0) FROM ledger_accounts a LEFT JOIN (
    SELECT e.loan_id, sum(p.amount) AS cash FROM ledger_entries e JOIN ledger_postings p USING (entry_id)
    WHERE p.account = 'cash' AND e.kind <> 'disbursal' GROUP BY e.loan_id
) AS c USING (loan_id)
"""
HEAD = "SELECT link_no || ':' || encode(hash, 'hex') FROM audit_links ORDER BY link_no DESC LIMIT 1"


def audit(record: Record, database: str, *, at_rest: bool) -> tuple[list[str], str]:
    """What is wrong, in sentences; and the head of the audit log's chain, to be kept.

    Args:
        record: of the clients; what they are answered after this begins is not asked for.
        database: libpq string or URL.
        at_rest: nothing is under way any more, so that sums must be equal too.
    """
    acknowledged, reversed_, imported = record.snapshot()
    with psycopg.connect(database) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        paid = connection.execute(PAYMENTS).fetchall()
        undone: dict[str, int] = dict(connection.execute(REVERSALS).fetchall())
        faults = [
            *_of_payments(record, acknowledged, paid),
            *_of_reversals(record, reversed_, undone, dict(connection.execute(DECIDED).fetchall())),
            *_of_books(record, imported, connection),
            *(f"entry {entry} is out of balance by {sum_}" for entry, sum_ in connection.execute(UNBALANCED)),
        ]
        if at_rest:
            faults += _of_money(record, set(undone), connection.execute(HELD).fetchall())
        head = connection.execute(HEAD).fetchone()
    return faults, head[0] if head else ""


def _of_payments(record: Record, acknowledged: dict[str, int], rows: list[tuple[Any, ...]]) -> Iterator[str]:
    by_key = {row[0].removeprefix(KEY): row[1:] for row in rows if row[0].startswith(KEY)}
    for key, entry in acknowledged.items():
        if key not in by_key:
            yield f"acknowledged payment {key} is missing"
        elif by_key[key][0] != entry:
            yield f"payment {key} was answered by entry {entry} and stands as {by_key[key][0]}"
    for key, (_entry, *found) in by_key.items():
        sent = record.sent.get(key)
        if sent is None:
            yield f"payment {key} was sent by nobody"
        elif found != [sent.loan_id, sent.paid_on, sent.amount, sent.payment_id]:
            yield f"payment {key} stands as {found}, not as it was sent"
    for what, place in (("key", 0), ("payment", 5)):
        counted = Counter(row[place] for row in rows)
        yield from (f"{what} {name} is booked {n} times" for name, n in counted.items() if n > 1)


def _of_reversals(
    record: Record, acknowledged: set[str], undone: dict[str, int], decided: dict[str, int]
) -> Iterator[str]:
    yield from (f"acknowledged reversal of {one} is missing" for one in acknowledged - undone.keys())
    yield from (f"{one} was reversed and nobody asked for it" for one in undone.keys() - record.reversing)
    yield from (f"{one} is reversed {n} times" for one, n in undone.items() if n > 1)
    yield from (f"reversal and decision of {one} are not one" for one in undone.items() ^ decided.items())


def _of_books(record: Record, imported: set[str], connection: psycopg.Connection) -> Iterator[str]:
    for name, book in list(record.books.items()):
        found = connection.execute(OF_BOOK, {"book": f"{name}-"}).fetchone()
        whole = (len(book.loans), len(book.loans), 6 * len(book.loans), len(book.payments))
        if found != whole and (name in imported or found != (0, 0, 0, 0)):
            yield f"book {name} is there in part: {found} of {whole}"


def _of_money(record: Record, undone: set[str], rows: list[tuple[Any, ...]]) -> Iterator[str]:
    expected: dict[str, int] = defaultdict(int)
    for key in record.acknowledged:
        one = record.sent[key]
        expected[one.loan_id] += 0 if one.payment_id in undone else one.amount
    for name in record.imported:
        for loan, amount in record.books[name].payments.values():
            expected[loan] += amount
    for loan, received, cash in rows:
        if not received == cash == expected[loan]:
            yield f"loan {loan} holds {received} by its account, {cash} by its postings, was paid {expected[loan]}"
