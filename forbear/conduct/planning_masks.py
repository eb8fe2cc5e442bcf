"""What the clauses say, folded into a few whole numbers: bit n of a mask speaks for clause n.

A level's table carries masks instead of one column a clause, so that judging an act is a handful of operations on
integers whatever the number of rules. Letters: `u` not asked, `l` lifted, `d` denies, `w` defers (wait).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from forbear.conduct.planning_sql import WORD, Clause, Columns, Conditions, Says, says

LETTERS = {"u": "unasked", "l": "lifted", "d": "denied", "w": "deferred"}


def mask(conditions: Iterable[tuple[int, str]], word: int) -> str:
    """The sum of the bits, in one word, of the numbers whose condition holds."""
    terms = [
        f"CASE WHEN {test} THEN {bit(number)} ELSE {NONE} END"
        for number, test in conditions
        if number // WORD == word
    ]
    return " + ".join(terms) or NONE


NONE = "CAST(0 AS BIGINT)"


def bit(number: int) -> str:
    """The bit of a clause in its word."""
    return f"CAST({1 << number % WORD} AS BIGINT)"


@dataclass(frozen=True)
class Masks:
    """The clauses of a pass with what they say."""

    clauses: tuple[Clause, ...]
    columns: Columns

    @cached_property
    def said(self) -> list[Says]:
        """What each clause says."""
        return [says(c, self.columns) for c in self.clauses]

    @property
    def words(self) -> range:
        """The numbers of the words."""
        return range(max(1, -(-len(self.clauses) // WORD)))

    def all_of(self, word: int) -> int:
        """The bits of all clauses of a word."""
        count = min(WORD, len(self.clauses) - word * WORD)
        return (1 << max(count, 0)) - 1

    def conditions(self, level: str, letter: str) -> list[tuple[int, str]]:
        """Each clause's condition at a level, any of several."""
        found = []
        for c, said in zip(self.clauses, self.said, strict=True):
            of_clause: Conditions = getattr(said, LETTERS[letter])
            tests = [f"({test})" for where, test in of_clause if where == level]
            if tests:
                found.append((c.number, " OR ".join(tests)))
        return found

    def columns_of(self, level: str) -> list[str]:
        """A level's masks as columns of its table."""
        return [
            f"{mask(self.conditions(level, letter), word)} AS {letter}{word}" for letter, word in self._held(level)
        ]

    def _held(self, level: str) -> list[tuple[str, int]]:
        """The masks that a level has: letter and word."""
        return [
            (letter, word)
            for letter in LETTERS
            for word in self.words
            if any(number // WORD == word for number, _ in self.conditions(level, letter))
        ]

    def any_of(self, letter: str, word: int) -> str:
        """The bits of a letter at any level, for an act beside all tables."""
        terms = [f"{level}.{letter}{word}" for level in "kst" if (letter, word) in self._held(level)]
        terms += [f"COALESCE(c.{letter}{word}, {NONE})" for _ in "c" if (letter, word) in self._held("c")]
        late = [(number, test) for number, test in self.conditions("a", letter) if number // WORD == word]
        terms += [f"({mask(late, word)})"] if late else []
        return f"({' | '.join(terms) or NONE})"


def without(value: str, bits: str) -> str:
    """A mask without some bits."""
    return f"({value} & ~{bits})"


def any_bit(masks: Sequence[str]) -> str:
    """Whether some mask has some bit."""
    return " OR ".join(f"{m} <> 0" for m in masks) or "FALSE"
