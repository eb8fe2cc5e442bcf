"""What users of other systems complain of in day-end, locks, speed and reminders (docs/peers.md, 30 to 36), tried."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from forbear.basics.errors import UnreadableFile
from forbear.conduct import Cleared
from forbear.desk.imports import worklist
from forbear.desk.imports.from_desk import close_from_desk
from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.booking import Payment, book, pay_many
from forbear.desk.ledger.models import Entry
from forbear.desk.ledger.verify import verify
from forbear.desk.nights.models import Night
from forbear.desk.record.gate import leave_of, reserve
from forbear.desk.record.models import Borrower, Case, Contact, Fact, Vouched
from forbear.testing.lending import lend

from .acting import NOON, act, at, pay

DAY = date(2026, 4, 1)


@pytest.mark.django_db(transaction=True)
def test_30_a_night_that_fails_half_way_locks_no_loan_and_is_run_again(tmp_path, monkeypatch):
    lend("L1")
    keep = worklist.keep

    def cut(*given):
        if not tried:
            tried.append(given)
            booked = threading.Thread(target=lambda: (pay(date(2026, 2, 20), 100), connections.close_all()))
            booked.start()
            booked.join(30)
            assert not booked.is_alive(), "a payment waited for the night"
            raise RuntimeError("cut")
        keep(*given)

    tried: list[object] = []
    monkeypatch.setattr(worklist, "keep", cut)
    with pytest.raises(RuntimeError, match="cut"):
        close_from_desk(as_of=DAY, out=tmp_path / "out", actor="tests", at=NOON)
    assert not Case.objects.exists()
    assert at(DAY).paid_total == 100
    _, done = close_from_desk(as_of=DAY, out=tmp_path / "out", actor="tests", at=NOON)
    assert (done.opened, Night.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_31_an_overpaid_loan_and_a_missing_model_do_not_break_the_night(tmp_path):
    lend("L1")
    lend("L2", borrower_id="B2")
    pay(date(2026, 2, 20), 500_000)
    told, done = close_from_desk(as_of=DAY, out=tmp_path / "out", actor="tests", at=NOON)
    assert told.portfolio["totals"]["loans"] == 2
    assert done.opened == 1
    with pytest.raises(UnreadableFile, match="model"):
        close_from_desk(as_of=DAY, out=tmp_path / "other", actor="tests", at=NOON, model=tmp_path / "none")
    assert not (tmp_path / "other" / "manifest.json").exists()


@pytest.mark.django_db
def test_33_reposting_one_loan_of_two_thousand_payments_costs_a_fixed_number_of_queries():
    lend("L1", principal=900_000_00, term=60)
    for start in range(0, 2_000, 500):
        days = ((n, date(2026, 2, 1) + timedelta(days=n)) for n in range(start, start + 500))
        pay_many([Payment(f"P{n}", "L1", on, 43_000, f"k{n}") for n, on in days], actor="bank", at=NOON)
    first_interest = 1_350_000
    with CaptureQueriesContext(connection) as asked:
        act("payment", date(2026, 2, 1), first_interest, "backdated", at_=NOON + timedelta(hours=1))
    assert len(asked) < 25
    assert Entry.objects.filter(kind="reversal").count() > 1_000, "what the later payments paid has moved"
    assert list(verify()) == []


@pytest.mark.django_db(transaction=True)
def test_34_write_offs_do_not_wait_for_one_another():
    lend("L1")
    lend("L2", borrower_id="B2")
    done = []

    def other():
        done.append(act("write-off", date(2026, 8, 1), loan_id="L2"))
        connections.close_all()

    with transaction.atomic():
        act("write-off", date(2026, 8, 1))
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(30)
        assert done, "the second waited for the first's transaction"
    assert {b.written_off > 0 for b in balances(["L1", "L2"], date(2026, 8, 1)).values()} == {True}


@pytest.mark.django_db
def test_35_balances_of_many_loans_are_one_query():
    for n in range(12):
        lend(f"L{n}", borrower_id=f"B{n}")
        book("payment", f"L{n}", date(2026, 2, 20), 5_000 + n, f"P{n}", f"k{n}", actor="a", at=NOON)
    with CaptureQueriesContext(connection) as asked:
        assert len(balances([f"L{n}" for n in range(12)], DAY)) == 12
    assert len(asked) == 1


NOW = datetime(2026, 6, 30, 4, tzinfo=UTC)
"""Noon in Shanghai."""


@pytest.fixture
def callable_borrower(db, user_of):
    """Someone whom the gate lets be called now."""
    who = Borrower.objects.create(borrower_id="B1")
    facts = {"time_zone": "Asia/Shanghai", "legality_cleared": "true", "number_source": "contract"}
    Fact.objects.bulk_create(Fact(borrower=who, fact=fact, value=value) for fact, value in facts.items())
    officer = user_of("compliance")
    for fact in ("identified", "recorded"):
        Vouched.objects.create(channel="call", fact=fact, grounds="x", since=NOW - timedelta(days=9), by=officer)
    return who


def test_36_nobody_is_contacted_for_ever(callable_borrower, user_of, monkeypatch):
    from forbear.conduct import sending

    lock = sending.lock_borrower
    monkeypatch.setattr(sending, "lock_borrower", lambda *given: lock(*given) and NOW)
    anna = user_of("agent")
    said = [reserve("B1", "call", NOW, by=anna) for _ in range(12)]
    let = [one for one in said if isinstance(one, Cleared)]
    assert 1 <= len(let) < 12
    assert Contact.objects.count() == len(let)
    assert not leave_of("B1", NOW, ["call"])[0].allowed


def test_36_who_asks_to_stop_is_not_called_on_any_later_day_either(callable_borrower):
    assert leave_of("B1", NOW, ["call"])[0].allowed
    Fact.objects.create(borrower=callable_borrower, fact="cease_request", value="true", since=NOW)
    for days in (0, 1, 30, 365):
        said = leave_of("B1", NOW + timedelta(days=days), ["call"])[0]
        assert (said.allowed, said.until) == (False, None)
