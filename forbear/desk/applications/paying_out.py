"""From an approval to a loan: the borrower chooses a way of repaying and confirms its costs; two people pay it out.

Before a loan is signed the borrower is shown a table of all it costs, and of what a delay may cost, and confirms it
(CN-INT-07, since 2026-08-01); the gate is asked with that fact, and with the annual cost, at acceptance and again when
it is paid out. The schedule is made for the day of payment; one that costs more than what was confirmed is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.conduct import Verdict, judge_one
from forbear.conduct.situation import proposal
from forbear.desk.applications import policies
from forbear.desk.applications.deciding import local_day
from forbear.desk.applications.models import Application, Decision
from forbear.desk.audit.log import record
from forbear.desk.contact.judging import rules_of
from forbear.desk.ledger.opening import open_loans
from forbear.desk.people.approvals import propose
from forbear.desk.people.models import Approval
from forbear.desk.record.gate import packs
from forbear.desk.record.models import Installment, Loan, Schedule
from forbear.loans import Method, Terms, cap_policy, make_schedule
from forbear.loans import Schedule as Planned
from forbear.risk.assess import APPROVE
from forbear.risk.offers import cost_of

KIND = "applications.disburse"
OFFER_STANDS = timedelta(days=14)
"""How long an approval may be accepted, and what is accepted paid out, before it is decided anew."""


@dataclass(frozen=True)
class Costs:
    """The table of all a loan costs, as the borrower confirms it; minor units."""

    schedule: Planned
    interest: int
    fees: int
    upfront_fee: int
    total: int
    annual_cost: float
    penalty_rate: Decimal
    """Annual, on what is overdue, in the contract rate's place: the shipped policy of `forbear.loans`."""


def costs(offer: dict[str, Any], on: date, currency: str) -> Costs:
    """What an offer costs if it is paid out on a day."""
    schedule = make_schedule(_terms(offer, on, currency))
    cost = cost_of(schedule)
    assert cost is not None, "an offer has an annual cost"
    rate = Decimal(offer["annual_rate"])
    penalty = rate * Decimal(str(float(cap_policy().penalty_multiple)))
    return Costs(
        schedule,
        schedule.interest,
        schedule.fees,
        schedule.terms.upfront_fee,
        schedule.total,
        cost,
        min(penalty, Decimal(str(float(cap_policy().annual_cap)))),
    )


def _terms(offer: dict[str, Any], on: date, currency: str) -> Terms:
    return Terms(
        int(offer["amount"]),
        offer["annual_rate"],
        int(offer["term"]),
        Method(offer["method"]),
        on,
        currency=currency,
        fee=int(offer["fee"]),
        upfront_fee=int(offer["upfront_fee"]),
    )


def accept(application: Application, method: str, confirmed: bool, *, by: Any, at: datetime) -> Application:
    """Write down which way of repaying the borrower chose, and that she confirmed what it costs.

    Raises:
        AnswerIsNo: it is not approved, the approval is too old, or the gate says no.
        WrongUse: that way was not offered, or the costs were not confirmed.
    """
    if not confirmed:
        raise WrongUse("the costs were not confirmed", "show the table of costs; the borrower confirms it")
    with transaction.atomic():
        locked = (
            Application.objects.select_for_update(of=("self",)).select_related("borrower").get(pk=application.pk)
        )
        decision = _approval(locked, at)
        offer = next((one for one in decision.offers if one["method"] == method), None)
        if offer is None:
            raise WrongUse(f"{method!r} was not offered", ", ".join(one["method"] for one in decision.offers))
        told = costs(offer, local_day(locked.borrower, at), locked.currency)
        verdict = _ask_gate(locked, told.annual_cost, at)
        locked.accepted = {**offer, "decision": decision.pk, "total": told.total, "annual_cost": told.annual_cost}
        locked.accepted_at, locked.state = at, "accepted"
        locked.save(update_fields=["accepted", "accepted_at", "state"])
        told_of = {"method": method, "amount": offer["amount"], "rules": rules_of(verdict)}
        record(by, "application.accepted", f"application:{locked.pk}", **told_of)
    return locked


def _approval(application: Application, at: datetime) -> Decision:
    last = application.decisions.select_related("policy").order_by("-decision_id").first()
    if last is None or last.outcome != APPROVE or application.state != "decided":
        raise AnswerIsNo("there is no approval to accept", "it is not decided, declined, or accepted already")
    if last.at + OFFER_STANDS < at:
        raise AnswerIsNo("the approval is too old", "take a new application")
    return last


