"""What the gate is told of a plan act: facts that the plan itself settles; the rest is supplied when it is granted.

The names are those of docs/gate-facts.md. An extension counts from the later of the contract's end and the plan's day:
time that ran out before is no time granted.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from forbear.relief.debt import Debt
from forbear.relief.policy import Policy

KINDS = {"extension": "extension", "settlement": "settlement"}
"""Kinds of plans as the gate knows them; all others are `reinstallment` or `deferral`."""
LATER = {
    "lender_agrees": "true",
    "cost_table_shown": "true",
    "cost_table_confirmed": "true",
    "automated_only": "false",
    "time_bar_told": "true",
}
"""What an option supposes of the steps after it; granting asks with what they really were."""


def gate_facts(debt: Debt, policy: Policy, kind: str, payments: list[tuple[date, int]]) -> dict[str, str]:
    """Facts of the act that the plan settles."""
    last = payments[-1][0]
    further = max(_months(max(debt.contract_ends_on, debt.on), last), 0)
    whole = debt.contract_months + further
    longest = max(policy.rules.limits.longest_months, 1)
    return {
        "plan_kind": KINDS.get(kind)
        or ("deferral" if kind.startswith(("deferral", "payment")) else "reinstallment"),
        "asked_before_maturity": _word(debt.on <= debt.contract_ends_on),
        "extension_to_term": _ratio(further, debt.contract_months),
        "whole_term_to_longest": _ratio(whole, max(longest, debt.contract_months)),
        "term_up_to_one_year": _word(debt.contract_months <= 12),
        "card_plan": "false",
        "plan_years": _ratio((last - debt.on).days, 365),
        "leaves_living_costs": "true",
        "affordable": "true",
        "pressures_to_borrow_or_sell": "false",
    }


def _months(start: date, end: date) -> int:
    """Months from one day to a later one, a begun one counted whole."""
    return (end.year - start.year) * 12 + end.month - start.month + (end.day > start.day)


def _ratio(one: int, other: int) -> str:
    return f"{Decimal(one) / Decimal(max(other, 1)):.4f}"


def _word(yes: bool) -> str:
    return "true" if yes else "false"
