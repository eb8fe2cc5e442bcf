"""Two texts and two nights' decisions beside each other: what a manager reads before she proposes. Pure of the desk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forbear.treatment.offpolicy import Logged

WAIT = "wait"
MOST_MOVES = 12
"""Kinds of change that are shown, the most frequent first."""


def line_changes(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Lines of two texts in order: (same, del or ins, the line)."""
    old, new = before.splitlines(), after.splitlines()
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from (("same", line) for line in old[a:b])
            continue
        yield from (("del", line) for line in old[a:b])
        yield from (("ins", line) for line in new[c:d])


@dataclass(frozen=True)
class Night:
    """What one strategy decides for a day: by borrower the row of decisions.parquet, and what it sums up to."""

    rows: Mapping[str, Mapping[str, Any]]

    def counts(self) -> dict[str, int]:
        """Borrowers by step."""
        return dict(Counter(str(row["action"]) for row in self.rows.values()))

    def sums(self) -> dict[str, float]:
        """Borrowers looked at and treated, expected gain, cost (major unit) and burden (contact points)."""
        treated = [row for row in self.rows.values() if row["action"] != WAIT]
        sums = {
            name: round(sum(float(row[name]) for row in treated), 2) for name in ("expected_gain", "cost", "burden")
        }
        return {"looked_at": len(self.rows), "treated": len(treated), **sums}


def beside(now: Night, then: Night) -> dict[str, Any]:
    """Two nights on the same borrowers, as plain data: steps with both counts, sums, and who moves from what to what.

    Args:
        now: by the strategy in force; no rows when there is none.
        then: by the other.
    """
    a, b = now.counts(), then.counts()
    everyone = {*now.rows, *then.rows}
    step = {name: [_action(night, who) for who in everyone] for name, night in (("now", now), ("then", then))}
    moves = Counter((x, y) for x, y in zip(step["now"], step["then"], strict=True) if x != y)
    return {
        "steps": [
            [name, a.get(name, 0), b.get(name, 0)] for name in sorted({*a, *b}, key=lambda n: (n != WAIT, n))
        ],
        "sums": {"now": now.sums(), "then": then.sums()},
        "moved": sum(moves.values()),
        "moves": [[x, y, n] for (x, y), n in moves.most_common(MOST_MOVES)],
    }


def _action(night: Night, who: str) -> str:
    row = night.rows.get(who)
    return str(row["action"]) if row else WAIT


def logged_and_target(
    log: Sequence[tuple[str, float, str]], target: Sequence[tuple[str, float, str]], results: Sequence[float]
) -> tuple[Logged, NDArray[np.float64], list[str]]:
    """Decisions as off-policy evaluation takes them.

    Args:
        log: step taken, its chance, the step that has the rest; one a decision.
        target: the same of the other strategy.
        results: what came of each.

    Returns:
        The log, the target's chances (n x k) and the names of the k steps.
    """
    steps = sorted({one for row in (*log, *target) for one in (row[0], row[2])})
    number = {name: n for n, name in enumerate(steps)}
    taken = np.array([number[row[0]] for row in log], dtype=np.int64)
    made = Logged(taken, _chances(log, number), np.array(results, dtype=np.float64))
    return made, _chances(target, number), steps


def _chances(rows: Sequence[tuple[str, float, str]], number: Mapping[str, int]) -> NDArray[np.float64]:
    made = np.zeros((len(rows), len(number)))
    for n, (step, chance, other) in enumerate(rows):
        made[n, number[step]] += chance
        made[n, number[other]] += 1 - chance
    return made
