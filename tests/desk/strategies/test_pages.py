"""Pages and API of strategies, as each role meets them."""

from __future__ import annotations

import json

import pytest

from forbear.desk.people.models import Approval
from forbear.desk.strategies import versions
from forbear.desk.strategies.models import Replay, Version
from forbear.desk.strategies.texts import LONGEST

from .conftest import NOW, text

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


@pytest.fixture
def clients(as_role):
    return {role: as_role(role, username=f"{role}1", language="en") for role in ("manager", "compliance", "risk")}


def said(client, where):
    return client.get(where).content.decode()


def test_from_an_empty_desk_to_a_strategy_in_force_and_back_by_the_pages_alone(clients):
    manager, compliance, risk = clients["manager"], clients["compliance"], clients["risk"]
    assert "None in force" in said(manager, "/strategies")
    assert "burden_price" in said(manager, "/strategies/write"), "it begins with the shipped careful one"
    wrong = manager.post("/strategies/write", {"text": text('burden_price = "x"\n')})
    assert "line 4, burden_price" in wrong.content.decode()
    kept = manager.post("/strategies/write", {"text": text(), "why": "to begin"})
    first = Version.objects.get()
    assert kept.headers["Location"] == f"/strategies/{first.pk}"
    assert "compliance approves it" in said(manager, f"/strategies/{first.pk}")
    manager.post(f"/strategies/{first.pk}/propose")
    waits = Approval.objects.get()
    assert "Put in force" not in said(manager, "/strategies")
    manager.post(f"/strategies/decide/{waits.pk}", {"answer": "approve"})
    assert versions.in_force() is None
    assert "to begin" in said(compliance, f"/strategies/{first.pk}")
    compliance.post(f"/strategies/decide/{waits.pk}", {"answer": "approve"})
    assert "in force since" in said(risk, "/strategies")
    second = risk.post("/strategies/write", {"text": text('peace_share = "0.20"\n', version="2"), "why": ""})
    page = said(risk, second.headers["Location"])
    assert "<code>peace_share</code>" in page
    assert "<ins>+ version = &quot;2&quot;</ins>" in page
    risk.post(f"{second.headers['Location']}/propose")
    manager.post(f"/strategies/decide/{Approval.objects.get(state='proposed').pk}", {"answer": "approve"})
    assert versions.in_force().version.label == "2"
    assert "Propose to go back to it" in said(manager, f"/strategies/{first.pk}")
    manager.post(f"/strategies/{first.pk}/propose")
    again = Approval.objects.get(state="proposed")
    compliance.post(f"/strategies/decide/{again.pk}", {"answer": "refuse", "reason": "stay"})
    assert versions.in_force().version.label == "2"


def test_a_replay_is_asked_for_and_shown_when_it_is_done(clients, held):
    version = held(text())
    where = f"/strategies/{version.pk}"
    clients["manager"].post(f"{where}/replay")
    assert "is being replayed" in said(clients["risk"], where).lower()
    estimate = {"value": 12.5, "low": 10.0, "high": 15.0}
    night = {"looked_at": 9, "treated": 3, "expected_gain": 7.5, "cost": 1.0, "burden": 4.0}
    told = {
        "as_of": "2026-06-30", "currency": "CNY", "in_force": "ours 1", "with_model": False,
        "night": {"wait": 5, "sms": 4}, "steps": [["wait", 5, 6], ["sms", 4, 3]], "moved": 1,
        "sums": {"now": night, "then": night}, "moves": [["sms", "wait", 1]],
        "log": {
            "nights": ["2026-04-30"], "days": 30, "decisions": 400, "seen": estimate, "dr": estimate,
            "snips": estimate, "ips": {"value": None, "low": None, "high": None},
            "overlap": {"effective": 80.0, "largest_weight": 0.02, "unsupported": 0.4, "is_enough": False},
        },
    }  # fmt: skip
    Replay.objects.update(state="done", told=told, done_at=NOW)
    page = said(clients["risk"], where)
    assert "SMS → Wait: 1" in page
    assert "40.0%" in page
    assert "The log cannot say" in page
    assert "12.50" in page


def test_who_may_not_propose_sees_no_way_to(clients, held, as_role):
    version = held(text())
    page = said(clients["compliance"], f"/strategies/{version.pk}")
    assert "/propose" not in page
    assert clients["compliance"].post(f"/strategies/{version.pk}/propose").status_code == 403
    assert as_role("agent").get("/strategies").status_code == 403


def test_the_api_reads_writes_proposes_and_replays(clients, held):
    manager = clients["manager"]

    def post(where, **body):
        return manager.post(f"/api/v1/strategies{where}", json.dumps(body), content_type="application/json")

    assert manager.get("/api/v1/strategies").status_code == 404
    held(text())
    now = manager.get("/api/v1/strategies").json()
    assert (now["name"], now["version"], now["text"]) == ("ours", "1", text())
    refused = post("", text="nonsense")
    assert refused.status_code == 422
    assert "line 1" in refused.json()["detail"]
    assert post("", text="x" * (LONGEST + 1)).status_code == 422
    made = post("", text=text('peace_share = "0.01"\n', version="2")).json()
    assert made["loosens"] == ["peace_share"]
    asked = post(f"/{made['version_id']}/propose")
    assert (asked.status_code, asked.json()["kind"]) == (202, "strategies.loosen")
    replay = post(f"/{made['version_id']}/replay").json()
    assert manager.get(f"/api/v1/strategies/replays/{replay['replay_id']}").json()["state"] == "waiting"
    assert manager.get("/api/v1/strategies/replays/999").status_code == 404
    assert post("/999/propose").status_code == 422
