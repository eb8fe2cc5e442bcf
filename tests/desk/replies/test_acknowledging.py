"""Who writes is told that it has arrived: once, in approved words, on her channel; some are left in peace."""

from __future__ import annotations

from datetime import timedelta

import pytest

from forbear.desk.contact.models import Planned
from forbear.desk.replies.taking import take
from forbear.desk.wording import drafting
from forbear.desk.wording.shipping import load
from tests.desk.replies.conftest import NOON, PHONE

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


@pytest.fixture
def words(owing, user_of, officer, spoken_for):
    """The shipped acknowledgements, approved."""
    manager = user_of("manager")
    for row in load(NOON):
        if row.template_id in ("reply_taken", "complaint_taken") and row.jurisdiction == "cn":
            drafting.propose(manager, row.pk, NOON)
            drafting.approve(officer, row.pk, NOON)


def waiting():
    return list(Planned.objects.filter(state="waiting").values_list("cause", "channel", "purpose"))


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("我生病住院了，实在没钱还", "reply_taken"),
        ("能不能分期还款", "reply_taken"),
        ("这笔账不对，我没有借过这笔钱", "complaint_taken"),
    ],
)
def test_she_is_told_once_a_day(words, text, cause):
    take("sms", PHONE, text, NOON, "m1")
    assert waiting() == [(cause, "sms", "reply")]
    take("sms", PHONE, text, NOON + timedelta(minutes=5), "m2")
    assert Planned.objects.filter(cause=cause).count() == 1
    assert Planned.objects.get().wanted_until == NOON + timedelta(days=1)


@pytest.mark.parametrize(
    "text",
    ["别再发了", "你打错了，我不认识这个人", "我爸爸上周去世了", "请联系我的律师", "谢谢", "别再发了，这笔账不对"],
)
def test_some_are_not_answered_by_a_program(words, text):
    take("sms", PHONE, text, NOON, "m1")
    assert waiting() == []


def test_without_approved_words_nothing_is_sent(owing):
    take("sms", PHONE, "能不能分期还款", NOON, "m1")
    assert waiting() == []


def test_a_letter_is_not_answered_by_a_program(words):
    take("letter", "B1", "能不能分期还款", NOON, "m1")
    assert waiting() == []
