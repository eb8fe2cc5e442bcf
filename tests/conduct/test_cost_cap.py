"""The cap on the annual cost, found by asking the gate."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from forbear.conduct import judge_one, load_packs
from forbear.conduct.cost_cap import cost_cap
from forbear.conduct.situation import proposal

AT = datetime(2026, 11, 27, 4, tzinfo=UTC)
LPR = Decimal("0.03")


@pytest.mark.parametrize(
    ("at", "facts", "cap", "rule"),
    [
        (AT, {"lender_kind": "consumer_finance"}, "0.24", "CN-INT-04"),
        (AT, {"lender_kind": "microloan"}, "0.24", "CN-INT-06"),
        (datetime(2028, 1, 1, tzinfo=UTC), {"lender_kind": "microloan"}, "0.12", "CN-INT-06"),
        (AT, {"lender_kind": "private"}, "0.12", "CN-INT-02"),
        (AT, {}, "0.12", "CN-INT-02"),
    ],
)
def test_the_cap_is_what_the_rules_of_the_day_say(at, facts, cap, rule):
    found = cost_cap(load_packs(("cn",)), at, facts, LPR)
    assert found.annual_cost == Decimal(cap)
    assert rule in found.rules


def test_the_gate_itself_agrees_on_both_sides_of_the_cap():
    packs = load_packs(("cn",))
    cap = cost_cap(packs, AT, {"lender_kind": "bank", "platform_loan": "true"}, LPR).annual_cost
    for cost, allowed in ((cap, True), (cap + Decimal("0.0001"), False)):
        act = {
            "borrower_id": "B",
            "channel": "interest",
            "at": AT,
            "interest_basis": "contract",
            "annual_cost": f"{cost}",
            "annual_cost_to_lpr": "1",
            "lender_kind": "bank",
            "platform_loan": "true",
            "in_signed_cost_table": "true",
            "platform_listed": "true",
        }
        assert judge_one(proposal(act, 1, None), (), (), packs).allowed is allowed


def test_packs_without_a_cap_say_so():
    assert cost_cap(load_packs(("us",)), AT, {}, LPR).annual_cost is None
