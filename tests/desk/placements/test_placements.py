"""Placed by two, taken back in time, contacts judged afterwards, a breach suspends, and nobody sees another's."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pyrage
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pyrage import x25519

from forbear.basics.errors import AnswerIsNo, UnreadableFile, WrongUse
from forbear.desk.ledger.booking import book
from forbear.desk.people import approvals
from forbear.desk.people.models import Agency, Approval
from forbear.desk.people.rights import actions
from forbear.desk.placements import agreeing, placing, results, returning
from forbear.desk.placements.models import Batch, Breach, Placement, Terms
from forbear.desk.privacy import put
from forbear.desk.record.models import Borrower, Case, Complaint, Contact, Fact, Note
from forbear.desk.record.visible import visible_borrowers, visible_loans
from forbear.recovery.placement import commission
from forbear.testing.lending import lend
from tests.desk.endpoints import SAMPLES, endpoints

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
AT = datetime(2026, 7, 1, 4, tzinfo=UTC)
KEY = x25519.Identity.generate()
STANDING = {
    **dict.fromkeys(("agency_published", "secrecy_agreed", "complaints_agreed", "impact_assessed"), "true"),
    **dict.fromkeys(("contract_purpose", "contract_term", "contract_method"), "true"),
    **dict.fromkeys(("contract_data_kinds", "contract_safeguards"), "true"),
    "mandate_renewal": "false",
    "agency_evaluated": "2026-03-01",
    "agency_inspected": "2026-03-01",
}
KNOWN = (
    "legality_cleared",
    "collection_terms_shown",
    "internet_bank_loan",
    "agency_notice",
    "number_source",
    "data_entrusted",
)


@pytest.fixture
def manager(user_of):
    return user_of("manager", "zhou")


@pytest.fixture
def officer(user_of):
    return user_of("compliance", "shen")


def owe(number: str) -> None:
    """A borrower who is late, of whom the gate knows enough to place her."""
    lend(f"LOAN-{number}", borrower_id=f"BORROWER-{number}")
    who = f"BORROWER-{number}"
    Borrower.objects.filter(pk=who).update(time_zone="Asia/Shanghai", birth_year=1988)
    put(who, "name", f"样女士{number}", "tests")
    put(who, "phone", "13912345678", "tests")
    values = {"internet_bank_loan": "false", "number_source": "contract", "time_zone": "Asia/Shanghai"}
    for fact in {*KNOWN, "time_zone"}:
        Fact.objects.create(
            borrower_id=who, fact=fact, value=values.get(fact, "true"), since=AT - timedelta(days=60)
        )
    Case.objects.create(
        case_id=f"CASE-{number}", borrower_id=who, dpd=135, bucket="M5", arrears=105_315, outstanding=126_378,
        figures_as_of=date(2026, 6, 30),
    )  # fmt: skip


@pytest.fixture
def agencies(db, manager, officer):
    """Two agencies with terms, six borrowers who are late."""
    for number in range(1, 7):
        owe(f"N{number}")
    for name in ("A1", "A2"):
        payload = {
            "agency_id": name, "name": f"Agency {name}", "schedule": "standard", "capacity": 5,
            "public_key": str(KEY.to_public()), "standing": STANDING,
        }  # fmt: skip
        approvals.approve(officer, agreeing.propose_terms(manager, payload, AT).pk, AT)


@pytest.fixture
def placed(agencies, manager, officer):
    """Three cases with A1, two with A2; by hand, so that tests know which."""
    placing.place("A1", [("CASE-N1", True), ("CASE-N2", False), ("CASE-N3", False)], manager, officer, AT)
    placing.place("A2", [("CASE-N4", True), ("CASE-N5", False)], manager, officer, AT)


def of(number: str) -> Placement:
    return Placement.objects.get(borrower_id=f"BORROWER-{number}")


def a_file(placement: Placement, at: datetime, channel: str = "call", **facts: str) -> bytes:
    told = {"identified": "true", "recorded": "true"} | facts
    head = "placement_id,at,channel,result,party," + ",".join(told)
    row = f"{placement.pk},{at.isoformat()},{channel},conversation,borrower,{','.join(told.values())}"
    return f"{head}\n{row}\n".encode()


def test_one_proposes_another_places_and_only_what_the_gate_allows(agencies, manager, officer):
    Fact.objects.filter(borrower_id="BORROWER-N1", fact="agency_notice").delete()
    made = placing.propose_batches(manager, AT)
    assert sum(len(one.payload["cases"]) for one in made) == 6
    assert not Placement.objects.exists()
    with pytest.raises(AnswerIsNo):
        placing.propose_batches(manager, AT)
    with pytest.raises(approvals.OwnProposal):
        approvals.approve(manager, made[0].pk, AT)
    for one in made:
        approvals.approve(officer, one.pk, AT)
    assert sorted(Placement.objects.values_list("borrower_id", flat=True)) == [
        f"BORROWER-N{n}" for n in range(2, 7)
    ]
    assert Case.objects.get(pk="CASE-N1").agency_id is None
    assert all("CN-OUT-03-PLACEMENT" in one.rules for one in Placement.objects.all())


def test_a_case_is_with_one_agency_at_most(placed, manager, officer):
    with pytest.raises(AnswerIsNo):
        placing.place("A2", [("CASE-N1", False)], manager, officer, AT)
    assert Case.objects.get(pk="CASE-N1").agency_id == "A1"


def test_an_agency_is_given_no_more_than_its_room_and_none_without_terms(agencies, manager, officer):
    Terms.objects.filter(pk="A1").update(capacity=2)
    batch = placing.place("A1", [(f"CASE-N{n}", False) for n in range(1, 6)], manager, officer, AT)
    assert batch.count == 2
    Agency.objects.create(agency_id="A3", name="A3")
    with pytest.raises(AnswerIsNo):
        placing.place("A3", [("CASE-N6", False)], manager, officer, AT)


def test_an_agency_not_evaluated_within_the_year_is_given_nothing(agencies, manager, officer):
    Terms.objects.filter(pk="A1").update(standing=STANDING | {"agency_evaluated": "2025-06-01"})
    with pytest.raises(AnswerIsNo):
        placing.place("A1", [("CASE-N1", False)], manager, officer, AT)


def test_the_file_holds_the_least_and_only_the_agency_reads_it(placed, user_of):
    agent = user_of("agency", "qi")
    batch = Batch.objects.get(agency_id="A1")
    raw = agreeing.file_of(batch, agent, AT)
    assert "样女士".encode() not in raw
    text = bytes(pyrage.decrypt(raw, [KEY])).decode()
    assert text.count("\n") == 4
    assert "样女士N1" in text
    assert "BORROWER" not in text
    placing.give_back(agent, of("N1").pk, AT)
    assert "样女士N1" not in bytes(pyrage.decrypt(agreeing.file_of(batch, agent, AT), [KEY])).decode()
    Terms.objects.filter(pk="A1").update(public_key="")
    with pytest.raises(AnswerIsNo):
        agreeing.file_of(batch, agent, AT)


def test_contacts_flow_back_once_and_count_in_every_cap(placed, manager):
    at = AT + timedelta(hours=2)
    raw = a_file(of("N1"), at)
    first = returning.take("A1", raw, manager, at + timedelta(hours=1))
    assert (first.contacts, first.breaches) == (1, 0), Breach.objects.values("rules", "why")
    again = returning.take("A1", raw, manager, at + timedelta(hours=1))
    assert (again.contacts, again.known) == (0, 1)
    made = Contact.objects.get()
    assert (made.sender, made.borrower_id, made.at) == ("A1", "BORROWER-N1", at)


def test_a_breach_found_afterwards_is_recorded_and_suspends_the_agency(placed, manager, officer):
    night = datetime(2026, 7, 1, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai
    taken = returning.take("A1", a_file(of("N1"), night), manager, night + timedelta(hours=1))
    assert (taken.breaches, taken.suspended) == (1, True)
    breach = Breach.objects.get()
    assert "TIME" in breach.rules
    assert Contact.objects.filter(pk=breach.contact_id).exists()
    assert Terms.objects.get(pk="A1").state == "suspended"
    assert not Case.objects.filter(agency_id="A1").exists()
    assert Case.objects.filter(agency_id="A2").count() == 2
    assert {one.ended_because for one in Placement.objects.filter(agency_id="A1")} == {"suspended"}
    with pytest.raises(AnswerIsNo):
        placing.place("A1", [("CASE-N6", False)], manager, officer, night)
    lifting = approvals.propose(manager, agreeing.LIFT, {"agency_id": "A1", "why": "trained"}, "agency:A1", night)
    approvals.approve(officer, lifting.pk, night)
    assert placing.place("A1", [("CASE-N6", False)], manager, officer, night + timedelta(days=1)).count == 1


def test_the_judgment_is_of_what_was_known_at_that_instant(placed, manager):
    at = AT + timedelta(hours=2)
    Fact.objects.create(
        borrower_id="BORROWER-N1", fact="cease_request", value="true", since=at + timedelta(minutes=5)
    )
    assert returning.take("A1", a_file(of("N1"), at), manager, at + timedelta(days=1)).breaches == 0
    late = returning.take("A1", a_file(of("N1"), at + timedelta(minutes=10)), manager, at + timedelta(days=1))
    assert late.breaches == 1


@pytest.mark.parametrize("fact", ["cease_request", "time_zone", "actor", "consent_to_disclose", "nonsense"])
def test_an_agency_says_nothing_of_the_borrower_and_lifts_no_rule(placed, manager, fact):
    assert {"identified", "recorded"} <= returning.may_say()
    raw = a_file(of("N1"), AT + timedelta(hours=1), **{fact: "false"})
    with pytest.raises(UnreadableFile, match="row 2: " + fact):
        returning.take("A1", raw, manager, AT + timedelta(hours=2))


def test_by_api(placed, user_of, as_role):
    told = {"identified": "true", "recorded": "true"}
    one = {"placement_id": str(of("N1").pk), "at": "2026-07-01T06:00:00Z", "channel": "call", "result": "no_answer"}
    body = {"contacts": [one | {"facts": told}]}
    own = Client()
    own.force_login(user_of("agency", "qi", agency=Agency.objects.get(pk="A1")))
    answer = own.post("/api/v1/placements/A1/contacts", body, content_type="application/json")
    assert answer.json() == {"contacts": 1, "known": 0, "breaches": 0, "suspended": False}, answer.json()
    again = as_role("service").post("/api/v1/placements/A1/contacts", body, content_type="application/json")
    assert again.json()["known"] == 1
    assert own.post("/api/v1/placements/A2/contacts", body, content_type="application/json").status_code == 404
    foreign = {"contacts": [one | {"placement_id": str(of("N4").pk)}]}
    assert own.post("/api/v1/placements/A1/contacts", foreign, content_type="application/json").status_code == 422
    assert (
        as_role("agent").post("/api/v1/placements/A1/contacts", body, content_type="application/json").status_code
        == 403
    )


@pytest.mark.parametrize("which", ["another's", "none", "before", "ahead", "after it ended"])
def test_rows_that_do_not_belong_are_refused_and_nothing_of_the_file_stands(placed, manager, which):
    own, at = of("N1"), AT + timedelta(hours=2)
    if which == "another's":
        own = of("N4")
    elif which == "none":
        own.pk = 999_999
    elif which == "before":
        at = AT - timedelta(hours=1)
    elif which == "ahead":
        at = AT + timedelta(days=9)
    else:
        placing.end([own], "recalled", manager, AT + timedelta(hours=1))
    good = a_file(of("N2"), AT + timedelta(hours=1))
    raw = good + a_file(own, at).split(b"\n", 1)[1]
    with pytest.raises(UnreadableFile, match="row 3"):
        returning.take("A1", raw, manager, AT + timedelta(hours=3))
    assert not Contact.objects.exists()


def test_what_has_come_to_its_end_is_taken_back(placed, manager):
    Fact.objects.create(borrower_id="BORROWER-N1", fact="hardship", value="true", since=AT)
    Case.objects.filter(pk="CASE-N2").update(outstanding=0)
    assert placing.sweep(AT + timedelta(days=1)) == 2
    assert (of("N1").ended_because, of("N2").ended_because) == ("stopped", "paid")
    assert Case.objects.get(pk="CASE-N1").agency_id is None
    assert placing.sweep(AT + timedelta(days=50)) == 3
    assert of("N4").ended_because == "idle"


def pay(loan: str, amount: int, day: date, key: str) -> None:
    book("payment", loan, day, amount, cause=key, key=f"k-{key}", actor="tests", at=AT + timedelta(days=30))


def test_results_and_commission_come_from_the_ledger(placed, manager):
    pay("LOAN-N1", 50_000, date(2026, 7, 10), "p1")
    pay("LOAN-N2", 30_000, date(2026, 7, 11), "p2")
    pay("LOAN-N4", 10_000, date(2026, 6, 10), "before")
    placing.end([of("N5")], "recalled", manager, AT + timedelta(days=2))
    pay("LOAN-N5", 20_000, date(2026, 7, 20), "after")
    rows = {one.agency.pk: one for one in results.side_by_side(date(2026, 7, 31))}
    assert (rows["A1"].recovered, rows["A2"].recovered) == (80_000, 0)
    assert rows["A1"].commission == commission("standard", 50_000, 135) + commission("standard", 30_000, 135)
    assert rows["A1"].rate == 50_000 / 126_378
    proof = {one.agency_id: one for one in results.proofs(date(2026, 7, 31))}
    assert (proof["A1"].cases, proof["A1"].recovered, proof["A2"].recovered) == (1, 50_000, 0)
    lines, came, due = results.statement_of("A1", date(2026, 7, 1))
    assert (len(lines), came["CNY"], due["CNY"]) == (2, 80_000, 20_000)
    assert results.statement_of("A1", date(2026, 8, 1))[0] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"schedule": "generous"},
        {"capacity": -1},
        {"public_key": "AGE-SECRET-KEY-1"},
        {"standing": {"is_nice": "true"}},
    ],
)
def test_terms_that_are_none_are_refused(agencies, manager, wrong):
    payload = {"agency_id": "A9", "name": "", "schedule": "flat", "capacity": 1, "public_key": "", "standing": {}}
    with pytest.raises(WrongUse):
        agreeing.propose_terms(manager, payload | wrong, AT)


def test_no_identifier_of_another_agency_opens_anything(placed, user_of, manager):
    """Every address that an agency's people may open, with every identifier of another's case, tells nothing of it."""
    for number in ("N1", "N4"):
        Note.objects.create(
            note_id=f"NOTE-{number}", borrower_id=f"BORROWER-{number}", at=AT, text=f"SECRET-{number}"
        )
        Complaint.objects.create(
            complaint_id=f"COMPLAINT-{number}",
            borrower_id=f"BORROWER-{number}",
            channel="call",
            text=f"SECRET-{number}",
        )
        returning.take(
            "A1" if number == "N1" else "A2",
            a_file(of(number), AT + timedelta(hours=1)),
            manager,
            AT + timedelta(hours=2),
        )
    spy = user_of("agency", "spy", agency=Agency.objects.get(pk="A2"))
    client = Client()
    client.force_login(spy)
    assert set(visible_borrowers(spy).values_list("pk", flat=True)) == {"BORROWER-N4", "BORROWER-N5"}
    assert set(visible_loans(spy).values_list("pk", flat=True)) == {"LOAN-N4", "LOAN-N5"}
    words = [
        "BORROWER-N1",
        "LOAN-N1",
        "CASE-N1",
        "NOTE-N1",
        "COMPLAINT-N1",
        "A1",
        Contact.objects.get(sender="A1").pk,
    ]
    numbers = [of("N1").pk, Batch.objects.get(agency_id="A1").pk, Breach.objects.count() + 1]
    secrets = ("样女士N1", "SECRET-N1", "BORROWER-N2", "BORROWER-N3", "LOAN-N2", "Agency A1")
    mine = [one for one in endpoints() if one.action and "agency" in actions()[one.action].roles]
    assert len(mine) > 30
    tried = 0
    for one in mine:
        for route in filled(one, words, numbers):
            if one.method == "POST" and route.endswith("/back") and f"/{of('N1').pk}/" not in route:
                continue
            answer = client.generic(one.method, route, "{}" if one.is_api else "", content_type=kind_of(one))
            text = answer.content.decode("utf-8", "replace")
            tried += 1
            found = [secret for secret in secrets if secret in text]
            assert not found, (one.method, route, answer.status_code, found)
            if one.has_parameter and one.method == "GET":
                assert answer.status_code in {403, 404, 405, 422}, (route, answer.status_code)
    assert tried > 100
    client.force_login(
        user_of("agency", "owner", agency=Agency.objects.get(pk="A1"))
    )  # the search finds what is there
    assert "样" in client.get("/borrowers/BORROWER-N1").content.decode()
    assert "BORROWER-N2" in client.get("/worklist").content.decode()
    assert of("N1").ended_at is None
    assert Case.objects.get(pk="CASE-N1").agency_id == "A1"
    assert Case.objects.get(pk="CASE-N1").claimed_by is None


def filled(one, words, numbers) -> list[str]:
    """The address with each identifier in each place; without a place, the address alone."""
    if not one.has_parameter:
        return [f"/{one.route}"]

    def put_in(value: str, number: int) -> str:
        def fill(match: re.Match[str]) -> str:
            kind, _, _ = match[1].rpartition(":")
            return str(number) if kind == "int" else SAMPLES["uuid"] if kind == "uuid" else value

        return "/" + re.sub(r"[<{]([^>}]+)[>}]", fill, one.route)

    return sorted({put_in(word, number) for word in words for number in numbers})


def kind_of(one) -> str:
    return "application/json" if one.is_api else "application/x-www-form-urlencoded"


def test_pages(agencies, manager, officer, user_of):
    def client(user):
        made = Client()
        made.force_login(user)
        return made

    boss, checker = client(manager), client(officer)
    assert "Agency A1" in boss.get("/placements").content.decode()
    boss.post("/placements/propose")
    for row in Approval.objects.filter(state="proposed"):
        checker.post(f"/approvals/{row.pk}/decide", {"answer": "approve"})
    assert Placement.objects.count() == 6
    own = client(user_of("agency", "qi", agency=Agency.objects.get(pk="A1")))
    assert own.get("/placements").headers["Location"] == "/placements/agency/A1"
    assert own.get("/placements/agency/A2").status_code == 404
    one = Placement.objects.filter(agency_id="A1")[0]
    assert one.borrower_id in own.get("/placements/agency/A1").content.decode()
    assert own.get(f"/borrowers/{one.borrower_id}").status_code == 200
    assert own.get(f"/placements/batches/{one.batch_id}/file").content.startswith(b"age-encryption.org")
    own.post(f"/placements/{one.pk}/back")
    assert Placement.objects.get(pk=one.pk).ended_because == "returned"
    assert own.get(f"/borrowers/{one.borrower_id}").status_code == 404
    wrong = own.post("/placements/agency/A1/contacts", {"contacts": SimpleUploadedFile("x.csv", b"x")}, follow=True)
    assert "columns missing" in wrong.content.decode()
    assert own.post("/placements/propose").status_code == 403
    checker.post("/placements/agency/A2/suspend", {"why": "threats on a recording"})
    assert Terms.objects.get(pk="A2").state == "suspended"
    assert not Case.objects.filter(agency_id="A2").exists()
    boss.post("/placements/agency/A2/lift", {"why": "trained"})
    assert Approval.objects.filter(kind="placements.lift", state="proposed").exists()
    assert "佣金结算单" in boss.get("/placements/agency/A1/statement?month=2026-07").content.decode()
