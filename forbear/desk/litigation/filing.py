"""Working on a suit: opening its file, noting its stages, filing with two people and the gate's leave.

Filing and enforcement are proposed by one and approved by another; the gate is asked at both moments, with what the
form says of this act and the limitation clock of the loan, and its verdict is kept with the event. A settlement may
come at any stage.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.conduct import Verdict, judge_one, sending
from forbear.conduct.situation import proposal
from forbear.desk.audit.log import record
from forbear.desk.litigation.clocks import clock_of
from forbear.desk.litigation.models import Event, Suit
from forbear.desk.litigation.stages import Stage, may_follow, stages
from forbear.desk.litigation.weighing import Means, states_of, weighed
from forbear.desk.people.approvals import propose
from forbear.desk.people.models import Approval, User
from forbear.desk.people.rights import allowed
from forbear.desk.record.gate import packs
from forbear.desk.record.models import Fact, Loan
from forbear.recovery.litigation.limitation import enforcement_until
from forbear.recovery.litigation.worth import CARE

WORK, APPROVE, KIND = "litigation.work", "litigation.approve", "litigation.file"
PROCEDURES = ("payment_order", "small_claims", "simplified", "ordinary")
SAID = {
    "payment_order": ("no_debt_the_other_way", "order_can_be_served"),
    "small_claims": ("both_agree_small_claims",),
    "enforcement": ("necessities_left_out",),
}
"""What whoever files declares, by procedure; the gate asks for it."""
ALWAYS = ("approved_by_counsel", "time_bar_reviewed")
PAPERS = ("contract", "disbursal", "identity")
"""Papers that lie with the lender; the court will ask for them."""
DAYS = ("performance_ends_on", "pay_by")
LONGEST = 200


class Wanted(BaseModel):
    """A stage that two people want: filing or enforcement. Courts and case numbers are no personal data of hers."""

    model_config = ConfigDict(extra="forbid")
    suit_id: str = Field(max_length=64)
    stage: str = Field(max_length=40)
    on: date
    words: list[str] = Field(default_factory=list, max_length=20)
    declared: list[str] = Field(default_factory=list, max_length=10)
    claimed: int = Field(ge=0, default=0)
    court_fee: int = Field(ge=0, default=0)

    @property
    def told(self) -> dict[str, str]:
        """What was filled in, by name; each of `words` is `name=value`."""
        return dict(one.split("=", 1) for one in self.words if "=" in one)


@dataclass(frozen=True)
class Note:
    """A stage as somebody writes it down; amounts in minor units."""

    stage: str
    on: date
    told: Mapping[str, str] = field(default_factory=dict)
    amounts: Mapping[str, int] = field(default_factory=dict)
    next_on: date | None = None


def open_suit(user: User, loan: Loan, at: datetime) -> Suit:
    """Open the file of a claim; one that is open already is given back.

    Raises:
        PermissionDenied: the user may not work on suits.
    """
    _may(user)
    with transaction.atomic():
        sending.lock_borrower(connection, loan.borrower_id)
        for one in Suit.objects.filter(loan=loan).order_by("-opened_at"):
            if not stages()[now_of(one).stage].closes:
                return one
        made = Suit.objects.create(
            suit_id=uuid4().hex, borrower_id=loan.borrower_id, loan=loan, opened_at=at, by=user
        )
        _write(made, Note("opened", at.date()), user, at)
    return made


def note(user: User, suit: Suit, wanted: Note, at: datetime) -> Event:
    """Write a stage down that one person may.

    Raises:
        PermissionDenied: the user may not work on suits.
        WrongUse: it takes two people, does not follow the stage there is, or something is missing.
    """
    _may(user)
    stage = _stage(wanted.stage)
    if stage.two:
        raise WrongUse(_("another person approves this stage"), _("propose it"))
    with transaction.atomic():
        sending.lock_borrower(connection, suit.borrower_id)
        refuse_unfit(suit, stage, wanted.told, wanted.amounts, wanted.on, at)
        made = _write(suit, wanted, user, at)
        _tell_the_gate(made)
    return made


def propose_stage(user: User, wanted: Wanted, at: datetime) -> Approval:
    """Propose to file or to enforce, after the gate allowed it now.

    Raises:
        PermissionDenied: the user may not work on suits.
        AnswerIsNo: the gate does not allow it now, or it is proposed already.
        WrongUse: as `note`.
    """
    _may(user)
    suit = suit_of(wanted.suit_id)
    _checked(suit, wanted, at)
    subject = f"suit:{suit.pk}"
    if Approval.objects.filter(kind=KIND, subject=subject, state="proposed", expires_at__gt=at).exists():
        raise AnswerIsNo(_("this suit waits for a second person already"), _("let it be decided first"))
    return propose(user, KIND, wanted, subject, at)


def do_approved(wanted: Wanted, proposer: User, approver: User, at: datetime) -> Event:
    """File or enforce what two people want; the gate is asked once more.

    Raises:
        AnswerIsNo: it does not allow it now.
        WrongUse: it no longer follows the stage there is.
    """
    suit = suit_of(wanted.suit_id)
    with transaction.atomic():
        sending.lock_borrower(connection, suit.borrower_id)
        verdict = _checked(suit, wanted, at)
        amounts = {"claimed": wanted.claimed, "court_fee": wanted.court_fee} if wanted.stage == "filed" else {}
        codes = {name: wanted.told[name] for name in ("procedure",) if name in wanted.told}
        noted = Note(wanted.stage, wanted.on, wanted.told, amounts)
        return _write(suit, noted, proposer, at, approver, verdict, codes)


def verdict_of(suit: Suit, wanted: Wanted, at: datetime) -> Verdict:
    """What the gate says to filing or enforcing now; nothing is written."""
    past, facts = sending.known_of(connection, suit.borrower_id)
    enforcing = wanted.stage == "enforcement"
    procedure = "enforcement" if enforcing else wanted.told.get("procedure", "")
    own: dict[str, Any] = {
        "borrower_id": suit.borrower_id,
        "loan_id": suit.loan_id,
        "channel": "suit",
        "at": at,
        "sender": "lender",
        "procedure": procedure,
        "automated_only": "false",  # two people decide (个人信息保护法 art. 24)
    }
    own |= {name: "true" for name in wanted.declared if name in (*SAID.get(procedure, ()), *ALWAYS)}
    if enforcing:
        own["new_claim"] = "false"
    else:
        clock = clock_of(suit.loan, at)
        own |= {
            "new_claim": "true",
            "limitation_runs_from": clock.runs_from.isoformat(),
            "right_harmed_on": clock.harmed_on.isoformat(),
        }
    if wage := _wage(wanted):
        own["claim_to_average_wage"] = f"{Decimal(wanted.claimed) / Decimal(wage):.6f}"
    return judge_one(proposal(own, 1, None, "act"), facts, past, packs())


def now_of(suit: Suit) -> Event:
    """Where a suit stands: its latest stage; costs and the like stand beside."""
    beside = [one.name for one in stages().values() if one.beside]
    found = suit.events.exclude(stage__in=beside).order_by("-event_id").first()
    assert found is not None, "a suit is opened with its first event"
    return found


def suit_of(suit_id: str) -> Suit:
    """The suit of that id.

    Raises:
        WrongUse: there is none.
    """
    suit = Suit.objects.filter(pk=suit_id).select_related("loan", "borrower").first()
    if suit is None:
        raise WrongUse(_("there is no such suit"))
    return suit


def refuse_unfit(
    suit: Suit, stage: Stage, told: Mapping[str, str], amounts: Mapping[str, int], on: date, at: datetime
) -> None:
    """Refuse a stage that does not follow, lies in the future, or misses something.

    Raises:
        WrongUse: why.
    """
    last = now_of(suit)
    if stage not in may_follow(last.stage):
        raise WrongUse(_("this stage does not follow the one there is"), last.stage)
    if on > (at + timedelta(days=1)).date() or on < last.on:
        raise WrongUse(_("the day lies before the stage there is, or is still to come"), str(on))
    for name in stage.needs:
        value = told.get(name, "").strip()
        if not value or len(value) > LONGEST or not value.isprintable():
            raise WrongUse(_("%(name)s is missing") % {"name": name}, ", ".join(stage.needs))
        if name in DAYS:
            _day(value)
    if missing := [name for name in stage.amounts if amounts.get(name) is None]:
        raise WrongUse(_("%(name)s is missing") % {"name": missing[0]}, ", ".join(stage.amounts))


def _checked(suit: Suit, wanted: Wanted, at: datetime) -> Verdict:
    stage = _stage(wanted.stage)
    if not stage.two:
        raise WrongUse(_("one person writes this stage down"))
    amounts = {"claimed": wanted.claimed, "court_fee": wanted.court_fee}
    refuse_unfit(suit, stage, wanted.told, amounts, wanted.on, at)
    if wanted.stage == "filed" and wanted.told.get("procedure") not in PROCEDURES:
        raise WrongUse(_("no such procedure"), ", ".join(PROCEDURES))
    verdict = verdict_of(suit, wanted, at)
    if not verdict.allowed:
        rules = ", ".join(sorted({one.rule_id for one in verdict.against}))
        until = f" ({verdict.until:%Y-%m-%d})" if verdict.until else ""
        raise AnswerIsNo(_("the gate does not allow this now: %(rules)s") % {"rules": rules + until})
    if wanted.stage == "filed":
        _refuse_unworthy(suit, wanted, at)
    return verdict


def _refuse_unworthy(suit: Suit, wanted: Wanted, at: datetime) -> None:
    """Refuse a suit against somebody who cannot pay, or that brings less than it costs; the bars are the gate's too.

    A state that the gate lets counsel lift (`approved_by_counsel`) is left to the gate.
    """
    found = weighed(suit, wanted.claimed, means_of(wanted.told, wanted.declared), at)
    lifted = "approved_by_counsel" in wanted.declared and set(states_of(suit, at)) & set(CARE)
    if found.answer == "no" and not lifted:
        raise AnswerIsNo(_("this claim is not worth a suit"), "; ".join(found.reasons))


def means_of(told: Mapping[str, str], declared: Sequence[str]) -> Means:
    """What a form says of her means, amounts in minor units."""
    surplus, wage = told.get("surplus", ""), told.get("average_wage", "")
    return Means(
        surplus=int(surplus) if surplus.lstrip("-").isdecimal() else None,
        assets=int(told["assets"]) if told.get("assets", "").isdecimal() else 0,
        papers=tuple(name for name in PAPERS if name in declared),
        average_wage=int(wage) if wage.isdecimal() else None,
        can_be_served=told.get("procedure") != "payment_order" or "order_can_be_served" in declared,
    )


def _write(
    suit: Suit,
    wanted: Note,
    user: User,
    at: datetime,
    approver: User | None = None,
    verdict: Verdict | None = None,
    codes: Mapping[str, Any] | None = None,
) -> Event:
    stage = stages()[wanted.stage]
    days = {name: wanted.told[name] for name in DAYS if wanted.told.get(name)}
    words = {name: value for name, value in wanted.told.items() if name not in DAYS and value}
    next_on = wanted.next_on or _next(stage, wanted)
    made = Event.objects.create(
        suit=suit,
        borrower_id=suit.borrower_id,
        stage=wanted.stage,
        on=wanted.on,
        facts={
            **{name: wanted.amounts[name] for name in stage.amounts if name in wanted.amounts},
            **days,
            **(codes or {}),
        },
        words=json.dumps(words, ensure_ascii=False) if words else "",
        verdict=_kept(verdict) if verdict else None,
        next_on=next_on,
        at=at,
        by=user,
        approved_by=approver,
    )
    record(user, "suit.stage", f"borrower:{suit.borrower_id}", suit=suit.pk, stage=wanted.stage, event=made.pk)
    return made


def _next(stage: Stage, wanted: Note) -> date | None:
    """When somebody looks again: the stage's own time, or the day that was named, whichever comes first."""
    named = [_day(wanted.told[name]) for name in DAYS if wanted.told.get(name)]
    if stage.name == "effective" and named:
        return named[0] + timedelta(days=1)
    own = [wanted.on + timedelta(days=stage.days)] if stage.days else []
    return min([*own, *named], default=None)


