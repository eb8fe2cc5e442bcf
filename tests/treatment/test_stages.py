"""Stages of arrears: what differs between them is found, what does not is drawn together, and errors stay honest."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from forbear.basics.errors import WrongUse
from forbear.treatment.learning import learn
from forbear.treatment.stages import ByStage, Stages, between, drawn
from forbear.treatment.values import Log, Prior
from forbear.treatment.values_folder import load, save

ACTIONS = ("wait", "call", "sms")
EARLY_SMS, LATE_CALL = 0.10, 0.20


def drawn_by_stage(rows=24_000, seed=5):
    """Messages work in the first week alone, calls after a month alone, where money varies three times as much."""
    luck = np.random.default_rng(seed)
    dpd = luck.choice([2.0, 10.0, 40.0], rows)
    x = np.column_stack([luck.normal(size=rows), dpd])
    chances = np.tile([0.5, 0.25, 0.25], (rows, 1))
    taken = luck.choice(3, size=rows, p=chances[0])
    gain = np.select([(taken == 1) & (dpd == 40), (taken == 2) & (dpd == 2)], [LATE_CALL, EARLY_SMS], 0.0)
    soon = 0.3 + gain + luck.normal(scale=np.where(dpd == 40, 0.9, 0.3))
    reached = np.where(taken > 0, (luck.random(rows) < np.where(dpd == 40, 0.2, 0.6)).astype(float), np.nan)
    nothing = np.full(rows, np.nan)
    return Log(
        ("a", "dpd"),
        x,
        ACTIONS,
        taken,
        chances,
        np.arange(rows) // 4,
        soon,
        nothing,
        None,
        np.zeros(rows, bool),
        reached=reached,
        stages=Stages("dpd", (8.0, 31.0)),
    )


@pytest.fixture(scope="module")
def known():
    return learn(drawn_by_stage(), {"call": Prior(0.0, 0.5, "wide"), "sms": Prior(0.0, 0.5, "wide")})


def test_each_stage_has_its_own_figure_within_its_error(known):
    told = known.by_stage
    true = np.array([[0, 0, EARLY_SMS], [0, 0, 0], [0, LATE_CALL, 0]])
    assert (np.abs(told.mean[:3] - true) <= 4 * told.deviation[:3] + 1e-12).all()
    low = known.gains(np.array([[0.0, 2.0], [0.0, 10.0], [0.0, 40.0]])).low
    assert low[0, 2] > 0.05
    assert low[1, 2] < 0.05 < low[2, 1]
    assert told.taken.sum() == known.rows


def test_who_is_found_is_counted_within_the_stage(known):
    told = known.found(np.array([[0.0, 2.0], [0.0, 40.0]]))
    assert np.allclose(
        told, 1, atol=0.15
    )  # late people are found a third as often, and their stage's mean has that


def test_a_stage_that_is_not_known_gets_the_actions_mean_with_all_doubt(known):
    gains = known.gains(np.array([[0.0, np.nan], [0.0, 2.0]]))
    assert gains.error[0, 2] > gains.error[1, 2]
    assert known.by_stage.deviation[3, 2] >= known.by_stage.deviation[:3, 2].max()


def test_stages_that_agree_are_drawn_together():
    found = between(np.array([0.1, 0.1, np.nan]), np.array([0.01, 0.02, np.nan]))
    assert found.variance == 0
    assert found.error < 0.01
    mean, deviation = drawn(
        np.array([0.2, np.nan]), np.array([0.05, np.nan]), found.mean, found.error, found.variance
    )
    assert np.allclose(mean, 0.1, atol=0.005)
    assert (deviation <= 0.0101).all()


def test_stages_that_differ_keep_their_own_and_the_mean_says_its_doubt():
    found = between(np.array([0.3, -0.1]), np.array([0.01, 0.01]))
    assert found.variance > 0.05
    assert found.error > 0.1
    mean, deviation = drawn(np.array([0.3, -0.1]), np.array([0.01, 0.01]), found.mean, found.error, found.variance)
    assert np.allclose(mean, [0.3, -0.1, 0.1], atol=0.002)
    assert deviation[2] > 0.25


def test_nothing_tried_is_nothing_known():
    nothing = np.full(3, np.nan)
    assert np.isnan(between(nothing, nothing).mean)
    mean, deviation = drawn(nothing, nothing, 0.02, 0.01, 0.0)
    assert np.allclose(mean, 0.02)
    assert np.allclose(deviation, 0.01)


def test_stages_come_back_from_the_folder(known, tmp_path):
    save(known, tmp_path / "values", {})
    back = load(tmp_path / "values")
    x = np.array([[0.0, 2.0], [0.0, 40.0], [1.0, np.nan]])
    assert np.allclose(back.gains(x).low, known.gains(x).low, atol=1e-9)
    told = json.loads((tmp_path / "values" / "values.json").read_text())["by_stage"]
    with pytest.raises(ValueError, match="fit"):
        ByStage.from_dict({**told, "mean": told["mean"][:-1]})


def test_a_feature_that_is_not_there_is_named():
    log = drawn_by_stage(2_000)
    with pytest.raises(WrongUse, match="'days'"):
        learn(replace(log, stages=Stages("days")), {})
