"""What one payment pays, by rule."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.loans.allocation import FUTURES, allocate, rule_from, rule_named, rules
from forbear.loans.dues import Component, Due

TODAY = date(2026, 3, 1)
DUES = [
    Due(number, Component(component), date(2026, number, 1), amount)
    for number in (1, 2, 3, 4, 5, 6)
    for component, amount in (("fees", 10), ("penalty", 5), ("interest", 20), ("principal", 100))
]


def table(**changes):
    stages = [{"timing": timing, "components": list(Component)} for timing in ("past_due", "due", "in_advance")]
    return {"by": "installment", "from": "oldest", "future": "next", "stages": stages} | changes


def paid(amount, rule, dues=DUES):
    parts, left = allocate(dues, amount, TODAY, rule)
    return [(part.number, str(part.component), part.amount) for part in parts], left


def test_oldest_installment_first():
    parts, left = paid(140, rule_named("oldest_installment"))
    assert parts == [(1, "fees", 10), (1, "penalty", 5), (1, "interest", 20), (1, "principal", 100), (2, "fees", 5)]
    assert left == 0


def test_the_civil_code_pays_costs_then_interest_then_principal():
    parts, _ = paid(36, rule_named("cn_civil_code"))
    assert parts == [(1, "fees", 10), (1, "interest", 20), (1, "penalty", 5), (1, "principal", 1)]


def test_by_component_pays_all_fees_before_any_interest():
    parts, _ = paid(60, rule_named("cn_by_component"))
    assert parts == [(1, "fees", 10), (2, "fees", 10), (1, "interest", 20), (2, "interest", 20)]


def test_newest_first():
    parts, _ = paid(10, rule_from("newest", table(**{"from": "newest"})))
    assert parts == [(2, "fees", 10)]


@pytest.mark.parametrize(
    ("future", "numbers", "left"),
    [
        ("next", [4, 5], 0),
        ("last", [6, 5], 0),
        ("next_last", [4, 6], 0),
        ("reamortization", [4, 5, 6], 0),
        ("none", [], 150),
    ],
)
def test_money_beyond_what_is_due_goes_where_the_rule_says(future, numbers, left):
    due_now = 3 * 135
    parts, rest = paid(due_now + 150, rule_from("future", table(future=future)))
    ahead = [number for number, _, _ in parts if number > 3]
    assert list(dict.fromkeys(ahead)) == numbers
    assert rest == left


def test_reamortization_gives_each_future_installment_an_equal_part():
    parts, _ = paid(3 * 135 + 150, rule_from("even", table(future="reamortization")))
    assert [sum(amount for number, _, amount in parts if number == one) for one in (4, 5, 6)] == [50, 50, 50]


def test_what_one_installment_cannot_take_goes_to_the_others():
    dues = [Due(4, Component.principal, date(2026, 4, 1), 10), Due(5, Component.principal, date(2026, 5, 1), 100)]
    parts, left = paid(80, rule_from("even", table(future="reamortization")), dues)
    assert [(number, amount) for number, _, amount in parts] == [(4, 10), (5, 70)]
    assert left == 0


@given(
    st.lists(
        st.builds(
            Due,
            st.integers(1, 6),
            st.sampled_from(Component),
            st.dates(date(2026, 1, 1), date(2026, 6, 1)),
            st.integers(0, 1000),
        ),
        max_size=20,
        unique_by=lambda due: (due.number, due.component, due.due_on),
    ),
    st.integers(0, 10_000),
    st.sampled_from(["installment", "component"]),
    st.sampled_from(["oldest", "newest"]),
    st.sampled_from(FUTURES),
)
def test_no_money_is_made_or_lost(dues, amount, by, start, future):
    rule = rule_from("any", table(by=by, future=future, **{"from": start}))
    parts, left = allocate(dues, amount, TODAY, rule)
    assert sum(part.amount for part in parts) + left == amount
    assert all(part.amount > 0 for part in parts)
    for due in dues:
        key = (due.number, due.component, due.due_on)
        assert sum(p.amount for p in parts if (p.number, p.component, p.due_on) == key) <= due.amount
    if future != "none":
        assert left == max(amount - sum(due.amount for due in dues), 0)


def test_every_shipped_rule_reads_and_says_where_it_is_from():
    assert {"oldest_installment", "cn_civil_code", "advanced", "due_then_advance_principal"} <= set(rules())
    assert all(rule.source for rule in rules().values())


@pytest.mark.parametrize(
    "bad", [{"by": "loan"}, {"from": "middle"}, {"future": "never"}, {"stages": [{"timing": "due"}]}, {"stages": 5}]
)
def test_a_rule_that_cannot_be_is_refused(bad):
    with pytest.raises(WrongUse, match="allocation rule"):
        rule_from("bad", table(**bad))


def test_unknown_rules_and_negative_payments_are_refused():
    with pytest.raises(WrongUse, match="not an allocation rule"):
        rule_named("none such")
    with pytest.raises(WrongUse, match="cannot be allocated"):
        allocate(DUES, -1, TODAY, rule_named("advanced"))
