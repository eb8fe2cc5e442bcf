"""Rows of borrowers and actions in memory, and what a set of prices makes of them.

At prices every borrower stands alone: the best action is the one whose value less its uses at these prices is
greatest, or waiting where none is above nothing. All of it is a few numpy operations over blocks, two blocks at a time.

Sums are taken on a grid (`Grid`): every number is rounded to a whole multiple of a power of two, small enough to cost
nothing and large enough that integers hold the sum exactly. So a sum is the same in whatever order, on however many
threads, and on another engine. Nothing here knows of files.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
T = TypeVar("T")
S = TypeVar("S")

GRID_BITS = 61
"""Bits a sum may take: an int64 less its sign and a guard."""
THREADS = 2
"""Blocks worked on at a time; numpy lets go of the interpreter's lock, more threads bring more memory than speed."""


@dataclass(frozen=True)
class Rows:
    """Rows of some borrowers, each borrower's rows side by side in order of action.

    Attributes:
        borrower: number of each borrower, shape (borrowers,).
        starts: first row of each borrower, shape (borrowers,).
        action: number of each row's action, shape (rows,).
        value: expected gain of each row, shape (rows,).
        uses: what each row takes of each capacity: an array of shape (rows,) for each, as the file's columns lie.
    """

    borrower: Ints
    starts: Ints
    action: NDArray[np.int32]
    value: Floats
    uses: tuple[Floats, ...]

    @property
    def borrowers(self) -> int:
        """How many borrowers."""
        return len(self.borrower)

    def use(self, rows: Ints | slice = slice(None)) -> Floats:
        """The uses of some rows (all when none are named) as one array, shape (capacities, rows)."""
        return np.array([use[rows] for use in self.uses])

    def counts(self) -> Ints:
        """Rows of each borrower."""
        return np.diff(self.starts, append=len(self.value))

    def reduced(self, prices: Sequence[float]) -> Floats:
        """Each row's value less its uses at prices, capacity by capacity in order (so every engine rounds alike)."""
        left, spent = self.value.copy(), np.empty_like(self.value)
        for price, use in zip(prices, self.uses, strict=True):
            if price:
                np.multiply(use, price, out=spent)
                left -= spent
        return left

    def of(self, keep: NDArray[np.bool_]) -> Rows:
        """The kept rows; borrowers without any are gone."""
        kept = np.add.reduceat(keep, self.starts, dtype=np.int64) if len(self.starts) else self.starts
        there = kept > 0
        kept = kept[there]
        return Rows(
            self.borrower[there],
            np.cumsum(kept) - kept,
            self.action[keep],
            self.value[keep],
            tuple(use[keep] for use in self.uses),
        )

    def in_order(self) -> Rows:
        """The same rows, borrowers by number and each one's by action: in whatever order they came."""
        owner = np.repeat(self.borrower, self.counts())
        order = np.lexsort((self.action, owner))
        by_number = np.argsort(self.borrower)
        counts = self.counts()[by_number]
        starts = np.cumsum(counts) - counts
        return Rows(
            self.borrower[by_number],
            starts,
            self.action[order],
            self.value[order],
            tuple(u[order] for u in self.uses),
        )

    def of_borrowers(self, keep: NDArray[np.bool_]) -> Rows:
        """All rows of the kept borrowers."""
        return self.of(np.repeat(keep, self.counts()))

    def at(self, rows: Ints) -> Chosen:
        """One row each of some borrowers."""
        owner = np.searchsorted(self.starts, rows, side="right") - 1
        return Chosen(self.borrower[owner], self.action[rows], self.value[rows], self.use(rows))


@dataclass(frozen=True)
class Chosen:
    """One row a borrower: who gets which action, at which value and uses; the shapes are those of `Rows`."""

    borrower: Ints
    action: NDArray[np.int32]
    value: Floats
    use: Floats

    @classmethod
    def joined(cls, parts: Sequence[Chosen], capacities: int) -> Chosen:
        """Several, in order of borrower."""
        if not parts:
            return cls(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0), np.empty((capacities, 0)))
        borrower = np.concatenate([p.borrower for p in parts])
        order = np.argsort(borrower, kind="stable")
        use = np.empty((capacities, len(borrower)))
        for k in range(capacities):
            use[k] = np.concatenate([p.use[k] for p in parts])[order]
        action, value = (np.concatenate([getattr(p, name) for p in parts])[order] for name in ("action", "value"))
        return cls(borrower[order], action, value, use)


@dataclass(frozen=True)
class Totals:
    """Sums of value and of each use, in steps of the grid: exact, so parts can be added in any order."""

    value: int
    use: tuple[int, ...]

    def __add__(self, other: Totals) -> Totals:
        return Totals(self.value + other.value, tuple(a + b for a, b in zip(self.use, other.use, strict=True)))


