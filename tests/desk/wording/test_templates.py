"""From a draft to words in force, and the words of a planned message at the moment of sending."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.audit.models import Entry
from forbear.desk.ledger.booking import book
from forbear.desk.record.models import Fact
from forbear.desk.wording import drafting, rendering
from forbear.desk.wording.checking import Draft
from forbear.desk.wording.choosing import in_force, version_for
from forbear.desk.wording.links import link
from forbear.desk.wording.models import Version
from forbear.desk.wording.rendering import render
from forbear.desk.wording.shipping import load
from forbear.desk.wording.tables import steps
from forbear.desk.wording.words import NotSendable, NotWanted
from tests.desk.replies.conftest import NOON

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
BODY = "【{lender}】{name}，您好，已逾期{days_late}天，金额{arrears}。有困难请致电{phone}。{stop_word} {see_link}"


def draft(body=BODY, channel="sms", subject=""):
    return Draft(steps()["late_1_7"], "zh", channel, "cn", body, subject)


@pytest.fixture
def manager(user_of):
    return user_of("manager")


@pytest.fixture
def approved(manager, officer, spoken_for):
    row = drafting.write(manager, "late", draft(), "first", NOON)
    drafting.propose(manager, row.pk, NOON)
    return drafting.approve(officer, row.pk, NOON)


def planned(row, **more):
    given = {"template_version": row.pk, "channel": "sms", "purpose": "overdue", "loan_id": "", "owed": ()}
    return SimpleNamespace(**{**given, **more})


def test_words_are_in_force_once_another_of_compliance_has_approved(manager, officer, approved):
    assert (approved.state, approved.approved_by, approved.number) == ("approved", officer, 1)
    assert version_for("late_1_7", "sms", "zh-hans", "cn") == approved
    second = drafting.write(manager, "late", draft(BODY + " 谢谢"), "thanks", NOON)
    assert second.number == 2
    drafting.propose(manager, second.pk, NOON)
    assert version_for("late_1_7", "sms", "zh", "cn") == approved
    drafting.approve(officer, second.pk, NOON)
    assert in_force(approved.pk) == second
    assert Version.objects.filter(state="approved").count() == 1
    assert Entry.objects.filter(action="template.approved").count() == 2


def test_who_wrote_or_proposed_does_not_approve(manager, officer, user_of, spoken_for):
    mine = drafting.write(officer, "late", draft(), "", NOON)
    drafting.propose(manager, mine.pk, NOON)
    with pytest.raises(AnswerIsNo):
        drafting.approve(officer, mine.pk, NOON)  # she wrote it, though another proposed it
    with pytest.raises(PermissionDenied):
        drafting.approve(manager, mine.pk, NOON)
    drafting.approve(user_of("compliance", "third"), mine.pk, NOON)
    with pytest.raises(WrongUse):
        drafting.approve(user_of("compliance", "fourth"), mine.pk, NOON)


def test_what_was_written_stays(approved):
    with pytest.raises(DatabaseError, match="words of version"), transaction.atomic():
        Version.objects.filter(pk=approved.pk).update(body="other words")


def test_a_bad_draft_is_not_kept(manager, db):
    with pytest.raises(WrongUse, match="cannot be kept"):
        drafting.write(manager, "late", draft("还钱！"), "", NOON)
    assert not Version.objects.exists()


def test_the_words_come_with_the_ledgers_sums_of_now(owing, approved):
    words = render(planned(approved), "B1", NOON)
    assert "¥1,053.15" in words.body
    assert "样女士" in words.body
    assert words.facts == {"identified": "true", "opt_out_offered": "true"}
    assert words.language == "zh-hans"
    book("payment", "L1", date(2026, 6, 29), 50_000, "P1", "k1", actor="tests", at=NOON)
    assert "¥553.15" in render(planned(approved), "B1", NOON).body


def test_a_debt_paid_meanwhile_is_never_chased(owing, approved):
    book("payment", "L1", date(2026, 6, 29), 105_315, "P1", "k1", actor="tests", at=NOON)
    with pytest.raises(NotWanted):
        render(planned(approved), "B1", NOON)


def test_words_not_in_force_are_not_sent(owing, approved, officer):
    drafting.retire(officer, approved.pk, NOON)
    with pytest.raises(NotSendable):
        render(planned(approved), "B1", NOON)
    with pytest.raises(NotSendable):
        render(planned(approved, template_version=999), "B1", NOON)


def test_a_missing_value_is_not_sent(owing, approved, settings):
    settings.LENDER = {"name": "", "phone": "95000", "for_whom": ""}
    with pytest.raises(NotSendable, match="lender"):
        render(planned(approved), "B1", NOON)


def test_a_wrong_sum_is_not_sent(owing, approved, monkeypatch):
    """A name that holds a sum: the made text would name one that is not the ledger's."""
    monkeypatch.setitem(rendering._VALUES, "name", lambda _asked: "欠款9999元的")
    with pytest.raises(NotSendable, match="sum"):
        render(planned(approved), "B1", NOON)


