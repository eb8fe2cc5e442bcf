"""A plan's life before it is granted: asked, offered, agreed; taken back, refused, left to expire.

Each step is one transaction under the borrower's lock, told to the audit log. Asking keeps the option word for word and
pauses contact; nothing is booked before two people have granted it (`granting`).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.conduct import sending
from forbear.desk.audit.log import record
from forbear.desk.people.models import Approval
from forbear.desk.plans.models import AGREED, ASKED, BEFORE_GRANT, EXPIRED, LIVE, OFFERED, REFUSED, WITHDRAWN, Plan
from forbear.desk.plans.offering import offers_for, policy_in_force
from forbear.desk.plans.pausing import pause, resume
from forbear.desk.plans.standing import fingerprint
from forbear.relief import Budget
from forbear.relief.plain import to_plain

LONGEST = 500


def ask(
    loan_id: str,
    option_id: str,
    by: Any,
    at: datetime,
    *,
    budget: Budget,
    channel: str = "desk",
    evidence: str = "",
) -> Plan:
    """Ask for one of the plans that were shown; it is offered at once where no evidence is wanted.

    Args:
        loan_id: the loan.
        option_id: as `offers_for` told for the same budget on the same day.
        by: the user who asks, or writes it down; None: a program for the borrower.
        at: now.
        budget: what the option was computed from.
        channel: where she asked.
        evidence: what was shown as proof, as a reference; empty: nothing yet.

    Raises:
        WrongUse: no such loan or option now.
        AnswerIsNo: the loan has a live plan, or she may not have this one yet; says why and from when.
        Refused: the ledger cannot have a plan on it.
    """
    offers = offers_for(loan_id, budget, at, language=get_language() or "en")
    option = next((one for one in offers.told.all if one.option_id == option_id), None)
    if option is None:
        raise WrongUse(_("this plan is not among those that can be had now"), _("look at the plans again"))
    if option_id in offers.ruled_out:
        raise AnswerIsNo(offers.ruled_out[option_id])
    _refuse_long(evidence)
    ready = bool(evidence.strip()) or not option.evidence
    try:
        with transaction.atomic():
            sending.lock_borrower(connection, offers.loan.borrower_id)
            made = Plan.objects.create(
                borrower_id=offers.loan.borrower_id,
                loan=offers.loan,
                kind=option.kind,
                option_id=option_id,
                option=to_plain(option),
                debt=fingerprint(offers.debt),
                currency=option.currency,
                owed=offers.debt.owed,
                late_since=offers.debt.late_since,
                state=OFFERED if ready else ASKED,
                asked_at=at,
                asked_by=by,
                channel=channel,
                budget=json.dumps(asdict(budget), default=str),
                evidence=evidence.strip(),
                offered_at=at if ready else None,
                offered_by=by if ready else None,
            )
            pause(made, at, by)
            _record(made, by, "plan.asked", kind=option.kind, option=option_id, offered=ready)
    except IntegrityError:
        raise AnswerIsNo(
            _("this loan has a plan on its way already"), _("look at it, or take it back first")
        ) from None
    return made


def offer(plan_id: int, by: Any, at: datetime, *, evidence: str) -> Plan:
    """Offer a plan whose evidence has been seen.

    Raises:
        WrongUse: no evidence is named, or the plan is not waiting for it.
    """
    if not evidence.strip():
        raise WrongUse(_("say what was shown as proof"), _("such as: payslips of May and June"))
    _refuse_long(evidence)
    with transaction.atomic():
        row = locked(plan_id, (ASKED,))
        row.state, row.offered_at, row.offered_by, row.evidence = OFFERED, at, by, evidence.strip()
        row.save(update_fields=["state", "offered_at", "offered_by", "evidence"])
        _record(row, by, "plan.offered")
    return row


def agree(plan_id: int, by: Any, at: datetime, *, confirmed: bool = True) -> Plan:
    """Write down that the borrower agrees, having been shown what it costs and confirmed it (CN-INT-07).

    Raises:
        WrongUse: it is not offered, or what it costs was not confirmed.
        AnswerIsNo: the offer is too old.
    """
    if not confirmed:
        raise WrongUse(_("the costs were not confirmed"), _("show the table of costs; the borrower confirms it"))
    with transaction.atomic():
        row = locked(plan_id, (OFFERED,))
        if at > row.asked_at + timedelta(days=policy_in_force().rules.offer.lasts_days):
            raise AnswerIsNo(_("this offer is too old"), _("take it back and compute the plans anew"))
        row.state, row.agreed_at, row.agreed_by = AGREED, at, by
        row.save(update_fields=["state", "agreed_at", "agreed_by"])
        _record(row, by, "plan.agreed")
    return row


def withdraw(plan_id: int, by: Any, at: datetime) -> Plan:
    """Take a plan back that is not granted yet: the borrower no longer wants it, or it was a slip."""
    return _ended(plan_id, by, at, WITHDRAWN, "")


def refuse(plan_id: int, by: Any, at: datetime, reason: str) -> Plan:
    """Refuse a plan that is not granted yet, with a reason she is told.

    Raises:
        WrongUse: there is no reason.
    """
    if not reason.strip():
        raise WrongUse(_("a refusal has a reason"), _("write it so that she understands it"))
    _refuse_long(reason)
    return _ended(plan_id, by, at, REFUSED, reason.strip())


def expire(at: datetime) -> int:
    """End plans that nobody took further in their time; how many."""
    before = at - timedelta(days=policy_in_force().rules.offer.lasts_days + _grace())
    old = Plan.objects.filter(state__in=BEFORE_GRANT, asked_at__lt=before).values_list("pk", flat=True)
    count = 0
    for plan_id in list(old[:500]):
        try:
            _ended(plan_id, None, at, EXPIRED, "")
        except WrongUse:  # somebody was faster
            continue
        count += 1
    return count


def locked(plan_id: int, states: tuple[str, ...]) -> Plan:
    """The plan, held with its borrower until the transaction ends, if it is in one of the states.

    Raises:
        WrongUse: there is none, or it is in another.
    """
    whose = Plan.objects.filter(pk=plan_id).values_list("borrower_id", flat=True).first()
    if whose is None:
        raise WrongUse(_("there is no such plan"), _("look at the list"))
    sending.lock_borrower(connection, whose)
    row = Plan.objects.select_for_update(of=("self",)).select_related("loan").get(pk=plan_id)
    if row.state not in states:
        raise WrongUse(_("this plan is %(state)s") % {"state": row.state}, _("look at it again"))
    return row


def _ended(plan_id: int, by: Any, at: datetime, state: str, because: str) -> Plan:
    with transaction.atomic():
        row = locked(plan_id, BEFORE_GRANT)
        row.state, row.ended_at, row.ended_because = state, at, because
        row.save(update_fields=["state", "ended_at", "ended_because"])
        Approval.objects.filter(pk=row.approval_id, state="proposed").update(
            state="withdrawn" if state == WITHDRAWN else "expired", decided_at=at
        )
        resume(row, at)
        _record(row, by, f"plan.{state}")
    return row


def _grace() -> int:
    return policy_in_force().place.cooling.days


def _record(row: Plan, by: Any, action: str, **facts: Any) -> None:
    record(by or "forbear plans", action, f"borrower:{row.borrower_id}", plan=row.pk, loan=row.loan_id, **facts)


def _refuse_long(text: str) -> None:
    if len(text) > LONGEST:
        raise WrongUse(_("that is too long"), _("at most %(most)s characters") % {"most": LONGEST})


assert set(BEFORE_GRANT) < set(LIVE)
