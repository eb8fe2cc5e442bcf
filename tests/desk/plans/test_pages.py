"""The plans' pages and API as people and programs use them."""

from __future__ import annotations

import json
import re
from unittest.mock import patch

import pytest

from forbear.desk.plans.models import Plan
from forbear.desk.record.models import Case
from tests.desk.plans.conftest import AT

pytestmark = pytest.mark.django_db
FORM = {"income": "6000", "spending": "4200"}


@pytest.fixture(autouse=True)
def noon():
    with patch("django.utils.timezone.now", return_value=AT):
        yield


@pytest.fixture
def case(late):
    return Case.objects.create(case_id="C1", borrower_id="B1", dpd=78, bucket="M3", arrears=300_000)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_agent_offers_and_two_people_grant(late, case, as_role, language):
    agent, manager, risk = (as_role(role, username=role[0]) for role in ("agent", "manager", "risk"))
    for client in (agent, manager, risk):
        client.post("/language", {"language": language, "next": "/"})
    page = agent.post("/plans/options/L1", FORM).content.decode()
    options = re.findall(r'name="option" value="([0-9a-f]{24})"', page)
    assert options
    assert agent.post("/plans/ask/L1", {**FORM, "option": options[0], "evidence": "payslips"}).status_code == 302
    plan = Plan.objects.get()
    address = f"/plans/one/{plan.pk}"
    assert agent.post(f"{address}/step", {"step": "agree"}).status_code == 302  # the costs were not confirmed
    plan.refresh_from_db()
    assert plan.state == "offered"
    agent.post(f"{address}/step", {"step": "agree", "confirmed": "1"})
    agent.post(f"{address}/step", {"step": "forward"})
    assert agent.post(f"{address}/decide", {"decision": "grant"}).status_code == 403
    assert plan.option["say"]["zh" if language != "en" else "en"] in manager.get(address).content.decode()
    plan.refresh_from_db()
    approval = manager.get(f"/approvals/{plan.approval_id}")
    assert approval.context["effects"][0].rows
    assert not approval.context["stale"]
    manager.post(f"{address}/decide", {"decision": "grant"})
    plan.refresh_from_db()
    assert plan.state == "granted"
    for shown in ("/plans?show=running", "/plans/of/B1", "/borrowers/B1", address):
        said = agent.get(shown)
        assert said.status_code == 200, shown
        assert str(plan.pk) in said.content.decode()


def test_refused_with_a_reason_and_taken_back(late, case, as_role):
    agent, manager = as_role("agent", username="a"), as_role("manager", username="m")
    page = agent.post("/plans/options/L1", FORM).content.decode()
    option = re.findall(r'name="option" value="([0-9a-f]{24})"', page)[0]
    agent.post("/plans/ask/L1", {**FORM, "option": option, "evidence": "payslips"})
    first = Plan.objects.get()
    manager.post(f"/plans/one/{first.pk}/decide", {"decision": "refuse", "reason": " "})
    first.refresh_from_db()
    assert first.state == "offered"
    manager.post(f"/plans/one/{first.pk}/decide", {"decision": "refuse", "reason": "another is better for her"})
    first.refresh_from_db()
    assert (first.state, first.ended_because) == ("refused", "another is better for her")
    assert "another is better for her" in agent.get(f"/plans/one/{first.pk}").content.decode()


def test_what_does_not_fit_is_said(late, case, as_role):
    agent = as_role("agent")
    agent.post("/language", {"language": "en", "next": "/"})
    assert "Contact pauses" in agent.post("/plans/options/L1", {"income": "2000"}).content.decode()
    assert "income is missing" in agent.post("/plans/options/L1", {"income": ""}).content.decode()
    assert agent.post("/plans/options/L9", FORM).status_code == 404


def test_the_whole_life_by_api(late, as_role):
    service, manager, agent = as_role("service"), as_role("manager"), as_role("agent")

    def post(client, path, body=None):
        return client.post(f"/api/v1/plans{path}", json.dumps(body or {}), content_type="application/json")

    budget = {"income": 600_000, "spending": 420_000}
    found = post(service, "/options", {"loan_id": "L1", "budget": budget}).json()
    option = found["shown"][0]
    assert sum(amount for _, amount in option["payments"]) == option["total"]
    made = post(service, "", {"loan_id": "L1", "budget": budget, "option_id": option["option_id"], "evidence": "x"})
    assert made.status_code == 201, made.content
    plan = made.json()["plan_id"]
    assert post(service, f"/{plan}/agree", {"confirmed": False}).status_code == 422
    assert post(service, f"/{plan}/agree", {"confirmed": True}).json()["state"] == "agreed"
    assert post(service, f"/{plan}/forward").status_code == 403
    assert post(agent, f"/{plan}/forward").json()["waits_for"] == "second_person"
    assert post(service, f"/{plan}/grant").status_code == 403
    assert post(manager, f"/{plan}/grant").json()["state"] == "granted"
    assert service.get("/api/v1/plans", {"borrower_id": "B1"}).json()[0]["verdict"]["answer"] == "allowed"
    ways = service.get("/api/v1/plans/way-back", {"borrower_id": "B1"}).json()
    assert {step["code"] for step in ways[0]["steps"]} >= {
        "arrears",
        "plan",
        "status",
        "limit",
        "correct",
        "record",
    }
    assert post(manager, f"/{plan}/withdraw").status_code in (409, 422)


def test_nobody_sees_anothers_plan(late, as_role, people):
    from forbear.desk.plans import services
    from tests.desk.plans.conftest import MEANS

    option = services.options_for("L1", MEANS["income"], MEANS["spending"], AT)[0]
    plan = services.ask("L1", option.option_id, people["agent"], AT, **MEANS, evidence="x")
    queued = as_role("agent", username="q", queues=["elsewhere"])
    for path in (f"/plans/one/{plan.pk}", "/plans/of/B1", f"/api/v1/plans/{plan.pk}"):
        assert queued.get(path).status_code == 404, path
    assert queued.get("/plans").context["rows"] == []
    for role in ("agency", "funder", "borrower"):
        assert as_role(role, username=role + "2").get(f"/plans/one/{plan.pk}").status_code == 403