@dataclass(frozen=True)
class Grid:
    """How fine sums are: the power of two by which values, and each capacity's uses, are multiplied before rounding."""

    value: int
    use: tuple[int, ...]

    @classmethod
    def covering(cls, borrowers: int, most_value: float, most_use: Sequence[float]) -> Grid:
        """The finest grid on which a sum over all borrowers fits."""

        def bits(most: float) -> int:
            return GRID_BITS - max(borrowers, 1).bit_length() - (math.frexp(most)[1] if most else 0)

        return cls(bits(most_value), tuple(bits(m) for m in most_use))

    def totals(self, value: Floats, use: Floats) -> Totals:
        """The sums of some rows."""
        return Totals(_steps(value, self.value), tuple(map(_steps, use, self.use)))

    def real(self, totals: Totals) -> tuple[float, Floats]:
        """Sums as numbers."""
        used = [_real(steps, bits) for steps, bits in zip(totals.use, self.use, strict=True)]
        return _real(totals.value, self.value), np.array(used)

    def none(self) -> Totals:
        """The sum of nothing."""
        return Totals(0, (0,) * len(self.use))


def _steps(numbers: Floats, bits: int) -> int:
    return int(np.rint(np.ldexp(numbers, bits)).astype(np.int64).sum())


def _real(steps: int, bits: int) -> float:
    return steps / (1 << bits) if bits >= 0 else float(steps << -bits)


@dataclass(frozen=True)
class Narrowed:
    """Borrowers told apart by a box of prices.

    Attributes:
        settled: those whose best action is the same throughout the box (who waits throughout is not listed).
        open: the rows that are best somewhere in the box, of all other borrowers.
        totals: sums of the settled.
    """

    settled: Chosen
    open: Rows
    totals: Totals


def best(rows: Rows, prices: Sequence[float]) -> Ints:
    """The rows chosen at prices, one for each borrower who does not wait; of equals the action of least number."""
    if not rows.borrowers:
        return np.empty(0, np.int64)
    left = rows.reduced(prices)
    most = np.maximum.reduceat(left, rows.starts)
    hits = np.flatnonzero((left == np.repeat(most, rows.counts())) & (left > 0))
    if len(hits) < 2:
        return hits
    owner = np.searchsorted(rows.starts, hits, side="right")
    if (owner[1:] > owner[:-1]).all():
        return hits
    order = np.lexsort((rows.action[hits], owner))
    return hits[order][np.diff(owner[order], prepend=-1) > 0]


def narrow(rows: Rows, low: Sequence[float], high: Sequence[float], grid: Grid) -> Narrowed:
    """Settle the borrowers whose choice no prices between `low` and `high` can change.

    A row that at the lowest prices brings less than another of the borrower at the highest is best nowhere between.
    """
    if not rows.borrowers:
        empty = rows.at(np.empty(0, np.int64))
        return Narrowed(empty, rows, grid.none())
    at_most = rows.reduced(low)
    at_least = np.maximum(np.maximum.reduceat(rows.reduced(high), rows.starts), 0.0)
    keep = (at_most >= np.repeat(at_least, rows.counts())) & (at_most > 0)
    kept = np.add.reduceat(keep, rows.starts, dtype=np.int64)
    sure = (kept == 1) & (at_least > 0)
    undecided = (kept > 0) & ~sure
    settled = rows.at(np.flatnonzero(keep & np.repeat(sure, rows.counts())))
    left = rows.of(keep & np.repeat(undecided, rows.counts()))
    return Narrowed(settled, left, grid.totals(settled.value, settled.use))


def over_blocks(work: Callable[[T], S], blocks: Iterable[T]) -> Iterable[S]:
    """`work` on every block, a few at a time, answers in the blocks' order; blocks are fetched as they are needed."""
    waiting: list[Any] = []
    with ThreadPoolExecutor(THREADS) as pool:
        for block in blocks:
            waiting.append(pool.submit(work, block))
            if len(waiting) > THREADS:
                yield waiting.pop(0).result()
        for one in waiting:
            yield one.result()


def joined(parts: Sequence[Rows], capacities: int) -> Rows:
    """Several blocks as one."""
    parts = [p for p in parts if p.borrowers]
    if not parts:
        none = np.empty(0, np.int64)
        return Rows(none, none, np.empty(0, np.int32), np.empty(0), (np.empty(0),) * capacities)
    offsets = np.cumsum([0] + [len(p.value) for p in parts[:-1]])
    return Rows(
        np.concatenate([p.borrower for p in parts]),
        np.concatenate([p.starts + o for p, o in zip(parts, offsets, strict=True)]),
        np.concatenate([p.action for p in parts]),
        np.concatenate([p.value for p in parts]),
        tuple(np.concatenate([p.uses[k] for p in parts]) for k in range(capacities)),
    )


def split(rows: Rows, most: int = 1 << 17) -> list[Rows]:
    """Blocks of about `most` rows, small enough for the processor's cache; views, not copies."""
    if len(rows.value) <= most:
        return [rows]
    edges = np.searchsorted(rows.starts, np.arange(0, len(rows.value), most))
    cuts = [*np.unique(edges).tolist(), rows.borrowers]
    ends = [int(rows.starts[c]) if c < rows.borrowers else len(rows.value) for c in cuts]
    return [
        Rows(
            rows.borrower[a:b],
            rows.starts[a:b] - s,
            rows.action[s:e],
            rows.value[s:e],
            tuple(u[s:e] for u in rows.uses),
        )
        for (a, b), (s, e) in zip(itertools.pairwise(cuts), itertools.pairwise(ends), strict=True)
    ]
