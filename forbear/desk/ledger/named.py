"""The ledger's SQL, by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DatabaseError

from forbear.desk.statements import statement

MEMORY = "256MB"
"""For each sort or hash of a statement over whole tables; what is larger goes to disk."""


def named(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return statement(__package__, name)


@contextmanager
def whole_tables(cursor: Any) -> Iterator[None]:
    """Inside the block, in a transaction: join whole tables by hash, row by row only where nothing else will do.

    The planner knows nothing of the size of a step of a WITH query, nor of tables filled a moment ago, and would then
    compare every row with every other. What it sorts and keeps stays in memory.
    """
    cursor.execute(f"SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '{MEMORY}'")
    try:
        yield
    finally:
        with suppress(DatabaseError):  # of a broken transaction nothing is left to set back
            cursor.execute("SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL work_mem TO DEFAULT")
