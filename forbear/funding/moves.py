"""How loans move: open loans by bucket at month ends, roll rates between them (迁徙率), and cures.

The night counts only what happens: loans late at a month end, and loans paid in full between two. Loans up to date at
both ends, by far the most, are what is left of all open loans; so nothing is counted for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from forbear.funding.figures import Mass, Money, Row, share, total
from forbear.funding.months import MonthEnd

CLOSED = "closed"
Pair = tuple[str, str]
Grid = dict[Pair, Mass]


@dataclass(frozen=True)
class Period:
    """What open loans did from one month end to the next: masses by (from bucket, to bucket or closed)."""

    begins_on: date
    ends_on: date
    grid: Grid

    def start(self, bucket: str) -> Mass:
        """Loans in a bucket when the period began; principal then."""
        return total(m for (a, _), m in self.grid.items() if a == bucket)


def open_at(months: Mapping[str, Sequence[Row]], number: int) -> Mass:
    """Loans open at the end of a month, and what they owed of their principal.

    Args:
        months: rows of the night's `month_disbursed`, `month_closed` and `month_repaid`.
        number: the month.
    """
    return (
        _until(months["month_disbursed"], number)
        - _until(months["month_closed"], number)
        - _until(months["month_repaid"], number)
    )


def _until(rows: Sequence[Row], number: int) -> Mass:
    past = [r for r in rows if r["month_number"] <= number]
    return Mass(sum(r.get("loans", 0) for r in past), sum(int(r.get("principal", 0)) for r in past))


def periods(tables: Mapping[str, Sequence[Row]], ends: Sequence[MonthEnd], buckets: Sequence[str]) -> list[Period]:
    """The periods at whose beginning some loan was open, oldest first.

    Args:
        tables: rows of the night's `move_sums`, `month_disbursed`, `month_closed` and `month_repaid`.
        ends: month ends, oldest first.
        buckets: names in the order of the set; the first is that of loans up to date.
    """
    made = []
    for before, end in pairwise(ends):
        whole = open_at(tables, before.month_number)
        if whole.loans > 0:
            rows = [r for r in tables["move_sums"] if r["ends_on"] == end.ends_on]
            made.append(Period(before.ends_on, end.ends_on, _grid(rows, whole, buckets)))
    return made


def _grid(rows: Sequence[Row], whole: Mass, buckets: Sequence[str]) -> Grid:
    grid: Grid = {}
    for r in rows:
        pair = buckets[r["from_order"]], CLOSED if r["closed"] else buckets[r["to_order"]]
        grid[pair] = grid.get(pair, Mass()) + Mass(r["loans"], int(r["principal"]))
    left = whole - total(grid.values())
    stayed = buckets[0], buckets[0]
    grid[stayed] = Mass(max(left.loans, 0), max(left.principal, 0))
    return {pair: grid[pair] for pair in sorted(grid, key=lambda p: _order(p, buckets)) if grid[pair].loans}


def _order(pair: Pair, buckets: Sequence[str]) -> tuple[int, int]:
    names = [*buckets, CLOSED]
    return names.index(pair[0]), names.index(pair[1])


def rolls(made: Sequence[Period], buckets: Sequence[str], money: Money) -> Row:
    """The roll rates of the last period, of all pooled, and month by month into the next bucket up."""
    named: Row = {"buckets": [*buckets, CLOSED], "latest": None, "average": None, "trend": []}
    if not made:
        return named
    last = made[-1]
    named["latest"] = {
        "from": last.begins_on.isoformat(),
        "to": last.ends_on.isoformat(),
        "rows": _rows(last, money),
    }
    named["average"] = {
        "from": made[0].begins_on.isoformat(),
        "to": last.ends_on.isoformat(),
        "months": len(made),
        "rows": _rows(_pooled(made, buckets), money),
    }
    named["trend"] = [_step(p, a, b, money) for p in made for a, b in pairwise(buckets)]
    named["trend"] = [step for step in named["trend"] if step["share_loans"] is not None]
    return named


def _pooled(made: Sequence[Period], buckets: Sequence[str]) -> Period:
    pairs = {pair for p in made for pair in p.grid}
    grid = {
        pair: total(p.grid.get(pair, Mass()) for p in made)
        for pair in sorted(pairs, key=lambda x: _order(x, buckets))
    }
    return Period(made[0].begins_on, made[-1].ends_on, grid)


def _rows(period: Period, money: Money) -> list[Row]:
    return [{"from": a, "to": b, **m.of(period.start(a), money)} for (a, b), m in period.grid.items()]


def _step(period: Period, a: str, b: str, money: Money) -> Row:
    moved = period.grid.get((a, b), Mass())
    return {**_dates(period), "from": a, "to": b, **moved.of(period.start(a), money)}


def _dates(period: Period) -> dict[str, Any]:
    return {"from_date": period.begins_on.isoformat(), "to_date": period.ends_on.isoformat()}


def history(made: Sequence[Period], now: Mapping[str, Mass], as_of: date, money: Money) -> list[Row]:
    """Open loans by bucket at each month end, the as-of date last."""
    stands: list[tuple[date, dict[str, Mass]]] = [
        (p.begins_on, {a: p.start(a) for a, _ in p.grid if p.start(a).loans}) for p in made
    ]
    stands.append((as_of, {bucket: mass for bucket, mass in now.items() if mass.loans}))
    return [
        {"date": day.isoformat(), "bucket": bucket, **mass.of(total(masses.values()), money)}
        for day, masses in stands
        for bucket, mass in masses.items()
    ]


def cures(made: Sequence[Period], buckets: Sequence[str], money: Money) -> list[Row]:
    """Of the loans late at the beginning of each period, by bucket, those that were late no more at its end."""
    rows = []
    for period in made:
        for bucket in buckets[1:]:
            start = period.start(bucket)
            if start.loans:
                good = (buckets[0], CLOSED)
                cured = total(m for (a, b), m in period.grid.items() if a == bucket and b in good)
                rows.append(
                    {
                        **_dates(period),
                        "from": bucket,
                        "loans": start.loans,
                        "cured": cured.loans,
                        "rate_loans": share(cured.loans, start.loans),
                        "principal": money(start.principal),
                        "cured_principal": money(cured.principal),
                        "rate_principal": share(cured.principal, start.principal),
                    }
                )
    return rows
