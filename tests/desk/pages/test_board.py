"""The board's figures, by agent and by strategy, against what was written; in few queries however many agents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forbear.desk.record.board import board, since_of
from forbear.desk.record.models import Borrower, Case, Complaint, Contact, Promise

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 10, 6, tzinfo=UTC)


@pytest.fixture
def work(user_of):
    """Two agents' work of some days, on two strategies."""
    anna, ben = user_of("agent", "anna"), user_of("agent", "ben")
    for number in range(6):
        Borrower.objects.create(borrower_id=f"B{number}")
    calls = [
        ("K1", "B1", anna, "s1", "promise", "borrower", 0),
        ("K2", "B2", anna, "s1", "no_answer", None, 0),
        ("K3", "B3", anna, "s2", "conversation", "other", 0),  # somebody else spoke
        ("K4", "B4", ben, "s2", "refused", "borrower", 3),
        ("K5", "B5", None, None, "conversation", "borrower", 20),  # before the desk
        ("K6", "B5", ben, "s2", "conversation", "borrower", 40),  # before the period
    ]
    for contact_id, who, by, strategy, result, party, days in calls:
        Contact.objects.create(
            contact_id=contact_id, borrower_id=who, by=by, strategy=strategy, result=result, party=party,
            channel="call", at=NOW - timedelta(days=days, hours=1),
        )  # fmt: skip
    Contact.objects.create(
        contact_id="K7", borrower_id="B1", channel="call", direction="in", at=NOW - timedelta(hours=2)
    )
    for promise_id, by, contact, strategy, state, days in [
        ("P1", anna, "K1", "s1", "open", 0),
        ("P2", ben, "K4", "s2", "kept", 3),
        ("P3", ben, None, None, "broken", 5),
    ]:
        Promise.objects.create(
            promise_id=promise_id, borrower_id="B1", made_by=by, contact_id=contact, strategy=strategy, state=state,
            amount=1, due_on=NOW.date(), made_at=NOW - timedelta(days=days, hours=1),
        )  # fmt: skip
    Case.objects.create(
        case_id="C4", borrower_id="B4", strategy="s2", closed_because="cured",
        closed_at=NOW - timedelta(hours=1), opened_at=NOW - timedelta(days=9),
    )  # fmt: skip
    Complaint.objects.create(
        complaint_id="X1", borrower_id="B1", channel="call", about=anna, received_at=NOW - timedelta(days=2)
    )
    return anna, ben


def test_the_figures_of_a_period(work):
    told = board(since_of("30", NOW), NOW)
    total = told.total
    assert (total.contacts, total.calls, total.right_party, total.borrowers) == (5, 5, 3, 5)
    assert (total.promises, total.kept, total.broken, total.cures, total.complaints, total.unanswered) == (
        3,
        1,
        1,
        1,
        1,
        1,
    )
    lines = {line.name: line for line in told.agents}
    assert (lines["anna"].contacts, lines["anna"].right_party, lines["anna"].complaints) == (3, 1, 1)
    assert lines["anna"].right_party_rate == pytest.approx(1 / 3)
    assert (lines["ben"].promises, lines["ben"].kept_rate, lines["ben"].cures) == (2, 0.5, 1)
    strategies = {line.name: line for line in told.strategies}
    assert {name: line.contacts for name, line in strategies.items()} == {"s1": 2, "s2": 2, "": 1}
    assert (strategies["s1"].promises, strategies["s2"].promises, strategies[""].promises) == (1, 1, 1)
    assert strategies["s2"].cures == 1


def test_a_shorter_period_tells_of_less(work):
    told = board(since_of("today", NOW - timedelta(hours=5)), NOW)
    assert (told.total.contacts, told.total.promises, told.total.complaints) == (3, 1, 0)
    assert [line.name for line in told.agents] == ["anna", "ben"]  # ben for the cure


def test_nothing_is_told_as_nothing(as_role):
    told = board(NOW - timedelta(days=1), NOW)
    assert (told.total.contacts, told.agents, told.strategies, told.total.right_party_rate) == (0, (), (), None)
    assert (
        "choose a longer period" in as_role("manager", language="en").get("/board?period=nonsense").content.decode()
    )


def test_the_page_takes_few_queries(work, as_role, django_assert_max_num_queries):
    manager = as_role("manager")
    with django_assert_max_num_queries(10):
        manager.get("/board?period=30")
