"""Figures against sklearn and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss as their_loss
from sklearn.metrics import roc_auc_score, roc_curve

from forbear.risk.measures import (
    auc,
    brier,
    calibration,
    error,
    expit,
    figures,
    ks,
    level,
    log_loss,
    logit,
    psi,
    psi_of_shares,
)

random = np.random.default_rng(1)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=4, max_size=60))
def test_auc_and_ks_agree_with_sklearn(rows):
    y, p = np.array([r[0] for r in rows]), np.array([r[1] / 6 for r in rows])
    if y.all() or not y.any():
        assert np.isnan(auc(y, p))
        assert np.isnan(ks(y, p))
        return
    assert auc(y, p) == pytest.approx(roc_auc_score(y, p))
    false, true, _ = roc_curve(y, p)
    assert ks(y, p) == pytest.approx(np.abs(true - false).max())


def test_a_calibrated_score_has_slope_one_and_a_stretched_one_less():
    p = expit(random.normal(-1, 1.2, 60_000))
    y = random.random(len(p)) < p
    assert calibration(y, p)[0] == pytest.approx(1, abs=0.03)
    assert calibration(y, expit(2 * logit(p)))[0] == pytest.approx(0.5, abs=0.02)
    assert error(y, p) < 0.006
    assert error(y, np.clip(p + 0.1, 0, 1)) == pytest.approx(0.1, abs=0.01)
    theirs = LogisticRegression(C=1e9).fit(logit(p)[:, None], y)
    assert calibration(y, p)[0] == pytest.approx(theirs.coef_[0, 0], abs=1e-4)
    assert log_loss(y, p) == pytest.approx(their_loss(y, p))
    assert brier(y, p) == pytest.approx(np.mean((p - y) ** 2))


def test_a_level_is_that_of_the_outcomes_whatever_the_slope():
    z = random.normal(size=3000)
    y = (random.random(3000) < 0.07).astype(float)
    for slope in (0.4, 1.0, 2.5):
        assert expit(level(z, y, slope) + slope * z).mean() == pytest.approx(y.mean(), abs=1e-9)


def test_the_worst_segment_is_the_one_that_is_wrong():
    p = np.full(2000, 0.2)
    place = np.where(np.arange(2000) % 2, "north", "south").astype(object)
    y = (random.random(2000) < np.where(place == "north", 0.6, 0.2)).astype(float)
    found = figures(y, p, {"region": place})
    assert found.worst == "region = north"
    assert found.worst_error > 0.3


def test_stability_index_is_zero_for_the_same_and_grows_with_a_shift():
    a = random.normal(size=20_000)
    assert psi(a, a) == 0
    assert psi(a, random.normal(size=20_000)) < 0.01
    assert psi(a, random.normal(0.5, 1, 20_000)) > 0.2
    assert psi(a, np.where(np.arange(20_000) < 8000, np.nan, a)) > 0.25
    assert psi_of_shares([0.5, 0.5], [0.4, 0.6]) == pytest.approx(0.1 * np.log(0.6 / 0.4) + 0.0 + 0.0, abs=0.03)
