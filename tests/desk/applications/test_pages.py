"""The pages of applications and their API, as each role meets them."""

from __future__ import annotations

import json
import re

import pytest

from forbear.desk.applications import deciding
from forbear.desk.applications.models import Application, LoanScore, PolicyVersion
from forbear.desk.people.models import Approval, User
from forbear.desk.record.models import Loan
from forbear.risk.assess_policy import shipped_text
from forbear.testing.lending import lend
from tests.desk.applications.conftest import AT, identity

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
FORM = {
    "name": "王样本",
    "phone": "19900000000",
    "amount": "20,000",
    "term": "12",
    "method": "flat",
    "income_declared": "13000",
    "income_verified": "11000",
    "identity_check": "yes",
    "credit_inquiry": "yes",
}


@pytest.fixture(autouse=True)
def whole(sandbox):
    """Every page speaks of the sandbox."""


def test_from_the_form_to_the_loan_by_the_pages_alone(as_role):
    agent, manager, compliance = (
        as_role("agent", language="en"),
        as_role("manager", language="en"),
        as_role("compliance", language="en"),
    )
    told = agent.post("/applications/new", {**FORM, "identity_number": identity(serial=7)})
    one = Application.objects.get()
    assert told.headers["Location"] == f"/applications/{one.pk}"
    page = agent.get(f"/applications/{one.pk}").content.decode()
    assert "Approved" in page
    assert "王*本" in page
    assert "王样本" not in page
    assert page.count("<details><summary>Schedule") == 4
    agent.post(f"/applications/{one.pk}/accept", {"method": "flat"})
    assert Application.objects.get().state == "decided", "the costs were not confirmed"
    agent.post(f"/applications/{one.pk}/accept", {"method": "flat", "confirmed": "yes"})
    assert manager.post(f"/applications/{one.pk}/disburse").status_code == 302
    waits = Approval.objects.get()
    manager.post(f"/applications/proposals/{waits.pk}", {"answer": "approve"})
    assert not Loan.objects.exists(), "nobody approves her own proposal"
    compliance.post(f"/applications/proposals/{waits.pk}", {"answer": "approve"})
    assert Loan.objects.get().repayment_method == "flat"
    assert "Paid out" in manager.get("/applications").content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_keeps_the_policy_in_both_languages(as_role, taken, language):
    manager = as_role("manager", language="en")
    manager.post("/language", {"language": language, "next": "/"})
    made = [taken(digits) for digits in ("0000", "0010", "0012", "7777")]
    user = User.objects.get(username="manager")
    for one in made:
        deciding.check_and_decide(one, by=user, at=AT)
    deciding.contest(made[2].borrower, "wrong", by=user, at=AT, application=made[2])
    for address in ["", "/new", "/policy", "?outcome=decline", *(f"/{one.pk}" for one in made)]:
        answer = manager.get(f"/applications{address}")
        said = answer.content.decode()
        assert answer.status_code == 200, address
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|https?://", said), address
        if language == "zh-hans" and address not in ("/policy", "/new"):
            assert "贷款申请" in said


def test_a_form_that_cannot_be_is_told_and_nothing_is_kept(as_role):
    agent = as_role("agent", language="en")
    for change in (
        {"amount": "x"},
        {"amount": "0"},
        {"term": "-1"},
        {"phone": "12"},
        {"name": ""},
        {"method": "x"},
    ):
        said = agent.post("/applications/new", {**FORM, "identity_number": identity(), **change})
        assert said.status_code == 200
        assert 'class="message error"' in said.content.decode()
    assert not Application.objects.exists()


def test_an_agent_with_queues_sees_what_she_took_and_no_more(as_role, taken, user_of):
    others = taken()
    client = as_role("agent", queues=["mine"], language="en")
    me = client.get("/").context["user"]
    hers = taken(by=me)
    assert client.get(f"/applications/{hers.pk}").status_code == 200
    assert client.get(f"/applications/{others.pk}").status_code == 404
    assert f'/applications/{others.pk}"' not in client.get("/applications").content.decode()
    for act in ("check", "accept", "contest"):
        assert client.post(f"/applications/{others.pk}/{act}").status_code == 404
    assert client.get(f"/api/v1/applications/{others.pk}").status_code == 404


