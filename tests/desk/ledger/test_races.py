"""Many clients at once on real connections: one key posts once, two payments at once are both right."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Barrier

from django.db import connection

from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.booking import book
from forbear.desk.ledger.models import Entry
from forbear.desk.ledger.refusals import KeyUsed
from forbear.desk.ledger.verify import verify
from forbear.testing.lending import lend

NOW = datetime(2027, 1, 1, tzinfo=UTC)
CLIENTS = 32


def at_once(work):
    """`work(n)` in each of the clients, started together."""
    barrier = Barrier(CLIENTS)

    def client(n):
        try:
            connection.ensure_connection()
            barrier.wait(30)
            return work(n)
        finally:
            connection.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(client, range(CLIENTS)))


def pay(loan, payment_id, key, on=date(2026, 2, 20), amount=1_000):
    return book("payment", loan, on, amount, payment_id, key, actor="a", at=NOW)


def test_one_key_from_32_clients_posts_once(transactional_db):
    lend("L1")
    told = at_once(lambda _n: pay("L1", "P1", "one key"))
    assert sorted(one.again for one in told) == [False] + [True] * (CLIENTS - 1)
    assert len({one.entry_id for one in told}) == 1
    assert balances(["L1"], date(2026, 3, 1))["L1"].paid_total == 1_000


def test_one_key_for_two_loans_posts_once(transactional_db):
    lend("L1")
    lend("L2", borrower_id="B2")

    def one(n):
        try:
            return pay(f"L{1 + n % 2}", f"P{n % 2}", "one key").again
        except KeyUsed:
            return None

    told = at_once(one)
    assert told.count(False) == 1
    assert told.count(None) == CLIENTS // 2
    assert Entry.objects.filter(kind="payment").count() == 1


def test_payments_backdated_and_not_at_once_leave_the_loan_right(transactional_db):
    lend("L1")
    at_once(lambda n: pay("L1", f"P{n}", f"k{n}", date(2026, 2, 1 + n % 28), 1_000 + n))
    assert balances(["L1"], date(2026, 3, 1))["L1"].paid_total == sum(range(1_000, 1_000 + CLIENTS))
    assert list(verify()) == []
