"""Deciding on an application: by the policy at once, by a person where referred or contested; all of it kept.

A decision keeps its inputs, the policy's, card's and program's versions, so that `decided_again` comes to the same a
year later. A person's decision stands above an automated one and says why; only a person answers a contest.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db import transaction
from stdnum.cn import ric

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.conduct.cost_cap import CostCap, cost_cap
from forbear.desk.applications import policies
from forbear.desk.applications.checking import evidence_of, latest_checks, run_checks
from forbear.desk.applications.models import Application, Contest, Decision, PolicyVersion
from forbear.desk.applications.taking import said_of
from forbear.desk.audit.log import record
from forbear.desk.record.gate import packs
from forbear.desk.record.models import Borrower
from forbear.loans import Method
from forbear.risk import applied
from forbear.risk.application_table import age_on, number_is_valid
from forbear.risk.assess import APPROVE, DECLINE, assess, reason
from forbear.risk.assess import Decision as Made
from forbear.risk.assess_card import Card, model_card
from forbear.risk.assess_policy import Policy, read_policy, shipped

MODEL = "FORBEAR_ASSESS_MODEL"
"""Environment variable: the model folder, where the policy decides by a model's card."""
ANSWER_WITHIN = timedelta(days=15)
"""A contest is answered within. PIPL article 50 says without delay and names no days; GB/T 35273-2020 8.7 gives 30
(unverified): half of it is promised."""
SHORTEST_NOTE = 10
LAW = frozenset(["under_age", "student", "purpose_refused", "product_unfit", "cost_cap"])
"""Reasons that no person at the desk can set aside."""


@cache
def _card(folder: str) -> Card | None:
    return model_card(folder) if folder else None


def card_in_force(policy: Policy) -> Card | None:
    """The scorecard by which a policy decides; None: its own points card."""
    return _card(os.environ.get(MODEL, "")) if policy.card == "model" else None


def cap_of(policy: Policy, at: datetime) -> CostCap:
    """What a loan signed at an instant may cost a year.

    Raises:
        AnswerIsNo: no rule of the packs caps it: there is nothing to hold an offer against.
    """
    facts = {"lender_kind": policy.lender.kind, "platform_loan": policy.lender.platform_loan}
    found = cost_cap(packs(), at, facts, policy.lender.lpr_1y)
    if found.annual_cost is None:
        raise AnswerIsNo("no rule of the gate caps the annual cost", "name packs that do in FORBEAR_PACKS")
    return found


def check_and_decide(application: Application, *, by: Any, at: datetime) -> Decision:
    """Ask whatever is not answered yet, and decide.

    Raises:
        AnswerIsNo: a person has decided already, it is accepted, or somebody else is at it.
    """
    _still_open(application)
    run_checks(application, by=by, at=at)
    return decide(application, by=by, at=at)


def inputs_of(application: Application, on: date) -> tuple[applied.Application, applied.Evidence]:
    """An application as the engine takes it, with no name, number or phone in it."""
    said = said_of(application)
    number = str(said.get("identity_number", ""))
    age = age_on(ric.get_birth_date(number), on) if number_is_valid(number) else None
    asked = applied.Application(
        str(application.pk),
        on,
        application.amount,
        application.term,
        Method(application.method),
        application.currency,
        str(said.get("purpose", "")),
        income_declared=said.get("income_declared"),
        income_verified=said.get("income_verified"),
        obligations_declared=said.get("obligations_declared"),
        housing=said.get("housing") or 0,
        dependants=said.get("dependants") or 0,
        employment_months=said.get("employment_months"),
        age=age,
        is_student=said.get("is_student"),
        features=dict(said.get("features") or {}),
    )
    return asked, evidence_of(application, on)


def decide(application: Application, *, by: Any, at: datetime) -> Decision:
    """Decide by the policy in force on what is known now, and keep it."""
    policy, version = policies.in_force()
    on = local_day(application.borrower, at)
    asked, evidence = inputs_of(application, on)
    cap = cap_of(policy, at)
    assert cap.annual_cost is not None
    made = assess(asked, evidence, policy, cap=cap.annual_cost, card=card_in_force(policy))
    with transaction.atomic():
        locked = Application.objects.select_for_update().get(pk=application.pk)
        _still_open(locked)
        kept = _keep(locked, made, cap, version, at, by, inputs=applied.plain_inputs(asked, evidence))
        record(by, "application.decided", f"application:{locked.pk}", decision=kept.pk, outcome=kept.outcome)
    return kept


