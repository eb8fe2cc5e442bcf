"""What a borrower asks for or tells holds at once, people get a task, and she gets a number and what happens next."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from forbear.basics.errors import WrongUse
from forbear.desk.audit.models import Entry
from forbear.desk.complaints import taking
from forbear.desk.contact.models import Planned
from forbear.desk.portal import asking, contact, evidence
from forbear.desk.portal.models import Asked, Evidence
from forbear.desk.record.gate import leave_of
from forbear.desk.record.models import Borrower, Complaint, Contact, Fact, Promise
from forbear.desk.replies.models import Incoming, Task

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 100


def asked(client, path: str, given: dict) -> tuple[Asked, str]:
    """What a form led to: the receipt, and its page."""
    answer = client.post(path, given)
    assert answer.status_code == 302, answer.content.decode()
    page = client.get(answer.headers["Location"])
    assert page.status_code == 200
    row = Asked.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])
    assert row.number in page.content.decode()
    return row, page.content.decode()


def plan_something(borrower_id: str) -> Planned:
    at = timezone.now()
    return Planned.objects.create(
        key=f"k{Planned.objects.count()}", borrower_id=borrower_id, channel="sms", purpose="overdue", body="x",
        not_before=at, wanted_until=at + timedelta(days=1), next_at=at, cause="test",
    )  # fmt: skip


def facts(name: str) -> list[Fact]:
    return list(Fact.objects.filter(borrower_id="B1", fact=name, until=None))


def test_hardship_pauses_contact_at_once_and_tells_what_happens_next(inside):
    planned = plan_something("B1")
    row, page = asked(inside, "/my/hardship", {"cause": ["work", "nonsense"], "text": "lost my job"})
    assert len(facts("hardship")) == 1
    planned.refresh_from_db()
    assert planned.state == "cancelled"
    assert not any(one.allowed for one in leave_of("B1", timezone.now(), ("call", "sms")))
    task = Task.objects.get(borrower_id="B1", kind="offer_relief")
    assert row.due_on == task.due_on
    assert row.facts == {"causes": ["work"]}
    assert "It is paused already" in page
    assert "lost my job" in page
    assert "Contact is paused" in inside.get("/my/").content.decode()


def test_hardship_needs_no_words_and_can_be_told_again(inside):
    asked(inside, "/my/hardship", {})
    asked(inside, "/my/hardship", {"text": "still"})
    assert Task.objects.filter(kind="offer_relief", done_at=None).count() == 1


def test_words_of_danger_wait_for_a_person(inside):
    asked(inside, "/my/hardship", {"text": "我不想活了"})
    assert Incoming.objects.get(channel="portal").state == "waiting"
    assert facts("vulnerable")


def test_staff_read_in_the_inbox_what_she_wrote(inside, as_role):
    asked(inside, "/my/extension", {"days": "14", "text": "wages come on the 20th"})
    page = as_role("manager").get("/inbox").content.decode()
    assert "wages come on the 20th" in page


def test_more_time_is_asked_of_a_person_and_changes_nothing_meanwhile(inside):
    row, page = asked(inside, "/my/extension", {"days": "30"})
    assert row.facts == {"days": 30}
    assert Task.objects.get(kind="offer_plan").due_on == row.due_on
    assert "your due dates stay as they are" in page
    for days in ("", "0", "31", "-7", "9999", "x"):
        assert inside.post("/my/extension", {"days": days}).status_code == 400


def test_a_dispute_keeps_its_files_and_shows_the_clock(inside):
    files = [SimpleUploadedFile("收据.jpg", JPEG, "image/jpeg"), SimpleUploadedFile("b.pdf", b"%PDF-1.4 x")]
    row, page = asked(inside, "/my/dispute", {"text": "I paid this in May", "files": files})
    made = Complaint.objects.get(kind="dispute")
    assert row.refers == made.pk
    assert row.due_on == made.answer_due_on
    assert [one.media for one in Evidence.objects.order_by("pk")] == ["image/jpeg", "application/pdf"]
    assert facts("dispute_open")
    assert Task.objects.filter(kind="look_into_dispute", done_at=None).count() == 1
    assert "收据.jpg" in page
    assert taking.clocks()[made.clock].citation in page
    assert str(made.answer_due_on) in page


def test_her_answer_stands_on_the_receipt(inside, user_of):
    row, _ = asked(inside, "/my/complain", {"text": "called at night"})
    taking.answer(user_of("compliance"), row.refers, "upheld", "We are sorry.", timezone.now())
    page = inside.get(f"/my/receipts/{row.number}").content.decode()
    assert "We are sorry." in page
    assert "You were right." in page


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("page.pdf", b"<html><script>alert(1)</script>"),
        ("run.jpg", b"MZ\x90\0"),
        ("movie.png", b"GIF89a"),
        ("act.pdf", b"%PDF-1.7 /OpenAction << /S /JavaScript /JS (x) >>"),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
    ],
)
def test_a_file_that_is_not_what_is_taken_is_refused_and_nothing_stands(inside, name, data):
    answer = inside.post("/my/dispute", {"text": "x", "files": SimpleUploadedFile(name, data)})
    assert answer.status_code == 400
    assert name in answer.content.decode()
    assert not Complaint.objects.exists()
    assert not Asked.objects.exists()


def test_too_large_and_too_many_files_are_refused_and_never_reach_a_disk(inside, monkeypatch):
    import tempfile

    def no_file(*_args, **_more):
        raise AssertionError("a file was written to a disk")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", no_file)
    large = SimpleUploadedFile("a.jpg", JPEG + b"\0" * evidence.MOST_BYTES)
    assert inside.post("/my/dispute", {"text": "x", "files": large}).status_code == 400
    many = [SimpleUploadedFile(f"{n}.jpg", JPEG) for n in range(evidence.MOST_FILES + 1)]
    assert inside.post("/my/dispute", {"text": "x", "files": many}).status_code == 400
    just = SimpleUploadedFile("a.jpg", JPEG + b"\0" * (evidence.MOST_BYTES - len(JPEG)))
    assert inside.post("/my/dispute", {"text": "x", "files": just}).status_code == 302
    assert Evidence.objects.get().size == evidence.MOST_BYTES


def test_a_dispute_without_its_forms_token_is_refused(hers):
    from django.test import Client

    from tests.desk.portal.conftest import door_of

    client = Client(enforce_csrf_checks=True)
    path = door_of("B1")
    client.get(path)
    token = client.cookies["csrf"].value
    from tests.desk.portal.conftest import CHECK

    assert client.post(path, {**CHECK, "csrfmiddlewaretoken": token}).status_code == 302
    assert client.post("/my/dispute", {"text": "x"}).status_code == 403
    assert not Complaint.objects.exists()


def test_a_complaint_about_a_contact_is_put_down_to_it(inside):
    page = inside.get("/my/complain?contact=K1").content.decode()
    assert '<option value="K1" selected>' in page
    asked(inside, "/my/complain", {"text": "too early", "contact": "K1"})
    assert Complaint.objects.get().contact_id == "K1"
    assert facts("complaint_open")


def test_stop_is_one_button_and_can_be_taken_back(inside):
    planned = plan_something("B1")
    _, page = asked(inside, "/my/contact/stop", {})
    assert facts("cease_request")
    planned.refresh_from_db()
    assert planned.state == "cancelled"
    assert "nobody calls you" in page
    assert not any(one.allowed for one in leave_of("B1", timezone.now(), ("call", "sms", "email")))
    assert "You may contact me again" in inside.get("/my/contact").content.decode()
    asked(inside, "/my/contact/again", {})
    assert not facts("cease_request")
    assert not asking.stopped("B1", timezone.now())


def test_stop_is_never_limited(hers):
    at = timezone.now()
    for _ in range(asking.MOST_A_DAY):
        asking.tell_hardship("B1", [], "", at)
    with pytest.raises(WrongUse):
        asking.tell_hardship("B1", [], "", at)
    asking.stop("B1", at)
    asking.tell_hardship("B1", [], "", at + timedelta(days=1, seconds=1))


def test_ways_hours_and_language_hold_from_now_on(inside):
    given = {
        "declined": ["call", "visit"],
        "preferred": "sms",
        "opens": "18:00",
        "closes": "20:30",
        "language": "en",
    }
    asked(inside, "/my/contact", given)
    assert {one.channel for one in facts("channel_declined")} == {"call", "visit"}
    assert [one.value for one in facts("contact_window")] == ["18:00-20:30"]
    assert [one.value for one in facts("preferred_channel")] == ["sms"]
    who = Borrower.objects.get(pk="B1")
    assert who.language == "en"
    page = inside.get("/my/contact").content.decode()
    assert 'value="18:00"' in page
    assert 'value="visit" checked' in page
    asked(inside, "/my/contact", {"declined": ["email"]})
    assert contact.wishes_of(who, timezone.now()).declined == ("email",)
    assert not facts("contact_window")


@pytest.mark.parametrize(
    "given",
    [
        {"declined": ["letter"]},
        {"declined": ["sms"], "preferred": "sms"},
        {"preferred": "pigeon"},
        {"language": "fr"},
        {"opens": "09:00"},
        {"opens": "20:00", "closes": "20:30"},
        {"opens": "09:00", "closes": "25:00"},
        {"opens": "9", "closes": "18"},
    ],
)
def test_choices_that_cannot_be_are_refused_with_a_word(inside, given):
    answer = inside.post("/my/contact", given)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert not Asked.objects.exists()


def test_a_promise_is_written_down_once_and_bars_calls(inside):
    day = timezone.now().date() + timedelta(days=5)
    row, page = asked(inside, "/my/pay/later", {"currency": "CNY", "amount": "300.50", "day": str(day)})
    made = Promise.objects.get()
    assert (made.amount, made.due_on, made.pk) == (30_050, day, row.refers)
    assert facts("promise_open") or Fact.objects.filter(fact="promise_open").exists()
    assert "¥300.50" in page
    assert Entry.objects.get(action="promise.made").actor == "borrower's page"
    for bad in ({"amount": "0"}, {"amount": "-5"}, {"amount": "99999999"}, {"amount": "x"}, {"day": "2020-01-01"}):
        given = {"currency": "CNY", "amount": "1", "day": str(day), **bad}
        assert inside.post("/my/pay/later", given).status_code == 400, bad


def test_every_contact_is_told_with_its_reason_and_the_verdict(inside, user_of):
    plan_something("B1")
    asking.tell_hardship("B1", [], "", timezone.now())
    Contact.objects.create(contact_id="K9", borrower_id="B1", at=timezone.now(), channel="call", sender="lender")
    from forbear.desk.audit.log import record

    record("anna", "contact.reserved", "borrower:B1", contact="K9", channel="call")
    page = inside.get("/my/contacts").content.decode()
    assert "no verdict was kept" in page  # K1, imported
    assert "none stood against it" in page  # K9
    assert "Not made: you asked us to pause" in page  # the planned one
    assert "because an installment was overdue" in page


def test_what_the_rules_refused_is_told_with_their_titles(inside):
    from forbear.desk.record.gate import packs

    rule = packs().rules[0][1]
    row = plan_something("B1")
    Planned.objects.filter(pk=row.pk).update(state="refused", rules=[rule.id], ended_at=timezone.now())
    page = inside.get("/my/contacts").content.decode()
    assert "these rules stood against it" in page
    assert str(rule.title.en) in page


def test_empty_pages_say_so(hers):
    from forbear.desk.privacy import put
    from tests.desk.portal.conftest import come_in

    Borrower.objects.create(borrower_id="B5", birth_year=1990)
    put("B5", "phone", "13700001111", "tests")
    client = come_in("B5", {"phone": "1111", "born": "1990"})
    assert "There is no loan of yours here" in client.get("/my/").content.decode()
    assert "Nothing is owed" in client.get("/my/pay").content.decode()
    assert "Nobody has contacted you" in client.get("/my/contacts").content.decode()
    assert client.get("/my/receipts").content.decode().count("Nothing yet.") == 2
    assert client.get("/my/way-back").status_code == 200
    assert client.post("/my/data/download").status_code == 200


def test_the_loan_is_told_by_component_and_booking_by_booking(inside):
    page = inside.get("/my/loans/L1").content.decode()
    for words in ("Principal", "Interest", "Overdue in all", "Payment", "¥200.00", "Installments", "Disbursal"):
        assert words in page, words
    assert inside.get("/my/loans/L2").status_code == 404


def test_her_data_come_whole_in_both_forms_and_it_is_written_down(inside):
    import csv
    import io
    import json
    import zipfile

    asking.complain("B1", "=HYPERLINK(1)", timezone.now())
    answer = inside.post("/my/data/download")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    opened = zipfile.ZipFile(io.BytesIO(answer.content))
    told = json.loads(opened.read("data.json"))
    assert {f"{name}.csv" for name in told} | {"data.json", "README.txt"} == set(opened.namelist())
    assert told["loans"][0]["loan_id"] == "L1"
    assert sum(row["amount"] for row in told["ledger"] if row["kind"] == "payment") == 20_000
    assert "13912345678" not in json.dumps(told)
    assert told["complaints"][0]["text"] == "=HYPERLINK(1)"
    rows = list(csv.DictReader(io.StringIO(opened.read("complaints.csv").decode("utf-8-sig"))))
    assert rows[0]["text"] == "'=HYPERLINK(1)"
    for name, table in told.items():
        there = list(csv.reader(io.StringIO(opened.read(f"{name}.csv").decode("utf-8-sig"))))
        assert max(0, len(there) - 1) == len(table), name
    assert Entry.objects.filter(action="portal.download", subject="borrower:B1").count() == 1
    assert Asked.objects.filter(kind="download").count() == 1


def test_both_languages_speak(inside):
    for language, word in (("zh-hans", "我的页面"), ("en", "My page")):
        inside.post("/language", {"language": language, "next": "/my/"})
        for path in ("/my/", "/my/hardship", "/my/contact", "/my/pay", "/my/receipts", "/my/way-back", "/my/data"):
            assert word in inside.get(path).content.decode(), (path, language)
