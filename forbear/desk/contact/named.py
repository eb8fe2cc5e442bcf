"""The app's SQL files by name."""

from __future__ import annotations

from forbear.desk.statements import statement


def named(name: str) -> str:
    """The statement in `sql/NAME.sql`."""
    return statement(__package__, name)