def _still_open(application: Application) -> None:
    if application.state not in ("received", "decided"):
        raise AnswerIsNo(f"the application is {application.state}", "what is accepted is not decided anew")
    if application.decisions.filter(automated=False).exists():
        raise AnswerIsNo("a person has decided", "only a person decides otherwise")


def _keep(
    application: Application,
    made: Made,
    cap: CostCap,
    version: PolicyVersion | None,
    at: datetime,
    by: Any,
    *,
    inputs: dict[str, Any],
) -> Decision:
    told = made.plain()
    kept = Decision.objects.create(
        application=application,
        borrower_id=application.borrower_id,
        at=at,
        outcome=made.outcome,
        automated=True,
        by=by,
        reasons=[[one.code, one.leads] for one in made.reasons],
        limit=made.limit,
        annual_rate=made.annual_rate,
        offers=told["offers"],
        points=made.points,
        card=made.card,
        card_sha256=made.card_sha256,
        cap=made.cap,
        cap_rules=list(cap.rules),
        policy=version,
        policy_sha256=made.policy,
        inputs_sha256=made.inputs,
        forbear=made.forbear,
        inputs=json.dumps(inputs),
        figures=json.dumps({"means": told["means"], "burden_after": told["burden_after"], "is_thin": made.is_thin}),
    )
    _stands(application, kept.outcome)
    return kept


def _stands(application: Application, outcome: str) -> None:
    application.outcome, application.state = outcome, "decided"
    application.save(update_fields=["outcome", "state"])


def decided_again(decision: Decision) -> Made:
    """The automated decision made again from what was kept.

    Raises:
        WrongUse: its inputs were erased, or its policy or card is no longer at hand.
    """
    policy = read_policy(decision.policy.text) if decision.policy else shipped()
    if policy.sha256 != decision.policy_sha256:
        raise WrongUse(
            "the policy it was made by is not this program's", f"it was made by Forbear {decision.forbear}"
        )
    try:
        asked, evidence = applied.from_plain(json.loads(decision.inputs))
    except ValueError as gone:
        raise WrongUse("what it was made from has been erased") from gone
    made = assess(asked, evidence, policy, cap=Decimal(decision.cap), card=card_in_force(policy))
    if made.card_sha256 != decision.card_sha256:
        raise WrongUse("the card it was made by is not at hand", f"set {MODEL} to the model folder of that time")
    return made


def by_person(application: Application, outcome: str, note: str, *, by: Any, at: datetime) -> Decision:
    """Decide as a person, on a referred application or against the automated decision.

    The offers are those of the last automated decision, or made anew from what is known; none is above cap or means.

    Raises:
        AnswerIsNo: nothing was decided before, it is accepted already, or there is nothing to offer.
        WrongUse: no such outcome, or no reason is given.
    """
    if outcome not in (APPROVE, DECLINE):
        raise WrongUse(f"a person cannot decide {outcome!r}", f"{APPROVE} or {DECLINE}")
    if len(note.strip()) < SHORTEST_NOTE:
        raise WrongUse("a decision by a person says why", f"{SHORTEST_NOTE} characters or more")
    with transaction.atomic():
        locked = Application.objects.select_for_update().get(pk=application.pk)
        last = locked.decisions.order_by("-decision_id").first()
        if last is None or locked.state != "decided":
            raise AnswerIsNo("there is no decision that a person could change", "let it be checked first")
        if outcome == APPROVE:
            _refuse_barred(locked, last)
        offers, limit, rate = _offers_for(last) if outcome == APPROVE else ([], 0, None)
        code = "fits" if outcome == APPROVE else "by_person"
        kept = Decision.objects.create(
            application=locked,
            borrower_id=locked.borrower_id,
            at=at,
            outcome=outcome,
            automated=False,
            by=by,
            reasons=[[code, "note" if outcome == APPROVE else DECLINE]],
            limit=limit,
            annual_rate=rate,
            offers=offers,
            note=note.strip(),
            **{
                name: getattr(last, name)
                for name in (
                    *("points", "card", "card_sha256", "cap", "cap_rules", "policy", "policy_sha256"),
                    *("inputs_sha256", "forbear", "inputs", "figures"),
                )
            },
        )
        _stands(locked, outcome)
        record(by, "application.decided_by_person", f"application:{locked.pk}", decision=kept.pk, outcome=outcome)
    return kept


def _refuse_barred(application: Application, last: Decision) -> None:
    """A person approves neither against the law nor somebody who is not proved to be who she says.

    Raises:
        AnswerIsNo: either.
    """
    automated = application.decisions.filter(automated=True).order_by("-decision_id").first() or last
    if barred := sorted({code for code, leads in automated.reasons if code in LAW and leads == DECLINE}):
        raise AnswerIsNo(
            f"no person may approve this: {', '.join(barred)}", "the law or the product does not allow it"
        )
    latest = latest_checks(application)
    policy = read_policy(last.policy.text) if last.policy else shipped()
    if open_checks := [name for name in policy.identity.required if latest.get(name) != applied.PASSED]:
        raise AnswerIsNo(
            f"not proved yet: {', '.join(open_checks)}", "look at the original document and write it down"
        )


