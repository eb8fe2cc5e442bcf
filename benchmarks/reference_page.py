"""A page of figures beside those that others computed from the same book."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

HERE = Path(__file__).parent
DATA = Path(os.environ.get("FORBEAR_SHARED", HERE.parent.parent / "shared")) / "data"


class Figure(NamedTuple):
    """One figure of a book; `why` explains a difference, or how ours was come by."""

    name: str
    reference: str
    ours: str
    why: str = ""


def table(title: str, figures: Iterable[Figure]) -> str:
    lines = [f"## {title}", "", "| figure | reference | ours | same | |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| {n} | {a} | {b} | {'yes' if a == b else '**no**'} | {why} |" for n, a, b, why in figures]
    return "\n".join(lines) + "\n"


def unexplained(figures: Iterable[Figure]) -> list[Figure]:
    return [one for one in figures if one.reference != one.ours and not one.why]


def machine() -> str:
    cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.split(":")[1].strip() for line in cpu if "model name" in line]
    return f"{names[0]}, {len(names)} cores, Python {platform.python_version()}, DuckDB {duckdb.__version__}"


def today() -> str:
    """The date, for a page's head."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def write(page: Path, title: str, script: str, said: str, tables: Iterable[str]) -> None:
    """The page, with machine, command and date."""
    head = f"# {title}\n\n{today()}, {machine()}, by `python benchmarks/{script}`.\n\n{said}\n"
    page.write_text("\n".join((head, *tables)), encoding="utf-8")
    print(page.read_text(encoding="utf-8"))
