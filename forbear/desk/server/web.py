"""The web server's process: gunicorn with threads over the desk's WSGI application.

It is a child of `forbear serve`, and any number of these may run beside each other against one database. Workers
load the application once, before they are forked. Run it as `python -m forbear.desk.server.web`; its address, workers
and threads come from the environment (FORBEAR_BIND, FORBEAR_WORKERS, FORBEAR_THREADS).
"""

from __future__ import annotations

import os
from typing import Any

from gunicorn.app.base import BaseApplication

from forbear.desk.server.family import end_now

GRACE_SECONDS = 1
"""How long requests that are under way may take when the server is told to stop."""

TIMEOUT_SECONDS = 60
"""A worker that shows no life for so long is replaced."""


class Desk(BaseApplication):
    """The desk as gunicorn wants it."""

    def load_config(self) -> None:
        """Take the settings from the environment."""
        given = os.environ
        chosen: dict[str, Any] = {
            "bind": [given["FORBEAR_BIND"]],
            "workers": int(given.get("FORBEAR_WORKERS", "1")),
            "threads": int(given.get("FORBEAR_THREADS", "8")),
            "worker_class": "gthread",
            "graceful_timeout": GRACE_SECONDS,
            "timeout": TIMEOUT_SECONDS,
            "keepalive": 75,
            "errorlog": "-",
            "loglevel": "warning",
            "control_socket_disable": True,
            "preload_app": True,
            "child_exit": _forget,
            "worker_exit": _let_go,
            "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108
        }
        for name, value in chosen.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        """The WSGI application, with every address read, so that no first request waits for it."""
        from django.urls import get_resolver

        from forbear.desk.wsgi import application

        get_resolver()._populate()  # its own lazy step, done early
        return application


def _forget(server: Any, worker: Any) -> None:
    """Let a worker's gauges go with it."""
    from prometheus_client.multiprocess import mark_process_dead

    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def _let_go(server: Any, worker: Any) -> None:
    """Close the pool of connections; its threads would hold the process up."""
    from django.db import connections

    connections.close_all()
    for connection in connections.all():
        connection.close_pool()


def main() -> None:
    """Serve; then end at once. To take a whole application apart costs half a second a process and frees nothing."""
    try:
        Desk().run()
    except SystemExit as ended:
        end_now(ended.code if isinstance(ended.code, int) else 1)


if __name__ == "__main__":
    main()
