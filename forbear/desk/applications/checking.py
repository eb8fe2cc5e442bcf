"""Checking an application: providers asked, each answer or its absence written down, all of it made into evidence.

Nothing is asked without consent that holds now. What was answered is not asked again: an inquiry at a bureau is itself
a mark on the applicant's record. Asking happens outside of a transaction; one asker at a time holds the application.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q
from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.applications.models import Application, Check
from forbear.desk.applications.providers import Answer, Question, provider_of
from forbear.desk.applications.taking import IDENTITY, INQUIRY, said_of
from forbear.desk.audit.log import record
from forbear.desk.ledger.balances import balances
from forbear.desk.privacy import consent
from forbear.desk.record.models import Case, Consent, Loan
from forbear.risk import applied
from forbear.risk.application_table import number_is_valid
from forbear.risk.applied import Bureau, Evidence

HELD = timedelta(seconds=60)
FINAL = frozenset([applied.PASSED, applied.FAILED, applied.ANSWERED, applied.NO_FILE])
"""States that are an answer; the others may be asked again."""
Count = Field(default=None, ge=0, le=10**15, strict=True)


class BureauSaid(BaseModel):
    """What a bureau's answer may hold."""

    model_config = ConfigDict(extra="ignore")
    months_of_history: int | None = Count
    lenders: int | None = Count
    obligations: int | None = Count
    debts: int | None = Count
    overdue_now: int | None = Count
    worst_dpd_24m: int | None = Count
    lates_24m: int | None = Count
    inquiries_3m: int | None = Count
    on_enforcement_list: StrictBool | None = None


class MultiSaid(BaseModel):
    """What a multi-lender answer may hold."""

    model_config = ConfigDict(extra="ignore")
    lenders: int = Field(ge=0, le=10**6, strict=True)
    applications_30d: int | None = Field(default=None, ge=0, le=10**6, strict=True)


def run_checks(application: Application, *, by: Any, at: datetime) -> None:
    """Ask the providers whatever is not answered yet.

    Raises:
        AnswerIsNo: somebody else is asking just now.
    """
    free = Application.objects.filter(Q(checking_until__isnull=True) | Q(checking_until__lt=at), pk=application.pk)
    if not free.update(checking_until=at + HELD):
        raise AnswerIsNo("the application is being checked just now", "look again in a minute")
    try:
        said, latest = said_of(application), latest_checks(application)
        _identity(application, said, latest, by, at)
        for name in ("bureau", "multi_lender"):
            if latest.get(name) not in FINAL:
                _source(application, name, said, by, at)
    finally:
        Application.objects.filter(pk=application.pk).update(checking_until=None)


def latest_checks(application: Application) -> dict[str, str]:
    """The last state of each check."""
    found = application.checks.order_by("check_id").values_list("name", "state")
    return dict(found)


def _identity(
    application: Application, said: Mapping[str, Any], latest: Mapping[str, str], by: Any, at: datetime
) -> None:
    if all(latest.get(name) in FINAL for name in applied.CHECKS):
        return
    number_fits = number_is_valid(str(said.get("identity_number", "")))
    if not number_fits and latest.get("identity_number") != applied.FAILED:
        _write(application, "identity_number", applied.FAILED, Answer("checksum"), at)
    facts = {name: str(said.get(name, "")) for name in ("name", "identity_number", "phone", "liveness")}
    answer = _asked(application, "identity", IDENTITY, facts, by, at)
    for name in applied.CHECKS:
        if latest.get(name) in FINAL or (name == "identity_number" and not number_fits):
            continue
        state = answer.facts.get(name)
        known = state if state in (applied.PASSED, applied.FAILED, applied.UNSURE) else None
        without = applied.NOT_ASKED if answer.problem in ("none_set", "no_consent") else applied.NO_ANSWER
        _write(application, name, known or without, answer, at)


def _source(application: Application, name: str, said: Mapping[str, Any], by: Any, at: datetime) -> None:
    facts = {field: str(said.get(field, "")) for field in ("name", "identity_number", "phone")}
    answer = _asked(application, name, INQUIRY, facts, by, at)
    problems = {"no_consent": applied.NO_CONSENT, "none_set": applied.NOT_ASKED}
    if answer.problem:
        _write(application, name, problems.get(answer.problem, applied.NO_ANSWER), answer, at)
    elif answer.facts.get("state") == applied.NO_FILE:
        _write(application, name, applied.NO_FILE, answer, at)
    else:
        shape = BureauSaid if name == "bureau" else MultiSaid
        try:
            told = shape.model_validate(dict(answer.facts)).model_dump()
        except ValidationError:
            garbled = Answer(answer.provider, "garbled", {}, answer.reference)
            _write(application, name, applied.NO_ANSWER, garbled, at)
            return
        _write(application, name, applied.ANSWERED, answer, at, {**told, "asked_on": at.date().isoformat()})


