"""Managing webhooks: two people make one, by page and by API; the secret is shown once; deliveries are handled."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from forbear.basics.errors import WrongUse
from forbear.desk.audit.models import Entry
from forbear.desk.outbound.delivering import deliver_some, due
from forbear.desk.outbound.models import Delivery, Webhook
from forbear.desk.outbound.subscribing import MAKE, proposed
from forbear.desk.people.approvals import OwnProposal, approve
from forbear.desk.people.models import Approval
from forbear.desk.record.models import Borrower, Case

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
WANTED = {"name": "core", "url": "https://93.184.215.14/hook", "kinds": ["case.opened"]}


def post(client, path: str, body: dict | None = None):
    return client.post(f"/api/v1/webhooks{path}", body or {}, content_type="application/json")


def test_one_proposes_another_approves_and_only_then_is_there_one(as_role, user_of):
    admin = as_role("administrator")
    asked = post(admin, "", WANTED)
    assert asked.status_code == 202
    assert asked.json()["kind"] == MAKE
    assert not Webhook.objects.exists()
    approval, at = Approval.objects.get(), timezone.now()
    with pytest.raises(OwnProposal):
        approve(approval.proposed_by, approval.pk, at)
    with pytest.raises(PermissionDenied):
        approve(user_of("manager"), approval.pk, at)
    approve(user_of("compliance"), approval.pk, at)
    (hook,) = admin.get("/api/v1/webhooks").json()
    assert (hook["name"], hook["state"], hook["has_secret"], hook["waiting"]) == ("core", "active", False, 0)
    Case.objects.create(case_id="C1", borrower=Borrower.objects.create(borrower_id="B1"))
    assert due(timezone.now()) == [], "without a secret nothing is sent"
    shown = post(admin, f"/{hook['webhook_id']}/secret").json()["secret"]
    assert shown.startswith("whsec_")
    assert admin.get("/api/v1/webhooks").json()[0]["waiting"] == 1
    assert len(due(timezone.now())) == 1
    assert shown not in str(list(Entry.objects.values()))
    assert shown not in str(list(Approval.objects.values()))


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://core.example/hook", "kinds": []},
        {"url": "https://127.0.0.1/hook"},
        {"url": "https://[::ffff:10.0.0.1]/hook"},
        {"kinds": ["nothing.so"]},
        {"name": " "},
    ],
)
def test_what_cannot_be_is_refused_when_it_is_proposed(as_role, wrong):
    assert post(as_role("administrator"), "", WANTED | wrong).status_code == 422
    assert not Approval.objects.exists()


def test_a_role_without_the_right_cannot_propose(user_of):
    with pytest.raises(PermissionDenied):
        proposed(user_of("manager"), "x", WANTED["url"], WANTED["kinds"], timezone.now())
    with pytest.raises(WrongUse):
        proposed(user_of("administrator"), "x", WANTED["url"], [], timezone.now())


def test_the_page_lists_handles_and_tells(as_role, receiver, subscribe):
    hook, _ = subscribe(receiver.url, ["case.opened"])
    admin = as_role("administrator", username="ada")
    Case.objects.create(case_id="C1", borrower=Borrower.objects.create(borrower_id="B1"))
    receiver.answers = lambda nth, body: 500
    deliver_some(hook.pk)
    page = admin.get("/webhooks/").content.decode()
    assert "core" in page
    assert receiver.url.replace("&", "&amp;") in page
    messages = admin.get(f"/webhooks/{hook.pk}").content.decode()
    row = Delivery.objects.get()
    assert row.event.message_id in messages
    assert "500" in messages
    receiver.answers = lambda nth, body: 200
    assert admin.post(f"/webhooks/{hook.pk}/{row.event.message_id}/redeliver").status_code == 302
    deliver_some(hook.pk)
    assert Delivery.objects.get().state == "delivered"
    assert "whsec_" in admin.post(f"/webhooks/{hook.pk}/secret").content.decode()
    assert "whsec_" not in admin.get("/webhooks/").content.decode()
    admin.post(f"/webhooks/{hook.pk}/test")
    assert Delivery.objects.filter(event__kind="webhook.test").count() == 1
    admin.post(f"/webhooks/{hook.pk}/disable")
    assert Webhook.objects.get().state == "disabled"
    admin.post(f"/webhooks/{hook.pk}/resume", follow=True)
    assert Webhook.objects.get().state == "disabled"
    proposal = admin.post("/webhooks/propose", {**WANTED, "name": "crm"})
    assert proposal.status_code == 302
    assert Approval.objects.filter(subject="webhook:crm").exists()
    assert admin.post("/webhooks/propose", {**WANTED, "url": "https://10.0.0.1/"}).status_code == 200
    for language, said in (("zh-hans", "推送"), ("en", "Webhooks")):
        admin.post("/language", {"language": language, "next": "/"})
        assert f"<h1>{said}</h1>" in admin.get("/webhooks/").content.decode()


def test_deliveries_by_api_newest_first_a_page_at_a_time(as_role, receiver, subscribe):
    hook, _ = subscribe(receiver.url, ["case.opened"])
    for number in range(5):
        borrower = Borrower.objects.create(borrower_id=f"B{number}")
        Case.objects.create(case_id=f"C{number}", borrower=borrower)
    admin = as_role("administrator", username="ada")
    first = admin.get(f"/api/v1/webhooks/{hook.pk}/deliveries?limit=3").json()
    rest = admin.get(f"/api/v1/webhooks/{hook.pk}/deliveries?limit=3&before={first[-1]['event_id']}").json()
    assert [len(first), len(rest)] == [3, 2]
    assert len({row["message_id"] for row in first + rest}) == 5
    skipped = post(admin, f"/{hook.pk}/deliveries/{first[0]['message_id']}/skip")
    assert skipped.json()["state"] == "skipped"
    assert post(admin, f"/{hook.pk}/deliveries/{first[0]['message_id']}/skip").status_code == 409
    assert post(admin, f"/{hook.pk}/deliveries/nothing/redeliver").status_code == 422
