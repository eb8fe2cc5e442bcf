"""A throwaway PostgreSQL: the desk's own embedded server over a temporary folder, gone when the block ends.

It listens on a local socket alone and trusts everyone there. Durability is left as it is by default, so that figures
measured on it are true ones; a test that measures nothing may pass `fsync="off"`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forbear.desk.server import Embedded, NoPostgres, binaries

__all__ = ["NoPostgres", "binaries", "throwaway_postgres"]


@contextmanager
def throwaway_postgres(**settings: str) -> Iterator[str]:
    """Start a fresh server and yield a libpq connection string (`host=... dbname=postgres user=forbear`).

    Args:
        settings: server settings, such as `shared_buffers="256MB"`.

    Raises:
        NoPostgres: no binaries.
        ForbearError: the server did not start; carries its log.
    """
    binaries()
    with tempfile.TemporaryDirectory(prefix="fb-pg-") as made, Embedded(Path(made), settings=settings) as server:
        yield server.conninfo
