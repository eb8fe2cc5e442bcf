"""Personal values from a CSV file: who the borrowers of an imported book are.

The header names `borrower_id` and any of the fields; a field that may hold several takes `phone`, `phone_2`, `phone_3`,
and a label stands in `phone_label`, `phone_2_label`. An empty cell is no value.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from forbear.basics.errors import UnreadableFile
from forbear.desk.privacy.fields import FIELDS
from forbear.desk.privacy.storing import Given

COLUMN = re.compile(r"(?P<field>[a-z_]+?)(?:_(?P<number>[1-9][0-9]?))?(?P<label>_label)?")


def read_values(file: Path, encoding: str = "utf-8-sig") -> Iterator[Given]:
    """The values of a file, row by row.

    Raises:
        UnreadableFile: no such file, not in that encoding, no header, a column that is no field, a row cut short.
    """
    try:
        with file.open(encoding=encoding, newline="") as opened:
            rows = csv.reader(opened, strict=True)
            columns = _columns(file, next(rows, []))
            for number, row in enumerate(rows, start=2):
                if len(row) != len(columns):
                    raise UnreadableFile(f"{file}: row {number} has {len(row)} cells, the header {len(columns)}")
                yield from _given(dict(zip(columns, row, strict=True)))
    except (OSError, UnicodeDecodeError, LookupError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise UnreadableFile(f"{file}: cannot be read ({why})", "a CSV file; name its --encoding") from None


Column = tuple[str, int, bool]
"""A field, which of several from 0, and whether the column holds its label."""


def _columns(file: Path, header: list[str]) -> list[Column]:
    if "borrower_id" not in header:
        raise UnreadableFile(
            f"{file}: no column borrower_id in the header", "see docs/privacy.md, Bringing values in"
        )
    return [_column(file, name.strip()) for name in header]


def _column(file: Path, name: str) -> Column:
    if name == "borrower_id":
        return name, 0, False
    match = COLUMN.fullmatch(name)
    if match is None or match["field"] not in FIELDS:
        raise UnreadableFile(f"{file}: column {name!r} is no personal field", f"one of: {', '.join(FIELDS)}")
    return match["field"], int(match["number"] or 1) - 1, bool(match["label"])


def _given(row: dict[Column, str]) -> Iterator[Given]:
    borrower_id = row[("borrower_id", 0, False)].strip()
    for (field, position, is_label), value in row.items():
        if field != "borrower_id" and not is_label and value.strip():
            yield Given(borrower_id, field, value, row.get((field, position, True), "").strip(), position)
