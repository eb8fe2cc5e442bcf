"""Small worlds that several tests share."""

import numpy as np
import pytest

from forbear.simulate.trajectories import LENGTH, Library
from forbear.simulate.worlds.catalog import world


def small_library() -> Library:
    """Made-up months: from every state one block back to 0, one that stays, one that worsens."""
    rows = []
    for state in range(6):
        rows += [
            [state, 0, 0, 0],
            [state] * LENGTH,
            [min(state + k, 5) for k in range(LENGTH)],
        ]
    states = np.array(sorted(rows), dtype=np.int8)
    begins = np.searchsorted(states[:, 0], np.arange(7))
    return Library(states, begins, np.arange(-6, 20), "made up")


@pytest.fixture(scope="session")
def worlds():
    """A world by name, made once."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = world(name, library=small_library() if name == "bootstrap" else None)
        return made[name]

    return get
