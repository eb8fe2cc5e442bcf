"""Random numbers by what they are for: the same person has the same luck whatever is done to whom.

A stream is Philox (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") keyed by seed and block of
borrowers, its counter set by day and purpose. So results do not depend on the number of threads, on the order in
which blocks are computed, or on which acts others got; two strategies on one seed meet the same borrowers with the
same shocks (common random numbers), and their difference is the strategies' own.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

BLOCK = 16_384
"""Borrowers of one stream; part of the definition of a world's randomness, so it never changes with the machine."""
_MASK = (1 << 64) - 1

Floats = NDArray[np.float32]


class Purpose(IntEnum):
    """What a draw is for. Numbers are part of the results: add at the end, never renumber."""

    people = 0
    income = 1
    shock = 2
    shock_size = 3
    job = 4
    memory = 5
    pay = 6
    part = 7
    number = 8
    reach = 9
    promise = 10
    complaint = 11
    stop = 12
    accept = 13
    trouble = 14
    world = 15
    outcome = 16


class Streams:
    """The streams of one block of borrowers under one seed.

    Args:
        seed: of the run, 0 or more.
        block: number of the block, from 0.
        size: borrowers in it, at most BLOCK; a smaller block has the first numbers of a larger one.
    """

    def __init__(self, seed: int, block: int, size: int) -> None:
        self._key = [seed & _MASK, block]
        self.size = size

    def generator(self, day: int, purpose: Purpose) -> np.random.Generator:
        """The generator of one day (from 0) and purpose."""
        return np.random.Generator(np.random.Philox(key=self._key, counter=[0, 0, day, int(purpose)]))

    def uniform(self, day: int, purpose: Purpose) -> Floats:
        """One number in [0, 1) a borrower."""
        return self.generator(day, purpose).random(self.size, dtype=np.float32)
