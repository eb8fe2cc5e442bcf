"""The allocation of a day that lies in memory: values and a mask in, one action a borrower out, capacities held.

The same prices as `forbear allocate` finds (the least Lagrangian bound), then the rows by what they bring at these
prices, each given while there is room: quick enough for a day of some thousand borrowers, played thousands of times.
The last fractions that `forbear allocate` gains by an integer program are left; what a choice may fall short by is the
bound less its value. What the gate forbids is a mask ahead of any value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forbear.treatment.master import Cuts, ceilings
from forbear.treatment.prices import Problem, first_radius, search
from forbear.treatment.rows import Floats, Grid, Rows

WAITS = -1
ACCURACY = 1e-4
"""Of the prices, as part of the bound."""
SLACK = 1e-9
"""Part of a limit by which sums of decimal fractions may pass it."""


def choose(
    value: Floats, allowed: NDArray[np.bool_], uses: Floats, limit: Floats, hashes: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """The number of each borrower's action, or -1 to wait.

    Args:
        value: net value of each action, borrowers x actions; only what is above 0 is ever done.
        allowed: the mask, the same shape.
        uses: what each action takes of each capacity, actions x capacities.
        limit: of each capacity.
        hashes: of each borrower, by which equals are told apart.
    """
    chosen = np.full(len(value), WAITS, dtype=np.int64)
    worth = np.where(allowed & (value > 0), value, -np.inf)
    wants = np.isfinite(worth).any(axis=1)
    if not wants.any():
        return chosen
    best = worth.argmax(axis=1)
    wished = np.flatnonzero(wants)
    over = uses[best[wished]].sum(axis=0) > limit
    if not over.any():
        chosen[wished] = best[wished]
        return chosen
    if over.sum() == 1 and _alike(uses[:, over.argmax()]):
        first = _first(worth[wished, best[wished]], hashes[wished], uses[0, over.argmax()], limit[over.argmax()])
        chosen[wished[first]] = best[wished[first]]
        return chosen
    rows = _rows(worth, uses)
    left = rows.reduced(_prices(rows, limit).tolist())
    borrower = np.repeat(rows.borrower, rows.counts())
    order = np.lexsort((rows.action, hashes[borrower], -left))
    _give(chosen, borrower[order], rows.action[order], uses, limit)
    return chosen


def _alike(use: Floats) -> bool:
    return bool((use == use[0]).all() and use[0] > 0)


def _first(worth: Floats, hashes: NDArray[np.uint64], use: float, limit: float) -> NDArray[np.int64]:
    """Who is served where only one capacity is short, of which every action takes the same: no price changes anybody's
    best action, nor who stands before whom.
    """
    return np.lexsort((hashes, -worth))[: int(np.floor(limit * (1 + SLACK) / use))]


def _give(
    chosen: NDArray[np.int64], borrower: NDArray[np.int64], action: NDArray[np.int32], uses: Floats, limit: Floats
) -> None:
    """Give each row, best first, to whoever has none yet, while there is room."""
    room = limit * (1 + SLACK)
    takes = [np.flatnonzero(use) for use in uses]
    left = set(action.tolist())  # what did not fit once fits never again
    for one, what in zip(borrower.tolist(), action.tolist(), strict=True):
        if what in left and chosen[one] == WAITS:
            some = takes[what]
            if (uses[what, some] <= room[some]).all():
                chosen[one] = what
                room[some] -= uses[what, some]
            else:
                left.remove(what)
                if not left:
                    return


def _prices(rows: Rows, limit: Floats) -> Floats:
    uses = rows.use()
    ratio = np.divide(rows.value, uses, out=np.zeros_like(uses), where=uses > 0)
    ceiling = ceilings(np.maximum(ratio.max(axis=1, initial=0), 0))
    grid = Grid.covering(rows.borrowers, float(rows.value.max()), uses.max(axis=1, initial=0).tolist())
    problem = Problem([rows], limit.astype(np.float64), grid.none(), grid)
    nothing = np.zeros(len(limit))
    return search(problem, Cuts(nothing, ceiling), nothing, first_radius(problem, ceiling), ACCURACY).prices


def _rows(worth: Floats, uses: Floats) -> Rows:
    borrower, action = np.nonzero(np.isfinite(worth))
    heads, starts = np.unique(borrower, return_index=True)
    columns = tuple(uses[action, k].astype(np.float64) for k in range(uses.shape[1]))
    return Rows(heads, starts, action.astype(np.int32), worth[borrower, action], columns)
