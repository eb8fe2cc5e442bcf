"""The data folder: one process at a time, secrets that are made once and that only their owner can read."""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from forbear.basics.errors import WrongUse

LOCK = "lock"
"""The file that is locked while a process holds the folder; a folder without one was never a desk's."""

WAIT_SECONDS = 1
"""How long a process waits for the folder: for another that only looks whether it is held, or that is just leaving."""


def is_held(path: Path) -> bool:
    """Whether some process holds the data folder now."""
    try:
        lock = os.open(path / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _locked(lock)
    finally:
        os.close(lock)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class DataFolder:
    """The folder in which a desk keeps its database and its secrets, held by one process while it is entered."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._held: int | None = None

    def __enter__(self) -> Self:
        self.path.mkdir(parents=True, exist_ok=True)
        held = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + WAIT_SECONDS
        while not _locked(held):
            if time.monotonic() > until:
                os.close(held)
                raise WrongUse(
                    f"{self.path} is in use by another desk",
                    "stop that one first, or name another folder with --data",
                )
            time.sleep(0.05)
        self._held = held
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def secret(self, name: str) -> str:
        """The secret of that name, made at first use (43 characters, 256 bits), in a file of mode 600."""
        file = self.path / name
        if file.exists():
            return file.read_text().strip()
        return self._keep(file, secrets.token_urlsafe(32))

    def master_keys(self) -> Path:
        """The file of the master keys of personal data, made with one key (32 bytes, url-safe base64) at first use."""
        file = self.path / "master-keys"
        if not file.exists():
            self._keep(file, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
        return file

    @staticmethod
    def _keep(file: Path, made: str) -> str:
        fresh = file.with_name(f"{file.name}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(made)
            out.flush()
            os.fsync(out.fileno())
        fresh.rename(file)
        return made
