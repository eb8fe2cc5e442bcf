"""The embedded PostgreSQL: real binaries as our child, watched, restarted when killed, gone when we are gone.

One folder holds the cluster (`data`), its log and its socket. The server listens on its socket and, unless told
otherwise, on a free TCP port of 127.0.0.1, with SCRAM and a generated password and with checksums. Durability is
left as it is by default: a commit that was acknowledged survives a kill -9 of anything.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from forbear.basics.errors import ForbearError
from forbear.desk.server.binaries import binaries, reachable, run, unprivileged
from forbear.desk.server.family import child

START_SECONDS = 30
"""How long a server may be silent: one second when new, longer when it waits for a killed server's children.

One that says it is starting up is replaying its log after a crash. That takes as long as it takes (minutes after a
large import), and stopping it would only mean to begin again.
"""

STOP_SECONDS = 20
"""How long an orderly stop may take before the server is told to stop at once (and recovers at the next start)."""

SUPERUSER = "forbear"
_SOCKET_PATH_LIMIT = 90  # of 107 bytes that the kernel allows, the server's own file name taken off


class Embedded:
    """A PostgreSQL server over one folder; entered, it runs, and it is restarted when it dies until the exit."""

    def __init__(self, home: Path, *, password: str | None = None, settings: dict[str, str] | None = None) -> None:
        """Describe the server.

        Args:
            home: its folder, made where it is not there; as root elsewhere if the unprivileged user cannot get there.
            password: of its only user, asked for on every way in. None: no TCP, and everyone on the socket is trusted.
            settings: server settings, such as `{"shared_buffers": "256MB"}`.
        """
        self.home = reachable(home.absolute())
        self.password = password
        self.port = 5432
        self._settings = settings or {}
        self._user = unprivileged()
        self._bin = binaries()
        self._sockets = self.home if len(str(self.home)) < _SOCKET_PATH_LIMIT else None
        self._server: subprocess.Popen[bytes] | None = None
        self._up = threading.Event()
        self._stopping = threading.Event()
        self._failure: ForbearError | None = None
        self._watch = threading.Thread(target=self._keep_up, name="postgres", daemon=True)

    @property
    def conninfo(self) -> str:
        """Where it answers, for libpq: by the socket, or by TCP where the folder's name is too long for one."""
        host = self._sockets or "127.0.0.1"
        secret = f" password={self.password}" if self.password else ""
        return f"host={host} port={self.port} dbname=postgres user={SUPERUSER}{secret}"

    @property
    def url(self) -> str:
        """Where it answers by TCP, as a DATABASE_URL."""
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int | None:
        """The server's process, while there is one."""
        return self._server.pid if self._server else None

    def __enter__(self) -> Self:
        self._prepare()
        if self.password:
            self.port = free_port()
        self._watch.start()
        self._up.wait()
        if self._failure:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        _stop(self._server)
        self._watch.join()

    def _keep_up(self) -> None:
        """Start, wait until it dies, start again; this thread lives as long as the server, which is tied to it."""
        while not self._stopping.is_set():
            try:
                self._start()
            except ForbearError as failure:
                self._failure = failure
                self._up.set()
                return
            self._up.set()
            if self._server:
                self._server.wait()

    def _prepare(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        if self._user:
            shutil.chown(self.home, self._user)
        if (self.home / "data" / "PG_VERSION").exists():
            _clear_pid_file(self.home / "data")
        else:
            self._initialize()

    def _initialize(self) -> None:
        """Make the cluster beside its place and move it there whole, so that a killed first start leaves no half."""
        fresh, secret = self.home / "data.new", self.home / "initial"
        shutil.rmtree(fresh, ignore_errors=True)
        words: list[Path | str] = [
            self._bin / "initdb",
            "-D",
            fresh,
            "-U",
            SUPERUSER,
            "-E",
            "UTF8",
            "--data-checksums",
            "--no-locale",
        ]
        if self.password:
            secret.unlink(missing_ok=True)
            with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(self.password)
            if self._user:
                shutil.chown(secret, self._user)
            words += ["-A", "scram-sha-256", f"--pwfile={secret}"]
        else:
            words += ["-A", "trust"]
        try:
            run(words, self._user)
        finally:
            secret.unlink(missing_ok=True)
        fresh.rename(self.home / "data")

    def _start(self) -> None:
        """Start the server and wait for its answer; try again while an earlier server's children still hold on.

        Raises:
            ForbearError: it was silent for too long; carries the end of its log.
        """
        until = time.monotonic() + START_SECONDS
        while not self._stopping.is_set():
            self._server = self._spawn()
            while not self._stopping.is_set() and self._server.poll() is None:
                if self._answers():
                    return
                if self._recovers():
                    until = time.monotonic() + START_SECONDS
                elif time.monotonic() > until:
                    _stop(self._server)
                time.sleep(0.02)
            if time.monotonic() > until:
                log = (self.home / "log").read_text(errors="replace")[-2000:]
                raise ForbearError(f"PostgreSQL did not start: {log}")
            time.sleep(0.1)

    def _spawn(self) -> subprocess.Popen[bytes]:
        options = {
            "listen_addresses": "127.0.0.1" if self.password else "",
            "port": str(self.port),
            "unix_socket_directories": str(self._sockets or ""),
            "timezone": "UTC",
            "log_timezone": "UTC",
            # An error's words, details and statement may quote rows; the desk tells its kind and place in its own log.
            "log_min_messages": "log",
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            **self._settings,
        }
        flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        command = [str(self._bin / "postgres"), "-D", str(self.home / "data"), *flags]
        with (self.home / "log").open("ab") as log:
            return child(command, when_orphaned=signal.SIGINT, user=self._user, output=log)

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.conninfo, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _recovers(self) -> bool:
        """Whether it runs and says that nobody is let in yet."""
        from psycopg import pq

        return pq.PGconn.ping(f"{self.conninfo} connect_timeout=2".encode()) == pq.Ping.REJECT


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _stop(server: subprocess.Popen[bytes] | None) -> None:
    """Stop in order: open transactions are rolled back, the rest is on the disk."""
    if server is None:
        return
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait(STOP_SECONDS)


def _clear_pid_file(data: Path) -> None:
    """Stop a server that an earlier desk left behind; remove a pid file whose number another program now has."""
    file = data / "postmaster.pid"
    with suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(file.read_text().split("\n")[0])
        if not _is_server_of(pid, data):
            file.unlink()
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
            until = time.monotonic() + STOP_SECONDS
            while time.monotonic() < until and _is_server_of(pid, data):
                time.sleep(0.05)


def _is_server_of(pid: int, data: Path) -> bool:
    listed = Path(f"/proc/{pid}/cmdline")
    if listed.exists():
        said = listed.read_bytes().decode(errors="replace")
    else:
        told = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S607
        said = told.stdout
    return "postgres" in said and str(data) in said
