"""A strategy held against another: on curves whose answers are known."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from forbear.simulate.against import held
from forbear.simulate.league import Row


def rows(strategy, points, seeds=5):
    """Points (budget, contacts, brought), the same on each seed but for a small shift that means nothing."""
    return [
        Row("w", strategy, seed, budget, {"contacts": contacts, "brought": brought + (seed - 3)})
        for seed in range(1, seeds + 1)
        for budget, contacts, brought in points
    ]


def league(mine, theirs):
    return SimpleNamespace(frontier=(*rows("new", mine), *rows("old", theirs)))


def test_contacts_saved_and_money_gained():
    found = held(
        league([(1, 100, 200), (2, 200, 400), (None, 500, 500)], [(1, 150, 100), (None, 400, 300)]),
        "w",
        "new",
        "old",
    )
    assert found.saved[0] == pytest.approx(1 - 150 / 400, abs=0.01)
    assert found.gained[0] == pytest.approx((400 + 200 / 300 * 100) / 300 - 1, abs=0.01)
    for value, low, high in (found.saved, found.gained):
        assert low <= value <= high
        assert high - low < 0.1


def test_never_as_much_is_said():
    found = held(league([(None, 100, 50)], [(None, 400, 300)]), "w", "new", "old")
    assert found.saved is None
    assert found.gained[0] == pytest.approx(50 / 300 - 1, abs=0.01)


def test_where_the_other_brings_nothing_there_is_no_ratio():
    found = held(league([(None, 100, 50)], [(None, 400, -10)]), "w", "new", "old")
    assert (found.saved, found.gained) == (None, None)
