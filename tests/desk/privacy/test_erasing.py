"""Erasure and retention: what keeps the data, until when, and that nothing of her is left but numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.audit.models import Entry
from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.booking import book
from forbear.desk.ledger.models import Posting
from forbear.desk.people.approvals import approve
from forbear.desk.people.models import Agency, User
from forbear.desk.privacy import masked, masked_names, pseudonym, put
from forbear.desk.privacy.erasing import erase
from forbear.desk.privacy.keys import forget
from forbear.desk.privacy.models import DataKey, PersonalValue
from forbear.desk.privacy.retention import due, keeps, terms
from forbear.desk.privacy.sealed import Sealed
from forbear.desk.record.models import Borrower, Case, Complaint, Contact, Fact, Note
from forbear.desk.strategies.models import Decided
from forbear.testing.lending import lend

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
SETTLED = date(2026, 2, 20)
AML_OVER = datetime(2036, 2, 20, 16, tzinfo=UTC)
"""Midnight in Shanghai after 20 February 2036: ten years, the last day included."""


@pytest.fixture
def settled(db) -> Borrower:
    """A borrower whose one loan was paid off on 20 February 2026, called on the 1st; personal data of hers."""
    lend("L1", borrower_id="B1", fee=100)
    Borrower.objects.filter(pk="B1").update(time_zone="Asia/Shanghai", region="杭州", birth_year=1990)
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    book("payment", "L1", SETTLED, 200_000, "P1", "p", actor="t", at=noon)
    credit = balances(["L1"], SETTLED)["L1"].unapplied
    book("refund", "L1", SETTLED, credit, "R1", "r", actor="t", at=noon + timedelta(minutes=1))
    put("B1", "name", "张伟三", "importer")
    put("B1", "phone", "13800138000", "importer")
    Note.objects.create(note_id="N1", borrower_id="B1", text="her mother is ill")
    Contact.objects.create(
        contact_id="C1",
        borrower_id="B1",
        at=datetime(2026, 2, 1, 4, tzinfo=UTC),
        channel="call",
        result="conversation",
        party="borrower",
        number=pseudonym("B1", "13800138000"),
    )
    return Borrower.objects.get(pk="B1")


def codes(at: datetime) -> set[str]:
    return {keep.code for keep in keeps("B1", at)}


def test_each_law_keeps_for_its_time_to_the_day(settled):
    assert codes(datetime(2026, 6, 1, tzinfo=UTC)) == {
        "CN-KEEP-AML",
        "CN-KEEP-EVIDENCE",
        "CN-KEEP-CLAIMS",
        "CN-REC-02",
        "CN-REC-03",
    }
    assert codes(datetime(2029, 2, 20, 15, 59, tzinfo=UTC)) >= {"CN-KEEP-CLAIMS"}
    assert "CN-KEEP-CLAIMS" not in codes(datetime(2029, 2, 20, 16, tzinfo=UTC))
    assert codes(datetime(2031, 2, 20, 16, tzinfo=UTC)) == {"CN-KEEP-AML"}
    assert codes(AML_OVER - timedelta(seconds=1)) == {"CN-KEEP-AML"}
    assert codes(AML_OVER) == set()


def test_every_term_cites_its_law_and_says_how_sure_we_are():
    assert all(term.law and term.article and term.keeps["en"] and term.keeps["zh"] for term in terms())
    assert {term.confidence for term in terms()} <= {"verified", "secondary", "from_memory"}


def test_while_something_is_owed_or_open_nothing_is_erased_and_no_day_is_promised(settled):
    lend("L2", borrower_id="B1")
    Case.objects.create(case_id="K1", borrower=settled)
    Complaint.objects.create(complaint_id="Q1", borrower=settled, channel="call", text="x")
    answer = erase("B1", "tests", AML_OVER, "request")
    assert not answer.done
    assert answer.until is None
    assert {"owes", "case", "complaint"} <= {keep.code for keep in answer.kept}
    assert not Fact.objects.filter(fact="processing_restricted").exists()


def test_a_refused_request_restricts_what_is_done_until_the_term_is_over(settled):
    at = datetime(2026, 6, 1, tzinfo=UTC)
    answer = erase("B1", "tests", at, "request")
    assert (answer.done, answer.until) == (False, AML_OVER)
    fact = Fact.objects.get(fact="processing_restricted")
    assert (fact.since, fact.until) == (at, AML_OVER)
    erase("B1", "tests", at + timedelta(days=1), "request")
    assert Fact.objects.filter(fact="processing_restricted").count() == 1
    told = Entry.objects.filter(action="borrower.erasure_refused").first()
    assert "CN-KEEP-AML" in told.facts["kept_by"]
    assert masked("B1")


def test_an_erasure_leaves_money_and_contacts_whole_and_nothing_of_her(settled):
    User.objects.create_user("zhang", role="borrower", borrower_id="B1", display_name="张伟三")
    before = (
        Posting.objects.count(),
        balances(["L1"], SETTLED),
        Contact.objects.values_list("number", flat=True)[0],
    )
    assert erase("B1", "tests", AML_OVER, "request").done
    after = (
        Posting.objects.count(),
        balances(["L1"], SETTLED),
        Contact.objects.values_list("number", flat=True)[0],
    )
    assert before == after
    assert masked("B1") == []
    assert masked_names(["B1"]) == {}
    assert Note.objects.get().text in {"(erased)", "（已删除）"}
    borrower = Borrower.objects.get(pk="B1")
    assert (borrower.region, borrower.birth_year) == (None, None)
    user = User.objects.get(borrower_id="B1")
    assert (user.display_name, user.is_active, user.username) == ("", False, f"erased-{user.pk}")
    assert Entry.objects.get(action="borrower.erased").subject == "borrower:B1"


def test_what_was_sealed_cannot_be_opened_again_by_anyone(settled):
    (sealed,) = Note.objects.values_list("text", flat=True)
    copy = bytes(PersonalValue.objects.get(field="phone").sealed)
    dead = pseudonym("B1", "13800138000")
    erase("B1", "tests", AML_OVER, "request")
    forget()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(wrapped) FROM data_keys WHERE borrower_id = 'B1'")
        assert cursor.fetchone() == (1, 0)
    assert Sealed(sealed, "notes.text").open() in {"(erased)", "（已删除）"}
    assert Sealed(copy, "personal.phone").open() in {"(erased)", "（已删除）"}
    put("B1", "phone", "13800138000", "importer")
    assert pseudonym("B1", "13800138000") != dead, "a new key makes other pseudonyms"
    assert DataKey.objects.filter(borrower_id="B1").count() == 2


def test_the_list_of_those_due_holds_exactly_those_whom_nothing_keeps(settled):
    lend("L2", borrower_id="B2")
    put("B2", "phone", "13900000000", "importer")
    assert list(due(AML_OVER - timedelta(days=1))) == []
    assert list(due(AML_OVER)) == ["B1"]
    erase("B1", "tests", AML_OVER, "retention")
    assert list(due(AML_OVER)) == []


def test_what_nights_decided_for_her_is_kept_by_the_same_terms_and_goes_with_her(settled):
    lend("L2", borrower_id="B2")
    of_night = {"other": "wait", "chance": 0.95, "dpd": 4, "at_stake": 5, "pays_alone": 0.6, "strategy": "s"}
    for who, day in (("B1", 1), ("B1", 2), ("B2", 1)):
        Decided.objects.create(as_of=date(2026, 2, day), borrower_id=who, action="sms", **of_night)
    assert not erase("B1", "tests", AML_OVER - timedelta(days=1), "request").done
    assert Decided.objects.filter(borrower_id="B1").count() == 2
    erase("B1", "tests", AML_OVER, "retention")
    assert list(Decided.objects.values_list("borrower_id", flat=True)) == ["B2"]
    Decided.objects.create(as_of=SETTLED, borrower_id="B1", action="sms", **of_night)  # a night closed once more
    assert list(due(AML_OVER)) == ["B1"]


def test_by_api_an_erasure_takes_two_people_and_its_reasons_are_told(settled, as_role, user_of, monkeypatch):
    compliance = as_role("compliance")

    def ask():
        return compliance.post(
            "/api/v1/personal/borrowers/B1/erasure", {"why": "request"}, content_type="application/json"
        )

    refused = ask()
    assert refused.status_code == 409
    assert "反洗钱法" in refused.json()["detail"]
    monkeypatch.setattr("forbear.desk.privacy.api.keeps", lambda borrower, at: [])
    proposed = ask().json()["approval_id"]
    manager = user_of("manager")
    with pytest.raises(AnswerIsNo, match="must stay"):
        approve(manager, proposed, datetime.now(UTC))
    monkeypatch.setattr("forbear.desk.privacy.erasing.keeps", lambda borrower, at: [])
    assert approve(manager, proposed, datetime.now(UTC)).state == "executed"
    assert masked("B1") == []


@pytest.mark.parametrize(
    ("borrower", "why", "said"), [("B9", "request", "no borrower"), ("B1", "boredom", "no reason")]
)
def test_an_erasure_of_nobody_or_for_nothing_is_refused(settled, borrower, why, said):
    with pytest.raises(WrongUse, match=said):
        erase(borrower, "tests", AML_OVER, why)


def test_a_case_that_was_placed_keeps_its_records_three_years_from_its_end_even_when_it_was_recalled(settled):
    agency = Agency.objects.create(agency_id="A1", name="A1")
    case = Case.objects.create(case_id="K1", borrower=settled, agency=agency)
    assert set(Fact.objects.filter(fact="data_entrusted").values_list("value", flat=True)) == {"true"}
    assert "CN-OUT-05" in codes(AML_OVER), "nobody knows when it ends"
    case.agency = None
    case.save()
    case.closed_at = datetime.now(UTC)
    case.save()
    ended = Fact.objects.get(fact="entrusted_until")
    day = date.fromisoformat(ended.value)
    over = datetime(day.year + 3, day.month, min(day.day, 28), 16, tzinfo=UTC) + timedelta(days=4)
    assert "CN-OUT-05" in codes(over - timedelta(days=8))
    assert "CN-OUT-05" not in codes(over)
