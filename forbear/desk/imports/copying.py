"""Rows into PostgreSQL and out of it by COPY, in blocks of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BLOCK = 1 << 20


def copy_in(cursor: Any, target: str, file: Path) -> None:
    """Copy a CSV file without a header into a table; a cell that is empty and not quoted is NULL."""
    with cursor.copy(f"COPY {target} FROM STDIN (FORMAT csv)") as copy, file.open("rb") as source:
        while block := source.read(BLOCK):
            copy.write(block)


def copy_out(cursor: Any, query: str, file: Path, values: dict[str, Any] | None = None) -> None:
    """Write what a query answers into a CSV file with a header."""
    with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)", values) as copy, file.open("wb") as target:
        for block in copy:
            target.write(block)
