"""The most that a loan may cost a year, found by asking the gate itself: the highest cost that no rule speaks against.

The gate's rules on interest are asked with one cost after another; what they say of other facts (a basis, a signed
table of costs) is the same for each and does not count here. So every pack that holds, a lender's tighter one too, has
its say without this file knowing any rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from forbear.conduct.judge import judge_one
from forbear.conduct.situation import proposal
from forbear.conduct.stack import Packs

TICK = Decimal("0.0001")
HIGHEST = 100_000
"""Ticks: 1000 % a year; where no rule speaks even against that, there is no cap."""


@dataclass(frozen=True)
class CostCap:
    """A cap on the annual cost and the rules that set it; `annual_cost` None: no rule of the packs caps it."""

    annual_cost: Decimal | None
    rules: tuple[str, ...]


def cost_cap(packs: Packs, at: datetime, facts: Mapping[str, str], lpr: Decimal) -> CostCap:
    """The cap on a loan signed at an instant.

    Args:
        packs: from `load_packs`.
        at: when it is signed.
        facts: of the lender and the loan, such as lender_kind, platform_loan; one that is left out is not known, and
            the rules that ask for it are read most strictly.
        lpr: the one-year loan prime rate, a fraction, which some rules measure by.

    Returns:
        The highest basis point that passes. Of a cost that no rule allows at all, -0.0001.
    """

    def against(ticks: int) -> frozenset[str]:
        cost = ticks * TICK
        act = {
            "borrower_id": "-",
            "channel": "interest",
            "at": at,
            "interest_basis": "contract",
            "annual_cost": f"{cost:f}",
            "annual_cost_to_lpr": f"{cost / lpr:.8f}",
            **{name: value for name, value in facts.items() if value},
        }
        verdict = judge_one(proposal(act, 1, None), (), (), packs)
        return frozenset(answer.rule_id for answer in verdict.against)

    anyway = against(-1)
    top = against(HIGHEST) - anyway
    if not top:
        return CostCap(None, ())
    low, high = -1, HIGHEST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if against(middle) - anyway else (middle, high)
    return CostCap(low * TICK, tuple(sorted(against(high) - anyway)))
