"""The monthly run tells only what the gate allows; differences by field; disputes by their clocks; changes by two."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from forbear.basics.errors import AnswerIsNo, UnreadableFile, WrongUse
from forbear.desk.bureau import correcting, disputing, running, telling
from forbear.desk.bureau.accounts import accounts
from forbear.desk.bureau.models import Change, Dispute, Held, Run
from forbear.desk.ledger.booking import book
from forbear.desk.people import approvals
from forbear.desk.people.models import Approval
from forbear.desk.privacy import put
from forbear.desk.record import gate
from forbear.desk.record.models import Borrower, Fact, Vouched
from forbear.recovery.bureau import metro2
from forbear.testing.lending import lend

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
AT = datetime(2026, 7, 1, 4, tzinfo=UTC)
AS_OF = date(2026, 6, 30)


@pytest.fixture
def manager(user_of):
    return user_of("manager", "zhou")


@pytest.fixture
def officer(user_of):
    return user_of("compliance", "shen")


@pytest.fixture
def lender(settings):
    settings.BUREAU = {
        "name": "Lantern Lending",
        "address": "12 Harbor Street, Springfield IL 62701",
        "phone": "2175550100",
        "identification": "LANT01",
        "programs": {"equifax": "EFX1"},
        "adapter": "",
    }


@pytest.fixture
def china(db, officer, lender):
    """B1's loan is late, B2's was paid to the day; both agreed in writing; nobody was given notice."""
    for borrower, loan in (("B1", "L1"), ("B2", "L2")):
        lend(loan, borrower_id=borrower)
        Borrower.objects.filter(pk=borrower).update(time_zone="Asia/Shanghai")
        put(borrower, "name", "样女士", "tests")
        put(borrower, "identity_number", "11010519491231002X", "tests")
        Fact.objects.create(
            borrower_id=borrower, fact="bureau_consent_written", value="true", since=AT - timedelta(400)
        )
    for number, month in enumerate(range(2, 7), 1):
        pay("L2", 210_63, date(2026, month, 15), f"P{number}")
    vouch(officer)


@pytest.fixture
def america(db, officer, lender, settings):
    """The same two in the US, told before that what is late is reported."""
    settings.GATE_PACKS = ("us",)
    gate.packs.cache_clear()
    for borrower, loan in (("B1", "L-1"), ("B2", "L-2")):
        lend(loan, borrower_id=borrower)
        Borrower.objects.filter(pk=borrower).update(time_zone="America/Chicago")
        put(borrower, "name", "Ada Marlow", "tests")
        put(borrower, "identity_number", "219099999", "tests", label="other")
        put(borrower, "address", "7 Orchard Lane, Springfield, IL 62704", "tests")
        Fact.objects.create(
            borrower_id=borrower, fact="negative_report_notice", value="true", since=AT - timedelta(40)
        )
    for number, month in enumerate(range(2, 7), 1):
        pay("L-2", 210_63, date(2026, month, 15), f"P{number}")
    vouch(officer)
    yield
    gate.packs.cache_clear()


def vouch(officer):
    for fact in ("bureau_data_checked", "bureau_fields_necessary"):
        Vouched.objects.create(
            channel="bureau_report", fact=fact, grounds="ours", since=AT - timedelta(400), by=officer
        )


def pay(loan_id, amount, day, cause):
    book("payment", loan_id, day, amount, cause=cause, key=f"k-{cause}", actor="tests", at=AT - timedelta(days=1))


def waiting() -> Approval:
    return Approval.objects.get(state="proposed")


def answers(run):
    return {row.loan_id: (row.answer, row.why) for row in run.items.all()}


def test_only_what_is_noticed_before_is_told_and_the_gate_is_asked_again_at_sending(china, manager, officer):
    run = running.make(manager, AS_OF, AT)
    assert answers(run)["L2"] == ("ready", "")
    answer, why = answers(run)["L1"]
    assert answer == "held_back"
    assert "CN-BUR-01" in why
    running.drop(manager, run.pk, AT)
    correcting.noticed(manager, ["L1"], AT - timedelta(days=10), AT)
    run = running.make(manager, AS_OF, AT + timedelta(minutes=1))
    assert {answer for answer, _ in answers(run).values()} == {"ready"}
    assert not Held.objects.exists()
    Fact.objects.create(borrower_id="B2", fact="credit_repair_qualified", value="true", since=AT)
    approvals.approve(officer, waiting().pk, AT + timedelta(minutes=2))
    run.refresh_from_db()
    assert (run.state, run.told, run.held_back) == ("sent", 1, 1)
    held = Held.objects.get()
    assert (held.loan_id, held.fields["state"], held.fields["repayment_24"][:4]) == ("L1", "逾期", "5432")
    name, raw = running.file_of_run(run)
    assert name == "bureau-20260630.jsonl"
    assert "样女士" in raw.decode()


def test_whoever_made_a_run_does_not_send_it_and_a_second_one_waits(china, manager, officer):
    run = running.make(manager, AS_OF, AT)
    with pytest.raises(approvals.OwnProposal):
        approvals.approve(manager, waiting().pk, AT)
    with pytest.raises(AnswerIsNo):
        running.make(manager, AS_OF, AT)
    approvals.approve(officer, waiting().pk, AT)
    with pytest.raises(AnswerIsNo):
        running.send(run.pk, officer, AT)
    with pytest.raises(WrongUse):
        running.make(manager, date(2026, 8, 1), AT)


def test_the_us_file_is_metro_2_without_errors(america, manager, officer):
    run = running.make(manager, AS_OF, AT)
    assert {answer for answer, _ in answers(run).values()} == {"ready"}, answers(run)
    approvals.approve(officer, waiting().pk, AT)
    run.refresh_from_db()
    name, raw = running.file_of_run(run)
    assert name.endswith(".m2")
    file = metro2.read(raw)
    assert [one.message for one in metro2.check(file)] == []
    told = {one.own.get("consumer_account_number"): one.own for one in file.of("base")}
    assert told["L1"].get("account_status") == "82"
    assert told["L1"].get("date_of_first_delinquency") == "2026-03-17"
    assert told["L2"].get("account_status") == "11"
    assert told["L2"].get("payment_history_profile") == "00000" + "B" * 19


def test_the_next_run_compares_with_what_the_bureau_says(america, manager, officer):
    running.make(manager, AS_OF, AT)
    approvals.approve(officer, waiting().pk, AT)
    _, raw = running.file_of_run(Run.objects.get())
    wrong = metro2.to_json(metro2.read(raw))
    base = next(
        r["segments"][0] for r in wrong["records"] if r["segments"][0].get("consumer_account_number") == "L1"
    )
    base["current_balance"] += 5
    base["account_status"] = "84"
    answer = metro2.write(metro2.from_json(wrong))
    run = running.make(manager, AS_OF, AT + timedelta(hours=1), answer, "from-the-bureau.m2")
    found = {(one.account, one.field): (one.held, one.true) for one in run.found.all()}
    assert found["L1", "account_status"] == ("84", "82")
    assert set(found) == {("L1", "account_status"), ("L1", "current_balance")}
    running.drop(manager, run.pk, AT)
    with pytest.raises(UnreadableFile):
        running.make(manager, AS_OF, AT + timedelta(hours=2), b"nonsense", "x")
    assert Run.objects.count() == 2


def test_news_is_no_difference_and_a_payment_booked_back_is_one(america, manager, officer):
    running.make(manager, AS_OF, AT)
    approvals.approve(officer, waiting().pk, AT)
    pay("L-1", 50_00, date(2026, 7, 10), "news")
    later = datetime(2026, 8, 1, 4, tzinfo=UTC)
    run = running.make(manager, date(2026, 7, 31), later)
    assert run.differs == 0
    running.drop(manager, run.pk, later)
    pay("L-1", 100_00, date(2026, 6, 2), "back")
    run = running.make(manager, date(2026, 7, 31), later)
    assert {one.field for one in run.found.all()} >= {"current_balance", "amount_past_due", "date_of_last_payment"}


def test_what_cannot_be_told_of_a_person_is_held_back_without_her_data(america, manager):
    put("B1", "address", "somewhere", "tests")
    run = running.make(manager, AS_OF, AT)
    answer, why = answers(run)["L-1"]
    assert answer == "held_back"
    assert why.startswith("address")
    assert "somewhere" not in why


def test_a_first_delinquency_that_was_told_is_not_told_younger(america, manager, officer):
    running.make(manager, AS_OF, AT)
    approvals.approve(officer, waiting().pk, AT)
    pay("L-1", 3 * 210_63, date(2026, 7, 2), "late")
    later = datetime(2026, 8, 1, 4, tzinfo=UTC)
    owed = accounts(["L-1"], date(2026, 7, 31))["L-1"]
    told = telling.fields_of(owed, Held.objects.get(pk="L-1").fields)
    assert owed.account.oldest_unpaid_due_on == date(2026, 5, 15)
    assert told["date_of_first_delinquency"] == "2026-03-17"
    assert running.make(manager, date(2026, 7, 31), later).told == 2


def test_a_paid_account_is_told_once_and_what_is_too_old_is_deleted(america, manager, officer):
    pay("L-2", 210_63, date(2026, 6, 20), "last")
    run = running.make(manager, AS_OF, AT)
    assert run.items.get(loan_id="L-2").fields["account_status"] == "13"
    approvals.approve(officer, waiting().pk, AT)
    Held.objects.filter(pk="L-1").update(
        fields=Held.objects.get(pk="L-1").fields | {"date_of_first_delinquency": "2019-06-01"}
    )
    run = running.make(manager, AS_OF, AT + timedelta(hours=1))
    assert [(row.loan_id, row.act, row.fields["account_status"]) for row in run.items.all()] == [
        ("L-1", "delete", "DA")
    ]
    approvals.approve(officer, waiting().pk, AT + timedelta(hours=1))
    assert Held.objects.get(pk="L-1").deleted_at
    assert running.make(manager, AS_OF, AT + timedelta(hours=2)).told == 0


@pytest.mark.parametrize(("packs", "due"), [(("cn-lender",), date(2026, 7, 10)), (("us",), date(2026, 7, 20))])
def test_disputes_have_the_clock_of_the_place(china, manager, settings, packs, due):
    settings.GATE_PACKS = packs
    gate.packs.cache_clear()
    made = disputing.take(manager, "L1", "I paid in May", date(2026, 6, 20), "direct", AT)
    assert made.due_on == due
    gate.packs.cache_clear()


def test_a_disputed_loan_is_told_only_with_its_mark_until_it_is_answered(china, manager, officer):
    correcting.noticed(manager, ["L1"], AT - timedelta(days=10), AT)
    made = disputing.take(manager, "L1", "I paid in May", AS_OF, "direct", AT)
    run = running.make(manager, AS_OF, AT)
    row = run.items.get(loan_id="L1")
    assert (row.answer, row.fields["disputed"]) == ("ready", True)
    running.drop(manager, run.pk, AT)
    # Past the twentieth day nothing goes out, mark or no mark.
    late = AT + timedelta(days=21)
    run = running.make(manager, AS_OF, late)
    assert "CN-BUR-04-DAYS" in run.items.get(loan_id="L1").why
    running.drop(manager, run.pk, AT)
    disputing.answer(officer, made.pk, "confirmed", "已核实", late)
    run = running.make(manager, AS_OF, late + timedelta(minutes=1))
    assert run.items.get(loan_id="L1").fields["disputed"] is False
    with pytest.raises(AnswerIsNo):
        disputing.answer(officer, made.pk, "confirmed", "again", late)


@pytest.mark.parametrize(
    ("loan", "text", "day", "way"),
    [
        ("L9", "x", AS_OF, "direct"),
        ("L1", " ", AS_OF, "direct"),
        ("L1", "x", date(2026, 8, 1), "direct"),
        ("L1", "x", AS_OF, "fax"),
    ],
)
def test_what_is_no_dispute_is_refused(china, manager, loan, text, day, way):
    with pytest.raises(WrongUse):
        disputing.take(manager, loan, text, day, way, AT)
    assert not Dispute.objects.exists()


def test_a_correction_is_what_the_ledger_says_and_two_people_make_it(america, manager, officer):
    running.make(manager, AS_OF, AT)
    approvals.approve(officer, waiting().pk, AT)
    correcting.propose_change(manager, "L-1", "correct", "a payment was found", AT)
    with pytest.raises(approvals.OwnProposal):
        approvals.approve(manager, waiting().pk, AT)
    pay("L-1", 100_00, date(2026, 6, 1), "found")
    approvals.approve(officer, waiting().pk, AT)
    made = Change.objects.get()
    assert made.before["current_balance"] - made.after["current_balance"] == 100
    assert Held.objects.get(pk="L-1").fields == made.after
    _, raw = correcting.file_of_change(made)
    assert len(metro2.read(raw).of("base")) == 1
    correcting.propose_change(officer, "L-1", "delete", "not hers", AT)
    approvals.approve(manager, waiting().pk, AT)
    assert Held.objects.get(pk="L-1").fields["account_status"] == "DA"
    with pytest.raises(WrongUse):
        correcting.propose_change(officer, "L-1", "delete", "again", AT)


def test_pages(china, manager, officer, user_of):
    def client(user):
        made = Client()
        made.force_login(user)
        return made

    boss, checker = client(manager), client(officer)
    page = boss.post("/bureau/run", {"as_of": "2026-06-30"}, follow=True).content.decode()
    assert "CN-BUR-01" in page
    run = Run.objects.get()
    why = run.items.get(loan_id="L1").why
    boss.post(f"/bureau/runs/{run.pk}/noticed", {"why": why, "given_on": "2026-06-01"})
    assert Fact.objects.filter(fact="bureau_notice", loan_id="L1").exists()
    assert boss.get(f"/bureau/runs/{run.pk}/file").status_code == 404
    checker.post(f"/approvals/{waiting().pk}/decide", {"answer": "approve"})
    got = checker.get(f"/bureau/runs/{run.pk}/file")
    assert got.headers["Content-Disposition"] == 'attachment; filename="bureau-20260630.jsonl"'
    boss.post("/bureau/dispute/L2", {"came_by": "bureau", "received_on": "2026-06-30", "text": "不是我借的"})
    assert "不是我借的" in boss.get("/bureau/of/B2").content.decode()
    assert "L2" in checker.get("/bureau").content.decode()
    made = Dispute.objects.get()
    checker.post(f"/bureau/disputes/{made.pk}", {"outcome": "confirmed", "text": "已核实"})
    made.refresh_from_db()
    assert made.outcome == "confirmed"
    boss.post("/bureau/change/L2", {"act": "delete", "why": "test"})
    assert waiting().kind == "bureau.change"
    file = SimpleUploadedFile("x.jsonl", b"nonsense")
    answer = boss.post("/bureau/run", {"as_of": "2026-06-30", "answer": file}, follow=True)
    assert "no file of forbear-bureau/1" in answer.content.decode()
    assert client(user_of("agent")).get("/bureau").status_code == 403
