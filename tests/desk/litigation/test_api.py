"""Suits by API: opening, stages in their order, filing proposed for a second person, nobody another's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from forbear.desk.litigation.models import Event
from forbear.desk.people.models import Approval

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
PATH = "/api/v1/suits"


@pytest.fixture
def ask(late, people, as_role, monkeypatch):
    """Posts as a manager on a day of May 2026."""
    client = as_role("manager")

    def post(path: str, body: dict, day: int = 4):
        monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 5, day, 4, tzinfo=UTC))
        return client.post(f"{PATH}{path}", body, content_type="application/json")

    post.client = client
    return post


def test_a_suit_is_opened_once_and_goes_by_its_stages(ask):
    made = ask("", {"loan_id": "L1"}).json()
    assert ask("", {"loan_id": "L1"}).json()["suit_id"] == made["suit_id"]
    assert (made["stage"], made["costs"]) == ("opened", 0)
    assert "mediation_asked" in made["may_follow"]
    stage = {"stage": "mediation_asked", "on": "2026-05-04", "words": {"where": "示例调解中心"}}
    told = ask(f"/{made['suit_id']}/stages", stage).json()
    assert [one["stage"] for one in told["events"]] == ["opened", "mediation_asked"]
    assert told["events"][1]["words"]["where"] == "示例调解中心"
    assert ask.client.get(f"{PATH}/{made['suit_id']}").json() == told
    assert ask.client.get(PATH, {"borrower_id": "B1"}).json() == [told]
    settled = {
        "stage": "settled",
        "on": "2026-05-06",
        "words": {"pay_by": "2026-05-20"},
        "amounts": {"agreed": 500_00},
    }
    told = ask(f"/{made['suit_id']}/stages", settled, 6).json()
    assert told["stage"] == "settled"
    assert told["events"][-1]["facts"]["agreed"] == 500_00


def test_what_does_not_follow_or_lacks_something_is_refused(ask):
    path = f"/{ask('', {'loan_id': 'L1'}).json()['suit_id']}/stages"
    for wrong in (
        {"stage": "judgment", "on": "2026-05-04"},
        {"stage": "mediation_asked", "on": "2026-05-04"},
        {"stage": "mediation_asked", "on": "2027-05-04", "words": {"where": "x"}},
        {"stage": "nonsense", "on": "2026-05-04"},
        {"stage": "settled", "on": "2026-05-04", "words": {"pay_by": "2026-05-20"}, "amounts": {"agreed": -1}},
    ):
        assert ask(path, wrong).status_code in (409, 422), wrong
    assert Event.objects.count() == 1


def test_filing_is_proposed_and_the_gate_is_asked(ask, people):
    suit = ask("", {"loan_id": "L1"}).json()["suit_id"]
    filed = {
        "stage": "filed",
        "on": "2026-05-20",
        "words": {"procedure": "simplified", "court": "示例法院", "surplus": "100000"},
        "declared": ["contract", "disbursal", "identity"],
        "claimed": 400_00,
    }
    assert ask(f"/{suit}/stages", filed, 20).status_code == 422  # mediation comes first
    for stage, words in (("mediation_asked", {"where": "示例调解中心"}), ("mediation_failed", {})):
        assert ask(f"/{suit}/stages", {"stage": stage, "on": "2026-05-10", "words": words}, 10).status_code == 200
    for name in ("surplus", "average_wage"):
        odd = {**filed, "words": {**filed["words"], name: "1e9²"}}
        assert ask(f"/{suit}/stages", odd, 20).status_code == 422
    refused = ask(f"/{suit}/stages", filed, 20)
    assert refused.status_code == 409
    assert "LENDER-LIT-01" in refused.json()["detail"]  # no letter before action was delivered
    assert not Approval.objects.exists()


def test_nobody_reads_anothers(ask, as_role):
    suit = ask("", {"loan_id": "L1"}).json()["suit_id"]
    for role in ("agent", "agency", "funder"):
        client = as_role(role)
        assert client.get(f"{PATH}/{suit}").status_code == 403
        assert client.get(PATH, {"borrower_id": "B1"}).status_code == 403
    assert ask.client.get(f"{PATH}/none").status_code == 404
    assert ask("", {"loan_id": "L9"}).status_code == 404
