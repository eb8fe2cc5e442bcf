"""What can be wrong with a book: a fault as a plain value, with the rule it broke.

The rules themselves are data, in `rules.toml`; this module reads them and shapes what a person is shown.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

SHOWN_CHARACTERS = 80
"""Values longer than this are cut when shown; the row is there to be looked at."""


@dataclass(frozen=True)
class Rule:
    """One rule: what it expects in words, how grave a breach is and how far it reaches.

    Attributes:
        grade: `fault` makes the book unfit; `warning` is only told.
        reach: `row` faults can be quarantined with their loan, `file` faults cannot (what is lost is not known).
        expected: what was expected instead; names in braces are filled in.
        cells: `table.column`s the rule blames, and asks when it has `when`.
        when: the SQL condition of a bad row; `{column}`, `{as_of}` and `{currency}` are filled in.
        source: the SQL file below `checks/` that answers the rule, if one does.
        narrow: which rows of a bad loan to name; all of them when empty.
        references: `table.column -> table`: values that must stand in the other table.
    """

    name: str
    grade: str
    reach: str
    expected: str
    cells: tuple[str, ...] = ()
    when: str = ""
    source: str = ""
    narrow: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fault:
    """One breach: where it is, what stands there and what was expected.

    Attributes:
        file: name below the book; empty when the book as a whole is meant.
        row: line number (CSV, as an editor shows it, the header is line 1) or row number from 1 (Parquet); None for
            a fault of a whole file.
        value: what stands there, masked in personal columns.
        grade: `fault` or `warning`.
        reach: `row` or `file`, as in `Rule`.
    """

    rule: str
    file: str
    row: int | None
    column: str
    value: str
    expected: str
    table: str = ""
    grade: str = "fault"
    reach: str = "row"


@cache
def rules() -> dict[str, Rule]:
    """Every rule of `rules.toml` by name."""
    read = tomllib.loads(files("forbear.book").joinpath("rules.toml").read_text(encoding="utf-8"))
    return {name: _rule(name, fields) for name, fields in read.items()}


def _rule(name: str, fields: dict[str, Any]) -> Rule:
    lists: dict[str, Any] = {k: tuple(fields.pop(k)) for k in ("cells", "references") if k in fields}
    return Rule(name=name, **fields, **lists)


def fault(
    rule: str,
    file: str = "",
    row: int | None = None,
    column: str = "",
    value: str = "",
    *,
    table: str = "",
    personal: bool = False,
    **figures: object,
) -> Fault:
    """A fault by the rule's name; `figures` fill the braces of its expectation."""
    broken = rules()[rule]
    shown = masked(value) if personal else cut(value)
    said = broken.expected.format(column=column, table=table, **figures)
    return Fault(rule, file, row, column, shown, said, table, broken.grade, broken.reach)


def masked(value: str) -> str:
    """A personal value with its middle hidden: enough to find it again for one who has the file."""
    if len(value) <= 4:
        return "*" * len(value)
    return value[:2] + "*" * min(len(value) - 4, 8) + value[-2:]


def cut(value: str) -> str:
    """A value as shown: one line, printable, not too long."""
    plain = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in value)
    return plain if len(plain) <= SHOWN_CHARACTERS else plain[: SHOWN_CHARACTERS - 1] + "…"
