"""Suits: stages follow one another and stay; nothing is filed past the gate or by one person; sums are the ledger's."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction

from forbear.basics.errors import AnswerIsNo, ForbearError, WrongUse
from forbear.desk.contact.models import Attempt, RuleSet
from forbear.desk.contact.planning import plan
from forbear.desk.ledger.booking import book
from forbear.desk.litigation import filing
from forbear.desk.litigation.claims import claim_now, judged, money_of
from forbear.desk.litigation.clocks import clock_of
from forbear.desk.litigation.filing import Note, Wanted
from forbear.desk.litigation.models import Event
from forbear.desk.litigation.stages import may_follow, stages
from forbear.desk.litigation.weighing import Means, weighed
from forbear.desk.people.approvals import approve
from forbear.desk.people.models import User
from forbear.desk.record.models import Contact, Fact, Loan
from tests.desk.letters.conftest import NOON

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
LATER = NOON + timedelta(days=30)


@pytest.fixture
def suit(late, people):
    return filing.open_suit(people[0], Loan.objects.get(pk="L1"), NOON)


def noted(suit, people, stage, at=NOON, **told):
    amounts = {name: told.pop(name) for name in stages()[stage].amounts}
    return filing.note(people[0], suit, Note(stage, at.date(), told, amounts), at)


def mediated_in_vain(suit, people):
    noted(suit, people, "mediation_asked", where="示例调解中心")
    noted(suit, people, "mediation_failed")


def letter_sent(days=20):
    Fact.objects.create(
        borrower_id="B1",
        loan_id="L1",
        fact="letter_before_action_sent",
        value="true",
        since=LATER - timedelta(days=days),
    )


def filing_of(suit, procedure="simplified", declared=(), **more):
    told = {"procedure": procedure, "court": "示例区人民法院", "surplus": "150000", **more}
    words = [f"{k}={v}" for k, v in told.items()]
    declared = [*declared, "contract", "disbursal", "identity"]
    return Wanted(
        suit_id=suit.pk,
        stage="filed",
        on=LATER.date(),
        words=words,
        declared=declared,
        claimed=700_00,
        court_fee=25_00,
    )


def test_one_open_file_a_loan_and_mediation_first(suit, people):
    again = filing.open_suit(people[0], suit.loan, NOON)
    assert again.pk == suit.pk
    assert {one.name for one in may_follow("opened")} == {"mediation_asked", "settled", "cost", "closed"}
    with pytest.raises(WrongUse, match="does not follow"):
        filing.propose_stage(people[0], filing_of(suit), LATER)


def test_every_stage_can_be_reached_and_closed():
    reached, todo = {"opened"}, ["opened"]
    while todo:
        for one in may_follow(todo.pop()):
            if one.name not in reached:
                reached.add(one.name)
                todo.append(one.name)
    assert reached == set(stages())
    assert all("settled" in {s.name for s in may_follow(one)} for one in reached if not stages()[one].closes)


def test_no_way_leads_to_a_judgment_past_filing_nor_to_filing_past_mediation():
    for barred, target in (("filed", "judgment"), ("mediation_failed", "filed")):
        reached, todo = {"opened"}, ["opened"]
        while todo:
            for one in may_follow(todo.pop()):
                if one.name != barred and one.name not in reached:
                    reached.add(one.name)
                    todo.append(one.name)
        assert target not in reached


def test_filing_takes_the_gate_and_two_people(suit, people):
    mediated_in_vain(suit, people)
    with pytest.raises(AnswerIsNo, match="LENDER-LIT-01"):
        filing.propose_stage(people[0], filing_of(suit), LATER)
    letter_sent(days=10)
    with pytest.raises(AnswerIsNo, match="LENDER-LIT-01"):
        filing.propose_stage(people[0], filing_of(suit), LATER)
    letter_sent(days=20)
    proposed = filing.propose_stage(people[0], filing_of(suit), LATER)
    with pytest.raises(AnswerIsNo, match="waits"):
        filing.propose_stage(people[0], filing_of(suit), LATER)
    with pytest.raises(ForbearError):
        approve(people[0], proposed.pk, LATER)
    approve(people[1], proposed.pk, LATER)
    event = filing.now_of(suit)
    assert (event.stage, event.by, event.approved_by) == ("filed", people[0], people[1])
    assert event.verdict["answer"] == "allowed"
    assert event.facts == {"claimed": 700_00, "court_fee": 25_00, "procedure": "simplified"}
    assert event.told()["court"] == "示例区人民法院"
    assert event.next_on == LATER.date() + timedelta(days=7)


def test_what_changes_between_proposal_and_approval_stops_it(suit, people):
    mediated_in_vain(suit, people)
    letter_sent()
    proposed = filing.propose_stage(people[0], filing_of(suit), LATER)
    Fact.objects.create(borrower_id="B1", fact="hardship", value="true", since=LATER)
    with pytest.raises(AnswerIsNo, match="LENDER-LIT-02"):
        approve(people[1], proposed.pk, LATER)
    assert filing.now_of(suit).stage == "mediation_failed"


@pytest.mark.parametrize("surplus", ["", "0", "-20000", "100"])
def test_nobody_who_cannot_pay_is_sued(suit, people, surplus):
    mediated_in_vain(suit, people)
    letter_sent()
    with pytest.raises(AnswerIsNo, match="not worth a suit"):
        filing.propose_stage(people[0], filing_of(suit, surplus=surplus), LATER)


@pytest.mark.parametrize("state", ["hardship", "dispute_open", "deceased"])
def test_a_state_that_stands_against_it_says_no_however_rich(suit, people, state):
    Fact.objects.create(borrower_id="B1", fact=state, value="true", since=NOON)
    found = weighed(suit, 700_00, Means(10**7, 10**8, ("contract", "disbursal", "identity")), LATER)
    assert found.answer == "no"
    Fact.objects.filter(fact=state).update(until=NOON + timedelta(days=1))
    assert weighed(suit, 700_00, Means(10**7), LATER).answer == "mediate"


@pytest.mark.parametrize(
    ("procedure", "declared", "more", "rule"),
    [
        ("payment_order", (), {}, "CN-LIT-02"),
        ("small_claims", (), {}, "CN-LIT-01"),
        ("small_claims", (), {"average_wage": "100000"}, "CN-LIT-01"),
        ("payment_order", ("no_debt_the_other_way", "order_can_be_served"), {}, ""),
        ("small_claims", (), {"average_wage": "10000000"}, ""),
        ("ordinary", (), {}, ""),
    ],
)
def test_each_procedure_asks_for_its_own(suit, people, procedure, declared, more, rule):
    mediated_in_vain(suit, people)
    letter_sent()
    wanted = filing_of(suit, procedure, declared, **more)
    if rule:
        with pytest.raises(AnswerIsNo, match=rule):
            filing.propose_stage(people[0], wanted, LATER)
    else:
        assert filing.propose_stage(people[0], wanted, LATER).state == "proposed"


def test_the_time_bar_stops_a_suit_that_counsel_has_not_seen(late, people):
    at = datetime(2030, 1, 1, 4, tzinfo=NOON.tzinfo)
    suit = filing.open_suit(people[0], Loan.objects.get(pk="L1"), at)
    noted(suit, people, "mediation_asked", at, where="x")
    noted(suit, people, "mediation_failed", at)
    Fact.objects.create(borrower_id="B1", fact="letter_before_action_sent", value="true", since=NOON)
    wanted = filing_of(suit).model_copy(update={"on": at.date()})
    with pytest.raises(AnswerIsNo, match="CN-LIM-01"):
        filing.propose_stage(people[0], wanted, at)
    seen = wanted.model_copy(update={"declared": ["time_bar_reviewed"]})
    assert filing.propose_stage(people[0], seen, at).state == "proposed"


def test_what_happened_stays(suit, people):
    for harm in ("UPDATE suit_events SET stage = 'closed'", "DELETE FROM suit_events", "DELETE FROM suits"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(harm)
    assert b"\xe7" not in bytes(Event.objects.values_list("words", flat=True).first() or b"")


@pytest.mark.parametrize(
    ("stage", "told", "on", "said"),
    [
        ("hearing", {}, NOON.date(), "does not follow"),
        ("mediation_asked", {}, NOON.date(), "where is missing"),
        ("mediation_asked", {"where": "x"}, NOON.date() + timedelta(days=9), "still to come"),
        ("mediation_asked", {"where": "x"}, date(2020, 1, 1), "before the stage"),
        ("settled", {"pay_by": "soon"}, NOON.date(), "not a day"),
        ("duel", {}, NOON.date(), "no such stage"),
        ("filed", {}, NOON.date(), "another person"),
    ],
)
def test_what_does_not_fit_is_refused(suit, people, stage, told, on, said):
    with pytest.raises(WrongUse, match=said):
        filing.note(people[0], suit, Note(stage, on, told, {"agreed": 1}), NOON)


def test_who_may_not_work_on_suits_does_not(suit):
    agent = User.objects.create_user("agent9", role="agent")
    with pytest.raises(PermissionDenied):
        filing.note(agent, suit, Note("closed", NOON.date(), {"what": "x"}), NOON)


def test_the_claim_is_the_ledgers_without_counting_twice(late, people):
    loan = Loan.objects.get(pk="L1")
    before = claim_now(loan, date(2026, 4, 20))
    book("penalty", "L1", date(2026, 4, 1), 5_00, "p", "p", actor="t", at=NOON)
    assert claim_now(loan, date(2026, 4, 20)).parts == before.parts
    book("payment", "L1", date(2026, 4, 10), 100_00, "P1", "P1", actor="t", at=NOON + timedelta(seconds=1))
    book("fee", "L1", date(2026, 4, 11), 2_00, "f", "f", actor="t", at=NOON + timedelta(seconds=2))
    book("waiver", "L1", date(2026, 4, 12), {"interest": 1_00}, "w", "w", actor="t", at=NOON + timedelta(seconds=3))
    after = claim_now(loan, date(2026, 4, 20))
    assert sum(after.paid.values()) == 100_00
    owed = {n: before.parts[n] - after.parts[n] - after.paid[n] for n in ("principal", "interest", "fees")}
    assert owed == {"principal": 0, "interest": 1_00, "fees": -2_00}
    payment = book("payment", "L1", date(2026, 4, 15), 50_00, "P2", "P2", actor="t", at=NOON + timedelta(seconds=4))
    book(
        "reversal",
        "L1",
        date(2026, 4, 15),
        None,
        "r",
        "r",
        actor="t",
        at=NOON + timedelta(seconds=5),
        entry=payment.entry_id,
    )
    assert claim_now(loan, date(2026, 4, 20)).parts == after.parts


def test_the_clock_knows_payments_plans_and_what_provably_arrived(late, people):
    loan = Loan.objects.get(pk="L1")
    assert clock_of(loan, NOON).clock.ends_on == date(2029, 7, 15)
    at = datetime(2026, 9, 1, 4, tzinfo=NOON.tzinfo)
    planned = plan("B1", "letter", purpose="overdue", key="k", cause="test", body="x", at=at, by=people[0])
    rules = RuleSet.objects.create(fingerprint="f", rules=[])
    Attempt.objects.create(
        attempt_id="c1", planned=planned, provider="p", reserved_at=at, lease_until=at, rules=rules
    )
    contact = Contact.objects.create(contact_id="c1", borrower_id="B1", at=at, channel="letter", result="sent")
    assert clock_of(loan, at).runs_from == date(2026, 7, 15), "sent is not arrived"
    contact.result = "delivered"
    contact.save()
    assert clock_of(loan, at).runs_from == date(2026, 9, 1)
    book("payment", "L1", date(2026, 10, 1), 1_00, "P1", "P1", actor="t", at=at)
    assert clock_of(loan, at + timedelta(days=60)).runs_from == date(2026, 10, 1)


def test_to_judgment_settlement_and_payment(suit, people):
    mediated_in_vain(suit, people)
    letter_sent()
    approve(people[1], filing.propose_stage(people[0], filing_of(suit), LATER).pk, LATER)
    assert clock_of(suit.loan, LATER).clock.ends_on is None, "while the court has it no time runs"
    noted(suit, people, "accepted", LATER, case_number="（2026）示0101民初1号")
    noted(suit, people, "cost", LATER, what="公告费", cost=30_00)
    ends = (LATER + timedelta(days=10)).date().isoformat()
    noted(
        suit,
        people,
        "judgment",
        LATER,
        performance_ends_on=ends,
        principal=600_00,
        interest=50_00,
        costs_awarded=25_00,
    )
    noted(suit, people, "effective", LATER, performance_ends_on=ends)
    assert Fact.objects.get(fact="performance_ends_on").value == ends
    past = LATER + timedelta(days=40)
    found = judged(suit, past.date(), past)
    assert found.owed["doubled"] == int(600_00 * 0.000175 * 30)
    enforce = Wanted(suit_id=suit.pk, stage="enforcement", on=past.date(), words=["court=示例法院"])
    with pytest.raises(AnswerIsNo, match="CN-LIT-05"):
        filing.propose_stage(people[0], enforce, past)
    declared = enforce.model_copy(update={"declared": ["necessities_left_out"]})
    approve(people[1], filing.propose_stage(people[0], declared, past).pk, past)
    noted(suit, people, "settled", past, pay_by=(past + timedelta(days=5)).date().isoformat(), agreed=650_00)
    book("payment", "L1", past.date(), 650_00, "P1", "P1", actor="t", at=past)
    money = money_of(suit)
    assert (money.costs, money.awarded, money.received, money.net) == (55_00, 25_00, 650_00, 595_00)
    noted(suit, people, "closed", past, what="paid as settled")
    assert may_follow(filing.now_of(suit).stage) == []
    assert filing.open_suit(people[0], suit.loan, past).pk != suit.pk


def test_the_pages_and_the_bundle(suit, people, as_role):
    client = as_role("manager", username="boss")
    assert "L1" in client.get("/litigation").content.decode()
    assert suit.pk in client.get("/litigation/of/B1").content.decode()
    page = client.get(f"/litigation/suit/{suit.pk}").content.decode()
    assert "不起诉" in client.get(f"/litigation/suit/{suit.pk}?surplus=-1").content.decode()
    assert "法发〔2017〕22号" in page
    client.post(
        f"/litigation/stage/{suit.pk}", {"stage": "mediation_asked", "on": filing.now_of(suit).on, "where": "x"}
    )
    assert filing.now_of(suit).stage == "mediation_asked"
    contract = SimpleUploadedFile("合同.txt", "借款合同 L1".encode(), content_type="text/plain")
    answer = client.post(f"/litigation/bundle/{suit.pk}", {"files": [contract]})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        names = set(packed.namelist())
        assert {"bundle.pdf", "SHA256SUMS", "201 claim.csv", "202 ledger.csv", "203 contacts.csv"} <= names
        assert any("合同" in name for name in names)
    assert client.get("/litigation/suit/none").status_code == 404
    assert client.post("/litigation/open/B1", {"loan": "other"}).status_code == 404