def _offers_for(last: Decision) -> tuple[list[Any], int, Any]:
    """What a person may approve: the offers of a referral; of a decline, those that its inputs leave."""
    if last.offers:
        return last.offers, last.limit, last.annual_rate
    policy = read_policy(last.policy.text) if last.policy else shipped()
    try:
        asked, evidence = applied.from_plain(json.loads(last.inputs))
    except ValueError as gone:
        raise AnswerIsNo("what it was decided from has been erased", "take a new application") from gone
    made = assess(asked, evidence, policy, cap=Decimal(last.cap), card=card_in_force(policy), by_person=True)
    if not made.offers:
        raise AnswerIsNo(
            "there is nothing to offer within the cap and what is affordable", "a smaller loan, or none"
        )
    return made.plain()["offers"], made.limit, made.annual_rate


def contest(
    borrower: Borrower,
    words: str,
    *,
    by: Any,
    at: datetime,
    application: Application | None = None,
    loan_id: str | None = None,
) -> Contest:
    """Write down that somebody contests a decision on an application, or the score of a loan.

    Raises:
        WrongUse: nothing is said.
        AnswerIsNo: there is nothing to contest, or it is contested already.
    """
    if not words.strip():
        raise WrongUse("nothing is said", "what the person says, in her words")
    with transaction.atomic():
        Borrower.objects.select_for_update().get(pk=borrower.pk)
        decision = application.decisions.order_by("-decision_id").first() if application else None
        if application is not None and decision is None:
            raise AnswerIsNo("nothing has been decided yet", "let it be checked first")
        same = Contest.objects.filter(borrower=borrower, state="open", application=application, loan_id=loan_id)
        if same.exists():
            raise AnswerIsNo("it is contested already", "answer that first")
        made = Contest.objects.create(
            borrower=borrower,
            application=application,
            decision=decision,
            loan_id=loan_id,
            received_at=at,
            answer_due_on=(at + ANSWER_WITHIN).date(),
            words=words.strip(),
            taken_by=by,
        )
        record(by, "decision.contested", f"borrower:{borrower.pk}", contest=made.pk)
    return made


def answer_contest(contest_id: int, changed: bool, answer: str, *, by: Any, at: datetime) -> Contest:
    """A person's answer: the decision stands, or it is changed (a decline or referral becomes an approval).

    Raises:
        WrongUse: there is no such contest, or no answer.
        AnswerIsNo: it is answered, or there is nothing to offer.
        PermissionDenied: by whoever decided it before, as a person.
    """
    if len(answer.strip()) < SHORTEST_NOTE:
        raise WrongUse("an answer says why", f"{SHORTEST_NOTE} characters or more")
    with transaction.atomic():
        row = (
            Contest.objects.select_for_update(of=("self",))
            .select_related("application")
            .filter(pk=contest_id)
            .first()
        )
        if row is None:
            raise WrongUse(f"no contest {contest_id}")
        if row.state != "open":
            raise AnswerIsNo("it is answered already")
        if row.decision and not row.decision.automated and row.decision.by_id == by.pk:
            raise PermissionDenied("whoever decided does not answer the contest")
        if changed and row.application is not None:
            by_person(row.application, APPROVE, answer, by=by, at=at)
        row.state = "changed" if changed else "upheld"
        row.answered_by, row.answered_at, row.answer = by, at, answer.strip()
        row.save()
        record(by, "contest.answered", f"borrower:{row.borrower_id}", contest=row.pk, state=row.state)
    return row


def reasons_of(decision: Decision, language: str) -> list[dict[str, str]]:
    """The reasons of a decision in the reader's language: words, and what helps."""
    tongue = "zh" if language.startswith("zh") else "en"
    told = [reason(code, leads) for code, leads in decision.reasons]
    return [
        {
            "code": one.code,
            "leads": one.leads,
            "words": getattr(one, tongue),
            "helps": getattr(one, f"helps_{tongue}"),
        }
        for one in told
    ]


def local_day(borrower: Borrower, at: datetime) -> date:
    """The day where the borrower is."""
    try:
        return at.astimezone(ZoneInfo(borrower.time_zone or "Asia/Shanghai")).date()
    except (KeyError, ValueError, OSError):
        return at.astimezone(UTC).date()
