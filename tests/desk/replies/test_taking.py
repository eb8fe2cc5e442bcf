"""What a borrower writes takes effect at once: stored sealed, the gate shut, the outbox empty, a task opened; once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from forbear.conduct.replies import PROTECTING
from forbear.desk.audit.models import Entry
from forbear.desk.calls import talking
from forbear.desk.contact.inbound import told_reply
from forbear.desk.contact.models import Planned
from forbear.desk.contact.planning import plan
from forbear.desk.privacy import put
from forbear.desk.record import gate
from forbear.desk.record.models import Borrower, Complaint, Contact, Fact, Promise
from forbear.desk.replies import acting
from forbear.desk.replies.models import Incoming, Task
from forbear.desk.replies.taking import take
from tests.desk.replies.conftest import NOON, PHONE

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
SAID = {
    "stop": "别再给我发短信了",
    "wrong_person": "打错了，我不是王丽",
    "dispute": "我没借过这笔钱，金额不对",
    "hardship": "我失业了，没钱还",
    "bereavement": "我爸爸上周去世了",
    "lawyer": "请联系我的律师",
}


def queue(channel="sms", key="k"):
    return plan("B1", channel, purpose="overdue", key=key, cause="test", body="{arrears}", at=NOON)


def allowed(channel="sms"):
    return gate.leave_of("B1", NOON + timedelta(minutes=1), (channel,))[0].allowed


def test_without_a_reply_the_message_may_go(owing):
    assert allowed()


@pytest.mark.parametrize("intent", PROTECTING)
def test_a_protecting_intent_shuts_the_gate_and_empties_the_outbox(owing, anna, intent):
    queue()
    (row,) = take("sms", PHONE, SAID[intent], NOON, "m1")
    assert intent in row.intents
    assert intent in row.acted_on
    assert not allowed()
    assert Planned.objects.get().state == "cancelled"
    task = Task.objects.get(kind=acting.effects()[intent].task)
    assert task.told == anna
    assert Entry.objects.filter(action="reply.acted", facts__intent=intent).exists()
    assert Contact.objects.get(direction="in").result == "reply"


@pytest.mark.parametrize("intent", PROTECTING)
@pytest.mark.parametrize("pack", ["us", "in"])
def test_it_shuts_the_gate_under_any_pack(owing, intent, pack, settings):
    settings.GATE_PACKS = (pack,)
    gate.packs.cache_clear()
    try:
        take("sms", PHONE, SAID[intent], NOON, "m1")
        leaves = gate.leave_of("B1", NOON + timedelta(minutes=1), ("sms", "call", "email", "chat"))
        declined = Fact.objects.filter(fact="channel_declined", channel=None).exists()
        assert declined or not any(leave.allowed for leave in leaves)
        assert not declined or talking.declined_calls("B1", NOON + timedelta(minutes=1))
    finally:
        gate.packs.cache_clear()


def test_a_message_told_again_is_one(owing):
    for _ in range(3):
        take("sms", PHONE, SAID["stop"], NOON, "m1")
        told_reply("p", "sms", PHONE, SAID["stop"], NOON, "m1")
    assert Incoming.objects.count() == Contact.objects.filter(direction="in").count() == 1
    assert Fact.objects.filter(fact="cease_request").count() == 1
    assert Task.objects.count() == 1


def test_the_text_is_sealed(owing):
    take("sms", PHONE, "别再发了，我住在朝阳路", NOON, "m1")
    with connection.cursor() as cursor:
        cursor.execute("SELECT text, message_id, intents FROM incoming")
        sealed = bytes(cursor.fetchone()[0])
    assert "朝阳路".encode() not in sealed
    assert Incoming.objects.get().text == "别再发了，我住在朝阳路"
    assert not any("朝阳路" in str(entry.facts) for entry in Entry.objects.all())


def test_whoever_shares_the_number_is_protected_too(owing):
    Borrower.objects.create(borrower_id="B2")
    put("B2", "phone", PHONE, "tests")
    assert {row.borrower_id for row in take("sms", PHONE, "退订", NOON, "m1")} == {"B1", "B2"}
    assert Fact.objects.filter(fact="cease_request").values_list("borrower_id").count() == 2


def test_a_message_of_nobody_waits_without_its_text(db):
    (row,) = take("sms", "13900000000", "退订", NOON, "m1")
    assert (row.borrower_id, row.state, row.text, row.intents) == (None, "waiting", "", ["stop"])


def test_a_promise_with_day_and_sum_is_written_down(owing):
    take("sms", PHONE, "下周五还500元", NOON, "m1")
    made = Promise.objects.get()
    assert (str(made.due_on), made.amount, made.made_by) == ("2026-07-10", 50_000, None)
    assert Fact.objects.filter(fact="promise_open").exists()


def test_a_vague_promise_asks_a_person(owing):
    take("sms", PHONE, "过几天还", NOON, "m1")
    assert not Promise.objects.exists()
    assert Task.objects.get().kind == "note_promise"


def test_a_dispute_opens_a_complaint_with_its_clock(owing):
    take("sms", PHONE, SAID["dispute"], NOON, "m1")
    made = Complaint.objects.get()
    assert (made.kind, made.clock, str(made.answer_due_on)) == ("dispute", "cn.dispute", "2026-07-15")


def test_danger_marks_her_vulnerable_and_a_person_reads_it(owing):
    (row,) = take("sms", PHONE, "我不想活了", NOON, "m1")
    assert row.state == "waiting"
    assert Fact.objects.filter(fact="vulnerable").exists()


def test_thanks_do_nothing(owing):
    queue()
    (row,) = take("sms", PHONE, "好的", NOON, "m1")
    assert row.state == "done"
    assert allowed()
    assert Planned.objects.get().state == "waiting"
    assert not Task.objects.exists()


def test_all_or_nothing(owing, monkeypatch):
    def fails(*_given, **_more):
        raise RuntimeError

    queue()
    monkeypatch.setattr(acting, "cancel", fails)
    with pytest.raises(RuntimeError):
        take("sms", PHONE, SAID["stop"], NOON, "m1")
    assert not Incoming.objects.exists()
    assert not Fact.objects.filter(fact="cease_request").exists()
    monkeypatch.undo()
    take("sms", PHONE, SAID["stop"], NOON, "m1")  # told again, it takes effect
    assert not allowed()


def test_an_uncertain_message_is_read_by_a_person_who_says_what_it_meant(owing, as_role):
    take("sms", PHONE, "那个事情后来怎么说", NOON, "m1")
    row = Incoming.objects.get()
    assert row.state == "waiting"
    client = as_role("manager", language="en")
    assert "我想问问我妈" in client.get("/inbox").content.decode()
    client.post(f"/inbox/read/{row.pk}", {"intent": ["hardship"]})
    row.refresh_from_db()
    assert (row.state, row.acted_on) == ("done", ["hardship"])
    assert Fact.objects.filter(fact="hardship").exists()


def test_a_task_is_ended_and_a_misreading_undone(owing, as_role):
    take("sms", PHONE, SAID["wrong_person"], NOON, "m1")
    assert not allowed()
    task = Task.objects.get(kind="find_number")
    client = as_role("manager", language="en")
    client.post(f"/inbox/done/{task.pk}", {"outcome": "it was a joke", "misread": "1"})
    task.refresh_from_db()
    assert task.done_at is not None
    assert not Fact.objects.filter(fact="wrong_number", until=None).exists()


def test_an_agent_sees_the_inbox_of_her_queue_alone(owing, as_role):
    take("sms", PHONE, "那个事情后来怎么说", NOON, "m1")
    assert "我想问问" not in as_role("agent", queues=["other"]).get("/inbox").content.decode()