def _ask_gate(application: Application, cost: float, at: datetime) -> Verdict:
    """The gate's answer for interest at this cost, the costs being confirmed; its rules are kept in the audit log.

    Raises:
        AnswerIsNo: it refuses; names the rules.
    """
    policy, _version = policies.in_force()
    act = {
        "borrower_id": application.borrower_id,
        "channel": "interest",
        "at": at,
        "interest_basis": "contract",
        "in_signed_cost_table": "true",
        "annual_cost": f"{cost:.6f}",
        "annual_cost_to_lpr": f"{Decimal(str(cost)) / policy.lender.lpr_1y:.6f}",
        "lender_kind": policy.lender.kind,
        "platform_loan": policy.lender.platform_loan,
    }
    verdict = judge_one(proposal({k: v for k, v in act.items() if v != ""}, 1, None), (), (), packs())
    if not verdict.allowed:
        codes = ", ".join(answer.rule_id for answer in verdict.against)
        raise AnswerIsNo(f"the gate does not allow this cost: {codes}", "see the page of rules")
    return verdict


def propose_disbursal(application: Application, *, by: Any, at: datetime) -> Approval:
    """Propose that an accepted loan is paid out; another approves.

    Raises:
        AnswerIsNo: it is not accepted, or proposed already.
        PermissionDenied: the user may not propose it.
    """
    if application.state != "accepted":
        raise AnswerIsNo(f"the application is {application.state}", "the borrower accepts an offer first")
    subject = f"application:{application.pk}"
    if Approval.objects.filter(kind=KIND, subject=subject, state="proposed", expires_at__gt=at).exists():
        raise AnswerIsNo("it waits for a second person already", "let it be decided first")
    return propose(by, KIND, {"application_id": application.pk}, subject, at)


def pay_out(application_id: int, *, by: Any, at: datetime) -> Loan:
    """Open the loan: its record, its schedule from the day on, its account in the ledger; in the caller's transaction.

    Raises:
        AnswerIsNo: it is not accepted, too old, or would cost more than the borrower confirmed.
    """
    application = (
        Application.objects.select_for_update(of=("self",)).select_related("borrower").get(pk=application_id)
    )
    if application.state != "accepted" or application.accepted is None or application.accepted_at is None:
        raise AnswerIsNo(f"the application is {application.state}", "the borrower accepts an offer first")
    if application.accepted_at + OFFER_STANDS < at:
        raise AnswerIsNo("it was accepted too long ago", "take a new application")
    decision = Decision.objects.select_related("policy").get(pk=application.accepted["decision"])
    on = local_day(application.borrower, at)
    told = costs(application.accepted, on, application.currency)
    if Decimal(str(told.annual_cost)) > decision.cap or told.total > application.accepted["total"]:
        _cheaper(application, told)
    verdict = _ask_gate(application, told.annual_cost, at)
    loan = _written(application, decision, told.schedule, on)
    open_loans(actor=by.get_username(), at=at, loan_ids=[loan.pk])
    application.loan_id, application.state = loan.pk, "disbursed"
    application.save(update_fields=["loan_id", "state"])
    told_of = {"application": application.pk, "rules": rules_of(verdict)}
    record(by, "application.disbursed", f"loan:{loan.pk}", **told_of)
    return loan


def _cheaper(application: Application, told: Costs) -> None:
    accepted = application.accepted or {}
    raise AnswerIsNo(
        f"paid out today it would cost {told.total}, and {accepted.get('total')} was confirmed (minor units)",
        "take a new application",
    )


def _written(application: Application, decision: Decision, schedule: Planned, on: date) -> Loan:
    terms = schedule.terms
    loan = Loan.objects.create(
        loan_id=f"A{application.pk:08}",
        borrower_id=application.borrower_id,
        disbursed_on=on,
        principal=terms.principal,
        annual_rate=Decimal((application.accepted or {})["annual_rate"]),
        term=terms.term,
        currency=application.currency,
        repayment_method=terms.method.value,
        features={} if decision.points is None else {"x_points_at_approval": decision.points},
    )
    Schedule.objects.create(loan_id=loan.pk, version=1, effective_on=on, reason="disbursal")
    Installment.objects.bulk_create(
        Installment(
            loan_id=loan.pk,
            version=1,
            number=row.number,
            due_on=row.due_on,
            principal_due=row.principal,
            interest_due=row.interest,
            fees_due=row.fees,
        )
        for row in schedule.installments
    )
    return loan
