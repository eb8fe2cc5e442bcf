"""Telling other commands of the same owner how to reach the database of a desk that is serving."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RUNNING = "running.json"
"""In the data folder while a desk serves: its settings for other processes of the same owner; mode 600."""

TOLD = (
    "DATABASE_URL",
    "FORBEAR_SECRET_KEY",
    "FORBEAR_PUBLIC_URL",
    "FORBEAR_MASTER_KEY_FILE",
    "FORBEAR_MASTER_KEYS",
)


@contextmanager
def announced(data: Path, env: dict[str, str]) -> Iterator[None]:
    """Tell other processes of this owner how to reach the database that runs here, until the block ends."""
    file = data.absolute() / RUNNING
    file.unlink(missing_ok=True)
    said = {name: env[name] for name in TOLD if env.get(name)}
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(said, out)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
