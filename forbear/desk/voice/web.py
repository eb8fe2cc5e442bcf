"""Serving the dialer: gunicorn, one process, since one SIP library holds all lines; a few threads for the wire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from forbear.desk.voice.lines import Trunk
from forbear.desk.voice.serving import Dialer


class _Served(BaseApplication):
    def __init__(self, address: str, made: Any) -> None:
        self._address, self._made = address, made
        self._dialer: Dialer | None = None
        super().__init__()

    def load_config(self) -> None:
        """One worker, four threads."""
        chosen = {
            "bind": [self._address],
            "workers": 1,
            "threads": 4,
            "worker_class": "gthread",
            "keepalive": 75,
            "errorlog": "-",
            "loglevel": "warning",
            "control_socket_disable": True,
            "worker_exit": self._let_go,
        }
        for name, value in chosen.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Dialer:
        """The dialer; in the worker, whose thread owns the SIP library."""
        self._dialer = self._made()
        return self._dialer

    def _let_go(self, _server: Any, _worker: Any) -> None:
        if self._dialer is not None:
            self._dialer.close()


def serve(trunk: Trunk, address: str, journal: Path, secret: str, lines: int) -> None:
    """Serve until told to stop."""
    _Served(address, lambda: Dialer(trunk, journal, secret, lines=lines)).run()
