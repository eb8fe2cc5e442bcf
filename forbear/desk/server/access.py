"""Reaching a desk's database from a command: the running one's, or started for the command's time.

A command that comes while the desk starts, or in the moment after it was killed and before it is started again, waits
for it: to take the folder then would keep the desk down for as long as the command works.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from forbear.basics.errors import ForbearError, WrongUse
from forbear.desk.server.announcing import RUNNING
from forbear.desk.server.keeping import LOCK, is_held
from forbear.desk.server.serving import environment, migrate

WAIT_SECONDS = 30
"""How long a command waits for a desk that starts, or that ended without stopping and may be started again."""


def require_desk(data: Path) -> None:
    """Refuse a folder in which no desk was ever begun, for commands that would do nothing there but say they had.

    Raises:
        WrongUse: there is none, and no DATABASE_URL says where else it is.
    """
    if not (data / LOCK).exists() and not os.environ.get("DATABASE_URL"):
        raise WrongUse(f"{data}: no desk is there", "name its folder by --data or FORBEAR_DATA; nothing was done")


@contextmanager
def desk_at(data: Path) -> Iterator[None]:
    """Django set up in this process over the desk in `data`, whether it runs or not; begun there if there is none.

    Raises:
        WrongUse: the folder is held by another process that does not serve.
        ForbearError: the database went away while the command was at work.
    """
    with _settings(data) as env:
        os.environ.update(env)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forbear.desk.settings")
        os.environ["FORBEAR_DB_POOL"] = "0"
        import django
        from django.db import InterfaceError, OperationalError, connections
        from django.utils import translation

        django.setup()
        translation.activate("en")  # what commands say is English, whatever the pages speak
        try:
            yield
        except (OperationalError, InterfaceError) as gone:
            raise ForbearError(
                f"the database went away: {str(gone).strip().splitlines()[0]}",
                "what was not finished was undone; run the command again once the desk is back",
            ) from gone
        finally:
            connections.close_all()


@contextmanager
def _settings(data: Path) -> Iterator[dict[str, str]]:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        told = _told(data)
        if told and _answers(told["DATABASE_URL"]):
            yield told
            return
        if told is None and not is_held(data):
            break
        time.sleep(0.1)
    with environment(data) as env:
        (data / RUNNING).unlink(missing_ok=True)  # of a desk that was killed and is not coming back
        migrate(env)
        yield env


def _told(data: Path) -> dict[str, str] | None:
    """What the desk that serves, or served until it was killed, told other commands; None where there is none."""
    with suppress(OSError, ValueError):
        told: dict[str, str] = json.loads((data / RUNNING).read_text())
        return told
    return None


def _answers(database: str) -> bool:
    import psycopg

    try:
        psycopg.connect(database, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
