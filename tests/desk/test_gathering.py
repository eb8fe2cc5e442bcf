"""Requests gathered: each gets its own answer, whoever does the work, and a failure frees all who wait."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from forbear.desk.gathering import Gathering


def test_everyone_gets_their_own_answer_and_a_crowd_shares_batches():
    sizes = []

    def work(asked):
        sizes.append(len(asked))
        time.sleep(0.002)
        return [one * 2 for one in asked]

    gathering = Gathering(work, most=10)
    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(gathering.ask, range(500))) == [n * 2 for n in range(500)]
    assert sum(sizes) == 500
    assert max(sizes) == 10
    assert len(sizes) < 250


def test_a_failure_is_told_to_who_worked_and_frees_the_others():
    def work(asked):
        time.sleep(0.01)
        if "bad" in asked:
            raise ValueError("bad")
        return asked

    gathering = Gathering(work, most=10)

    def ask(one):
        try:
            return gathering.ask(one)
        except ValueError:
            return "raised"

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(ask, ["bad", "a", "b", "bad", "c", "d", "e", "f"]))
    assert "raised" in told
    assert set(told) <= {"raised", None, *"abcdef"}
    assert gathering.ask("g") == "g"
    with pytest.raises(ValueError, match="bad"):
        gathering.ask("bad")
    assert gathering.ask("h") == "h"
