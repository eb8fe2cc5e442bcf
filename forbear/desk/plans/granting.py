"""Granting a plan: put forward by one person, granted by another within the limits of that role, booked at that moment.

The gate is asked on locked rows with what really was done (who agrees, which costs were confirmed); without its leave
nothing is booked. What is booked is what was agreed: if money came or a charge was added since, it is computed anew.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.conduct import Cleared, Verdict, sending
from forbear.desk.audit.log import record
from forbear.desk.people.approvals import Decision, approve, propose
from forbear.desk.people.models import Approval
from forbear.desk.plans.booking import book_plan
from forbear.desk.plans.life import locked
from forbear.desk.plans.models import AGREED, GRANTED, Plan
from forbear.desk.plans.offering import day_of, earlier_of, plan_act, policy_in_force
from forbear.desk.plans.pausing import begin, resume
from forbear.desk.plans.standing import debt_of, fingerprint
from forbear.desk.record.gate import packs
from forbear.relief import Option, may_agree, may_grant
from forbear.relief.plain import from_plain

KIND = "plans.grant"
"""The kind of approval."""


def grant(plan_id: int, by: Any, at: datetime) -> Plan:
    """Put an agreed plan forward, or grant what another has put forward.

    Raises:
        WrongUse: there is no such agreed plan.
        AnswerIsNo: it may not be granted now, or not by this role; says why. It stays as it is.
        OwnProposal, PermissionDenied: as `approvals.approve` and `approvals.propose`.
    """
    row = Plan.objects.filter(pk=plan_id).select_related("approval").first()
    if row is None or row.state != AGREED:
        raise WrongUse(_("there is no such agreed plan"), _("look at the list of those that wait"))
    waiting = row.approval if row.approval and row.approval.state == "proposed" else None
    if waiting is None or waiting.expires_at <= at:
        return put_forward(plan_id, by, at)
    approve(by, waiting.pk, at)
    return Plan.objects.get(pk=plan_id)


def put_forward(plan_id: int, by: Any, at: datetime) -> Plan:
    """Propose that an agreed plan be granted.

    Raises:
        WrongUse, AnswerIsNo, PermissionDenied: as `grant`.
    """
    with transaction.atomic():
        row = locked(plan_id, (AGREED,))
        open_one = Approval.objects.filter(pk=row.approval_id, state="proposed", expires_at__gt=at).first()
        if open_one is not None:
            raise AnswerIsNo(_("this plan is put forward already"), _("another person grants it"))
        _refuse_stale(row, at)
        option = row.option
        told = {"plan_id": row.pk, "loan_id": row.loan_id, "plan": row.kind, "amount": option["total"]}
        row.approval = propose(by, KIND, {**told, "currency": row.currency}, f"loan:{row.loan_id}", at)
        row.save(update_fields=["approval"])
    return row


def grant_now(plan_id: int, decision: Decision) -> dict[str, Any]:
    """What an approval does: rule, ask the gate, book, tell the gate that a plan is in force; in its transaction.

    Raises:
        AnswerIsNo: it may not be.
        Refused: the ledger will not book it.
    """
    at, by = decision.at, decision.approved_by
    row = locked(plan_id, (AGREED,))
    if row.approval_id != decision.approval_id:
        raise AnswerIsNo(_("this plan was put forward anew"), _("decide on that proposal"))
    option = from_plain(row.option)
    _refuse_unruly(row, option, by, at)
    _refuse_stale(row, at)
    verdict = _leave(row, option, decision)
    on = day_of(row.borrower_id, at)
    booked = book_plan(row, on, at, actor=by.get_username())
    row.state, row.granted_at, row.granted_by, row.verdict = GRANTED, at, by, verdict
    row.entries, row.look_on = list(booked.entries), option.payments[0][0] + timedelta(days=1)
    row.save()
    resume(row, at)
    begin(row, at)
    record(by, "plan.granted", f"borrower:{row.borrower_id}", plan=row.pk, loan=row.loan_id, kind=row.kind)
    return {"plan_id": row.pk, "entries": list(booked.entries)}


def _refuse_unruly(row: Plan, option: Option, by: Any, at: datetime) -> None:
    """Limits of the role, once in how long, cooling-off."""
    language = get_language() or "en"
    assert row.agreed_at is not None, "an agreed plan was agreed to"
    earlier, on = earlier_of(row.loan_id), day_of(row.borrower_id, at)
    for ruling in (
        may_agree(row.agreed_at, at, policy_in_force()),
        may_grant(option, by.role, earlier, on, owed=row.owed),
    ):
        if not ruling.allowed:
            raise AnswerIsNo(ruling.sentence(language))


def _refuse_stale(row: Plan, at: datetime) -> None:
    """What is owed is what it was, and the first payment is still to come."""
    on = day_of(row.borrower_id, at)
    if fingerprint(debt_of(row.loan, on, lock=True)) != row.debt:
        raise AnswerIsNo(
            _("what is owed on %(loan)s has changed since this plan was computed") % {"loan": row.loan_id},
            _("take it back, and compute the plans anew from what is owed now"),
        )
    if from_plain(row.option).payments[0][0] <= on:
        raise AnswerIsNo(_("the plan's first payment has come"), _("take it back, and compute the plans anew"))


def _leave(row: Plan, option: Option, decision: Decision) -> dict[str, Any]:
    """The gate's leave for the act, as it is kept for life.

    Raises:
        AnswerIsNo: it refuses; names the rules.
    """
    facts = {
        **option.facts,
        "lender_agrees": "true",  # this approval
        "cost_table_shown": _word(row.agreed_at is not None),
        "cost_table_confirmed": _word(row.agreed_at is not None),
        "automated_only": _word(decision.approved_by == decision.proposed_by),
        "asked_before_maturity": option.facts["asked_before_maturity"],
    }
    said = sending.reserve(connection, plan_act(row.loan, facts, decision.at), packs(), decision.at)
    if not isinstance(said, Cleared):
        raise AnswerIsNo(
            _("the gate does not allow this plan: %(rules)s") % {"rules": ", ".join(said.codes)},
            _("see the rules for what they ask"),
        )
    return _told(said.verdict, facts)


def _told(verdict: Verdict, facts: dict[str, str]) -> dict[str, Any]:
    return {
        "answer": str(verdict.answer),
        "at": verdict.act.at.isoformat(),
        "rules": [str(answer.rule_id) for answer in verdict.answers],
        "packs": [f"{pack.head.name}" for pack in packs().packs],
        "facts": facts,
    }


def _word(yes: bool) -> str:
    return "true" if yes else "false"


__all__ = ["KIND", "grant", "grant_now", "put_forward"]
