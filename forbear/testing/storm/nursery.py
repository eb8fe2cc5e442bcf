"""The storm's workers: one process loads everything once, and each worker is a fork of it, alive in milliseconds.

A worker started from nothing takes some five seconds of a core; a hundred kills would be ten minutes of loading.
The nursery is told on its standard input what to do, and answers each line with one number on its standard output:

| line | does | answers |
| --- | --- | --- |
| `keep N` | starts workers until N live | how many it found dead that nobody had killed |
| `kill K` | kills the K-th (SIGKILL) | how many live still |
| `end` | asks all to end, kills those that do not within ten seconds | how many had to be killed |

When it goes, its workers go with it (SIGKILL).
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

from forbear.desk.server.family import tie_to

END_SECONDS = 10


class Nursery:
    """The nursery as the storm speaks to it."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "forbear.testing.storm.nursery"],
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )

    def ask(self, line: str) -> int:
        """Tell it a line; its answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> None:
        """End all workers and the nursery."""
        self.ask("end")
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(END_SECONDS)


def main() -> None:
    """Load, then do what is asked until standard input ends."""
    import django

    django.setup()
    from forbear.desk.contact.working import warm

    warm()
    gc.freeze()  # what is loaded stays shared with every worker
    living: list[int] = []
    for line in sys.stdin:
        what, _, number = line.partition(" ")
        match what.strip():
            case "keep":
                answer = _keep(living, int(number))
            case "kill":
                answer = _kill(living, int(number))
            case _:
                answer = _end(living)
        print(answer, flush=True)


def _keep(living: list[int], wanted: int) -> int:
    fell = [pid for pid in living if os.waitpid(pid, os.WNOHANG)[0]]
    living[:] = [pid for pid in living if pid not in fell]
    while len(living) < wanted:
        living.append(_born())
    return len(fell)


def _kill(living: list[int], place: int) -> int:
    pid = living.pop(place % len(living))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return len(living)


def _end(living: list[int]) -> int:
    for pid in living:
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + END_SECONDS
    while living and time.monotonic() < until:
        living[:] = [pid for pid in living if not os.waitpid(pid, os.WNOHANG)[0]]
        time.sleep(0.05)
    late = len(living)
    while living:
        _kill(living, 0)
    return late


def _born() -> int:
    """A worker; nothing of the nursery's streams but the log is left to it."""
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        tie_to(parent, signal.SIGKILL)
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 0)
        os.dup2(2, 1)
        from forbear.desk.contact.worker import main as work

        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forbear.desk.settings")
    main()
