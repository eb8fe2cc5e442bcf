"""What keeps the desk up while it is being killed, and brings books in again and again: systemd's and cron's part."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from forbear.testing.desk import _forbear, _plain
from forbear.testing.kills.books import Lent
from forbear.testing.kills.clients import Client
from forbear.testing.kills.family import Process, family, kill
from forbear.testing.kills.record import Record

START_SECONDS = 300
STOP_SECONDS = 30


class Kept:
    """`forbear serve` on one port, started again whenever it has ended, until the block ends."""

    def __init__(self, data: Path, port: int) -> None:
        self.data, self.url, self.starts = data, f"http://127.0.0.1:{port}", 0
        self._command = [*_forbear("serve", data), "--port", str(port), "--workers", "2", "--threads", "4"]
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def __enter__(self) -> Kept:
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        if self._process:
            self._process.terminate()
        self._keeper.join(STOP_SECONDS)
        kill([one.pid for one in self.family()])

    @property
    def pid(self) -> int:
        """The first process; 0 while there is none."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    @property
    def log(self) -> Path:
        """Where all of them write."""
        return self.data.parent / "desk.log"

    def database_url(self) -> str:
        """Where the database answers, as the desk tells it now.

        Raises:
            OSError, ValueError: it tells nothing now.
        """
        told: dict[str, str] = json.loads((self.data / "running.json").read_text())
        return told["DATABASE_URL"]

    def family(self) -> list[Process]:
        """All its processes, imports too."""
        return family(self.data, self.pid or -1)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            self.starts += 1
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(self._command, stdout=log, stderr=log, env=environment())
            self._process.wait()
            self._stopping.wait(0.1)


class Importer(Client):
    """Brings one book after the other in by the command; killed or failed, the same one again."""

    every = 0.5

    def __init__(self, kept: Kept, record: Record, books: list[Lent]) -> None:
        super().__init__(kept.url, record, "importer")
        self.kept, self.books = kept, books

    def act(self) -> None:
        """Import the next book, until the command has said that it is done."""
        if not self.books:
            self.stopping.wait(1)
            return
        book = self.books.pop(0)
        self.record.books[book.name] = book
        while not self.give_up.is_set():
            told = forbear("desk", "import", str(book.folder), data=self.kept.data)
            if told.returncode == 0:
                self.record.imported.add(book.name)
                self.record.told("imported", book=book.name)
                return
            self.record.told("import cut", book=book.name, said=told.stderr[-300:], code=told.returncode)
            if told.returncode == 1 and "contradicts" in told.stderr:
                self.record.wrong(f"import of {book.name} was refused: {told.stderr}")
                return
            self.give_up.wait(0.2)


def forbear(*words: str, data: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command over a data folder to its end."""
    command, *more = words
    return subprocess.run(
        _forbear(command, data, *more), input=text, capture_output=True, text=True, check=False, env=environment()
    )


def environment() -> dict[str, str]:
    """Of the desk and its commands; nobody here has a second factor."""
    return {**_plain(), "FORBEAR_SECOND_FACTOR_ROLES": ""}


def until(true: Callable[[], object], seconds: float, what: str) -> float:
    """Wait until a function says yes; the seconds it took.

    Raises:
        TimeoutError: it did not.
    """
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        with suppress(OSError, ValueError):
            if true():
                return time.monotonic() - began
        time.sleep(0.02)
    raise TimeoutError(f"{what}: not within {seconds:.0f} s")
