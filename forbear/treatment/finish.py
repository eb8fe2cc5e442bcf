"""From prices to whole decisions: almost all take the best action at the prices, the few at the margin exactly.

At the best prices only borrowers who are near indifferent matter. Those beyond a small core are spread over the
choices of the cuts that carry the optimum, by their weights (the fractional optimum, rounded evenly); what that
uses too much is given back where it costs least. The core, those nearest to indifference, is decided by a small
integer program under what capacity is left: that repairs and fills the slack in one go. When the core holds every
row whose loss at the prices is less than the gap, no other decision can be better: the answer is then the true
optimum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from forbear.treatment.master import quiet
from forbear.treatment.prices import Found, Problem
from forbear.treatment.rows import Chosen, Floats, Grid, Ints, Rows, Totals, best, joined

CORE = 300
"""Borrowers decided by the integer program at first."""
LARGE_CORE = 3000
"""Borrowers in the second integer program, when the first cannot be proved best."""
GOOD_ENOUGH = 1e-6
"""Relative gap at which the second program is not worth its time."""
NODES = 400
"""Branches that an integer program may open: a limit that is the same on every machine, unlike seconds."""
SMALL_WORK = 6_000_000
"""In a book no larger than the core: branches times columns, for there every borrower counts."""
EXACT, NEAR = 1e-10, 1e-6
"""Part of the bound by which an integer program may fall short, in a book no larger than the core, else."""
ROUNDING = 1e-12
"""Part of a limit by which sums of decimal fractions may pass it: three times 0.1 is not 0.3 in binary."""
CARRIED = 1e-10
"""Part of the bound that a choice may lose and still be part of the fractional optimum: rounding."""
GOLDEN = 0.6180339887498949

Order = Callable[[Ints], NDArray[np.uint64]]
"""Gives borrowers' numbers (by the keyed hash of their ids)."""


@dataclass(frozen=True)
class Margins:
    """Open borrowers by how near they are to indifference.

    Attributes:
        rows: all open rows.
        loss: what each row's choice loses against the borrower's best at the prices.
        order: borrowers (positions in `rows`), nearest to indifference first; equals by hash.
        margin: of each in that order, what the second best loses.
    """

    rows: Rows
    loss: Floats
    order: Ints
    margin: Floats


def margins(problem: Problem, prices: Floats, hashed: Order) -> Margins:
    """Sort the open borrowers by the loss of their second best choice at prices."""
    rows = joined(problem.blocks, len(problem.limit)).in_order()
    if not rows.borrowers:
        return Margins(rows, np.empty(0), np.empty(0, np.int64), np.empty(0))
    left = rows.reduced(prices.tolist())
    top = np.maximum(np.maximum.reduceat(left, rows.starts), 0.0)
    loss = np.repeat(top, rows.counts()) - left
    # the best choice is one row of no loss, or waiting; the margin is the least of all the others'
    zero = loss <= 0
    zeros = np.add.reduceat(zero, rows.starts, dtype=np.int64) + (top <= 0)
    others = np.minimum.reduceat(np.where(zero, np.inf, loss), rows.starts)
    margin = np.where(zeros > 1, 0.0, np.minimum(others, np.where(top > 0, top, np.inf)))
    order = np.lexsort((hashed(rows.borrower), margin))
    return Margins(rows, loss, order, margin[order])


def finish(problem: Problem, found: Found, hashed: Order) -> Chosen:
    """Whole decisions for the open borrowers: feasible with what is settled, and as good as can be had."""
    known = margins(problem, found.prices, hashed)
    rest, used, fits = _spread(problem, found, known, CORE, hashed)
    effort = _Effort.of(found.bound, known)
    answer = _core(problem, known, CORE, used, fits, effort)
    chosen = Chosen.joined([rest, answer], len(problem.limit))
    gap = found.bound - _value(problem, chosen)
    wider = int(np.searchsorted(known.margin, gap, side="right"))
    if wider <= CORE or gap <= GOOD_ENOUGH * abs(found.bound):
        return chosen
    size = min(wider, LARGE_CORE)
    rest, used, fits = _spread(problem, found, known, size, hashed)
    answer = _core(problem, known, size, used, fits, effort, gap)
    second = Chosen.joined([rest, answer], len(problem.limit))
    return max((chosen, second), key=lambda c: _value(problem, c))


