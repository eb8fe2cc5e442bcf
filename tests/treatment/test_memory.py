"""The day's allocation in memory: never over a limit, nothing masked, near the bound, the same each time."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.treatment import memory
from forbear.treatment.memory import choose


def day(seed, borrowers=300, actions=6, tight=0.2):
    luck = np.random.default_rng(seed)
    value = luck.normal(loc=3, scale=4, size=(borrowers, actions))
    allowed = luck.random((borrowers, actions)) < 0.7
    uses = np.round(luck.random((actions, 3)) * (luck.random((actions, 3)) < 0.6) * 5, 1)
    limit = uses.sum(axis=0) * borrowers / actions * tight
    return value, allowed, uses, limit, luck.integers(0, 1 << 60, borrowers).astype(np.uint64)


@given(st.integers(0, 10_000), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_limits_and_mask_are_held(seed, tight):
    value, allowed, uses, limit, hashes = day(seed, borrowers=40, tight=tight)
    chosen = choose(value, allowed, uses, limit, hashes)
    done = np.flatnonzero(chosen >= 0)
    assert allowed[done, chosen[done]].all()
    assert (value[done, chosen[done]] > 0).all()
    assert (uses[chosen[done]].sum(axis=0) <= limit * (1 + 1e-9)).all()
    assert (choose(value, allowed, uses, limit, hashes) == chosen).all()


@pytest.mark.parametrize("seed", range(5))
def test_it_comes_near_the_linear_bound(seed):
    from scipy.optimize import linprog

    value, allowed, uses, limit, hashes = day(seed)
    who, what = np.nonzero(allowed & (value > 0))
    one = (who[None, :] == np.arange(len(value))[:, None]).astype(float)
    bound = -linprog(
        -value[who, what], A_ub=np.vstack([one, uses[what].T]), b_ub=np.append(np.ones(len(value)), limit)
    ).fun
    chosen = choose(value, allowed, uses, limit, hashes)
    done = np.flatnonzero(chosen >= 0)
    assert bound * 0.98 <= value[done, chosen[done]].sum() <= bound * (1 + 1e-6)


def test_no_room_gives_nothing():
    value, allowed, uses, limit, hashes = day(1)
    uses = np.column_stack([uses, np.ones(len(uses))])
    assert (choose(value, allowed, uses, np.append(limit, 0.0), hashes) == -1).all()
    assert (choose(-np.abs(value), allowed, uses, np.append(limit, 9.0), hashes) == -1).all()


@given(st.integers(0, 10_000), st.integers(0, 60))
@settings(max_examples=30, deadline=None)
def test_one_short_budget_is_given_as_prices_would_give_it(seed, budget):
    value, allowed, uses, limit, hashes = day(seed, borrowers=40, tight=9.0)
    uses, limit = np.column_stack([uses, np.ones(len(uses))]), np.append(limit, float(budget))
    with mock.patch.object(memory, "_alike", return_value=False):
        by_prices = choose(value, allowed, uses, limit, hashes)
    assert (choose(value, allowed, uses, limit, hashes) == by_prices).all()
