"""From an application to a decision, a contest, a loan."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.applications import deciding, paying_out, policies
from forbear.desk.applications.checking import latest_checks, run_checks, seen_by_person
from forbear.desk.applications.models import Application, Check
from forbear.desk.applications.taking import IDENTITY, said_of
from forbear.desk.audit.models import Entry
from forbear.desk.ledger.balances import balances
from forbear.desk.people.approvals import OwnProposal, approve
from forbear.desk.privacy import consent
from forbear.desk.privacy.erasing import erase
from forbear.desk.privacy.models import PersonalValue
from forbear.desk.record.models import Borrower, Installment, Loan
from forbear.risk.assess_policy import shipped_text
from forbear.testing.lending import lend
from tests.desk.applications.conftest import AT, identity

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def decided(application, user, at=AT):
    return deciding.check_and_decide(application, by=user, at=at)


@pytest.mark.parametrize(
    ("digits", "outcome", "code"),
    [
        ("0000", "approve", "fits"),
        ("0001", "refer", "identity_unproved"),
        ("0002", "decline", "identity_failed"),
        ("0003", "refer", "identity_unproved"),
        ("0004", "refer", "identity_unproved"),
        ("0005", "refer", "identity_unproved"),
        ("0006", "refer", "identity_unproved"),
        ("0010", "approve", "fits"),
        ("0011", "refer", "bureau_silent"),
        ("0012", "decline", "late_elsewhere"),
        ("0013", "refer", "many_lenders"),
        ("0014", "refer", "overdue_elsewhere"),
        ("0015", "approve", "fits"),
        ("7777", "refer", "identity_unproved"),
    ],
)
def test_each_test_number_leads_to_its_decision(sandbox, taken, user_of, digits, outcome, code):
    made = decided(taken(digits), user_of("manager"))
    assert made.outcome == outcome
    assert code in {one for one, _leads in made.reasons}


def test_the_sandbox_answers_nobody_real(sandbox, taken, user_of):
    one = taken(phone="13800138000")
    decided(one, user_of("manager"))
    assert set(one.checks.values_list("problem", flat=True)) == {"not_a_test_number"}


def test_without_providers_or_consent_nothing_is_asked_and_a_person_decides(sandbox, taken, user_of, monkeypatch):
    silent = taken(agrees=())
    assert decided(silent, user_of("manager")).outcome == "refer"
    assert set(silent.checks.values_list("problem", flat=True)) == {"no_consent"}
    assert latest_checks(silent)["bureau"] == "no_consent"
    half = taken(agrees=(IDENTITY,))
    made = decided(half, user_of("risk"))
    assert "consent_missing" in {code for code, _ in made.reasons}
    for kind in ("IDENTITY", "BUREAU", "MULTI_LENDER"):
        monkeypatch.delenv(f"FORBEAR_PROVIDER_{kind}")
    unset = taken()
    assert decided(unset, user_of("compliance")).outcome == "refer"
    assert set(unset.checks.values_list("problem", flat=True)) == {"none_set"}


def test_consent_taken_back_stops_the_next_question(sandbox, taken, user_of):
    one, manager = taken("0006"), user_of("manager")
    decided(one, manager)
    consent.say(one.borrower_id, IDENTITY, False, AT + timedelta(hours=1), source="call", by=manager)
    decided(one, manager, AT + timedelta(hours=2))
    assert one.checks.filter(name="name").order_by("-check_id").first().problem == "no_consent"


def test_consent_for_an_older_application_is_not_consent_for_this_one(sandbox, taken, user_of):
    number, manager = identity(serial=600), user_of("manager")
    decided(taken(identity_number=number), manager)
    later = taken(identity_number=number, agrees=(), at=AT + timedelta(days=30))
    decided(later, manager, AT + timedelta(days=30))
    assert set(later.checks.values_list("problem", flat=True)) == {"no_consent"}


def test_what_was_answered_is_not_asked_again(sandbox, taken, user_of):
    one, manager = taken("0011"), user_of("manager")
    decided(one, manager)
    decided(one, manager, AT + timedelta(minutes=5))
    assert one.checks.filter(name="name").count() == 1
    assert one.checks.filter(name="bureau").count() == 2


def test_only_one_asks_at_a_time(sandbox, taken, user_of):
    one, manager = taken(), user_of("manager")
    Application.objects.filter(pk=one.pk).update(checking_until=AT + timedelta(seconds=30))
    with pytest.raises(AnswerIsNo):
        run_checks(one, by=manager, at=AT)
    run_checks(one, by=manager, at=AT + timedelta(seconds=31))
    assert Application.objects.get(pk=one.pk).checking_until is None


def test_a_wrong_checksum_is_failed_whatever_the_provider_says(sandbox, taken, user_of):
    good = identity(serial=990)
    wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
    made = decided(taken(identity_number=wrong), user_of("manager"))
    assert made.outcome == "decline"
    assert "age_unknown" in {code for code, _ in made.reasons}


def test_personal_data_are_sealed_and_stand_nowhere_in_the_clear(sandbox, taken, user_of):
    one = taken()
    decided(one, user_of("manager"))
    number = said_of(one)["identity_number"]
    from django.db import connection

    with connection.cursor() as cursor:
        for table in (
            "loan_applications",
            "application_checks",
            "assessment_decisions",
            "borrowers",
            "audit_entries",
        ):
            cursor.execute(f"SELECT t::text FROM {table} AS t")
            text = "\n".join(row[0] for row in cursor.fetchall())
            assert text
            for secret in (number, number[6:14], "王样本", "19900000000", "1100000", "1300000"):
                assert secret not in text, table
    assert number not in one.decisions.get().inputs


def test_an_erased_applicant_leaves_the_outcome_and_nothing_it_was_made_from(sandbox, taken, as_role):
    manager = as_role("manager", language="en")
    one = taken()
    user = manager.get("/").context["user"]
    made = decided(one, user)
    waits = deciding.contest(one.borrower, "look again", by=user, at=AT, application=one)
    assert "contest" in {keep.code for keep in erase(one.borrower_id, "tests", AT, "request").kept}
    deciding.answer_contest(waits.pk, False, "looked, and it stands", by=user, at=AT)
    assert erase(one.borrower_id, "tests", AT, "request").done
    again = Application.objects.get(pk=one.pk).decisions.get()
    assert again.outcome == made.outcome
    assert "1100000" not in again.inputs
    with pytest.raises(WrongUse, match="erased"):
        deciding.decided_again(again)
    assert manager.get(f"/applications/{one.pk}").status_code == 200


def test_the_same_person_is_one_borrower(sandbox, taken):
    number = identity(serial=500)
    first, second = taken(identity_number=number), taken(identity_number=number.lower(), phone="13800138000")
    assert first.borrower_id == second.borrower_id
    assert PersonalValue.objects.filter(borrower_id=first.borrower_id, field="phone").count() == 1


def test_a_borrower_who_is_overdue_with_us_goes_to_a_person(sandbox, taken, user_of):
    one = taken()
    lend("OLD", borrower_id=one.borrower_id)
    made = decided(one, user_of("manager"))
    assert made.outcome == "refer"
    assert "overdue_with_us" in {code for code, _ in made.reasons}


def test_a_decision_is_made_again_from_what_was_kept(sandbox, taken, user_of):
    manager = user_of("manager")
    made = [decided(taken(digits), manager) for digits in ("0000", "0012", "0010")]
    approved_policy(user_of, shipped_text().replace('most_burden = "0.50"', 'most_burden = "0.40"'), manager)
    for row in made:
        row.refresh_from_db()
        again = deciding.decided_again(row)
        assert (again.outcome, again.limit, again.inputs) == (row.outcome, row.limit, row.inputs_sha256)
        assert [[one.code, one.leads] for one in again.reasons] == row.reasons
        assert again.plain()["offers"] == row.offers


def approved_policy(user_of, text, manager, at=AT):
    waits = policies.propose_policy(manager, text, at)
    with pytest.raises((OwnProposal, PermissionDenied)):
        approve(manager, waits.pk, at)
    return approve(user_of("compliance", f"c{at.timestamp()}"), waits.pk, at)


def test_a_policy_takes_two_people_and_decides_from_then_on(sandbox, taken, user_of):
    manager = user_of("manager")
    assert policies.in_force()[1] is None
    strict = (
        shipped_text()
        .replace("most = 200000   ", "most = 10000    ", 1)
        .replace('name = "shipped"', 'name = "small"')
    )
    approved_policy(user_of, strict, manager)
    held, version = policies.in_force()
    assert (held.name, version.version) == ("small", version.pk)
    made = decided(taken(), manager)
    assert made.limit <= 1_000_000
    assert made.policy_sha256 == held.sha256
    with pytest.raises(WrongUse):
        policies.propose_policy(manager, "nothing = 1", AT)
    with pytest.raises(PermissionDenied):
        policies.propose_policy(user_of("agent"), shipped_text(), AT)


def test_a_person_decides_what_was_referred_and_only_a_proved_identity_is_approved(sandbox, taken, user_of):
    one, manager = taken("0005"), user_of("manager")
    decided(one, manager)
    with pytest.raises(AnswerIsNo, match="liveness"):
        deciding.by_person(one, "approve", "I have met her at the branch", by=manager, at=AT)
    seen_by_person(one, "liveness", by=manager, at=AT)
    with pytest.raises(WrongUse):
        deciding.by_person(one, "approve", "ok", by=manager, at=AT)
    made = deciding.by_person(one, "approve", "I have met her at the branch", by=manager, at=AT)
    assert (made.outcome, made.automated) == ("approve", False)
    assert made.offers
    with pytest.raises(AnswerIsNo, match="person"):
        deciding.decide(Application.objects.get(pk=one.pk), by=manager, at=AT)


def test_no_person_approves_against_the_law(sandbox, taken, user_of):
    one, manager = taken(said={"is_student": True}), user_of("manager")
    assert decided(one, manager).outcome == "decline"
    with pytest.raises(AnswerIsNo, match="student"):
        deciding.by_person(one, "approve", "she asked so nicely", by=manager, at=AT)


def test_a_decline_is_contested_and_a_person_changes_it(sandbox, taken, user_of):
    one, manager, risk = taken("0012"), user_of("manager"), user_of("risk")
    assert decided(one, manager).outcome == "decline"
    made = deciding.contest(one.borrower, "it was the bank's mistake", by=manager, at=AT, application=one)
    assert made.answer_due_on == (AT + timedelta(days=15)).date()
    with pytest.raises(AnswerIsNo, match="already"):
        deciding.contest(one.borrower, "again", by=manager, at=AT, application=one)
    with pytest.raises(WrongUse):
        deciding.answer_contest(made.pk, True, "yes", by=risk, at=AT)
    answered = deciding.answer_contest(made.pk, True, "the bank confirmed its mistake", by=risk, at=AT)
    assert answered.state == "changed"
    assert Application.objects.get(pk=one.pk).outcome == "approve"
    last = one.decisions.order_by("-decision_id").first()
    assert (last.automated, last.by) == (False, risk)
    assert last.offers, "what cap and means leave"
    assert Entry.objects.filter(action="contest.answered").count() == 1


def test_whoever_decided_as_a_person_does_not_answer_the_contest(sandbox, taken, user_of):
    one, manager = taken("0013"), user_of("manager")
    decided(one, manager)
    deciding.by_person(one, "decline", "too many loans by now", by=manager, at=AT)
    made = deciding.contest(one.borrower, "two of them are repaid", by=manager, at=AT, application=one)
    with pytest.raises(PermissionDenied):
        deciding.answer_contest(made.pk, False, "I think I was right", by=manager, at=AT)
    assert (
        deciding.answer_contest(made.pk, False, "looked at it afresh", by=user_of("risk"), at=AT).state == "upheld"
    )


@pytest.mark.parametrize("method", ["equal_installment", "equal_principal", "interest_first", "flat"])
def test_an_approved_loan_is_paid_out_by_two_people_as_the_borrower_chose(sandbox, taken, user_of, method):
    one, manager = taken(), user_of("manager")
    made = decided(one, manager)
    with pytest.raises(WrongUse, match="confirmed"):
        paying_out.accept(one, method, False, by=manager, at=AT)
    one = paying_out.accept(one, method, True, by=manager, at=AT)
    waits = paying_out.propose_disbursal(one, by=manager, at=AT)
    with pytest.raises(OwnProposal):
        approve(manager, waits.pk, AT)
    done = approve(user_of("compliance"), waits.pk, AT + timedelta(days=2))
    loan = Loan.objects.get(pk=done.result["loan_id"])
    offer = next(o for o in made.offers if o["method"] == method)
    assert (loan.principal, loan.repayment_method, loan.term) == (offer["amount"], method, 12)
    assert str(loan.disbursed_on) == "2026-11-29"
    (balance,) = balances([loan.pk], loan.disbursed_on).values()
    assert balance.principal_outstanding == loan.principal
    assert balance.outstanding == offer["total"]
    assert Installment.objects.filter(loan_id=loan.pk).count() == 12
    assert Application.objects.get(pk=one.pk).state == "disbursed"
    with pytest.raises(AnswerIsNo):
        paying_out.pay_out(one.pk, by=manager, at=AT)


def test_nothing_declined_stale_or_dearer_than_the_law_is_paid_out(sandbox, taken, user_of, monkeypatch):
    manager = user_of("manager")
    declined = taken("0012")
    decided(declined, manager)
    with pytest.raises(AnswerIsNo):
        paying_out.accept(declined, "flat", True, by=manager, at=AT)
    old = taken()
    decided(old, manager)
    with pytest.raises(AnswerIsNo, match="old"):
        paying_out.accept(old, "flat", True, by=manager, at=AT + timedelta(days=15))
    dear = taken()
    decided(dear, manager)
    told = paying_out.costs
    monkeypatch.setattr(paying_out, "costs", lambda *a: replace(told(*a), annual_cost=0.2401))
    with pytest.raises(AnswerIsNo, match="CN-INT-04"):
        paying_out.accept(dear, "flat", True, by=manager, at=AT)
    assert not Loan.objects.exists()


def test_a_score_is_contested_too(user_of):
    manager = user_of("manager")
    lend("L1")
    made = deciding.contest(Borrower.objects.get(pk="B1"), "I never paid late", by=manager, at=AT, loan_id="L1")
    assert (
        deciding.answer_contest(made.pk, True, "a payment had been misread", by=user_of("risk"), at=AT).loan_id
        == "L1"
    )
    assert Check.objects.count() == 0


def test_figures_are_kept_sealed_for_whoever_looks_at_it_later(sandbox, taken, user_of):
    made = decided(taken(), user_of("manager"))
    assert json.loads(made.figures)["means"]["income"] == 1_100_000
