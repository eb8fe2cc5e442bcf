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
