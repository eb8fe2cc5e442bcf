"""What the desk does by itself, in a process beside the web server: a function now and then, each in its thread.

It is a child of `forbear serve`, and may run on any number of machines: each job sees to it that doing it twice at once
does no harm. Run it as `python -m forbear.desk.server.background`. An app adds its job in a line of `JOBS`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module

from forbear.desk.server.family import child, end_now

JOBS: dict[str, float] = {
    "forbear.desk.audit.sealing:seal": 2,
    "forbear.desk.people.approvals:expire_now": 60,
    "forbear.desk.outbound.delivering:deliver_now": 1,
    "forbear.desk.outbound.delivering:forget_now": 3600,
    "forbear.desk.money.automatic:book_waiting_now": 60,
    "forbear.desk.contact.working:background": 1,
    "forbear.desk.calls.promising:settle_now": 300,
    "forbear.desk.portal.paying:ask_open_now": 120,
    "forbear.desk.portal.visits:forget_now": 3600,
    "forbear.desk.plans.watching:watch_now": 300,
    "forbear.desk.letters.telling:tell_now": 60,
    "forbear.desk.placements.placing:sweep_now": 3600,
    "forbear.desk.strategies.replaying:replay_now": 5,
    "forbear.desk.experiments.watching:watch_now": 3600,
}
"""A function without arguments, and how many seconds pass between its end and its next beginning."""

RESTART_SECONDS = 1
STOP_SECONDS = 3
"""How long the jobs under way may take when the desk stops; each is safe to cut."""


@contextmanager
def kept_up(env: dict[str, str]) -> Iterator[None]:
    """Keep the background process running until the block ends; the process is tied to the thread that starts it."""
    stopping, running = threading.Event(), list[subprocess.Popen[bytes]]()

    def keep() -> None:
        command = [sys.executable, "-m", "forbear.desk.server.background"]
        while not stopping.is_set():
            started = child(command, when_orphaned=signal.SIGTERM, env={**env, "FORBEAR_DB_POOL": "0"})
            running[:] = [started]
            started.wait()
            stopping.wait(RESTART_SECONDS)

    keeper = threading.Thread(target=keep, name="background", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        for process in running:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            process.kill()
        keeper.join(STOP_SECONDS)


def main() -> None:
    """Run the jobs until SIGTERM or SIGINT."""
    stopping = threading.Event()
    # An event set by a handler would wait for itself where the signal comes while this thread enters its wait.
    told, telling = os.pipe()
    os.set_blocking(telling, False)
    signal.set_wakeup_fd(telling)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    import django

    django.setup()
    for name, seconds in JOBS.items():
        module, _, function = name.partition(":")
        job = getattr(import_module(module), function)
        threading.Thread(target=repeat, args=(name, job, seconds, stopping), daemon=True).start()
    os.read(told, 1)
    stopping.set()


def repeat(name: str, job: Callable[[], object], seconds: float, stopping: threading.Event) -> None:
    """Do a job again and again; a failure is logged, and the job is done again the next time."""
    import structlog
    from django.db import connections

    log = structlog.get_logger("forbear.desk")
    while not stopping.is_set():
        try:
            job()
        except Exception:
            log.exception("job failed", kind=name)
        finally:
            connections.close_all()
        stopping.wait(seconds)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forbear.desk.settings")
    main()
    end_now(0)
