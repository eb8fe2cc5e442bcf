"""Macro series that a lender supplies (unemployment, prices, …), as they were known on a day.

A row is one value of one series: `series`, `date` (which it speaks of), `value`, `known_on` (the day on which it was
published). A series is revised by a later row of the same date; of each date the value that was known on the as-of day
counts, and what was published later, or speaks of a later day, does not exist yet.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from forbear.basics.errors import UnreadableFile, WrongUse

COLUMNS = ("series", "date", "value", "known_on")
MOST_ROWS = 1_000_000
Series = Mapping[str, list[tuple[date, float]]]


def read_macro(path: str | Path, as_of: date) -> Series:
    """The series of a CSV as they were known on a day, each in order of date.

    Raises:
        UnreadableFile: it is no CSV in UTF-8.
        WrongUse: a column is missing, a cell cannot be read, or two rows say different things of the same date and day
            of publication; names file, row, column and value.
    """
    file, known = Path(path), dict[tuple[str, date], tuple[date, float]]()
    said: dict[tuple[str, date, date], float] = {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
                raise WrongUse(f"{file}: no column {missing[0]!r}", f"columns are {', '.join(COLUMNS)}")
            for number, row in enumerate(reader, start=1):
                if number > MOST_ROWS:
                    raise WrongUse(
                        f"{file}: more than {MOST_ROWS:,} rows", "these are series of a few hundred values"
                    )
                name, on, value, published = _row(row, f"{file}, row {number}")
                if said.setdefault((name, on, published), value) != value:
                    raise WrongUse(f"{file}, row {number}: {name} of {on} has another value of the same day before")
                if published > as_of or on > as_of:
                    continue
                if (name, on) not in known or published > known[name, on][0]:
                    known[name, on] = (published, value)
    except (OSError, UnicodeDecodeError, csv.Error) as bad:
        raise UnreadableFile(f"{file}: cannot be read: {bad}", "a CSV in UTF-8; see docs/risk.md") from bad
    made: dict[str, list[tuple[date, float]]] = {}
    for (name, on), (_published, value) in sorted(known.items()):
        made.setdefault(name, []).append((on, value))
    return made


def _row(row: Mapping[str, str | None], where: str) -> tuple[str, date, float, date]:
    name = (row["series"] or "").strip()
    if not name:
        raise WrongUse(f"{where}, column series: empty", "the name of the series")
    try:
        value = float(row["value"] or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise WrongUse(f"{where}, column value: {row['value']!r} is not a number")
    return name, _day(row["date"], where, "date"), value, _day(row["known_on"], where, "known_on")


def _day(text: str | None, where: str, column: str) -> date:
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        raise WrongUse(f"{where}, column {column}: {text!r} is not a day", "write it as 2026-01-31") from None
