"""The plans that fit: each kind built, brought under the cap, asked about at the gate, measured; the best few shown.

`options` is pure: a debt, a budget, a cap and a policy in, options out, the same ones for the same day. An option's
id is a hash of all that it says, so that what was shown can be asked for and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from forbear.basics.money import to_minor
from forbear.relief.budget import Budget, Surplus, surplus_of
from forbear.relief.building import BUILDERS, RATE_TICK
from forbear.relief.debt import Debt
from forbear.relief.effects import BureauEffect, ClassEffect, bureau_effect, class_effect
from forbear.relief.ground import Draft, Ground, Moved, PlanRow, Waived
from forbear.relief.law import gate_facts
from forbear.relief.measures import (
    annual_cost,
    chance_kept,
    changed_payments,
    contract_payments,
    discount_rate,
    expected,
    present_value,
    share_used,
)
from forbear.relief.policy import Policy
from forbear.relief.saying import said

Lawful = Callable[[Mapping[str, str]], tuple[str, ...]]
"""Asked with the facts of a plan act; the ids of the rules against it, none where it may be made."""


@dataclass(frozen=True)
class Option:
    """One plan, measured. Money in minor units, rates and shares fractions.

    Args:
        option_id: a hash of all that it says.
        kind: as in `building.BUILDERS`.
        rows, charges: what is paid and when; `waived`: what is let go.
        monthly: what falls due in its first month; `peak`: in its dearest.
        total: all she pays from the plan's day on; `extra`: that less what the contract would have asked.
        annual_cost, annual_cost_before: with the plan, and had the contract gone on.
        present_value, present_value_before: to the lender, on the plan's day.
        share_used: the peak over that month's surplus.
        chance: that it is kept; `expected`: what the lender may expect of it.
        evidence: what is asked for before it is granted.
        facts: what the gate is told of the act, but for what later steps supply.
    """

    option_id: str
    loan_id: str
    on: date
    currency: str
    kind: str
    rows: tuple[PlanRow, ...]
    charges: tuple[Moved, ...]
    waived: Waived
    annual_rate: Fraction
    terms: dict[str, object]
    monthly: int
    peak: int
    total: int
    extra: int
    annual_cost: Decimal
    annual_cost_before: Decimal
    present_value: int
    present_value_before: int
    share_used: Decimal
    chance: Decimal
    expected: int
    changed: int
    classification: ClassEffect
    bureau: BureauEffect
    evidence: tuple[str, ...]
    facts: dict[str, str]

    @property
    def payments(self) -> list[tuple[date, int]]:
        """What falls due on each day."""
        return Draft(self.kind, self.rows, self.charges, self.waived, self.annual_rate).payments

    @property
    def given_up(self) -> int:
        """Present value that the lender gives up, minor units; never below nothing."""
        return max(self.present_value_before - self.present_value, 0)

    def sentence(self, language: str = "en") -> str:
        """The plan in one or two plain sentences, in zh or en."""
        return said(self, language)


@dataclass(frozen=True)
class Told:
    """The answer: what is shown, all that fit, and why the other kinds are not among them."""

    surplus: Surplus
    shown: tuple[Option, ...]
    all: tuple[Option, ...]
    refused: dict[str, str]


def options(
    debt: Debt,
    budget: Budget,
    policy: Policy,
    *,
    cap: Decimal | None,
    broken: int = 0,
    again: bool = False,
    most: int | None = None,
    lawful: Lawful | None = None,
) -> Told:
    """The plans that fit a budget.

    Args:
        debt: what is owed, on the plan's day.
        budget: income and spending.
        policy: the lender's rules in the place.
        cap: on the annual cost; None: no rule caps it.
        broken: earlier plans that were broken.
        again: whether an earlier plan is still in its observation.
        most: no month may ask for more than this, whatever is left (a second plan is lighter); None: no such line.
        lawful: asks the gate; None: nobody does.

    Returns:
        No option asks for more than the surplus of any month, none costs more than the cap, and each is exact to the
        minor unit (`hold_together`).
    """
    surplus = surplus_of(budget, policy, debt.currency)
    room = surplus if most is None else replace(surplus, now=min(surplus.now, most), later=min(surplus.later, most))
    ground = Ground(debt, room, policy, debt.annual_rate)
    found, refused = list[Option](), dict[str, str]()
    if not debt.unpaid:
        return Told(surplus, (), (), {"all": "nothing_owed"})
    if max(surplus.now, surplus.later, surplus.savings) < max(ground.least_payment, 1):
        return Told(surplus, (), (), {"all": "no_surplus"})
    last = policy.rules.offer.only_if_none_other
    for kind, builder in sorted(BUILDERS.items(), key=lambda one: one[0] in last):
        if kind in last and any(one.kind not in last for one in found):
            refused[kind] = "not_needed"
            continue
        at_first = builder(ground)
        if at_first is None:
            refused[kind] = "does_not_fit"
            continue
        draft = _under_cap(ground, builder, cap, at_first)
        if draft is None:
            refused[kind] = "over_cap"
            continue
        hold_together(debt, draft)
        option = _measured(ground, draft, broken, again)
        if lawful and (rules := lawful(option.facts)):
            refused[kind] = "unlawful:" + ",".join(rules)
        elif any(option.payments == other.payments and option.waived == other.waived for other in found):
            refused[kind] = "same_as_another"
        else:
            found.append(option)
    return Told(surplus, best(found, policy.rules.offer.shown), tuple(found), refused)


def best(found: list[Option], most: int) -> tuple[Option, ...]:
    """The best few: none that another beats in chance, cost to her, months and worth; the most to expect first.

    The one that costs her least and the one with the smallest months are always among them.
    """
    good = [one for one in found if not any(_beats(other, one) for other in found)]
    order = sorted(good, key=lambda one: (-one.expected, -one.chance, one.total, one.kind))
    must = [min(good, key=key) for key in (lambda o: (o.total, o.kind), lambda o: (o.peak, o.kind))] if good else []
    kept = list(dict.fromkeys([one.option_id for one in [*must[:most], *order]]))[:most]
    return tuple(one for one in order if one.option_id in kept)


def _beats(one: Option, other: Option) -> bool:
    """At least as good in all four and better in one."""
    mine, yours = _worths(one), _worths(other)
    return mine != yours and all(a >= b for a, b in zip(mine, yours, strict=True))


def _worths(one: Option) -> tuple[Decimal, ...]:
    return one.chance, Decimal(one.expected), Decimal(-one.total), Decimal(-one.peak)


def hold_together(debt: Debt, draft: Draft) -> None:
    """That a draft pays or lets go exactly what is owed, to the minor unit.

    Raises:
        AssertionError: it does not; a plan like that must never be shown.
    """
    rows, gone = draft.rows, draft.waived
    assert sum(row.principal for row in rows) + gone.principal == debt.principal, (draft.kind, "principal")
    assert sum(row.fees for row in rows) + gone.fees == debt.fees_due + debt.fees_ahead, (draft.kind, "fees")
    moved = sum(one.amount for one in draft.charges) + sum(amount for _, amount in gone.charged)
    assert moved == debt.charged, (draft.kind, "charges")
    assert sum(row.interest for row in rows) + gone.interest >= debt.interest, (draft.kind, "interest")
    assert min(min(row.principal, row.interest, row.fees) for row in rows) >= 0, (draft.kind, "below nothing")


def _under_cap(
    ground: Ground, builder: Callable[[Ground], Draft | None], cap: Decimal | None, at_first: Draft
) -> Draft | None:
    """The draft within the cap: charges let go first where it is not, then the rate lowered as little as it takes."""

    def within(one: Ground, made: Draft | None = None) -> Draft | None:
        draft = made or builder(one)
        fits = draft and (cap is None or annual_cost(one.debt, draft.payments) <= cap)
        return draft if fits else None

    if (draft := within(ground, at_first)) is not None:
        return draft
    clean = replace(ground, waive_charges=True)
    if (draft := within(clean)) is not None:
        return draft
    low, high = 0, int(ground.rate / RATE_TICK) + 1
    found = within(replace(clean, rate=Fraction(0)))
    if found is None:  # a waiver of the rate needs a rate to begin from
        low, found = 1, within(replace(clean, rate=RATE_TICK))
    while found and high - low > 1:
        middle = (low + high) // 2
        tried = within(replace(clean, rate=middle * RATE_TICK))
        low, high, found = (middle, high, tried) if tried else (low, middle, found)
    return found


def _measured(ground: Ground, draft: Draft, broken: int, again: bool) -> Option:
    debt, policy, payments = ground.debt, ground.policy, draft.payments
    before, rate = contract_payments(debt), discount_rate(debt, policy)
    used, changed = share_used(ground, draft), changed_payments(debt, payments)
    wait = (payments[0][0] - debt.on).days // 30
    chance = chance_kept(policy, used=used, changed=changed, broken=broken, wait_months=wait)
    worth = present_value(debt, payments, rate)
    value = present_value(debt, before, rate)
    months = draft.months
    terms = {**draft.terms, "lowered": bool(draft.rate < debt.annual_rate and draft.kind != "settlement")}
    return Option(
        option_id=_id(debt, draft),
        loan_id=debt.loan_id,
        on=debt.on,
        currency=debt.currency,
        kind=draft.kind,
        rows=draft.rows,
        charges=draft.charges,
        waived=draft.waived,
        annual_rate=draft.rate,
        terms=terms,
        monthly=months[min(months)],
        peak=max(months.values()),
        total=draft.total,
        extra=draft.total - sum(amount for _, amount in before),
        annual_cost=annual_cost(debt, payments),
        annual_cost_before=annual_cost(debt, before),
        present_value=worth,
        present_value_before=value,
        share_used=round(used, 4),
        chance=chance,
        expected=expected(debt, policy, worth, chance),
        changed=changed,
        classification=class_effect(debt, policy.place, payments, again=again),
        bureau=bureau_effect(debt, policy.place, draft.kind, payments[-1][0]),
        evidence=_evidence(ground, draft.kind, value - worth),
        facts=gate_facts(debt, policy, draft.kind, payments),
    )


def _evidence(ground: Ground, kind: str, given_up: int) -> tuple[str, ...]:
    """What is asked for: by kind, and proof of an income nobody saw where the lender gives much up on it."""
    policy, surplus = ground.policy, ground.surplus
    line = to_minor(policy.rules.offer.declared_proof_above, ground.debt.currency)
    income = ("income_proof",) if not surplus.verified and given_up > line else ()
    return tuple(dict.fromkeys((*surplus.evidence, *income, *policy.rules.evidence.get(kind, ()))))


def _id(debt: Debt, draft: Draft) -> str:
    says = [
        debt.loan_id,
        str(debt.on),
        draft.kind,
        str(draft.rate),
        [[str(row.due_on), row.principal, row.interest, row.fees] for row in draft.rows],
        [[one.number, str(one.due_on), one.amount] for one in draft.charges],
        [draft.waived.principal, draft.waived.interest, draft.waived.fees, list(draft.waived.charged)],
    ]
    return hashlib.sha256(json.dumps(says).encode()).hexdigest()[:24]
