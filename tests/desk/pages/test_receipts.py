"""The pages of bank files, receipts, approvals and acts: what people see and do there, and what they may not."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.booking import book
from forbear.desk.money.models import BankFile, Receipt, Share
from forbear.desk.people.models import Approval
from forbear.desk.privacy import put
from forbear.testing.lending import lend
from tests.desk.money.bank.test_mapped import ALIPAY
from tests.desk.money.conftest import document, entry, statement

pytestmark = pytest.mark.django_db
FAR = date(2199, 1, 1)


@pytest.fixture
def loans(db):
    lend("LN0001")
    lend("LN0002", borrower_id="B2")
    put("B2", "name", "张小三", "tests")


@pytest.fixture
def manager(loans, as_role):
    return as_role("manager", language="en")


def upload(client, *entries: str):
    file = SimpleUploadedFile("bank.xml", document(statement(*entries)))
    return client.post("/payments/files/take", {"file": file, "mapping": ""}, follow=True)


def test_a_file_is_uploaded_and_told_what_became_of_it(manager):
    page = upload(manager, entry("5", text="LN0001"), entry("6", name="张小三")).content.decode()
    assert "2 new movements, 1 booked by themselves." in page
    assert "张*三" in page
    assert "the payer is called as the borrower" in page
    assert (
        "taken in before" in upload(manager, entry("5", text="LN0001"), entry("6", name="张小三")).content.decode()
    )
    assert "bank.xml" in manager.get("/payments/files").content.decode()
    assert BankFile.objects.count() == 1


def test_faults_are_shown_with_their_places_and_nothing_is_taken(manager):
    bad = SimpleUploadedFile("a.csv", ALIPAY.replace("1499.00", "1498.00").encode("gb18030"))
    page = manager.post("/payments/files/take", {"file": bad, "mapping": "alipay"})
    assert page.status_code == 422
    assert "row 6" in page.content.decode()
    assert "no file was chosen" in manager.post("/payments/files/take", {}).content.decode()
    assert not BankFile.objects.exists()


def test_the_best_proposal_is_booked_with_one_button(manager):
    upload(manager, entry("6", name="张小三"))
    at = f"/payments/receipts/{Receipt.objects.get().pk}"
    shown = manager.get(at).content.decode()
    assert 'data-key="1"' in shown
    assert "张小三" not in shown
    form = {"loan_id": "LN0002", "amount": "", "next": "list"}
    assert manager.post(f"{at}/match", form).headers["Location"] == "/payments/receipts"
    assert balances(["LN0002"], FAR)["LN0002"].paid_total == 600
    assert "is matched already" in manager.post(f"{at}/match", form, follow=True).content.decode()
    assert Share.objects.count() == 1


def test_a_receipt_is_split_seen_set_aside_and_taken_up(manager, as_role):
    upload(manager, entry("10", text="for two"), entry("20"))
    first, second = Receipt.objects.order_by("receipt_id")
    at = f"/payments/receipts/{first.pk}"
    manager.post(f"{at}/match", {"loan_id": ["LN0001", "LN0002", ""], "amount": ["4.00", "", ""]})
    assert [b.paid_total for b in balances(["LN0001", "LN0002"], FAR).values()] == [400, 600]
    seen = manager.post(f"{at}/show", {"field": "text", "reason": "payment"})
    assert '<code class="secret">for two</code>' in seen.content.decode()
    assert "no-store" in seen["Cache-Control"]
    aside = f"/payments/receipts/{second.pk}"
    manager.post(f"{aside}/aside", {"reason": "own_transfer"})
    assert "a transfer between our own accounts" in manager.get("/payments/receipts?state=other").content.decode()
    manager.post(f"{aside}/reopen")
    assert Receipt.objects.get(pk=second.pk).state == "parked"
    assert as_role("agent").get(aside).status_code == 403
    assert manager.get("/payments/receipts/999999").status_code == 404


def test_what_two_people_do_is_proposed_previewed_and_decided_on_pages(manager, as_role):
    upload(manager, entry("5", text="LN0001"), entry("7"))
    matched, parked = Receipt.objects.order_by("receipt_id")
    manager.post(f"/payments/receipts/{matched.pk}/unmatch", {"reason": "another's"})
    manager.post(f"/payments/receipts/{parked.pk}/return", {"reason": "asked for", "amount": ""})
    unmatch, back = Approval.objects.order_by("proposed_at")
    own = manager.get(f"/approvals/{unmatch.pk}").content.decode()
    assert "Another person decides" in own
    assert 'value="approve"' not in own
    officer = as_role("compliance", language="en")
    page = officer.get(f"/approvals/{unmatch.pk}")
    (effect,) = page.context["effects"]
    owed = {n: a for n, _, a in effect.standing if n in ("fees", "interest", "principal")}
    officer.post(f"/approvals/{unmatch.pk}/decide", {"answer": "approve"})
    after = balances(["LN0001"], FAR)["LN0001"]
    assert owed == {name: getattr(after, f"{name}_outstanding") for name in owed}
    officer.post(f"/approvals/{back.pk}/decide", {"answer": "refuse", "reason": ""})
    assert Approval.objects.get(pk=back.pk).state == "proposed"
    officer.post(f"/approvals/{back.pk}/decide", {"answer": "refuse", "reason": "no proof"})
    assert "no proof" in officer.get(f"/approvals/{back.pk}").content.decode()
    assert Receipt.objects.get(pk=matched.pk).state == "parked"
    decided = officer.get("/approvals?show=decided").content.decode()
    assert decided.count("<tr>") == 3
    assert officer.get("/approvals").content.decode().count("<tr>") == 0
    assert officer.get("/approvals/00000000-0000-4000-8000-000000000000").status_code == 404


def test_a_payment_is_reversed_from_its_page_with_a_reason(manager, as_role):
    book("payment", "LN0001", date(2026, 2, 20), 5_000, "P1", "k", actor="t", at=timezone.now())
    page = manager.get("/payments/of/LN0001").content.decode()
    action = re.search(r'action="(/payments/reverse/\d+)"', page)[1]
    manager.post(action, {"reason": "", "effective_on": "2026-02-20"})
    assert not Approval.objects.exists()
    manager.post(action, {"reason": "bounced", "effective_on": "2026-02-20"})
    asked = Approval.objects.get()
    second = as_role("manager", username="second", language="en")
    assert "What it would do" in second.get(f"/approvals/{asked.pk}").content.decode()
    second.post(f"/approvals/{asked.pk}/decide", {"answer": "approve"})
    assert balances(["LN0001"], FAR)["LN0001"].paid_total == 0


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "waiver", "interest": "1.00"},
        {"kind": "write-off"},
        {"kind": "re-age", "months": "2"},
        {"kind": "re-amortize", "term": "12", "annual_rate": "10"},
    ],
    ids=lambda form: form["kind"],
)
def test_an_act_is_seen_before_it_is_proposed_and_done_when_another_approves(manager, as_role, form):
    given = {**form, "effective_on": "2026-04-01", "reason": "hardship"}
    seen = manager.get("/acts/of/LN0001", given).context["effect"]
    assert not Approval.objects.exists()
    manager.post("/acts/propose/LN0001", given)
    asked = Approval.objects.get()
    second = as_role("manager", username="second", language="en")
    shown = second.get(f"/approvals/{asked.pk}").context["effects"][0]
    assert shown.standing == seen.standing
    second.post(f"/approvals/{asked.pk}/decide", {"answer": "approve"})
    assert Approval.objects.get().state == "executed"
    after = balances(["LN0001"], FAR)["LN0001"]
    assert {n: a for n, _, a in seen.standing}["interest"] == after.interest_outstanding


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "waiver", "interest": "x"},
        {"kind": "refund"},
        {"kind": "re-age", "months": "0"},
        {"kind": "re-amortize", "term": "12", "annual_rate": "ten"},
        {"kind": "waiver", "interest": "1", "effective_on": "soon"},
        {"kind": "nonsense", "reason": ""},
    ],
)
def test_an_act_that_cannot_be_is_told_and_not_proposed(manager, form):
    given = {"effective_on": "2026-04-01", "reason": "hardship", **form}
    assert manager.get("/acts/of/LN0001", given).context["effect"] is None
    assert 'class="message error"' in manager.post("/acts/propose/LN0001", given, follow=True).content.decode()
    assert not Approval.objects.exists()


def test_a_list_asks_as_many_queries_for_thirty_receipts_as_for_two(manager, django_assert_max_num_queries):
    upload(manager, *(entry(f"{n}.01", name="张小三", ref=f"R{n}") for n in range(1, 3)))
    with django_assert_max_num_queries(22):
        manager.get("/payments/receipts")
    upload(manager, *(entry(f"{n}.02", name="张小三", ref=f"S{n}") for n in range(1, 40)))
    with django_assert_max_num_queries(22):
        page = manager.get("/payments/receipts").content.decode()
    assert "before=" in page


def test_home_tells_what_waits(manager, as_role):
    upload(manager, entry("7"))
    assert "1 receipt waits to be matched." in manager.get("/").content.decode()
    manager.post(f"/payments/receipts/{Receipt.objects.get().pk}/return", {"reason": "r"})
    assert "1 proposal waits" in as_role("compliance", language="en").get("/").content.decode()
    assert "1 proposal waits" not in manager.get("/").content.decode()
