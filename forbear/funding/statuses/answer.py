"""Roll rates and vintages as an answer for programs: one JSON document, and CSV tables of the same numbers.

`docs/rolls.md` describes each key. Counts are whole numbers, money is text in the major unit, per cents are
rounded to three digits from whole numbers.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from forbear.funding.statuses.panel import Panel
from forbear.funding.statuses.rolls import Grid, Month, Rolls, percent, percents
from forbear.funding.statuses.vintages import Point, Vintages


def answer(panel: Panel, rolled: Rolls, ripened: Vintages) -> dict[str, Any]:
    """Everything the statuses say."""
    moved = {way: getattr(rolled, way) for way in ("better", "same", "worse")}
    compared = sum(moved.values())
    return {
        "first_on": panel.first_on.isoformat(),
        "last_on": panel.last_on.isoformat(),
        "loans": panel.loans,
        "statuses": panel.rows,
        "transitions": rolled.transitions,
        "rolls": {
            "states": list(rolled.states),
            "dpd_from": [s.dpd_from for s in panel.states],
            "weighted_by": panel.weighted_by,
            "count": _counts(rolled.count),
            "balance": _money(rolled.balance, panel.minor_digits) if rolled.balance else None,
        },
        "movement": {way: {"count": n, "percent": number(percent(n, compared, 2))} for way, n in moved.items()},
        "trend": [_trend(rolled, month) for month in rolled.trend],
        "vintages": {
            "together": {str(days): _curve(points) for days, points in ripened.together.items()},
            "by_month": {
                str(days): {vintage: _curve(points) for vintage, points in curves.items()}
                for days, curves in ripened.by_month.items()
            },
        },
        "notes": _notes(panel),
    }


def write(told: dict[str, Any], out: Path) -> None:
    """`rolls.json`, `rolls.csv` and `vintages.csv` in the folder `out`; the same bytes for the same answer.

    They are written aside and moved in place, so that none is ever half there.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".forbear-rolls-", dir=out) as folder:
        aside = Path(folder)
        text = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
        (aside / "rolls.json").write_text(text, encoding="utf-8")
        _csv(
            aside / "rolls.csv",
            ("from", "to", "moves", "percent", "balance", "balance_percent"),
            _roll_rows(told["rolls"]),
        )
        header = ("days_past_due", "opened", "month_on_book", "accounts", "ever_late", "percent")
        _csv(aside / "vintages.csv", header, _vintage_rows(told["vintages"]))
        for file in sorted(aside.iterdir()):
            file.replace(out / file.name)


def number(value: Decimal | None) -> float | None:
    """A rounded per cent as a JSON number."""
    return None if value is None else float(value)


def _numbers(grid: Grid) -> list[list[float | None]]:
    return [[number(cell) for cell in row] for row in percents(grid)]


def _counts(grid: Grid) -> dict[str, Any]:
    return {"cells": [list(row) for row in grid], "totals": [sum(row) for row in grid], "percent": _numbers(grid)}


def _money(grid: Grid, digits: int) -> dict[str, Any]:
    def major(minor: int) -> str:
        return str(Decimal(minor).scaleb(-digits))

    cells = [[major(cell) for cell in row] for row in grid]
    return {"cells": cells, "totals": [major(sum(row)) for row in grid], "percent": _numbers(grid)}


def _trend(rolled: Rolls, month: Month) -> dict[str, Any]:
    return {
        "month": month.month,
        "moves": sum(map(sum, month.count)),
        "cells": [list(row) for row in month.count],
        "percent": _numbers(month.count),
        "better": month.better,
        "same": month.same,
        "worse": month.worse,
        "late": month.late,
        "cured": month.cured,
        "cure_percent": number(percent(month.cured, month.late)),
    }


def _curve(points: Sequence[Point]) -> list[dict[str, Any]]:
    return [
        {"mob": p.mob, "accounts": p.accounts, "late": p.late, "percent": number(percent(p.late, p.accounts))}
        for p in points
    ]


def _notes(panel: Panel) -> list[str]:
    notes = []
    if panel.unknown:
        notes.append(f"states of unknown meaning take no part in vintages: {', '.join(panel.unknown)}")
    if panel.repeated:
        notes.append(f"{panel.repeated} statuses passed over: the same period tells a later one of the same loan")
    if panel.weighted_by:
        notes.append(f"money is weighted by the {panel.weighted_by} balance")
    return notes


def _roll_rows(told: dict[str, Any]) -> Iterable[tuple[Any, ...]]:
    states, count, balance = told["states"], told["count"], told["balance"]
    for i, from_state in enumerate(states):
        for j, to_state in enumerate(states):
            money = (balance["cells"][i][j], balance["percent"][i][j]) if balance else ("", "")
            yield (from_state, to_state, count["cells"][i][j], count["percent"][i][j], *money)


def _vintage_rows(told: dict[str, Any]) -> Iterable[tuple[Any, ...]]:
    for days in told["together"]:
        curves = {"all": told["together"][days], **told["by_month"][days]}
        for opened, points in curves.items():
            yield from ((days, opened, p["mob"], p["accounts"], p["late"], p["percent"]) for p in points)


def _csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