def test_a_value_that_brings_a_threat_is_not_sent(owing, approved, monkeypatch):
    monkeypatch.setitem(rendering._VALUES, "name", lambda _asked: "再不还钱就打断你的腿。")
    with pytest.raises(NotSendable, match="words"):
        render(planned(approved), "B1", NOON)


def test_a_planned_template_goes_out_through_the_outbox(owing, approved):
    """The settings name this renderer: what the dispatcher calls is what is tried here."""
    from django.utils.module_loading import import_string

    from django.conf import settings  # isort: skip

    assert import_string(settings.CONTACT_WORDS) is render
    plain = planned(approved, template_version=None, body="您有 {arrears} 元", owed=())
    assert render(plain, "B1", NOON).body == "您有 0.00 元"


def test_what_comes_with_forbear_is_written_once_and_waits(db):
    first = load(NOON)
    assert len(first) > 50
    assert {row.state for row in first} == {"draft"}
    assert load(NOON) == []


def test_the_pages_from_writing_to_approval(db, as_role, spoken_for):
    manager, officer = as_role("manager", language="en"), as_role("compliance", language="en")
    form = {
        "step": "late_1_7",
        "language": "zh",
        "channel": "sms",
        "jurisdiction": "cn",
        "body": BODY,
        "why": "new",
    }
    seen = manager.post("/templates/write", {**form, "look": ""}).content.decode()
    assert "UCS-2" in seen
    assert "costs about" in seen
    assert not Version.objects.exists()
    assert (
        "is missing" in manager.post("/templates/write", {**form, "body": "{arrears}", "look": ""}).content.decode()
    )
    manager.post("/templates/write", {**form, "keep": ""})
    row = Version.objects.get()
    manager.post("/templates/write", {**form, "body": BODY + "谢谢", "name": row.template_id, "keep": ""})
    second = Version.objects.get(number=2)
    assert "<ins>谢谢</ins>" in manager.get(f"/templates/version/{second.pk}").content.decode()
    manager.post(f"/templates/propose/{second.pk}")
    assert manager.post(f"/templates/approve/{second.pk}").status_code == 403
    assert str(second) in officer.get("/templates").content.decode()
    officer.post(f"/templates/refuse/{second.pk}", {"reason": "too long"})
    second.refresh_from_db()
    assert second.state == "refused"
    manager.post(f"/templates/propose/{second.pk}")
    officer.post(f"/templates/approve/{second.pk}")
    second.refresh_from_db()
    assert second.state == "approved"
    assert officer.get(f"/templates/of/{row.template_id}").status_code == 200


class TestLinks:
    """Where links lead."""

    def path(self, purpose):
        return link(purpose, "B1").replace("http://testserver", "")

    def test_looking_does_nothing_and_shows_nothing(self, owing, client, spoken_for):
        for purpose in ("see", "stop", "dispute"):
            page = client.get(self.path(purpose)).content.decode()
            assert "1,263.78" not in page
            assert "B1" not in page.replace(self.path(purpose), "")
        assert not Fact.objects.filter(fact="cease_request").exists()

    def test_what_is_owed_is_shown_after_the_second_check(self, owing, client, spoken_for):
        assert "1,263.78" not in client.post(self.path("see"), {"check": "0000"}).content.decode()
        assert "1,263.78" in client.post(self.path("see"), {"check": "5678"}).content.decode()
        assert "1,263.78" in client.post(self.path("see"), {"check": "1988"}).content.decode()

    def test_guessing_ends(self, owing, client, spoken_for):
        path = self.path("see")
        for number in range(5):
            client.post(path, {"check": f"000{number}"})
        assert "1,263.78" not in client.post(path, {"check": "5678"}).content.decode()

    def test_stop_needs_the_button_alone(self, owing, client, spoken_for):
        client.post(self.path("stop"))
        assert Fact.objects.filter(fact="cease_request", until=None).exists()

    def test_a_dispute_is_taken(self, owing, client, spoken_for):
        client.post(self.path("dispute"), {"check": "5678", "text": "金额不对"})
        assert Fact.objects.filter(fact="dispute_open", until=None).exists()

    def test_a_link_for_one_purpose_opens_no_other(self, owing, client, spoken_for):
        token = self.path("stop").rsplit("/", 1)[1]
        assert client.get(f"/l/see/{token}").status_code == 404
        assert client.get("/l/see/guessed").status_code == 404
