"""Statements by name: a package's SQL files under `sql/`, each read once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def statement(package: str, name: str) -> str:
    """The text of `sql/<name>.sql` beside a package's code."""
    return files(package).joinpath("sql", f"{name}.sql").read_text("utf-8")
