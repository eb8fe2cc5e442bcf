"""Which plans a loan can have, as the desk knows it: its debt, earlier plans, the cap and the gate's rules in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache

from django.db import connection

from forbear.basics.errors import WrongUse
from forbear.conduct import judge_one, sending
from forbear.conduct.cost_cap import cost_cap
from forbear.conduct.situation import Fact, proposal
from forbear.desk.applications import policies
from forbear.desk.complaints.taking import jurisdiction
from forbear.desk.plans.models import BROKEN, GRANTED, KEPT, Plan
from forbear.desk.plans.standing import debt_of
from forbear.desk.record.gate import packs, vouched_at
from forbear.desk.record.models import Loan
from forbear.desk.record.zones import zone_of
from forbear.relief import Budget, Debt, Grantable, Policy, Told, lighter_than, may_ask, options, shipped
from forbear.relief.law import LATER
from forbear.relief.options import best
from forbear.relief.plain import from_plain


@dataclass(frozen=True)
class Offers:
    """A loan's debt and the plans that fit the budget; `ruled_out`: those that she may not have now, and why."""

    loan: Loan
    debt: Debt
    told: Told
    ruled_out: dict[str, str]


def policy_in_force() -> Policy:
    """The relief policy at the lender's place."""
    return shipped(jurisdiction())


def offers_for(loan_id: str, budget: Budget, at: datetime, *, language: str = "en") -> Offers:
    """The plans for a budget, on the borrower's day.

    Raises:
        WrongUse: no such loan, or neither spending nor a floor is known.
        Refused: the ledger cannot have a plan on it.
    """
    loan = Loan.objects.filter(pk=loan_id).first()
    if loan is None:
        raise WrongUse(f"there is no loan {loan_id!r}", "name a loan of the record")
    on = day_of(loan.borrower_id, at)
    debt, earlier, policy = debt_of(loan, on), earlier_of(loan_id), policy_in_force()
    _, facts = sending.known_of(connection, loan.borrower_id)
    told = options(
        debt,
        budget,
        policy,
        cap=cap_on(loan, on),
        broken=sum(one.broken_on is not None for one in earlier),
        again=again(loan_id, on),
        most=lighter_than(earlier),
        lawful=lambda given: rules_against(loan, given, facts, at),
    )
    rulings = {one.option_id: may_ask(one, earlier, on) for one in told.all}
    no = {name: ruling.sentence(language) for name, ruling in rulings.items() if not ruling.allowed}
    if allowed := [one for one in told.all if one.option_id not in no]:
        told = replace(told, shown=best(allowed, policy.rules.offer.shown))
    return Offers(loan, debt, told, no)


def day_of(borrower_id: str, at: datetime) -> date:
    """The borrower's day at an instant."""
    return at.astimezone(zone_of(borrower_id)).date()


def earlier_of(loan_id: str) -> list[Grantable]:
    """Plans of the loan that were granted, in order."""
    rows = Plan.objects.filter(loan_id=loan_id, state__in=[GRANTED, KEPT, BROKEN]).order_by("granted_at")
    return [
        Grantable(
            row.kind,
            day_of(row.borrower_id, row.granted_at),
            day_of(row.borrower_id, row.ended_at) if row.state == BROKEN else None,
            int(row.option["peak"]),
        )
        for row in rows
    ]


def again(loan_id: str, on: date) -> bool:
    """Whether an earlier plan of the loan is still in its observation."""
    rows = Plan.objects.filter(loan_id=loan_id, state__in=[GRANTED, KEPT, BROKEN])
    return any(from_plain(row.option).classification.observed_until > on for row in rows)


def cap_on(loan: Loan, on: date) -> Decimal | None:
    """The cap on the loan's annual cost on a day, as the gate's rules have it."""
    lender = policies.in_force()[0].lender
    return _cap(on, lender.kind, lender.platform_loan, lender.lpr_1y)


@lru_cache(maxsize=64)
def _cap(on: date, kind: str, platform: str, lpr: Decimal) -> Decimal | None:
    facts = {"lender_kind": kind, "platform_loan": platform}
    return cost_cap(packs(), datetime.combine(on, time(12), UTC), facts, lpr).annual_cost


def plan_act(loan: Loan, given: Mapping[str, str], at: datetime) -> dict[str, object]:
    """The act of granting a plan, for the gate: what is vouched for on the channel, what the plan settles."""
    act = {"borrower_id": loan.borrower_id, "channel": "plan", "at": at, "loan_id": loan.pk, "sender": "lender"}
    return {**vouched_at(at).get("plan", {}), **given, **act}


def rules_against(loan: Loan, given: Mapping[str, str], facts: list[Fact], at: datetime) -> tuple[str, ...]:
    """The rules against a plan, supposing that the steps after it are done as they must be."""
    verdict = judge_one(proposal(plan_act(loan, {**LATER, **given}, at), 1, None, "act"), facts, (), packs())
    return tuple(answer.rule_id for answer in verdict.against)
