"""The real desk as a process, for tests that use a browser, kill things, or come from many clients at once.

with LiveDesk(tmp_path) as desk:
desk.add_user("anna", "agent")
httpx.get(desk.url)
desk.kill()
desk.start()
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from forbear.basics.errors import ForbearError

START_SECONDS = 90
PASSWORD = "correct horse battery"  # noqa: S105 - of users in tests
_OWN = {"agency": ("--agency", "A1"), "funder": ("--funder", "F1"), "borrower": ("--borrower", "B1")}


class LiveDesk:
    """`forbear serve` over a folder of its own, on a free port."""

    def __init__(self, data: Path, *, workers: int = 1, threads: int = 8) -> None:
        self.data = data
        self.url = ""
        self._size = ("--workers", str(workers), "--threads", str(threads))
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def log(self) -> str:
        """What it has said on stderr since it was first started."""
        return (self.data.parent / f"{self.data.name}.log").read_text()

    @property
    def pid(self) -> int:
        """The process `forbear serve`."""
        assert self._process is not None
        return self._process.pid

    @property
    def database_url(self) -> str:
        """Where its database answers, while it runs."""
        told: dict[str, str] = json.loads((self.data / "running.json").read_text())
        return told["DATABASE_URL"]

    @property
    def database_pid(self) -> int:
        """The postmaster, read from its pid file."""
        from forbear.desk.server.binaries import reachable

        return int((reachable(self.data / "postgres") / "data" / "postmaster.pid").read_text().split("\n")[0])

    def start(self) -> None:
        """Start it and wait until it has said where it is.

        Raises:
            ForbearError: it ended instead; carries its log.
        """
        self.data.parent.mkdir(parents=True, exist_ok=True)
        with (self.data.parent / f"{self.data.name}.log").open("a") as log:
            self._process = subprocess.Popen(
                [*_forbear("serve", self.data), "--port", "0", *self._size],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=_plain(),
            )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if "the desk is at " not in said:
            raise ForbearError(f"the desk did not start: {said}{self.log}")
        self.url = said.split("the desk is at ")[1].strip()

    def stop(self) -> float:
        """Stop it by SIGTERM; the seconds that took."""
        if self._process is None:
            return 0.0
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        self._ended()
        return time.monotonic() - began

    def kill(self) -> None:
        """Kill the process itself by SIGKILL; its children must follow by themselves."""
        assert self._process is not None
        self._process.kill()
        self._ended()

    def kill_database(self) -> None:
        """Kill the postmaster by SIGKILL; the desk must bring it back."""
        os.kill(self.database_pid, signal.SIGKILL)

    def add_user(self, username: str, role: str, *more: str) -> None:
        """Make a user with the password `PASSWORD`; a role that sees only its own is given A1, F1 or B1."""
        words = [*_forbear("desk", self.data, "user", "add"), username, "--role", role, "--password-stdin"]
        own = () if any(option in more for option, _ in _OWN.values()) else _OWN.get(role, ())
        told = subprocess.run(
            [*words, *own, *more], input=PASSWORD, text=True, capture_output=True, check=False, env=_plain()
        )
        if told.returncode:
            raise ForbearError(f"no user {username}: {told.stderr}")

    def run(self, *words: str) -> str:
        """Run a command on this desk's folder, such as `run("desk", "import", book)`; what it says on stdout.

        Raises:
            ForbearError: it ended with anything but 0.
        """
        command = [*_forbear(words[0], self.data, *words[1:])]
        told = subprocess.run(command, text=True, capture_output=True, check=False, env=_plain())
        if told.returncode:
            raise ForbearError(f"{' '.join(words)}: {told.stderr}")
        return told.stdout

    def _ended(self) -> None:
        assert self._process is not None
        self._process.wait(START_SECONDS)
        if self._process.stdout:
            self._process.stdout.close()
        self._process = None


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that PostgreSQL's user can enter, which pytest's own are not when root runs it."""
    with tempfile.TemporaryDirectory(prefix="fb-desk-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def copied(source: Path, target: Path) -> Path:
    """A desk's folder copied while it does not run; with owners, for the database's is PostgreSQL's user."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)  # noqa: S607
    return target


_SET_BY_TESTS = frozenset(
    [
        "DATABASE_URL",
        "DJANGO_SETTINGS_MODULE",
        "FORBEAR_DB_POOL",
        "FORBEAR_MASTER_KEYS",
        "FORBEAR_PUBLIC_URL",
        "FORBEAR_SECRET_KEY",
    ]
)


def _plain() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _SET_BY_TESTS}


def _forbear(command: str, data: Path, *sub: str) -> list[str]:
    return [sys.executable, "-c", "from forbear.cli import main; main()", command, *sub, "--data", str(data)]
