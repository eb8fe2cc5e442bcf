"""The app's SQL files by name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def named(name: str) -> str:
    """The statement in `sql/NAME.sql`."""
    return files(__package__).joinpath("sql", f"{name}.sql").read_text("utf-8")
