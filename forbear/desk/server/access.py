"""Reaching a desk's database from a command: the running one's, or started for the command's time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from forbear.basics.errors import WrongUse
from forbear.desk.server.announcing import RUNNING
from forbear.desk.server.serving import environment, migrate


@contextmanager
def desk_at(data: Path) -> Iterator[None]:
    """Django set up in this process over the desk in `data`, whether it runs or not.

    Raises:
        WrongUse: the folder is held by another process that does not serve (yet).
    """
    with _settings(data) as env:
        os.environ.update(env)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forbear.desk.settings")
        os.environ["FORBEAR_DB_POOL"] = "0"
        import django
        from django.db import connections
        from django.utils import translation

        django.setup()
        translation.activate("en")  # what commands say is English, whatever the pages speak
        try:
            yield
        finally:
            connections.close_all()


@contextmanager
def _settings(data: Path) -> Iterator[dict[str, str]]:
    try:
        held = environment(data)
        env = held.__enter__()
    except WrongUse:
        with suppress(OSError, ValueError):
            told: dict[str, str] = json.loads((data / RUNNING).read_text())
            yield told
            return
        raise
    try:
        migrate(env)
        yield env
    finally:
        held.__exit__(None, None, None)
