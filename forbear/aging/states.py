"""What the states of a book mean: how many days past due a state begins at, or that the loan is paid or not there.

States are other people's words, so they are read generously (`states.toml` and a few patterns), put in order from
good to bad, and what is not understood is named to the user instead of guessed at.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path


class Kind(StrEnum):
    """What a state says of a loan."""

    active = "active"
    lost = "lost"
    closed = "closed"
    absent = "absent"
    unknown = "unknown"


_ORDER = list(Kind)
_ORDER.insert(2, _ORDER.pop())
"""Active, lost, unknown, then closed and absent."""
LOST_FROM = 100_000
"""Days past due by which a loan that was given up counts: more than any."""


@dataclass(frozen=True)
class State:
    """A state: its name, its kind, and the first day past due it covers (None when not active and not lost)."""

    name: str
    kind: Kind
    dpd_from: int | None = None


@cache
def _words() -> dict[str, State]:
    told = tomllib.loads(Path(__file__).with_name("states.toml").read_text(encoding="utf-8"))
    known = {w.lower(): State(w, Kind.active, first) for w, first in told["active"].items()}
    known |= {w.lower(): State(w, Kind.lost, LOST_FROM) for w in told["lost"]["words"]}
    for kind in (Kind.closed, Kind.absent):
        known |= {w.lower(): State(w, kind) for w in told[kind.value]["words"]}
    return known


_PATTERNS = {
    r"m(\d)\+?": {n: 30 * (n - 1) + 1 if n else 0 for n in range(10)},
    r"(\d)": {n: 30 * n for n in range(10)},
    r"(\d+)\s*(?:-|–|to|~|至)\s*\d+(?:\s*(?:dpd|days?|天))?": {},
    r"(\d+)\s*(?:\+|以上|dpd\+)": {},
}
"""How a state's number is read, and the first day past due it stands for where that is not the number itself."""


def meaning(name: str) -> State:
    """What the state called `name` means; of kind `unknown` when nothing says."""
    word = name.strip().lower()
    if word in _words():
        found = _words()[word]
        return State(name, found.kind, found.dpd_from)
    for pattern, first_day in _PATTERNS.items():
        match = re.fullmatch(pattern, word)
        if match:
            number = int(match[1])
            return State(name, Kind.active, first_day.get(number, number))
    return State(name, Kind.unknown)


def ordered(names: Iterable[str]) -> tuple[State, ...]:
    """The meanings of all names, from good to bad, then unknown ones, closed and absent."""
    return tuple(sorted(map(meaning, set(names)), key=lambda s: (_ORDER.index(s.kind), s.dpd_from or 0, s.name)))


@dataclass(frozen=True)
class Buckets:
    """Ranges of days past due: `bounds` are the last days of all ranges but the open one."""

    bounds: tuple[int, ...] = (0, 30, 60, 90)

    def labels(self) -> tuple[str, ...]:
        """Names of the ranges, such as 0, 1-30, 31-60, 61-90, 91+."""
        firsts = (0, *(b + 1 for b in self.bounds))
        closed = (str(b) if a == b else f"{a}-{b}" for a, b in zip(firsts, self.bounds, strict=False))
        return (*closed, f"{firsts[-1]}+")

    def sql(self, column: str) -> str:
        """An SQL expression for the label of a column of days."""
        cases = " ".join(
            f"WHEN {column} <= {b} THEN '{n}'" for b, n in zip(self.bounds, self.labels(), strict=False)
        )
        return f"CASE {cases} ELSE '{self.labels()[-1]}' END"