def test_a_long_list_goes_on_by_key(as_role, taken, user_of):
    by = user_of("agent", "taker")
    made = [taken(by=by) for _ in range(52)]
    manager = as_role("manager", language="en")
    first = manager.get("/applications").content.decode()
    more = re.search(r'hx-get="(\?[^"]+)"', first)[1].replace("&amp;", "&")
    rest = manager.get(f"/applications{more}", headers={"HX-Request": "true"}).content.decode()
    found = re.findall(r'href="/applications/(\d+)"', first + rest)
    assert [int(one) for one in found] == sorted((one.pk for one in made), reverse=True)
    assert "<h1>" not in rest


def test_a_policy_by_the_pages(as_role):
    manager, risk = as_role("manager", language="en"), as_role("risk", language="en")
    text = shipped_text().replace('name = "shipped"', 'name = "ours"')
    manager.post("/applications/policy/propose", {"text": "nonsense"})
    assert not Approval.objects.exists()
    manager.post("/applications/policy/propose", {"text": text})
    waits = Approval.objects.get()
    assert "Waits for a second person" in risk.get("/applications/policy").content.decode()
    risk.post(f"/applications/proposals/{waits.pk}", {"answer": "approve"})
    assert PolicyVersion.objects.get().name == "ours"
    assert "version" in risk.get("/applications/policy").content.decode()


def test_the_api_from_application_to_answer(as_role):
    service, manager, risk = (
        as_role("service", language="en"),
        as_role("manager", language="en"),
        as_role("risk", language="en"),
    )

    def post(client, address, body=None):
        said = client.post(
            f"/api/v1/applications{address}", json.dumps(body or {}), content_type="application/json"
        )
        return said.status_code, said.json()

    asked = {
        "name": "王样本",
        "identity_number": identity(serial=9),
        "phone": "19900000012",
        "amount": 2_000_000,
        "term": 12,
        "agrees": ["identity_check", "credit_inquiry"],
        "said": {"income_verified": 1_100_000},
    }
    status, one = post(service, "", asked)
    assert status == 201
    assert (one["state"], one["decision"]) == ("received", None)
    number = one["application_id"]
    status, one = post(service, f"/{number}/assessment")
    assert (status, one["outcome"]) == (200, "decline")
    assert one["decision"]["reasons"][0]["words"]
    status, contest = post(service, f"/{number}/contests", {"words": "not me"})
    assert status == 201
    answer = {"changed": True, "answer": "the bureau has corrected it"}
    assert post(service, f"/{number}/contests/{contest['contest_id']}/answer", answer)[0] == 403
    status, contest = post(risk, f"/{number}/contests/{contest['contest_id']}/answer", answer)
    assert (status, contest["state"]) == (200, "changed")
    offer = risk.get(f"/api/v1/applications/{number}").json()["decision"]["offers"][0]
    accepted = {"method": offer["method"], "costs_confirmed": True}
    assert post(service, f"/{number}/acceptance", accepted)[0] == 200
    assert post(service, f"/{number}/disbursal")[0] == 403
    assert post(manager, f"/{number}/disbursal")[0] == 202
    assert [row["application_id"] for row in manager.get("/api/v1/applications?outcome=approve").json()] == [number]


def test_the_nights_reasons_stand_on_the_borrowers_page_and_are_contested(as_role):
    lend("L1")
    LoanScore.objects.create(
        loan_id="L1",
        as_of=AT.date(),
        warned=False,
        cause="cash",
        cause_chance=0.7,
        words={
            "cause_words": [["short of cash for a time", "短期资金紧张"], ["another due date", "调整还款日"]],
            "evidence": [["paid in parts", "零散还款"]],
            "reasons": [["the latest installments were paid later than usual", "最近几期还款比以往更晚"]],
        },
        chances={},
        model_sha256="x",
    )
    manager = as_role("manager", language="en")
    page = manager.get("/borrowers/B1").content.decode()
    for words in ("short of cash for a time", "another due date", "paid in parts", "later than usual"):
        assert words in page
    manager.post("/applications/scores/contest/L1", {"words": "I am paid on the tenth"})
    assert "I am paid on the tenth" in manager.get("/borrowers/B1").content.decode()
    manager.post("/language", {"language": "zh-hans", "next": "/"})
    assert "短期资金紧张" in manager.get("/borrowers/B1").content.decode()
    assert "短期资金紧张" not in as_role("agency", language="en").get("/borrowers/B1").content.decode()
