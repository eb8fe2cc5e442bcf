"""`forbear serve` itself: a database, its migrations, the web server, one signal to stop them all.

This process holds the data folder and two children, the embedded PostgreSQL (unless DATABASE_URL names another) and
the web server; both are gone when it is gone. It loads no Django itself: migrations run in a process of their own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from forbear.basics.errors import ForbearError, WrongUse
from forbear.desk.server.announcing import announced
from forbear.desk.server.background import kept_up
from forbear.desk.server.embedded import Embedded, free_port
from forbear.desk.server.family import child
from forbear.desk.server.keeping import DataFolder

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
READY_SECONDS = 60
"""How long the web server may take to answer for the first time."""
MIGRATING = 0x6D696772
"""Key of the lock under which tables are brought up to date (the letters migr)."""
STOP_SECONDS = 5
"""How long the web server may take to stop before it is killed; it gives requests one second."""


class Stopped(BaseException):
    """SIGTERM or SIGINT came."""


def serve(data: Path, host: str, port: int, *, workers: int, threads: int, say: Callable[[str], None]) -> None:
    """Run the desk until SIGTERM or SIGINT.

    Args:
        data: the data folder, made where it is not there.
        host: address to listen on; other than this machine's own it needs FORBEAR_PUBLIC_URL.
        port: to listen on; 0 takes a free one.
        workers: processes of the web server.
        threads: requests that each of them answers at once.
        say: told the URL once the desk answers there.

    Raises:
        WrongUse: the folder is in use, or the address needs a public URL.
        ForbearError: the database did not start or migrate, or the web server ended by itself.
    """
    _need_public_url(host)
    port = port or free_port()
    url = f"http://{'[' + host + ']' if ':' in host else host}:{port}"
    with ExitStack() as held:
        held.enter_context(_stopped_by_signals())
        try:
            env = held.enter_context(environment(data))
            env.setdefault("FORBEAR_PUBLIC_URL", url)
            env |= {"FORBEAR_WORKERS": str(workers), "FORBEAR_THREADS": str(threads)}
            env.setdefault("FORBEAR_DB_POOL", str(threads + 2))
            env["FORBEAR_BIND"] = url.removeprefix("http://")
            env["PROMETHEUS_MULTIPROC_DIR"] = held.enter_context(tempfile.TemporaryDirectory(prefix="fb-metrics-"))
            migrate(env)
            held.enter_context(announced(data, env))
            web = held.enter_context(_web(env))
            held.enter_context(kept_up(env))
            _until_ready(web, url)
            say(env["FORBEAR_PUBLIC_URL"])
            raise ForbearError(f"the web server ended by itself with code {web.wait()}", "see its log above")
        except Stopped:
            return


@contextmanager
def environment(data: Path) -> Iterator[dict[str, str]]:
    """The settings for the desk's processes, with its database running: DATABASE_URL's, or our own in `data`."""
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "forbear.desk.settings"}
    with ExitStack() as held:
        folder = held.enter_context(DataFolder(data))
        env.setdefault("FORBEAR_SECRET_KEY", folder.secret("secret-key"))
        if not env.get("FORBEAR_MASTER_KEYS"):
            env.setdefault("FORBEAR_MASTER_KEY_FILE", str(folder.master_keys()))
        if not env.get("DATABASE_URL"):
            server = held.enter_context(
                Embedded(folder.path / "postgres", password=folder.secret("database-password"), settings=sized())
            )
            env["DATABASE_URL"] = server.url
        yield env


def sized() -> dict[str, str]:
    """Settings of the embedded server for this machine: an eighth of its memory for pages, fewer checkpoints.

    Nothing of what makes a commit durable is touched.
    """
    megabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    return {
        "shared_buffers": f"{min(max(megabytes // 8, 128), 2048)}MB",
        "effective_cache_size": f"{max(megabytes // 2, 256)}MB",
        "work_mem": "16MB",  # the board's month is sorted in memory
        "max_wal_size": "2GB",
        "random_page_cost": "1.1",  # no disk that turns
        "jit": "off",  # it takes longer than the statements of a page
    }


def migrate(env: dict[str, str]) -> None:
    """Bring the database's tables to this version; of several that begin at once, one does it and the others wait.

    Raises:
        ForbearError: the database cannot be reached, or a migration failed; carries its words.
    """
    import psycopg

    command = [sys.executable, "-m", "forbear.desk.server.migrating"]
    try:
        with psycopg.connect(env["DATABASE_URL"], autocommit=True) as held:
            held.execute("SELECT pg_advisory_lock(%s)", [MIGRATING])
            told = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    except psycopg.Error as error:
        raise ForbearError(f"the database does not answer: {error}", "is DATABASE_URL right?") from error
    if told.returncode:
        raise ForbearError(f"the migrations failed: {told.stderr.strip()[-2000:]}", "is DATABASE_URL right?")


@contextmanager
def _web(env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "forbear.desk.server.web"]
    server = child(command, when_orphaned=signal.SIGTERM, env=env)
    try:
        yield server
    finally:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _until_ready(web: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and web.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=5).close()  # noqa: S310 - our own address
        except urllib.error.HTTPError:
            return  # it answers; an unexpected Host is no sign of not being there
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise ForbearError(f"the web server does not answer at {url}", "is the port taken? see its log above")


def _need_public_url(host: str) -> None:
    if host not in LOOPBACK and not os.environ.get("FORBEAR_PUBLIC_URL"):
        raise WrongUse(
            f"{host} is reached by others, and their passwords would cross the network in the clear",
            "put a TLS proxy in front and set FORBEAR_PUBLIC_URL=https://...; see docs/operations.md",
        )


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Turn the first SIGTERM or SIGINT into `Stopped`; later ones do not disturb the shutdown."""

    def stop(number: int, frame: object) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, signal.SIG_IGN)
        raise Stopped

    before = {name: signal.signal(name, stop) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
