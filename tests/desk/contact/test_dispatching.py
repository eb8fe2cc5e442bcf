"""The dispatcher, step by step: what leaves, what waits, what never does, and what is written down of each."""

from __future__ import annotations

from forbear.desk.contact.dispatching import step
from forbear.desk.contact.models import Planned
from forbear.desk.record.models import Contact


def test_a_planned_contact_leaves_once_with_the_sum_owed_then(outbox):
    outbox.plan()
    done = step(outbox.providers["a"])
    assert (done.claimed, done.sent) == (1, 1)
    (sent,) = outbox.far["a"].sent
    assert sent["to"] == "+8613900000001"
    assert sent["text"] == "您有 1,053.15 元逾期，如已还请忽略。"
    assert outbox.states() == ["sent"]
    assert Contact.objects.get().result == "sent"
    assert step(outbox.providers["a"]).idle
    assert Planned.objects.get().why == ""
