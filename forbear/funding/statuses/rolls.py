"""Roll rates (迁徙率): of the loans in a state at one month's end, which share is in which state at the next.

By count and by balance, over the whole time and month by month; cures and the simple question of how many moved up,
stayed or moved down come from the same moves. Shares are computed from whole numbers and rounded once, for show.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from forbear.aging.states import Kind
from forbear.funding.statuses.panel import Panel

SHOWN_DIGITS = 3
"""Digits of a per cent that are shown."""
LATE_FROM = 30
"""Days past due from which a loan that comes back counts as cured."""

Grid = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Month:
    """One period's moves: by [from][to] count, and how many loans got better, stayed, got worse.

    Attributes:
        month: the period the loans moved into, as YYYY-MM (or YYYY-MM-DD).
        late, cured: loans that were late at its start, and those of them current or paid at its end.
    """

    month: str
    count: Grid
    better: int
    same: int
    worse: int
    late: int
    cured: int


@dataclass(frozen=True)
class Rolls:
    """Roll rates of a panel.

    Attributes:
        states: names, in order; rows and columns of the grids.
        count, balance: by [from][to]; balances in minor units, empty when the statuses carry none.
        trend: by period.
        better, same, worse: moves between states that can be compared.
    """

    states: tuple[str, ...]
    count: Grid
    balance: Grid
    trend: tuple[Month, ...]
    better: int
    same: int
    worse: int

    @property
    def transitions(self) -> int:
        """How many moves there are."""
        return sum(map(sum, self.count))


def rolls(panel: Panel) -> Rolls:
    """The roll rates of the panel."""
    names = tuple(s.name for s in panel.states)
    count = _grid(panel, names, "count(*)")
    balance = _grid(panel, names, f"sum({panel.weighted_by}_balance)") if panel.weighted_by else ()
    trend = _trend(panel, names)
    sums = [sum(getattr(m, way) for m in trend) for way in ("better", "same", "worse")]
    return Rolls(names, count, balance, trend, *sums)


def percents(grid: Grid, digits: int = SHOWN_DIGITS) -> tuple[tuple[Decimal | None, ...], ...]:
    """Each row's shares in per cent; None throughout for a row without moves."""
    return tuple(tuple(percent(cell, sum(row), digits) for cell in row) for row in grid)


def percent(part: int, whole: int, digits: int = SHOWN_DIGITS) -> Decimal | None:
    """Part of whole in per cent, rounded half to even; None of nothing."""
    if not whole:
        return None
    return (Decimal(100 * part) / Decimal(whole)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)


def _grid(panel: Panel, names: tuple[str, ...], measure: str) -> Grid:
    query = f"SELECT from_state, to_state, {measure}::HUGEINT FROM statuses.moves GROUP BY ALL"
    found = {(f, t): int(v or 0) for f, t, v in panel.connection.execute(query).fetchall()}
    return tuple(tuple(found.get((f, t), 0) for t in names) for f in names)


def _trend(panel: Panel, names: tuple[str, ...]) -> tuple[Month, ...]:
    query = """
        SELECT period, d.on_date, m.from_state, m.to_state, m.better, count(*)
        FROM statuses.moves AS m
        JOIN (SELECT period, max(on_date) AS on_date FROM statuses.panel GROUP BY period) AS d USING (period)
        GROUP BY ALL ORDER BY 1
    """
    by_period: dict[str, list[tuple[str, str, int | None, int]]] = {}
    for _, on_date, from_state, to_state, better, moves in panel.connection.execute(query).fetchall():
        by_period.setdefault(on_date.isoformat(), []).append((from_state, to_state, better, moves))
    whole_months = len({d[:7] for d in by_period}) == len(by_period)
    return tuple(_month(panel, names, d[:7] if whole_months else d, rows) for d, rows in by_period.items())


def _month(panel: Panel, names: tuple[str, ...], label: str, rows: list[tuple[str, str, int | None, int]]) -> Month:
    late = {s.name for s in panel.states if s.kind is Kind.active and (s.dpd_from or 0) >= LATE_FROM}
    well = {s.name for s in panel.states if s.kind is Kind.closed or s.dpd_from == 0}
    cells: dict[tuple[str, str], int] = {}
    ways = {1: 0, 0: 0, -1: 0}
    for from_state, to_state, better, moves in rows:
        cells[from_state, to_state] = cells.get((from_state, to_state), 0) + moves
        if better is not None:
            ways[better] += moves
    grid = tuple(tuple(cells.get((f, t), 0) for t in names) for f in names)
    were_late = sum(n for (f, _), n in cells.items() if f in late)
    cured = sum(n for (f, t), n in cells.items() if f in late and t in well)
    return Month(label, grid, ways[1], ways[0], ways[-1], were_late, cured)
