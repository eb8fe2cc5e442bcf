"""Personal data by API: masked, revealed, found, corrected; nobody by guessing; compliance sees who looked."""

from __future__ import annotations

import json

import pytest

from forbear.desk.privacy import put
from forbear.desk.record.models import Borrower

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
BASE = "/api/v1/personal"


def send(client, method: str, path: str, **body):
    return client.generic(method, f"{BASE}{path}", json.dumps(body), content_type="application/json")


def test_an_agent_finds_sees_and_reveals_and_compliance_sees_that_she_did(known, as_role):
    agent = as_role("agent")
    assert send(agent, "POST", "/search", field="phone", value="138 0013 8000").json() == [
        {"borrower_id": "B1", "name": "张*三"}
    ]
    values = agent.get(f"{BASE}/borrowers/B1").json()
    assert {"张*三", "138****8000"} <= {value["shown"] for value in values}
    seen = send(agent, "POST", "/borrowers/B1/reveal", field="phone", reason="contact")
    assert (seen.status_code, seen.json()) == (200, {"value": "+8613800138000"})
    told = as_role("compliance").get("/api/v1/audit/reveals").json()
    assert [(row["actor"], row["subject"], row["facts"]["reason"]) for row in told] == [
        ("agent", "borrower:B1", "contact")
    ]


def test_a_wrong_number_is_corrected_and_taken_away(known, as_role):
    agent = as_role("agent")
    values = send(agent, "PUT", "/borrowers/B1/values", field="phone", value="13711112222", position=1).json()
    assert "137****2222" in {value["shown"] for value in values}
    assert agent.delete(f"{BASE}/borrowers/B1/values/phone/1").status_code == 204
    assert agent.delete(f"{BASE}/borrowers/B1/values/phone/1").status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"field": "phone", "reason": "curiosity"}, 422, "no reason"),
        ({"field": "shoe_size", "reason": "contact"}, 422, "has no shoe_size"),
        ({"field": "phone", "reason": "contact", "position": 7}, 422, "at position 7"),
    ],
)
def test_a_reveal_that_cannot_be_is_told_in_words(known, as_role, body, status, said):
    answer = send(as_role("agent"), "POST", "/borrowers/B1/reveal", **body)
    assert answer.status_code == status
    assert said in answer.json()["detail"]


def test_an_error_does_not_repeat_the_value(known, as_role):
    answer = send(
        as_role("agent"), "PUT", "/borrowers/B1/values", field="identity_number", value="110105194912310029"
    )
    assert answer.status_code == 422
    assert "110105194912310029" not in answer.content.decode()


def test_another_agencys_borrower_is_not_found_by_trying_identifiers(known, as_role):
    put(Borrower.objects.create(borrower_id="B2"), "phone", "13900000000", "importer")
    agency = as_role("agency")
    for borrower in ("B1", "B2", "B3", "B\0"):
        assert agency.get(f"{BASE}/borrowers/{borrower}").status_code == 404
        answer = send(agency, "POST", f"/borrowers/{borrower}/reveal", field="phone", reason="contact")
        assert answer.status_code == 404
    assert send(agency, "POST", "/search", field="phone", value="13900000000").json() == []


def test_the_audit_log_is_read_by_page_and_by_what_is_asked(known, as_role):
    compliance = as_role("compliance")
    first = compliance.get("/api/v1/audit/entries?page=3").json()
    then = compliance.get(f"/api/v1/audit/entries?page=3&before={first[-1]['entry_id']}").json()
    ids = [row["entry_id"] for row in first + then]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 6
    assert compliance.get("/api/v1/audit/entries?action=nothing").json() == []
    assert len(compliance.get("/api/v1/audit/entries?subject=borrower:B1&page=1000").json()) == 8
