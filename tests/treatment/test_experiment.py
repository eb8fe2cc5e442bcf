"""Experiments: sticky, balanced, honest under daily peeking, and stopped by harm."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.treatment.experiment import Arm, Experiment, Guard, assign, difference, judged

THREE = Experiment(
    "spring", (Arm("ladder", Decimal("0.5")), Arm("new", Decimal("0.4")), Arm("least", Decimal("0.1"))), "k"
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.text("0123456789", min_size=1, max_size=6), st.sampled_from("ABC"), max_size=80),
    st.randoms(),
)
def test_every_arm_has_its_share_in_every_stratum_and_nobody_changes(strata, chance):
    made = assign(THREE, strata)
    assert set(made) == set(strata)
    for stratum in set(strata.values()):
        members = [made[one] for one in strata if strata[one] == stratum]
        for arm in THREE.arms:
            assert abs(members.count(arm.name) - float(arm.share) * len(members)) < 2
    shuffled = list(strata.items())
    chance.shuffle(shuffled)
    assert assign(THREE, dict(shuffled)) == made
    grown = {**strata, **{f"x{n}": "A" for n in range(7)}}
    again = assign(THREE, grown, made)
    assert {one: again[one] for one in strata} == made


def test_who_moves_to_another_stratum_keeps_her_arm():
    made = assign(THREE, {"1": "A", "2": "A", "3": "B"})
    assert assign(THREE, {"1": "B", "2": "B", "3": "A"}, made) == made


def test_lots_depend_on_the_key():
    strata = dict.fromkeys(map(str, range(200)), "A")
    other = Experiment(THREE.name, THREE.arms, "another")
    assert assign(THREE, strata) != assign(other, strata)


def test_looking_daily_for_90_days_alarms_falsely_in_at_most_five_of_a_hundred():
    chance = np.random.default_rng(7)
    alarms = 0
    for _ in range(400):
        a, b = chance.random((2, 90 * 20)) < 0.3
        alarms += any(
            (d := difference(a[: 20 * day].astype(float), b[: 20 * day].astype(float))).is_better or d.is_worse
            for day in range(2, 91)
        )
    assert alarms <= 0.05 * 400, alarms


def test_a_real_gain_is_found():
    chance = np.random.default_rng(8)
    found = sum(
        difference(
            (chance.random(4_000) < 0.36).astype(float), (chance.random(4_000) < 0.30).astype(float)
        ).is_better
        for _ in range(40)
    )
    assert found >= 32


def test_a_few_borrowers_prove_nothing():
    few = difference(np.ones(29), np.zeros(500))
    assert not few.is_better
    assert np.isnan(few.value)


def test_harm_stops_an_arm_by_itself_and_calm_does_not():
    chance = np.random.default_rng(9)
    n = 3_000
    calm = {"result": chance.normal(size=n), "complaints": (chance.random(n) < 0.01).astype(float)}
    angry = {"result": chance.normal(size=n) + 1, "complaints": (chance.random(n) < 0.05).astype(float)}
    rails = [Guard("complaints", margin=0.005)]
    assert judged(angry, calm, rails).stopped_by == ("complaints",)
    assert judged(angry, calm, rails).gain.is_better
    assert judged(calm, {**calm}, rails).stopped_by == ()


@pytest.mark.parametrize(
    "arms",
    [
        (Arm("a", Decimal(1)),),
        (Arm("a", Decimal("0.5")), Arm("a", Decimal("0.5"))),
        (Arm("a", Decimal("0.5")), Arm("b", Decimal("0.4"))),
        (Arm("a", Decimal("1.1")), Arm("b", Decimal("-0.1"))),
    ],
)
def test_a_wrong_experiment_is_refused(arms):
    with pytest.raises(WrongUse, match="experiment x"):
        Experiment("x", arms, "k")


def test_arms_of_another_experiment_are_refused():
    with pytest.raises(WrongUse, match="no arm called"):
        assign(THREE, {"1": "A"}, {"1": "nothing"})
