"""The formulas against worked examples that others published, and against closed forms."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.funding.loss import formula, provision, quality
from forbear.funding.loss.formula import Scenario


def d(*texts):
    return [Decimal(t) for t in texts]


def test_ifrs_9_illustrative_example_8_the_explicit_pd_approach():
    """One loan of CU 1,000,000, 12-month PD 0.5 %, LGD 25 %: CU 1,250 (no discounting there)."""
    assert formula.expected_loss([0.005], Decimal("0.25"), d("1000000"), 0.0).quantize(Decimal("0.01")) == 1250


def test_ifrs_9_illustrative_example_9_the_loss_rate_approach():
    """Groups X and Y: present values of observed losses CU 600 of 200,000 and CU 450 of 300,000."""
    assert formula.loss_rate(*d("600", "200000")) == Decimal("0.003")
    assert formula.loss_rate(*d("450", "300000")) == Decimal("0.0015")


def test_ifrs_9_illustrative_example_12_the_provision_matrix():
    """Trade receivables of CU 30,000,000 in five ranges: CU 580,000."""
    carrying = d("15000000", "7500000", "4000000", "2500000", "1000000")
    made = formula.provision_matrix(carrying, d("0.003", "0.016", "0.036", "0.066", "0.106"))
    assert made == d("45000", "120000", "144000", "165000", "106000")
    assert sum(made) == 580000


def test_hull_the_expected_payoff_of_a_default_swap():
    """Hull, Options, Futures and Other Derivatives, credit default swaps: 2 % a year, recovery 40 %, 5 %
    continuous, default
    in the middle of the year: unconditional PDs .0200 .0196 .0192 .0188 .0184, present value .0511 a unit."""
    chances = formula.marginal([0.02] * 5)
    assert [round(c, 4) for c in chances] == [0.02, 0.0196, 0.0192, 0.0188, 0.0184]
    value = formula.expected_loss(chances, Decimal("0.6"), d(*["1"] * 5), math.exp(0.05) - 1, timing=0.5)
    assert round(value, 4) == Decimal("0.0511")


@given(
    hazard=st.floats(0.0005, 0.5),
    rate=st.floats(0.0, 0.05),
    periods=st.integers(1, 120),
)
def test_a_constant_hazard_on_a_bullet_has_its_closed_form(hazard, rate, periods):
    told = formula.expected_loss(formula.marginal([hazard] * periods), Decimal("0.4"), d(*["1000"] * periods), rate)
    q = (1 - hazard) / (1 + rate)
    closed = 400 * hazard / (1 + rate) * (periods if q == 1 else (1 - q**periods) / (1 - q))
    assert float(told) == pytest.approx(closed, rel=1e-9)


@given(st.lists(st.floats(0, 0.9), min_size=1, max_size=60))
def test_hazards_and_marginals_are_inverses(chances):
    told = formula.marginal(chances)
    assert sum(told) <= 1 + 1e-12
    assert formula.marginal(formula.hazards(told)) == pytest.approx(told, abs=1e-9)


@given(st.floats(0, 1), st.floats(0.1, 10))
def test_worse_odds_stay_a_chance_and_keep_their_order(hazard, times):
    told = formula.worse_odds(hazard, times)
    assert 0 <= told <= 1
    assert (told >= hazard - 1e-12) == (times >= 1) or told == pytest.approx(hazard)


def test_scenarios_are_weighted_and_weights_must_be_whole():
    three = [Scenario("a", Decimal("0.5")), Scenario("b", Decimal("0.3")), Scenario("c", Decimal("0.2"))]
    assert formula.weighted(d("100", "200", "50"), three) == 120
    with pytest.raises(WrongUse, match=r"0\.8"):
        formula.weighted(d("100", "200"), three[:2])


def test_provisions_by_category_and_ratios():
    by_category = {
        "normal": 90_000_00,
        "special_mention": 5_000_00,
        "substandard": 3_000_01,
        "doubtful": 1_000_00,
        "loss": 1_000_00,
    }
    made = provision(by_category)
    assert made.special == {
        "normal": 0,
        "special_mention": 100_00,
        "substandard": 750_01,  # a quarter of a fen is rounded up
        "doubtful": 500_00,
        "loss": 1_000_00,
    }
    assert made.general == 1_000_01
    assert made.required == sum(made.special.values()) + made.general
    assert made.citation["verified"] is False
    seen = quality(by_category, 7_500_00)
    assert (seen.npl, seen.npl_ratio, seen.coverage) == (5_000_01, "0.050000", "1.499997")
    with pytest.raises(WrongUse, match="cn_1999"):
        provision(by_category, "cn_1999")
    with pytest.raises(WrongUse, match="performing"):
        provision({"performing": 1})
