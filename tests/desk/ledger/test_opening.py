"""Loans and payments taken in by the thousand: the same entries as one by one, once only."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from forbear.desk.ledger.balances import balances, every_balance
from forbear.desk.ledger.booking import book
from forbear.desk.ledger.models import Entry
from forbear.desk.ledger.opening import load_events, load_payments, open_loans
from forbear.desk.ledger.verify import verify
from forbear.testing.lending import lend

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def given(loan, random_, count):
    """Payments of a loan; some come before its disbursal."""
    return [
        (
            f"{loan}-{n}",
            loan,
            date(2026, 1, 15) + timedelta(days=random_.randint(-1, 300)),
            random_.randint(1, 40_000),
        )
        for n in range(count)
    ]


def stage(rows):
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS given_payments")
        cursor.execute(
            "CREATE TEMP TABLE given_payments (payment_id text, loan_id text, paid_on date, amount bigint, source text)"
        )
        cursor.executemany("INSERT INTO given_payments VALUES (%s, %s, %s, %s, 'book')", rows)


def net_by_payment():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.cause, p.account, p.component, p.number, sum(p.amount)"
            " FROM ledger_entries e JOIN ledger_postings p USING (entry_id)"
            " GROUP BY 1, 2, 3, 4 HAVING sum(p.amount) <> 0 ORDER BY 1, 2, 3, 4"
        )
        return cursor.fetchall()


def test_payments_in_bulk_are_as_payments_one_by_one():
    random_ = random.Random(7)
    loans = [f"L{n:02}" for n in range(20)]
    for place, loan in enumerate(loans):
        lend(loan, borrower_id=loan, fee=100 * (place % 2))
    rows = [row for loan in loans for row in given(loan, random_, 8)]
    stage(rows)
    assert load_payments("given_payments", actor="import", at=NOW) == len(rows)
    bulk = net_by_payment()
    assert list(verify()) == []
    assert load_payments("given_payments", actor="import", at=NOW) == 0
    for place, loan in enumerate(loans):
        lend(f"M{place:02}", borrower_id=loan, fee=100 * (place % 2))
    for payment_id, loan, on, amount in sorted(rows, key=lambda row: (row[2], row[0])):
        book("payment", loan.replace("L", "M"), on, amount, "M" + payment_id[1:], payment_id, actor="a", at=NOW)
    single = [(cause.replace("M", "L"), *rest) for cause, *rest in net_by_payment() if cause.startswith("M")]
    assert single == [row for row in bulk if row[0].startswith("L")]


def test_loading_more_onto_loans_with_a_history_keeps_all_true():
    lend("L1")
    stage([("P1", "L1", date(2026, 3, 1), 30_000)])
    load_payments("given_payments", actor="import", at=NOW)
    stage(
        [
            ("P1", "L1", date(2026, 3, 1), 30_000),
            ("P0", "L1", date(2026, 2, 1), 5_000),
            ("P2", "L1", date(2026, 4, 1), 0),
        ]
    )
    assert load_payments("given_payments", actor="import", at=NOW) == 1
    assert list(verify()) == []
    assert balances(["L1"], date(2026, 4, 1))["L1"].paid_total == 35_000


def test_events_of_a_book_are_booked_once():
    lend("L1")
    stage([("P1", "L1", date(2026, 3, 1), 30_000)])
    load_payments("given_payments", actor="import", at=NOW)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO loan_events (event_id, loan_id, kind, effective_on, until_on, payment_id) VALUES"
            " ('E1', 'L1', 'reversal', '2026-03-05', NULL, 'P1'),"
            " ('E2', 'L1', 'pause', '2026-03-05', '2026-03-09', NULL)"
        )
    assert load_events("loan_events", actor="import", at=NOW) == 2
    assert load_events("loan_events", actor="import", at=NOW) == 0
    now = balances(["L1"], date(2026, 3, 10))["L1"]
    assert (now.paid_total, now.dpd) == (0, 23 - 5)
    assert list(verify()) == []


def test_opening_again_opens_nothing_twice_and_every_loan_is_listed():
    for n in range(7):
        lend(f"L{n}", borrower_id=f"B{n}")
    assert open_loans(actor="a", at=NOW) == 0
    assert Entry.objects.count() == 14
    listed = list(every_balance(date(2026, 2, 20), at_once=3))
    assert [row.loan_id for row in listed] == [f"L{n}" for n in range(7)]
    assert {row.dpd for row in listed} == {5}