@dataclass(frozen=True)
class _Effort:
    """How long an integer program may search: branches, and the shortfall that is good enough."""

    nodes: int
    tolerable: float

    @classmethod
    def of(cls, bound: float, known: Margins) -> _Effort:
        if len(known.order) > CORE:
            return cls(NODES, abs(bound) * NEAR)
        return cls(max(NODES, SMALL_WORK // max(len(known.loss), 100)), abs(bound) * EXACT)


def _value(problem: Problem, chosen: Chosen) -> float:
    total = problem.settled + problem.grid.totals(chosen.value, chosen.use)
    return problem.grid.real(total)[0]


def _spread(
    problem: Problem, found: Found, known: Margins, core: int, hashed: Order
) -> tuple[Chosen, Totals, Rows]:
    """Decide the borrowers outside the core; gives their choices, the sums so far, and the core's rows."""
    inside = np.zeros(known.rows.borrowers, bool)
    inside[known.order[:core]] = True
    outside = known.rows.of_borrowers(~inside) if not inside.all() else joined([], len(problem.limit))
    rows = _carried(outside, found, hashed)
    rows = _given_back(outside, rows, problem, found.prices)
    rest = outside.at(rows)
    used = problem.settled + problem.grid.totals(rest.value, rest.use)
    return rest, used, known.rows.of_borrowers(inside) if inside.any() else known.rows


def _carried(rows: Rows, found: Found, hashed: Order) -> Ints:
    """The row of each borrower in the fractional optimum, rounded: cuts take turns by their weights.

    A choice that loses more at the prices than the whole search left open is no part of it; the best at the prices is
    taken. Borrowers with the same choices at every cut stand together, in order of hash, and take the cuts in an even
    (golden ratio) sequence, so that shares are kept within groups, not only on the whole.
    """
    if not rows.borrowers:
        return np.empty(0, np.int64)
    points, weights = found.carriers()
    left = rows.reduced(found.prices.tolist())
    top = np.maximum(np.maximum.reduceat(left, rows.starts), 0.0)
    lost = max(found.bound - found.least, CARRIED * found.bound)
    usual = _picked(rows, found.prices)
    picks = np.tile(usual, (len(points), 1))
    for pick, point in zip(picks, points, strict=True):
        other = _picked(rows, point)
        near = top - np.where(other >= 0, left[other], 0.0) <= lost
        pick[near] = other[near]
    which = np.zeros(rows.borrowers, np.int64)
    torn = np.flatnonzero((picks != picks[0]).any(axis=0))
    if len(torn):
        kinds = np.where(picks[:, torn] >= 0, rows.action[picks[:, torn]], -1)
        order = np.lexsort((hashed(rows.borrower[torn]), *kinds))
        turn = (np.arange(len(torn)) * GOLDEN + 0.5) % 1.0
        which[torn[order]] = np.minimum(np.searchsorted(np.cumsum(weights), turn, side="right"), len(points) - 1)
    chosen: Ints = picks[which, np.arange(rows.borrowers)]
    return chosen[chosen >= 0]


def _picked(rows: Rows, prices: Floats) -> Ints:
    """The row of each borrower at prices; -1 who waits."""
    picked = np.full(rows.borrowers, -1, np.int64)
    at = best(rows, prices.tolist())
    picked[np.searchsorted(rows.starts, at, side="right") - 1] = at
    return picked


def _given_back(rows: Rows, chosen: Ints, problem: Problem, prices: Floats) -> Ints:
    """Drop choices, where each unit of what is over the limit loses least, until the rest holds every limit."""
    chosen = np.sort(chosen)  # in order of borrower, so that equals fall alike
    kept = chosen
    for _ in range(len(problem.limit) * 4):
        total = problem.settled + problem.grid.totals(rows.value[kept], rows.use(kept))
        over = problem.grid.real(total)[1] - problem.limit * (1 + ROUNDING)
        if not (over > 0).any():
            return kept
        k = int(np.argmax(over / np.maximum(problem.limit, 1e-300)))
        uses = rows.uses[k][kept]
        users = np.flatnonzero(uses > 0)
        keep_value = np.maximum(rows.value[kept[users]] - prices @ rows.use(kept[users]), 0.0)
        order = users[np.argsort(keep_value / uses[users], kind="stable")]
        enough = int(np.searchsorted(np.cumsum(uses[order]), over[k])) + 1
        kept = np.delete(kept, order[:enough])
    return kept


def _core(
    problem: Problem, known: Margins, size: int, used: Totals, rows: Rows, effort: _Effort, gap: float = np.inf
) -> Chosen:
    """The best whole choice for the core under what is left of every limit."""
    left = _left(problem, used)
    if not rows.borrowers:
        return rows.at(np.empty(0, np.int64))
    fits = (rows.use() <= left[:, None]).all(axis=0) & (rows.value > 0)
    inside = np.zeros(known.rows.borrowers, bool)
    inside[known.order[:size]] = True
    fits &= known.loss[np.repeat(inside, known.rows.counts())] <= gap
    rows = rows.of(fits)
    if not rows.borrowers:
        return rows.at(np.empty(0, np.int64))
    order = np.argsort(_ranked(known, size, rows), kind="stable")
    greedy = _greedy(rows, left, problem.grid)
    better = _integer(rows, left, order, greedy, effort)
    value = problem.grid.totals(rows.value[better], rows.use(better)).value
    if value <= problem.grid.totals(rows.value[greedy], rows.use(greedy)).value:
        better = greedy
    return rows.at(better)


def _left(problem: Problem, used: Totals) -> Floats:
    over = problem.limit * (1 + ROUNDING)
    return np.maximum(over - problem.grid.real(used)[1], 0.0)


def _ranked(known: Margins, size: int, rows: Rows) -> Ints:
    """Places of the borrowers of `rows` in the order of margins: the order of columns, whatever the file's."""
    core = known.rows.borrower[known.order[:size]]
    place = {int(b): n for n, b in enumerate(core)}
    return np.array([place[int(b)] for b in rows.borrower])


def _greedy(rows: Rows, left: Floats, grid: Grid) -> Ints:
    """A feasible choice to start from: rows in falling order of value for the share of what is left that they take."""
    use = rows.use()
    share = (use / np.where(left > 0, left, 1.0)[:, None]).sum(axis=0)
    owner = np.repeat(np.arange(rows.borrowers), rows.counts())
    order = np.lexsort((rows.action, rows.borrower[owner], -rows.value / np.maximum(share, 1e-12)))
    free, taken, chosen = left.copy(), np.zeros(rows.borrowers, bool), []
    for row in order.tolist():
        need = use[:, row]
        if not taken[owner[row]] and (need <= free).all():
            free -= need
            taken[owner[row]] = True
            chosen.append(row)
    return np.sort(np.array(chosen, np.int64))


def _integer(rows: Rows, left: Floats, order: Ints, start: Ints, effort: _Effort) -> Ints:
    """The integer program of the core by HiGHS: one row a borrower at most, every limit held."""
    columns = np.concatenate([np.arange(rows.starts[b], rows.starts[b] + rows.counts()[b]) for b in order])
    owner = np.repeat(np.arange(rows.borrowers), rows.counts()[order])
    use, bounds, kept = _capacity_rows(rows.use(columns), left)
    unit = float(rows.value.max())
    program = _program(rows.value[columns] / unit, owner, rows.borrowers, use[kept], bounds[kept])
    solver = quiet(
        mip_rel_gap=0.0,
        mip_abs_gap=max(effort.tolerable / unit, 1e-9),
        mip_max_nodes=effort.nodes,
        mip_heuristic_effort=0.01,
        mip_feasibility_tolerance=1e-9,
        primal_feasibility_tolerance=1e-9,
    )
    solver.passModel(program)
    warm = highspy.HighsSolution()
    warm.col_value = np.isin(columns, start).astype(float).tolist()
    solver.setSolution(warm)
    solver.run()
    taken = np.array(solver.getSolution().col_value)
    if len(taken) != len(columns):
        return start
    picked = np.sort(columns[taken > 0.5])
    return picked if _holds(rows, picked, left) else start


def _capacity_rows(use: Floats, left: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Uses and limits scaled to about one; capacities that all rows together cannot exhaust are left out."""
    scale = np.where(use.max(axis=1) > 0, use.max(axis=1), 1.0)
    return use / scale[:, None], left / scale, use.sum(axis=1) > left


def _holds(rows: Rows, picked: Ints, left: Floats) -> bool:
    owner = np.searchsorted(rows.starts, picked, side="right")
    used = rows.use(picked).sum(axis=1)
    return len(np.unique(owner)) == len(owner) and bool((used <= left * (1 + ROUNDING)).all())


def _program(value: Floats, owner: Ints, borrowers: int, use: Floats, limit: Floats) -> highspy.HighsLp:
    columns = len(value)
    k, at = np.nonzero(use)
    row = np.concatenate([owner, borrowers + k])
    column = np.concatenate([np.arange(columns), at])
    cell = np.concatenate([np.ones(columns), use[k, at]])
    order = np.lexsort((row, column))
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = columns, borrowers + len(limit)
    program.sense_ = highspy.ObjSense.kMaximize
    program.col_cost_, program.col_lower_, program.col_upper_ = value, np.zeros(columns), np.ones(columns)
    program.row_lower_ = np.full(borrowers + len(limit), -highspy.kHighsInf)
    program.row_upper_ = np.concatenate([np.ones(borrowers), limit])
    program.integrality_ = [highspy.HighsVarType.kInteger] * columns
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.concatenate([[0], np.cumsum(np.bincount(column, minlength=columns))]).astype(
        np.int32
    )
    program.a_matrix_.index_ = row[order].astype(np.int32)
    program.a_matrix_.value_ = cell[order]
    return program
