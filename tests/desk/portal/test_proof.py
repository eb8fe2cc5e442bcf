"""Proof of income and of hardship: handed in on her page, sealed, seen by those who decide, each look written down."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from forbear.desk.audit.models import Entry
from forbear.desk.plans import services
from forbear.desk.portal import evidence
from forbear.desk.portal.models import Asked, Evidence
from forbear.desk.replies.models import Task
from tests.desk.portal import test_plans
from tests.desk.portal.test_asking import JPEG
from tests.desk.portal.test_plans import asked_for

inside = test_plans.inside
pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
PDF = b"%PDF-1.7\nWAGES OF OCTOBER"


def file(name: str = "工资单.pdf", data: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def test_proof_of_a_plan_is_sealed_and_shown_to_whoever_grants_it(inside, as_role, user_of):
    made = asked_for(inside)
    answer = inside.post(f"/my/plans/{made.pk}", {"do": "show", "files": [file(), file("wage.jpg", JPEG)]})
    assert answer.status_code == 302, answer.content.decode()
    rows = list(Evidence.objects.order_by("pk"))
    assert [(row.plan_id, row.media) for row in rows] == [(made.pk, "application/pdf"), (made.pk, "image/jpeg")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT name || data FROM portal_evidence")
        assert not [
            one for (one,) in cursor.fetchall() if b"WAGES" in bytes(one) or "工资单".encode() in bytes(one)
        ]
    assert Task.objects.filter(kind="take_plan_further", done_at=None).count() == 1
    assert "工资单.pdf" in inside.get(f"/my/plans/{made.pk}").content.decode()
    if made.state == "asked":
        services.offer(made.pk, user_of("agent", "ann"), timezone.now(), evidence="payslip")
    services.agree(made.pk, None, timezone.now())
    services.put_forward(made.pk, user_of("agent", "ben"), timezone.now())
    for role in ("agent", "manager", "risk"):
        client = as_role(role)
        page = client.get(f"/plans/one/{made.pk}").content.decode()
        assert f"/proof/{rows[0].pk}" in page, role
        got = client.get(f"/proof/{rows[0].pk}")
        assert (got.status_code, got.content) == (200, PDF)
        assert got.headers["Content-Type"] == "application/octet-stream"
    seen = Entry.objects.filter(action="evidence.seen", subject="borrower:B1")
    assert [one.facts for one in seen] == [{"evidence": rows[0].pk, "plan": made.pk}] * 3
    assert as_role("funder").get(f"/proof/{rows[0].pk}").status_code == 403
    assert as_role("agency").get(f"/proof/{rows[0].pk}").status_code == 403


def test_proof_of_hardship_stands_on_its_receipt_and_with_the_next_plan(inside, as_role):
    answer = inside.post("/my/hardship", {"cause": "work", "files": file("dismissal.pdf")})
    number = answer.headers["Location"].rsplit("/", 1)[1]
    assert Evidence.objects.get().asked_id == number
    assert "dismissal.pdf" in inside.get(f"/my/receipts/{number}").content.decode()
    made = asked_for(inside)
    page = as_role("manager").get(f"/plans/one/{made.pk}").content.decode()
    assert "dismissal.pdf" in page
    assert "随困难说明提交" in page
    inside.post("/my/hardship", {})
    assert Asked.objects.filter(kind="hardship").count() == 2


def test_what_is_no_proof_is_refused_and_nothing_stands(inside):
    made = asked_for(inside)
    large = file("a.jpg", JPEG + b"\0" * evidence.MOST_BYTES)
    for given in ([], [file("run.pdf", b"MZ\x90\0")], [large], [file("act.pdf", b"%PDF-1 /JavaScript")]):
        answer = inside.post(f"/my/plans/{made.pk}", {"do": "show", "files": given})
        assert answer.status_code == 400
        assert 'role="alert"' in answer.content.decode()
    assert inside.post("/my/hardship", {"files": file("a.svg", b"<svg/>")}).status_code == 400
    services.withdraw(made.pk, None, timezone.now())
    assert inside.post(f"/my/plans/{made.pk}", {"do": "show", "files": file()}).status_code == 400
    assert not Evidence.objects.exists()
    assert not Asked.objects.filter(kind="hardship").exists()


def test_files_of_a_dispute_and_proof_are_opened_by_their_own_rights_alone(inside, as_role):
    inside.post("/my/dispute", {"text": "x", "files": file()})
    of_dispute = Evidence.objects.get().pk
    manager = as_role("manager")
    assert manager.get(f"/proof/{of_dispute}").status_code == 404
    assert manager.get(f"/evidence/{of_dispute}").status_code == 200
    inside.post("/my/hardship", {"files": file()})
    proof = Evidence.objects.get(complaint=None).pk
    assert manager.get(f"/evidence/{proof}").status_code == 404
    assert as_role("risk").get(f"/evidence/{of_dispute}").status_code == 403


def test_whoever_comes_back_to_a_forms_answer_is_led_to_the_form(inside, as_role):
    for path in ("/my/plans/fit/L1", "/my/plans/ask/L1"):
        assert inside.get(path).headers["Location"] == "/my/plans"
    assert as_role("agent").get("/plans/options/L1").headers["Location"] == "/plans/of/B1"
