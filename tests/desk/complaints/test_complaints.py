"""A complaint pauses contact until it is answered, in time by its law, put down to what it is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forbear.basics.errors import WrongUse
from forbear.desk.complaints import taking
from forbear.desk.complaints.rates import rates
from forbear.desk.contact.models import Planned
from forbear.desk.contact.planning import plan
from forbear.desk.record.gate import leave_of
from forbear.desk.record.models import Complaint, Contact
from tests.desk.replies.conftest import NOON

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def allowed():
    return leave_of("B1", NOON + timedelta(minutes=1), ("sms",))[0].allowed


def test_contact_is_paused_until_the_last_is_answered(owing, officer):
    plan("B1", "sms", purpose="overdue", key="k", cause="test", body="{arrears}", at=NOON)
    first = taking.take(officer, "B1", "来电太早", NOON, channel="call")
    second = taking.take(officer, "B1", "态度差", NOON, channel="letter")
    assert not allowed()
    assert Planned.objects.get().state == "cancelled"
    taking.answer(officer, first.pk, "upheld", "抱歉", NOON)
    assert not allowed()
    taking.answer(officer, second.pk, "not_upheld", "已核实", NOON)
    assert allowed()
    with pytest.raises(WrongUse):
        taking.answer(officer, first.pk, "upheld", "again", NOON)


@pytest.mark.parametrize(("place", "days"), [("cn", 15), ("uk", 56), ("us", 15), ("in", 30), ("mars", 15)])
def test_each_law_has_its_clock_with_its_source(place, days):
    clock = taking.clock_of("complaint", place)
    assert clock.days == days
    assert clock.citation
    assert all(isinstance(one.verified, bool) and one.citation for one in taking.clocks().values())


def test_the_day_counts_where_the_lender_is(owing, officer):
    late = datetime(2026, 6, 30, 17, tzinfo=UTC)  # past midnight in Shanghai
    made = taking.take(officer, "B1", "x", late, channel="email")
    assert str(made.answer_due_on) == "2026-07-16"


@pytest.mark.parametrize(
    ("channel", "kind", "text"), [("call", "rant", "x"), ("fax", "complaint", "x"), ("call", "complaint", " ")]
)
def test_what_is_no_complaint_is_refused(owing, officer, channel, kind, text):
    with pytest.raises(WrongUse):
        taking.take(officer, "B1", text, NOON, channel=channel, kind=kind)


def test_it_is_tied_to_the_contact_and_counted_by_channel_agent_and_agency(owing, officer, anna):
    for number in range(4):
        Contact.objects.create(
            contact_id=f"K{number}",
            borrower=owing,
            at=NOON,
            channel="call",
            by=anna,
            sender="QIMING",
            result="no_answer",
        )
    taking.take(officer, "B1", "骂人", NOON, channel="call", contact_id="K1")
    found = {(one.kind, one.name): one for one in rates(NOON - timedelta(days=1), NOON + timedelta(days=1))}
    assert found["channel", "call"].rate == 250
    assert found["agent", str(anna)].complaints == 1
    assert found["agency", "QIMING"].contacts == 4
    with pytest.raises(WrongUse):
        taking.take(officer, "B1", "x", NOON, channel="call", contact_id="nobody's")


def test_the_pages(owing, as_role):
    manager = as_role("manager", language="en")
    assert "within 15 days" in manager.get("/complaints/of/B1").content.decode()
    manager.post("/complaints/take/B1", {"kind": "complaint", "channel": "call", "text": "too many calls"})
    row = Complaint.objects.get()
    assert "too many calls" in manager.get("/complaints").content.decode()
    manager.post(f"/complaints/answer/{row.pk}", {"outcome": "upheld", "text": "we are sorry"})
    row.refresh_from_db()
    assert (row.outcome, row.answer) == ("upheld", "we are sorry")
    assert as_role("agency").get("/complaints/of/B1").status_code == 404


TOLD = {
    "complaint_id": "app-1",
    "borrower_id": "B1",
    "channel": "portal",
    "text": "来电太早",
    "received_at": "2026-06-30T03:00:00Z",
}


def test_by_api_it_is_taken_once_and_pauses_contact(owing, as_role):
    service = as_role("service")
    first = service.post("/api/v1/contact/complaints", TOLD, content_type="application/json")
    again = service.post("/api/v1/contact/complaints", TOLD, content_type="application/json")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["answer_due_on"] == "2026-07-15"
    assert Complaint.objects.count() == 1
    assert not allowed()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"text": "something else"}, 409),
        ({"borrower_id": "B9", "complaint_id": "app-2"}, 404),
        ({"loan_id": "L9", "complaint_id": "app-2"}, 422),
        ({"contact_id": "K9", "complaint_id": "app-2"}, 422),
        ({"received_at": "2100-01-01T00:00:00Z", "complaint_id": "app-2"}, 422),
        ({"text": "", "complaint_id": "app-2"}, 422),
        ({"channel": "fax", "complaint_id": "app-2"}, 422),
    ],
)
def test_by_api_what_cannot_be_is_refused(owing, as_role, change, status):
    service = as_role("service")
    service.post("/api/v1/contact/complaints", TOLD, content_type="application/json")
    told = service.post("/api/v1/contact/complaints", TOLD | change, content_type="application/json")
    assert told.status_code == status, told.content
    assert Complaint.objects.count() == 1
