"""Off-policy estimates: they cover the truth as often as they say, and say when the log cannot speak."""

from __future__ import annotations

import numpy as np
import pytest

from forbear.basics.errors import WrongUse
from forbear.treatment.offpolicy import Logged, cross_fitted, evaluate

STEPS = 3


def worth(x):
    """Chance to pay of every borrower under every step: the second helps some and hurts others."""
    base = 1 / (1 + np.exp(-x))
    return np.clip(np.column_stack([base, base + 0.10 * (x > 0) - 0.05 * (x <= 0), base + 0.02]), 0, 1)


def drawn(chance, n):
    """A log of n decisions that preferred the second step for those far behind."""
    x = chance.normal(size=n)
    odds = np.exp(np.column_stack([np.zeros(n), 0.8 * x, 0.3 * np.ones(n)]))
    chances = 0.1 / STEPS + 0.9 * odds / odds.sum(axis=1, keepdims=True)
    action = (chance.random(n)[:, None] > chances.cumsum(axis=1)).sum(axis=1)
    result = (chance.random(n) < worth(x)[np.arange(n), action]).astype(float)
    return x, Logged(action, chances, result)


def wanted(x):
    """Another strategy: the second step for whom it helps, nothing for the others."""
    target = np.zeros((len(x), STEPS))
    target[np.arange(len(x)), np.where(x > 0, 1, 0)] = 1
    return target


MANY = np.random.default_rng(0).normal(size=2_000_000)
TRUE = float((worth(MANY) * wanted(MANY)).sum(axis=1).mean())


def test_intervals_cover_the_truth_as_often_as_they_say():
    chance = np.random.default_rng(1)
    covered = dict.fromkeys(("ips", "snips", "dr"), 0)
    off = []
    for _ in range(500):
        x, logged = drawn(chance, 1_500)
        rough = np.repeat((0.4 + 0.15 * np.tanh(x))[:, None], STEPS, axis=1)  # a poor model of results
        told = evaluate(logged, wanted(x), rough)
        for name in covered:
            one = getattr(told, name)
            covered[name] += one.low <= TRUE <= one.high
        off.append(told.dr.value - TRUE)
    assert all(460 <= n <= 485 for n in covered.values()), covered
    assert abs(np.mean(off)) / TRUE < 0.03


def test_a_good_model_of_results_narrows_the_interval():
    x, logged = drawn(np.random.default_rng(2), 20_000)
    told = evaluate(logged, wanted(x), worth(x))
    width = {name: getattr(told, name).high - getattr(told, name).low for name in ("ips", "dr")}
    assert width["dr"] < 0.8 * width["ips"]


def test_models_never_tell_of_rows_they_have_seen():
    """With results that are pure noise, a model that saw its own rows would seem to know them."""
    chance = np.random.default_rng(3)
    n = 600
    logged = Logged(chance.integers(0, 2, n), np.full((n, 2), 0.5), chance.normal(size=n))
    told = cross_fitted(chance.normal(size=(n, 4)), logged)
    own = told[np.arange(n), logged.action]
    assert abs(np.corrcoef(own, logged.result)[0, 1]) < 0.15


def test_the_strategy_that_was_logged_is_told_as_it_was():
    x, logged = drawn(np.random.default_rng(4), 5_000)
    told = evaluate(logged, logged.chances)
    assert told.ips.value == pytest.approx(told.seen.value)
    assert told.snips.value == pytest.approx(told.seen.value)
    assert told.overlap.effective == pytest.approx(len(x))
    assert told.dr is None


def test_a_log_that_cannot_speak_says_so():
    n = 400
    chances = np.tile([1.0, 0.0], (n, 1))
    logged = Logged(np.zeros(n, int), chances, np.ones(n))
    told = evaluate(logged, np.tile([0.0, 1.0], (n, 1)))
    assert not told.overlap.is_enough
    assert told.overlap.unsupported == 1
    assert np.isnan(told.snips.value)


@pytest.mark.parametrize(
    ("action", "chances", "result", "told"),
    [
        ([0], [[0.5, 0.6]], [1.0], "add up"),
        ([1], [[1.0, 0.0]], [1.0], "told as 0"),
        ([2], [[0.5, 0.5]], [1.0], "without a chance"),
        ([0], [[0.5, 0.5]], [np.nan], "missing"),
        ([0, 1], [[0.5, 0.5]], [1.0], "rows of chances"),
    ],
)
def test_a_wrong_log_is_refused(action, chances, result, told):
    with pytest.raises(WrongUse, match=told):
        Logged(np.array(action), np.array(chances), np.array(result))


def test_results_that_are_all_the_same_are_expected_as_they_are():
    """A fold in which nobody paid teaches nothing, and is no error."""
    logged = Logged(np.zeros(20, dtype=np.int64), np.tile([0.5, 0.5], (20, 1)), np.zeros(20))
    assert (cross_fitted(np.arange(20.0).reshape(-1, 1), logged) == 0).all()
