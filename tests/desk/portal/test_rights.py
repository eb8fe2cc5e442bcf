"""A borrower's page shows hers alone: tried at every address with every identifier of another's, by every method."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from forbear.desk.people.models import User
from forbear.desk.portal import asking, evidence, paying
from forbear.desk.portal.models import Asked, Evidence, Intent
from forbear.desk.record.models import Complaint, Fact, Promise
from tests.desk.endpoints import endpoints
from tests.desk.portal.conftest import MARK, come_in

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
FORM = "application/x-www-form-urlencoded"
PDF = b"%PDF-1.7\n1 0 obj\n"


@pytest.fixture
def all_of_hers(others, sandbox) -> list[str]:
    """Everything that B2 can have on her page, each with the mark; the identifiers of it all."""
    at = timezone.now()
    asked = [
        asking.tell_hardship("B2", ["work"], MARK, at),
        asking.ask_extension("B2", 7, MARK, at),
        asking.dispute("B2", MARK, [evidence.Upload(f"{MARK}.pdf", PDF)], at),
        asking.complain("B2", MARK, at, f"K2{MARK}"),
        asking.stop("B2", at),
    ]
    begun = paying.begin("B2", 1_00, paying.due_of("B2", at)[0], "sandbox", at)
    return [
        *("B2", f"L2{MARK}", f"C2{MARK}", f"K2{MARK}"),
        *(row.pk for row in asked),
        *(row.refers for row in asked),
        *(begun.pk, begun.pk.replace("-", "")),
        *(str(row.pk) for row in Evidence.objects.all()),
        *(row.pk for row in Complaint.objects.all()),
    ]


def hers_alone():
    return [one for one in endpoints() if one.hers]


def test_the_addresses_of_the_page_are_known():
    routes = {one.route for one in hers_alone()}
    assert len(routes) > 18
    assert not [one for one in routes if "borrower" in one]  # none names whose page it is


def test_without_a_visit_every_address_leads_to_the_closed_door(others, as_role):
    for client in (Client(), as_role("manager"), as_role("borrower", borrower_id="B2")):
        for one in hers_alone():
            said = client.generic(one.method, one.path("X"))
            closed = said.status_code == 302 and said.headers["Location"] == "/my/closed"
            assert closed or said.status_code == 405, one


def test_a_visit_opens_nothing_of_the_desk(inside):
    for one in endpoints():
        if one.action:
            said = inside.generic(one.method, one.path())
            assert said.status_code in (({401}) if one.is_api else {302, 405}), one
            assert not said.headers.get("Location", "").startswith("/my/"), one


def test_anothers_page_is_not_read_or_changed_by_trying_identifiers(inside, all_of_hers):
    before = state_of("B2")
    for one in hers_alone():
        for value in all_of_hers if one.has_parameter else [""]:
            path = one.path(value)
            given = {
                "contact": f"K2{MARK}",
                "loan": f"L2{MARK}",
                "text": "x",
                "borrower": "B2",
                "borrower_id": "B2",
            }
            sent = {**given, "reference": value, "number": value, "do": "pay"} if one.method == "POST" else {}
            answer = inside.generic(one.method, path, urlencode(sent), content_type=FORM)
            if answer.headers.get("Content-Type") == "application/zip":
                continue  # see below
            assert MARK.encode() not in answer.content.replace(path.encode(), b""), path
            if one.has_parameter and one.route != "my/in/<str:token>":
                assert answer.status_code in {404, 405, 302}, path
        if one.route in {"my/leave"}:
            inside.cookies = come_in("B1").cookies
    assert state_of("B2") == before


def state_of(borrower_id: str) -> dict[str, object]:
    """What another's acts could have changed."""
    own = {"borrower_id": borrower_id}
    return {
        "asked": Asked.objects.filter(**own).count(),
        "intents": list(Intent.objects.filter(**own).values_list("pk", "state")),
        "facts": sorted(Fact.objects.filter(**own).values_list("fact", "until")),
        "complaints": Complaint.objects.filter(**own).count(),
        "promises": Promise.objects.filter(**own).count(),
    }


def test_the_data_taken_along_is_hers_alone(inside, all_of_hers):
    import io
    import zipfile

    opened = zipfile.ZipFile(io.BytesIO(inside.post("/my/data/download").content))
    everything = "".join(opened.read(name).decode() for name in opened.namelist())
    assert MARK not in everything
    assert "B2" not in {row["borrower_id"] for row in json.loads(opened.read("data.json"))["loans"]}


def test_the_mark_is_seen_by_whose_it_is(all_of_hers):
    """Else the tests above would hold of anything."""
    client = come_in("B2", {"phone": "4321", "born": "1988"})
    for number in Asked.objects.filter(kind__in=["hardship", "dispute", "complaint"]).values_list("pk", flat=True):
        assert MARK in client.get(f"/my/receipts/{number}").content.decode()
    assert MARK in client.get("/my/").content.decode()


def test_another_second_check_does_not_fit_her_link(hers, others):
    from tests.desk.portal.conftest import CHECK, door_of

    assert Client().post(door_of("B2"), CHECK).status_code == 403


def test_a_contact_of_another_cannot_be_complained_of(inside, all_of_hers):
    answer = inside.post("/my/complain", {"text": "x", "contact": f"K2{MARK}"})
    assert answer.status_code == 400
    assert not Complaint.objects.filter(borrower_id="B1").exists()
    assert not Asked.objects.filter(borrower_id="B1").exists()  # the number went with it


def test_evidence_is_downloaded_by_staff_who_see_her_and_by_nobody_else(hers, others, as_role, inside):
    given = {"text": "not mine", "files": SimpleUploadedFile("<b>.pdf", PDF, "text/html")}
    assert inside.post("/my/dispute", given).status_code == 302
    path = f"/evidence/{Evidence.objects.get().pk}"
    answer = as_role("compliance").get(path)
    assert answer.content == PDF
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert "<" not in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    User.objects.filter(role="agent").delete()
    assert as_role("agent", queues=["another"]).get(path).status_code == 404
    for role in ("agency", "funder", "borrower", "risk", "administrator"):
        assert as_role(role).get(path).status_code == 403
    assert Client().get(path).status_code == 302
    assert inside.get(path).status_code == 302


def test_who_is_not_on_the_page_still_sees_nothing_when_both_are_open(hers, others):
    first = come_in("B1")
    second = come_in("B2", {"phone": "4321", "born": "1988"})
    assert MARK not in first.get("/my/").content.decode()
    assert MARK in second.get("/my/").content.decode()
    assert "Loan L1<" not in second.get("/my/").content.decode()


def test_an_erased_borrower_has_no_page(hers, monkeypatch):
    from forbear.desk.portal import links
    from forbear.desk.privacy import erasing
    from tests.desk.portal.conftest import door_of

    path = door_of("B1")
    monkeypatch.setattr(erasing, "keeps", lambda *_: [])
    assert erasing.erase("B1", "tests", timezone.now(), "unlawful").done
    assert Client().get(path).status_code == 404
    assert links.read(path.rsplit("/", 1)[1]) is not None  # the link is genuine; nobody is behind it


def test_a_file_is_sealed_and_goes_with_her_key(hers):
    asked = asking.dispute("B1", "no", [evidence.Upload("a.pdf", PDF + b"secret words")], timezone.now())
    row = Evidence.objects.get()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT data, name FROM portal_evidence")
        data, name = cursor.fetchone()
    assert b"secret words" not in bytes(data)
    assert b"a.pdf" not in bytes(name)
    assert evidence.opened(row, "tests") == PDF + b"secret words"
    assert asked.refers == row.complaint_id
