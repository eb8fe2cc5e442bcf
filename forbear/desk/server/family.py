"""Children that do not outlive us: the kernel stops them when the parent dies, however it dies.

Only Linux has such a signal. Elsewhere a child may be left behind by a kill -9 of its parent; the next start of
the embedded server finds it by its pid file and stops it.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, NoReturn

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def child(
    command: list[str],
    *,
    when_orphaned: signal.Signals,
    user: str | None = None,
    cwd: Path | str = "/",
    env: Mapping[str, str] | None = None,
    output: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own (a Ctrl-C in our terminal is ours to pass on).

    The kernel ties the child to the thread that calls this, so that thread must live as long as the child shall.
    """
    parent = os.getpid()
    return subprocess.Popen(  # two system calls before exec, and no lock is taken: safe beside threads
        command,
        stdout=output,
        stderr=output,
        user=user,
        group=_group(user),
        extra_groups=[] if user else None,
        cwd=cwd,
        env=env,
        start_new_session=True,
        preexec_fn=lambda: tie_to(parent, when_orphaned),  # noqa: PLW1509
    )


def tie_to(parent: int, when_orphaned: signal.Signals) -> None:
    """In a child just made: let the kernel end it with its parent, where it can; end it now if the parent is gone."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, when_orphaned)
        if os.getppid() != parent:
            os._exit(1)


def end_now(code: int) -> NoReturn:
    """End this process without taking its objects apart; what it had to write is written."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _group(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd

    return pwd.getpwnam(user).pw_gid
