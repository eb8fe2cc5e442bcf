"""Vintages: of the accounts opened in a month, which share has ever been so late by each month on book.

An account counts at a month on book only if its record reaches that far, so the last points of a curve rest on
fewer accounts than the first; both numbers are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from forbear.funding.statuses.panel import Panel

THRESHOLDS = (30, 60, 90)
"""Days past due."""


@dataclass(frozen=True)
class Point:
    """A point of a curve: month on book, accounts whose record reaches it, and those ever so late by then."""

    mob: int
    accounts: int
    late: int


@dataclass(frozen=True)
class Vintages:
    """Curves by threshold of days past due.

    Attributes:
        together: all accounts in one curve, by threshold.
        by_month: a curve a month of opening (YYYY-MM), by threshold.
    """

    together: dict[int, tuple[Point, ...]]
    by_month: dict[int, dict[str, tuple[Point, ...]]]


def vintages(panel: Panel, thresholds: tuple[int, ...] = THRESHOLDS) -> Vintages:
    """The vintage curves of the panel."""
    panel.connection.execute("CREATE OR REPLACE TABLE statuses.thresholds (days INTEGER)")
    panel.connection.executemany("INSERT INTO statuses.thresholds VALUES (?)", [(t,) for t in thresholds])
    panel.connection.execute(Path(__file__).with_name("vintages.sql").read_text(encoding="utf-8"))
    return Vintages({t: _together(panel, t) for t in thresholds}, {t: _by_month(panel, t) for t in thresholds})


def _together(panel: Panel, days: int) -> tuple[Point, ...]:
    query = "SELECT mob, sum(accounts), sum(late) FROM statuses.ripening WHERE days = ? GROUP BY mob ORDER BY mob"
    return tuple(Point(int(m), int(a), int(n)) for m, a, n in panel.connection.execute(query, [days]).fetchall())


def _by_month(panel: Panel, days: int) -> dict[str, tuple[Point, ...]]:
    query = "SELECT vintage, mob, accounts, late FROM statuses.ripening WHERE days = ? ORDER BY vintage, mob"
    curves: dict[str, list[Point]] = {}
    for vintage, mob, accounts, late in panel.connection.execute(query, [days]).fetchall():
        curves.setdefault(vintage.isoformat()[:7], []).append(Point(int(mob), int(accounts), int(late)))
    return {vintage: tuple(points) for vintage, points in curves.items()}
