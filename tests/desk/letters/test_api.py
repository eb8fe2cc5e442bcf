"""Letters by API: kinds, writing and proposing, reading, the PDF as a logged reveal, nobody another's."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from django.utils import timezone

from forbear.desk.audit.models import Entry
from forbear.desk.letters.models import Letter
from forbear.desk.people.models import Approval

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
NOON = datetime(2026, 4, 20, 4, tzinfo=UTC)
PATH = "/api/v1/letters"


@pytest.fixture
def noon(late, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOON)


def wanted(kind: str = "arrears", **more) -> dict:
    return {"loan_id": "L1", "kind": kind, "words": {"pay_to": "转账至示例银行"}, **more}


def test_a_letter_is_written_read_and_fetched(noon, as_role):
    client = as_role("manager")
    kinds = {one["kind"]: one for one in client.get(f"{PATH}/kinds").json()}
    assert kinds["letter_before_action"]["two_people"]
    assert "lawyer_name" in kinds["letter_before_action"]["asks"]
    answer = client.post(PATH, wanted(), content_type="application/json")
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert client.get(f"{PATH}/{made['letter_id']}").json() == made
    assert client.get(PATH, {"borrower_id": "B1"}).json() == [made]
    assert client.get(PATH, {"borrower_id": "B1", "loan_id": "L9"}).json() == []
    got = client.get(f"{PATH}/{made['letter_id']}/pdf")
    assert got.headers["Content-Type"] == "application/pdf"
    assert sha256(got.content).hexdigest() == made["sha256"]
    actions = set(Entry.objects.filter(subject="borrower:B1").values_list("action", flat=True))
    assert "letter.downloaded" in actions
    assert made["verdicts"]


def test_what_two_people_must_agree_to_is_proposed(noon, as_role):
    words = {"lawyer_name": "李例章", "lawyer_license": "1310", "answer_by": "2026-06-20"}
    law = {"law_firm": "示例律师事务所", "law_firm_address": "上海", "mediation": "示例调解中心"}
    asked = wanted("letter_before_action", words={**words, **law, "pay_to": "示例银行"})
    answer = as_role("manager").post(PATH, asked, content_type="application/json")
    assert answer.status_code == 202, answer.json()
    assert Approval.objects.get(pk=answer.json()["approval_id"]).kind == "letters.write"
    assert not Letter.objects.exists()


def test_what_cannot_be_written_is_refused_with_its_reason(noon, as_role):
    client = as_role("manager")
    answer = client.post(PATH, wanted("paid_in_full"), content_type="application/json")
    assert answer.status_code == 409
    assert answer.json()["detail"]
    assert not Letter.objects.exists()
    nobodys = client.post(PATH, wanted(loan_id="L9"), content_type="application/json")
    assert nobodys.status_code == 404
    assert client.post(PATH, wanted("love"), content_type="application/json").status_code == 422
    assert client.get(f"{PATH}/none").status_code == client.get(PATH, {"borrower_id": "B9"}).status_code == 404


def test_an_agency_and_a_funder_get_none(noon, as_role):
    made = as_role("manager").post(PATH, wanted(), content_type="application/json").json()
    for role in ("agency", "funder", "risk"):
        client = as_role(role)
        for path in (PATH + "?borrower_id=B1", f"{PATH}/{made['letter_id']}", f"{PATH}/{made['letter_id']}/pdf"):
            assert client.get(path).status_code == 403, (role, path)
