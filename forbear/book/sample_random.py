"""Random numbers that depend on what they are for, not on who computes them.

A number is a hash of (seed, purpose, key): the same borrower has the same habits in every block of loans, and the
sample is the same whatever the number of threads. The mixing is splitmix64 (Steele, Lea and Flood 2014, "Fast
splittable pseudorandom number generators"). Bulk draws within a block come from a generator of that block's own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forbear.book.sample_recipe import Floats, Ints

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
_TO_UNIT = 2.0**-53


def uniform(seed: int, purpose: int, keys: Ints) -> Floats:
    """One number in [0, 1) for each key, the same whenever (seed, purpose, key) are."""
    start = np.uint64((_mixed_int(seed) ^ _mixed_int(purpose + 0x51ED)) & _MASK)
    mixed = _mixed(keys.astype(np.uint64) * np.uint64(_GOLDEN) + start)
    numbers: Floats = (mixed >> np.uint64(11)).astype(np.float64) * _TO_UNIT
    return numbers


def generator(seed: int, block: int) -> np.random.Generator:
    """The generator of one block of loans."""
    return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence([seed & _MASK, block])))


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def _mixed_int(number: int) -> int:
    return int(_mixed(np.asarray([(number * _GOLDEN + _GOLDEN) & _MASK], dtype=np.uint64))[0])