def _asked(
    application: Application, kind: str, purpose: str, facts: Mapping[str, str], by: Any, at: datetime
) -> Answer:
    """The provider's answer, if she agrees to the question now."""
    if not _agrees(application, purpose, at):
        return Answer("", "no_consent")
    provider = provider_of(kind)
    if provider.name:
        record(by, "application.asked", f"application:{application.pk}", kind=kind, provider=provider.name)
    return provider.ask(Question(kind, _reference(application, kind), facts))


def _agrees(application: Application, purpose: str, at: datetime) -> bool:
    """Whether she agrees now, and said so for this application: an older consent was for an older loan."""
    said = Consent.objects.filter(borrower_id=application.borrower_id, purpose=purpose, given=True)
    return (
        consent.holds(application.borrower_id, purpose, at)
        and said.filter(at__gte=application.applied_at, at__lte=at).exists()
    )


def _reference(application: Application, kind: str) -> str:
    """The question's name: the same when asked again, of no other desk's, and telling nothing of who it is about."""
    told = f"{application.borrower_id}:{application.pk}:{application.applied_at.isoformat()}:{kind}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _write(
    application: Application,
    name: str,
    state: str,
    answer: Answer,
    at: datetime,
    told: Mapping[str, Any] | None = None,
) -> None:
    Check.objects.create(
        application=application,
        borrower_id=application.borrower_id,
        name=name,
        state=state,
        problem=answer.problem,
        provider=answer.provider,
        reference=answer.reference[:200],
        asked_at=at,
        answer=json.dumps(dict(told)) if told else "",
    )


def evidence_of(application: Application, on: date) -> Evidence:
    """All that is known of the applicant on a day."""
    latest: dict[str, Check] = {check.name: check for check in application.checks.order_by("check_id")}
    bureau, multi = latest.get("bureau"), latest.get("multi_lender")
    told = json.loads(bureau.answer) if bureau and bureau.state == applied.ANSWERED else None
    if told is not None:
        told["asked_on"] = date.fromisoformat(told["asked_on"])
    many = json.loads(multi.answer) if multi and multi.state == applied.ANSWERED else {}
    return Evidence(
        checks={name: latest[name].state for name in applied.CHECKS if name in latest},
        bureau_state=bureau.state if bureau else applied.NOT_ASKED,
        bureau=Bureau(**told) if told is not None else None,
        multi_state=multi.state if multi else applied.NOT_ASKED,
        multi_lenders=many.get("lenders"),
        applications_30d=many.get("applications_30d"),
        **_own(application.borrower_id, on),
    )


def _own(borrower_id: str, on: date) -> dict[str, Any]:
    """How the applicant's loans with us went."""
    loans = list(Loan.objects.filter(borrower_id=borrower_id).values_list("pk", flat=True))
    if not loans:
        return {}
    known = balances(loans, on)
    case = Case.objects.filter(borrower_id=borrower_id).order_by("-opened_at").first()
    settled = sum(1 for one in known.values() if not (one.outstanding or one.written_off))
    return {
        "own_loans": len(loans),
        "own_settled": settled,
        "own_worst_dpd": max([one.dpd for one in known.values()] + ([case.dpd] if case else []), default=0),
        "own_overdue": sum(one.arrears_total for one in known.values()),
    }


def seen_by_person(application: Application, name: str, *, by: Any, at: datetime) -> Check:
    """Write down that a person has proved a part of who the applicant is, on the original document or face to face.

    Raises:
        WrongUse: no such check.
    """
    if name not in applied.CHECKS:
        raise WrongUse(f"no identity check {name!r}", f"one of: {', '.join(applied.CHECKS)}")
    _write(application, name, applied.PASSED, Answer(f"person:{by.get_username()}"), at)
    record(by, "application.seen", f"application:{application.pk}", check=name)
    return application.checks.order_by("-check_id").first()
