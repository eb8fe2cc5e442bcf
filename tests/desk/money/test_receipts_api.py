"""Bank files, receipts and acts by API: from an upload to a decided proposal."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from forbear.desk.money.models import Receipt
from forbear.desk.people.rights import actions
from forbear.testing.lending import lend
from tests.desk.money.bank.test_mapped import ALIPAY
from tests.desk.money.conftest import document, entry, statement

pytestmark = [pytest.mark.django_db]
JSON = {"content_type": "application/json"}


def upload(client, data: bytes, name: str = "a.xml", mapping: str = ""):
    return client.post("/api/v1/bank-files", {"file": SimpleUploadedFile(name, data), "mapping": mapping})


@pytest.fixture
def service(as_role):
    lend("LN0001")
    lend("LN0002", borrower_id="B2")
    return as_role("service")


def test_a_program_sends_files_and_a_person_does_the_rest(service, as_role, user_of):
    data = document(
        statement(entry("5", text="LN0001"), entry("6", name="张三", text="secret"), opening="0", closing="11")
    )
    told = upload(service, data)
    assert (told.status_code, told.json()["booked"], told.json()["again"]) == (201, 1, False)
    assert told.json()["file"]["statements"][0] | {"statement_id": 0} == {
        "statement_id": 0,
        "account": "6222000011112222",
        "currency": "CNY",
        "number": "S1",
        "opening": 0,
        "closing": 1100,
        "came": 1100,
        "went": 0,
    }
    assert upload(service, data).status_code == 200
    manager, second = as_role("manager"), as_role("manager", username="second")
    (one,) = manager.get("/api/v1/receipts").json()
    assert (one["amount"], one["payer_name"], one["left"], one["state"]) == (600, "张*", 600, "parked")
    assert "secret" not in manager.get("/api/v1/receipts?state=").content.decode()
    at = f"/api/v1/receipts/{one['receipt_id']}"
    assert service.get(at).json()["proposals"] == []
    assert manager.post(f"{at}/reveal", {"field": "text", "reason": "payment"}, **JSON).json() == {
        "value": "secret"
    }
    assert service.post(f"{at}/reveal", {"field": "text", "reason": "payment"}, **JSON).status_code == 403
    parts = {"parts": [{"loan_id": "LN0002", "amount": 600}]}
    assert manager.post(f"{at}/matches", parts, **JSON).json()["state"] == "matched"
    assert second.post(f"{at}/matches", parts, **JSON).status_code == 409
    asked = manager.post(f"{at}/unmatches", {"reason": "another's"}, **JSON)
    assert asked.status_code == 201
    decide = f"/api/v1/approvals/{asked.json()['approval_id']}/approve"
    assert manager.post(decide).status_code == 409
    assert second.post(decide).json()["state"] == "executed"
    assert manager.get(at).json()["state"] == "parked"
    assert manager.post(f"{at}/aside", {"reason": "own_transfer"}, **JSON).json()["state"] == "other"
    assert manager.post(f"{at}/reopen").json()["state"] == "parked"
    assert manager.post(f"{at}/returns", {"reason": "asked for", "amount": 700}, **JSON).status_code == 422
    returned = manager.post(f"{at}/returns", {"reason": "asked for"}, **JSON).json()
    second.post(f"/api/v1/approvals/{returned['approval_id']}/approve")
    assert manager.get(at).json()["state"] == "returned"
    assert manager.get("/api/v1/receipts/999999").status_code == 404


def test_faults_come_back_with_their_places(service):
    told = upload(service, ALIPAY.replace("500.00,,", "5x0.00,,").encode(), "a.csv", "alipay")
    assert told.status_code == 422
    assert told.json()["detail"][0]["loc"] == ["row 5", "收入金额(+元)"]
    assert upload(service, ALIPAY.encode(), "a.csv").status_code == 422
    assert upload(service, ALIPAY.encode(), "a.csv", "/etc/passwd").status_code == 422
    assert upload(service, b"").status_code == 422
    assert not Receipt.objects.exists()
    assert upload(service, ALIPAY.encode("gb18030"), "a.csv", "alipay").status_code == 201
    assert service.get("/api/v1/bank-files").json()[0]["form"] == "alipay"
    assert service.get("/api/v1/bank-files/mappings").json() == ["alipay", "cn-bank"]


def test_lists_are_read_page_by_page_without_losing_one(service):
    upload(service, document(statement(*(entry(f"{n}", ref=f"R{n}") for n in range(1, 31)))))
    seen, before = [], ""
    while True:
        page = service.get(f"/api/v1/receipts?limit=7{before}").json()
        if not page:
            break
        seen += [one["amount"] for one in page]
        before = f"&before={page[-1]['receipt_id']}"
    assert seen == [n * 100 for n in range(30, 0, -1)]


def test_an_act_is_seen_proposed_and_done_by_two(service, as_role):
    manager, second = as_role("manager"), as_role("manager", username="second")
    wanted = {
        "kind": "waiver",
        "loan_id": "LN0001",
        "effective_on": "2026-03-01",
        "amounts": {"interest": 100},
        "reason": "r",
    }
    seen = manager.post("/api/v1/acts/previews", wanted, **JSON).json()
    (change,) = [one for one in seen["standing"] if one["before"] != one["after"]]
    assert change["name"] == "interest"
    assert change["before"] - change["after"] == 100
    asked = manager.post("/api/v1/acts", wanted, **JSON)
    assert asked.status_code == 201
    assert manager.post("/api/v1/acts", wanted, **JSON).status_code == 409
    assert second.post(f"/api/v1/approvals/{asked.json()['approval_id']}/approve").json()["state"] == "executed"
    again = manager.post("/api/v1/acts/previews", wanted, **JSON).json()["standing"]
    assert {one["name"]: one["before"] for one in again}["interest"] == change["after"]
    assert manager.post("/api/v1/acts", wanted | {"amounts": {"interest": 10**9}}, **JSON).status_code == 422
    assert as_role("agent").post("/api/v1/acts", wanted, **JSON).status_code == 403


def test_who_sees_receipts_is_told_in_the_rights():
    assert actions()["receipts.see"].roles == {"manager", "compliance", "service"}
    assert actions()["receipts.reveal"].roles == {"manager", "compliance"}