def _tell_the_gate(event: Event) -> None:
    """What a stage makes true: the last day for performance, the day a mediated agreement took effect."""
    facts = {"effective": "performance_ends_on", "mediated": "mediation_effective_on"}
    if name := facts.get(event.stage):
        value = event.facts.get(name) or event.on.isoformat()
        own = {"borrower_id": event.borrower_id, "loan_id": event.suit.loan_id}
        Fact.objects.create(**own, fact=name, value=value, since=event.at)


def enforceable_until(suit: Suit) -> date | None:
    """The last day to apply for enforcement; None while nothing is in force."""
    found = suit.events.filter(stage="effective").order_by("-event_id").first()
    return enforcement_until(_day(found.facts["performance_ends_on"])) if found else None


def _kept(verdict: Verdict) -> dict[str, Any]:
    return {
        "answer": str(verdict.answer),
        "rules": [f"{one.pack}/{one.rule_id}:{one.version}" for one in verdict.answers],
        "against": [one.rule_id for one in verdict.against],
    }


def _stage(name: str) -> Stage:
    if name not in stages():
        raise WrongUse(_("there is no such stage"), ", ".join(stages()))
    return stages()[name]


def _wage(wanted: Wanted) -> int:
    told = wanted.told.get("average_wage", "")
    return int(told) if told.isdecimal() else 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongUse(_("%(day)s is not a day") % {"day": text}) from None


def _may(user: User) -> None:
    if not allowed(user, WORK):
        raise PermissionDenied(WORK)
