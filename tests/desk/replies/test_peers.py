"""What users of other systems complain of, as far as words and replies have a part in it; each tried here."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from forbear.desk.contact.models import Planned
from forbear.desk.contact.planning import plan
from forbear.desk.ledger.booking import book
from forbear.desk.replies.taking import take
from forbear.desk.wording import drafting
from forbear.desk.wording.links import link
from forbear.desk.wording.models import Version
from forbear.desk.wording.rendering import render
from forbear.desk.wording.shipping import shipped
from forbear.desk.wording.words import NotWanted
from forbear.testing.lending import lend
from tests.desk.replies.conftest import NOON, PHONE

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


@pytest.fixture
def said(owing, user_of, spoken_for):
    """Renders a step's text message to B1 now."""
    manager, officer = user_of("manager"), user_of("compliance", "second")
    for name, draft in shipped():
        if (draft.language, draft.jurisdiction, draft.channel) != ("zh", "cn", "sms"):
            continue
        row = drafting.write(None, name, draft, "", NOON)
        drafting.propose(manager, row.pk, NOON)
        drafting.approve(officer, row.pk, NOON)

    def render_step(step: str, at=NOON, loans=""):
        row = Version.objects.get(template_id=step, language="zh", jurisdiction="cn", channel="sms")
        planned = SimpleNamespace(template_version=row.pk, channel="sms", purpose="overdue", loan_id=loans, owed=())
        return render(planned, "B1", at).body

    return render_step


def pay(amount, on, loan="L1"):
    book("payment", loan, on, amount, f"P{loan}{on}{amount}", f"k{loan}{on}{amount}", actor="tests", at=NOON)


def test_36_reminders_have_an_end_and_she_can_end_them_herself(owing, client):
    for number in range(5):
        plan("B1", "sms", purpose="overdue", key=f"k{number}", cause="test", body="{arrears}", at=NOON,
             not_before=NOON + timedelta(days=number))  # fmt: skip
    page = client.post(link("stop", "B1").replace("http://testserver", ""))
    assert page.status_code == 200
    assert set(Planned.objects.values_list("state", flat=True)) == {"cancelled"}


def test_38_who_pays_by_herself_is_not_reminded(said):
    pay(300_000, date(2026, 6, 29))
    for step in ("before_due", "late_1_7"):
        with pytest.raises(NotWanted):
            said(step)


def test_40_after_a_stop_nothing_stays_queued_for_ever(owing):
    for channel in ("sms", "email", "call"):
        plan("B1", channel, purpose="overdue", key=channel, cause="test", body="{arrears}", at=NOON)
    take("sms", PHONE, "TD", NOON, "m1")
    assert set(Planned.objects.values_list("state", flat=True)) == {"cancelled"}


def test_40_reminding_of_one_loan_does_not_forget_the_others(said):
    lend("L2", principal=600_00, fee=100)
    assert said("late_1_7", loans="L1") != said("late_1_7")


def test_42_one_message_over_all_overdue_loans(said):
    lend("L2")
    assert "¥2,106.30" in said("late_1_7")  # five installments of 210.63 of each


def test_43_the_next_unpaid_installment_is_the_one_reminded_of(said):
    assert "7月15日" in said("before_due")
    pay(6 * 21_063, date(2026, 6, 29))
    with pytest.raises(NotWanted):
        said("before_due")


def test_lost_opt_outs_a_stop_in_any_words_on_any_channel_is_kept(owing):
    from forbear.desk.record.gate import leave_of

    for number, (channel, text) in enumerate([("email", "please stop writing to me"), ("chat", "莫再打来了")]):
        take(channel, "B1", text, NOON + timedelta(minutes=number), f"m{number}")
    months = NOON + timedelta(days=200)
    assert not any(one.allowed for one in leave_of("B1", months, ("call", "sms", "email", "chat", "app_push")))
