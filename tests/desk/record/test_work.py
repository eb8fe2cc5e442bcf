"""An agent's work: one winner of a case, outcomes once, promises that can be, notes that say something."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connections

from forbear.basics.errors import WrongUse
from forbear.desk.audit.models import Entry
from forbear.desk.record import work
from forbear.desk.record.models import Borrower, Case, Contact, Note
from forbear.desk.record.visible import visible_cases

NOW = datetime(2026, 6, 30, 4, tzinfo=UTC)


@pytest.fixture
def three_cases(db):
    for number in (1, 2, 3):
        borrower = Borrower.objects.create(borrower_id=f"B{number}")
        Case.objects.create(case_id=f"C{number}", borrower=borrower, priority=number * 100)


def holder(case_id):
    return Case.objects.get(case_id=case_id).claimed_by


def test_a_case_is_held_by_one_until_the_claim_ends(three_cases, user_of):
    anna, bo = user_of("agent", "anna"), user_of("agent", "bo")
    assert work.claim(anna, "C1", visible_cases(anna), NOW)
    assert not work.claim(bo, "C1", visible_cases(bo), NOW)
    assert work.claim(anna, "C1", visible_cases(anna), NOW + timedelta(minutes=10))
    assert not work.claim(bo, "C1", visible_cases(bo), NOW + work.CLAIM)
    assert work.claim(bo, "C1", visible_cases(bo), NOW + timedelta(minutes=10) + work.CLAIM)
    assert holder("C1") == bo
    assert not work.release(anna, "C1")
    assert work.release(bo, "C1", date(2026, 7, 2))
    assert holder("C1") is None


def test_the_next_case_is_the_most_urgent_that_is_free_and_due(three_cases, user_of):
    anna, bo = user_of("agent", "anna"), user_of("agent", "bo")
    Case.objects.filter(case_id="C3").update(next_action_on=NOW.date() + timedelta(days=1))
    assert work.claim_next(anna, visible_cases(anna), NOW).case_id == "C2"
    assert work.claim_next(bo, visible_cases(bo), NOW).case_id == "C1"
    assert work.claim_next(anna, visible_cases(anna), NOW) is None
    assert work.claim_next(bo, visible_cases(bo), NOW + timedelta(days=1)).case_id == "C3"


def test_an_agency_gets_only_its_own(three_cases, user_of):
    partner = user_of("agency")
    assert work.claim_next(partner, visible_cases(partner), NOW) is None
    assert not work.claim(partner, "C1", visible_cases(partner), NOW)
    Case.objects.filter(case_id="C1").update(agency=partner.agency)
    assert work.claim_next(partner, visible_cases(partner), NOW).case_id == "C1"


@pytest.mark.django_db(transaction=True)
def test_of_many_who_claim_one_case_at_once_one_wins(three_cases, user_of):
    agents = [user_of("agent", f"agent{n}") for n in range(10)]
    won, started = [], threading.Barrier(len(agents))

    def try_it(agent):
        try:
            started.wait()
            if work.claim(agent, "C1", visible_cases(agent), NOW):
                won.append(agent)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=try_it, args=(agent,)) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [holder("C1")] == won
    assert Entry.objects.filter(action="case.claim").count() == 1


def test_the_outcome_of_a_call_is_recorded_once_by_whoever_made_it(three_cases, user_of):
    anna, bo = user_of("agent", "anna"), user_of("agent", "bo")
    Contact.objects.create(contact_id="K1", borrower_id="B1", at=NOW, channel="call", by=anna)
    with pytest.raises(WrongUse, match="no outcome"):
        work.settle_call(anna, "K1", "shouted")
    with pytest.raises(WrongUse, match="no such call"):
        work.settle_call(bo, "K1", "no_answer")
    work.settle_call(anna, "K1", "no_answer")
    with pytest.raises(WrongUse, match="no such call"):
        work.settle_call(anna, "K1", "conversation")
    assert Contact.objects.get().result == "no_answer"


def test_a_note_is_kept_with_who_and_when(three_cases, user_of):
    anna = user_of("agent")
    with pytest.raises(WrongUse):
        work.note(anna, "B1", "  ", NOW)
    work.note(anna, "B1", " will call back \n", NOW)
    assert Note.objects.get().text == "will call back"
    assert [e.action for e in Entry.objects.order_by("entry_id")] == ["note.written"]
