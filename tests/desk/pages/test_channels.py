"""The page of channels: whom each reaches and by whom, what waits and why in the reader's language, its switch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forbear.desk.contact import clock, switches
from forbear.desk.contact.models import ChannelState, Planned
from forbear.desk.record.models import Borrower

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 7, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def opened(monkeypatch, user_of):
    """E-mail open to thirty borrowers; one contact put off by a rule, one only waiting for its provider."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    listed = [f"B{n}" for n in range(30)]
    one, two = user_of("manager", "anna"), user_of("compliance", "bo")
    ChannelState.objects.create(
        channel="email", mode="allow_list", allowed=listed, since=NOW, by=one, approved_by=two
    )
    Borrower.objects.create(borrower_id="B1")
    for key, why, rules in (("k1", "1 of 1 used", ["LENDER-FREQ-03"]), ("k2", "throttled", [])):
        Planned.objects.create(
            key=key, borrower_id="B1", channel="email", purpose="overdue", cause=key, why=why, rules=rules,
            not_before=NOW, next_at=NOW, wanted_until=NOW + timedelta(days=1), deferrals=1,
        )  # fmt: skip


def test_it_says_whom_a_channel_reaches_who_opened_it_and_why_something_waits(as_role):
    page = as_role("manager", language="en").get("/channels").content.decode()
    assert "30 borrowers" in page
    assert "by anna, approved by bo" in page
    assert "One text message a day" in page
    assert "throttled" not in page  # nobody put it off: it waits for its turn


def test_in_chinese_the_rules_are_told_by_their_chinese_titles_and_a_shut_channel_is_not_a_closed_case(as_role):
    page = as_role("manager", language="zh-hans").get("/channels").content.decode()
    assert "短信一日一条" in page
    assert "未开通" in page
    assert "结案" not in page


def test_one_channel_is_stopped_and_let_go_on_from_its_own_row(as_role):
    manager = as_role("manager", language="en")
    row = '<input type="hidden" name="channel" value="email"><button>'
    assert f"{row}Stop" in manager.get("/channels").content.decode()
    manager.post("/channels/switch/stop", {"channel": "email"})
    assert (switches.standing("email").mode, switches.standing("sms").mode) == ("stopped", "running")
    page = manager.get("/channels").content.decode()
    assert f"{row}Go on" in page
    assert f"{row}Stop" not in page
    manager.post("/channels/resume", {"channel": "email"})
    assert switches.standing("email").mode == "running"
