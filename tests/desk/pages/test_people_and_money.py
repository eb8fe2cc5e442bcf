"""The pages of the audit log, users, payments, case history and home: who sees them, what they do, how many queries."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from forbear.desk.audit.log import record
from forbear.desk.audit.models import Entry
from forbear.desk.ledger.balances import balances, items
from forbear.desk.ledger.booking import book
from forbear.desk.ledger.models import Entry as LedgerEntry
from forbear.desk.pages.owed import owed
from forbear.desk.people.models import User
from forbear.desk.record.models import Borrower, Case, Complaint, Contact, Loan, Promise
from forbear.testing.lending import lend

pytestmark = pytest.mark.django_db
DAY = date(2026, 4, 20)


@pytest.fixture
def loans():
    """Three loans of B1, the first partly paid."""
    for loan in ("L1", "L2", "L3"):
        lend(loan)
    for payment_id, day in (("P1", date(2026, 2, 15)), ("P2", date(2026, 3, 20))):
        book("payment", "L1", day, 15_000, payment_id, payment_id, actor="t", at=datetime(2026, 4, 1, tzinfo=UTC))
    return list(Loan.objects.order_by("loan_id"))


def test_the_audit_log_is_searched_and_paged_without_losing_an_entry(as_role):
    for number in range(120):
        record("anna" if number % 2 else "ben", "note.written", f"borrower:B{number % 3}", note=number)
    officer, seen, address = as_role("compliance"), [], "?actor=anna"
    while address:
        page = officer.get(f"/audit{address}").content.decode()
        seen += [int(found) for found in re.findall(r"note (\d+)", page)]
        more = re.search(r'<a href="(\?[^"]*after=[^"]*)"', page)
        address = more[1].replace("&amp;", "&") if more else ""
    assert seen == list(range(119, 0, -2))
    assert officer.get("/audit?subject=borrower:B1&action=note.written").content.decode().count("<tr>") == 41
    assert as_role("manager").get("/audit").status_code == 403


def test_a_user_is_made_with_a_password_that_is_shown_once(as_role):
    admin = as_role("administrator", language="en")
    answer = admin.post("/users/add", {"username": "zoe", "role": "agency", "own": "A9", "name": "<i>Zoe</i>"})
    password = re.search(r'class="secret">([^<]+)', answer.content.decode())[1]
    user = User.objects.get(username="zoe")
    assert user.check_password(password)
    assert user.agency_id == "A9"
    assert "no-store" in answer["Cache-Control"]
    assert password not in admin.get("/users").content.decode()
    assert "&lt;i&gt;Zoe" in admin.get("/users").content.decode()
    again = admin.post(f"/users/{user.pk}/password").content.decode()
    assert "secret" not in again  # only the first password is handed out here
    assert [e.action for e in Entry.objects.order_by("entry_id")] == ["user.made", "user.first_password"]
    assert password not in str(list(Entry.objects.values_list("facts", flat=True)))


def test_a_user_that_cannot_be_made_is_told_and_the_form_keeps_its_words(as_role):
    page = as_role("administrator").post("/users/add", {"username": "x y", "role": "agent"}).content.decode()
    assert 'class="message error"' in page
    assert 'value="x y"' in page
    assert not Entry.objects.exists()


def test_a_user_whose_role_two_people_give_is_only_proposed(as_role):
    page = as_role("administrator", language="en").post(
        "/users/add", {"username": "second", "role": "administrator"}
    )
    assert "Proposed:" in page.content.decode()
    assert not User.objects.filter(username="second").exists()


def test_a_user_is_switched_off_and_on_but_nobody_themselves(as_role, user_of):
    admin, other = as_role("administrator", username="root"), user_of("agent", "zoe")
    for expected in (False, True):
        admin.post(f"/users/{other.pk}/switch")
        assert User.objects.get(pk=other.pk).is_active is expected
    me = User.objects.get(username="root")
    admin.post(f"/users/{me.pk}/switch")
    assert User.objects.get(pk=me.pk).is_active
    assert admin.post("/users/999999/switch").status_code == 404
    assert as_role("manager").post(f"/users/{other.pk}/switch").status_code == 403


def test_what_is_owed_is_the_ledgers_in_as_many_queries_for_one_loan_as_for_three(loans, django_assert_num_queries):
    with django_assert_num_queries(3 + 1):
        owed(loans[:1], DAY)
    with django_assert_num_queries(3 + 1):
        told = owed(loans, DAY)
    for one in told:
        balance = balances([one.loan.pk], DAY)[one.loan.pk]
        assert sum(amount for _, amount in one.parts) == balance.arrears_total > 0
        assert (
            sum(row.unpaid for row in one.rows)
            == sum(i.unpaid for i in items(one.loan.pk, DAY))
            == balance.outstanding
        )
        assert sum(row.unpaid for row in one.rows if row.late) == balance.arrears_total
        assert one.next.due_on == min(row.due_on for row in one.rows if row.due_on >= DAY)


def test_a_payment_is_previewed_booked_once_and_found_by_its_id(loans, as_role):
    manager = as_role("manager", language="en")
    assert manager.get("/payments?words=P2", follow=True).redirect_chain == [("/payments/of/L1", 302)]
    assert len(manager.get("/payments?words=B1").context["loans"]) == 3
    asked = {"amount": "100.00", "paid_on": "2026-04-02", "payment_id": "P3"}
    shown = manager.get("/payments/of/L2", asked).context
    assert sum(amount for _, amount in shown["planned"]) == 10_000
    for _ in range(2):  # the button pressed twice
        manager.post("/payments/book/L2", {**asked, "key": shown["key"]})
    paid = LedgerEntry.objects.get(kind="payment", loan_id="L2")
    assert (paid.amount, paid.effective_on, paid.cause) == (10_000, date(2026, 4, 2), "P3")
    assert Entry.objects.filter(action="payment.booked").count() == 1
    (_, parts), *_ = manager.get("/payments/of/L2").context["paid"]
    assert parts == shown["planned"]


@pytest.mark.parametrize("asked", [{"amount": "x"}, {"amount": "0"}, {"amount": "5", "paid_on": "soon"}])
def test_a_payment_that_cannot_be_is_told_and_not_booked(loans, as_role, asked):
    manager = as_role("manager")
    assert manager.get("/payments/of/L1", asked).context["planned"] is None
    manager.post("/payments/book/L1", {"payment_id": "P9", "key": "k", **asked})
    assert not LedgerEntry.objects.filter(cause="P9").exists()


def test_who_may_not_book_may_look_and_whose_loan_it_is_not_finds_nothing(loans, as_role):
    agent = as_role("agent")
    assert 'id="book"' not in agent.get("/payments/of/L1").content.decode()
    assert agent.post("/payments/book/L1", {}).status_code == 403
    assert agent.get("/payments/of/nobody").status_code == 404
    assert as_role("agency").get("/payments/of/L1").status_code == 403


def test_case_history_tells_each_case_with_its_steps(as_role, user_of):
    who = Borrower.objects.create(borrower_id="B1")
    then = timezone.now() - timedelta(days=40)
    Case.objects.create(
        case_id="OLD", borrower=who, opened_at=then, closed_at=then, closed_because="cured", agency_id=None
    )
    Case.objects.create(case_id="NEW", borrower=who)
    record("anna", "case.claim", "case:NEW")
    page = as_role("agent", language="en").get("/cases/of/B1").content.decode()
    assert page.index("NEW") < page.index("OLD")
    assert "closed: cured" in page
    assert "case taken" in page
    partner = as_role("agency")
    assert partner.get("/cases/of/B1").status_code == 404
    Case.objects.filter(case_id="NEW").update(agency_id="A1")
    assert "OLD" not in partner.get("/cases/of/B1").content.decode()


def test_home_says_what_to_do_first(as_role, user_of, django_assert_max_num_queries):
    who = Borrower.objects.create(borrower_id="B1")
    Case.objects.create(case_id="C1", borrower=who)
    now = timezone.now()
    agent = as_role("agent", language="en")
    me = User.objects.get(username="agent")
    Contact.objects.create(contact_id="K1", borrower=who, channel="call", by=me, at=now)
    Promise.objects.create(promise_id="P1", borrower=who, amount=1, due_on=now.date(), made_by=me)
    Complaint.objects.create(complaint_id="X", borrower=who, channel="call", answer_due_on=now.date())
    with django_assert_max_num_queries(9):
        page = agent.get("/").content.decode()
    assert "Record how your call to B1 went." in page
    assert "B1 promised to pay by" in page
    assert "Take the next case" in page
    assert "Answer the complaint of B1" in as_role("compliance", language="en").get("/").content.decode()
    assert "until you vouch" in as_role("compliance", username="c2", language="en").get("/").content.decode()
    assert "No night has been loaded yet" in as_role("risk", language="en").get("/").content.decode()
    assert "Make a user of the role" in as_role("administrator", language="en").get("/").content.decode()


def test_what_is_not_found_or_not_allowed_is_said_in_the_readers_language(as_role):
    agent = as_role("agent", language="zh-hans")
    assert "没有您可以查看的这个页面" in agent.get("/borrowers/nobody").content.decode()
    assert "您的角色不能执行此操作" in agent.get("/users").content.decode()
