"""The gate as the desk asks it: on the true history, with what is vouched for; contacts reserved ahead."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from forbear.conduct import Cleared, Refusal
from forbear.desk.audit.models import Entry
from forbear.desk.record.gate import CHANNELS, leave_of, reserve
from forbear.desk.record.models import Borrower, Contact, Fact, Vouched

NOON = datetime(2026, 6, 30, 4, tzinfo=UTC)
NIGHT = datetime(2026, 6, 30, 15, tzinfo=UTC)
"""In Shanghai: noon, and eleven at night."""
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
FACTS = {"time_zone": "Asia/Shanghai", "legality_cleared": "true", "number_source": "contract"}


@pytest.fixture
def ready(user_of):
    """A borrower whom the gate knows enough of to be called, and whoever vouches."""
    borrower = Borrower.objects.create(borrower_id="B1")
    for name, value in FACTS.items():
        Fact.objects.create(borrower=borrower, fact=name, value=value)
    officer = user_of("compliance")
    for fact in ("identified", "recorded"):
        Vouched.objects.create(channel="call", fact=fact, grounds="the dialer does it", since=LONG_AGO, by=officer)
    return borrower


def answer(at, channel="call"):
    return {leave.channel: leave for leave in leave_of("B1", at)}[channel]


def test_without_facts_no_channel_is_open(db):
    Borrower.objects.create(borrower_id="B1")
    assert [leave.channel for leave in leave_of("B1", NOON)] == list(CHANNELS)
    assert not any(leave.allowed for leave in leave_of("B1", NOON))


def test_a_call_is_allowed_by_day_and_put_off_by_night(ready):
    assert answer(NOON).allowed
    put_off = answer(NIGHT)
    assert not put_off.allowed
    assert NIGHT < put_off.until < NIGHT + timedelta(hours=12)
    assert leave_of("B1", put_off.until, ["call"])[0].allowed


def test_what_is_no_longer_vouched_for_is_not_known(ready):
    Vouched.objects.filter(fact="recorded").update(until=NOON)
    assert [a.reason for a in answer(NOON).verdict.against] == ["recorded is not known"]
    assert answer(NOON - timedelta(minutes=1)).allowed


def test_what_is_reserved_is_written_before_it_is_made(ready, user_of):
    anna = user_of("agent")
    said = reserve("B1", "visit", datetime.now(UTC), by=anna)
    assert isinstance(said, Refusal)
    assert not Contact.objects.exists()
    assert Entry.objects.get().action == "contact.refused"


@pytest.mark.django_db(transaction=True)
def test_calls_reserved_at_once_never_pass_the_cap(ready, user_of, monkeypatch):
    from forbear.conduct import sending

    lock = sending.lock_borrower
    monkeypatch.setattr(sending, "lock_borrower", lambda *given: lock(*given) and NOON)
    anna, said = user_of("agent"), []

    def call():
        try:
            said.append(reserve("B1", "call", NOON, by=anna))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cleared = [one for one in said if isinstance(one, Cleared)]
    assert len(said) == 12
    assert 1 <= len(cleared) <= 3
    made = Contact.objects.all()
    assert {c.contact_id for c in made} == {one.act.act_id for one in cleared}
    assert {(c.channel, c.result, c.by_id) for c in made} == {("call", None, anna.pk)}
