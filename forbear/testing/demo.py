"""A sample desk as a process, for tests and screenshots that walk through its pages: `forbear demo` on a small book."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from forbear.basics.errors import ForbearError
from forbear.desk.server.binaries import reachable
from forbear.testing.desk import _plain, open_folder

STOP_SECONDS = 30
DOOR = "a borrower's own page: "
LAST_LINE = "tried: "
"""What the command says last before it waits."""


@dataclass
class Demo:
    """A running demo: where it is, who signs in with which password, and all that it said.

    `logs` is what the desk and its PostgreSQL logged, once it has stopped.
    """

    url: str = ""
    passwords: dict[str, str] = field(default_factory=dict)
    doors: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Borrowers' own pages: a link that was not used yet, the last digits of her phone, the year she was born."""
    said: list[str] = field(default_factory=list)
    code: int | None = None
    logs: str = ""


ZONES = (
    *("Asia/Tokyo", "Asia/Shanghai", "Asia/Dhaka", "Asia/Karachi", "Asia/Dubai", "Africa/Nairobi", "Africa/Maputo"),
    *("Africa/Lagos", "Africa/Abidjan", "Atlantic/Cape_Verde", "America/Noronha", "America/Sao_Paulo"),
    *("America/Caracas", "America/Bogota", "America/Costa_Rica", "America/Phoenix", "Pacific/Pitcairn"),
    *("Pacific/Gambier", "Pacific/Honolulu", "Pacific/Pago_Pago", "Pacific/Tarawa", "Pacific/Guadalcanal"),
    "Australia/Brisbane",
)
"""A zone without summer time for each hour of the day."""


def where_it_is_day(at: datetime) -> str:
    """The zone in which an instant is nearest to one in the afternoon."""
    return min(ZONES, key=lambda zone: abs(at.astimezone(ZoneInfo(zone)).hour - 13))


@contextmanager
def running_demo(loans: int = 400, *, awake_at: datetime | None = None) -> Iterator[Demo]:
    """`forbear demo` on a book of so many loans, on a free port; stopped by SIGTERM.

    Args:
        loans: how many the book has.
        awake_at: all borrowers live where it is day at this instant, agreed to any hour, and no lender's own rule keeps
            weekends and holidays free, so that they may be called whatever the hour and the day.

    Raises:
        ForbearError: it ended instead of serving; carries what it said.
    """
    demo = Demo()
    words = ["demo", "--out", "", "--loans", str(loans), "--port", "0", "--seconds", "3600"]
    environment = _plain()
    if awake_at is not None:
        words += ["--zone", where_it_is_day(awake_at)]
        environment["FORBEAR_PACKS"] = "cn"
    with open_folder() as folder, tempfile.TemporaryFile("w+") as log:
        words[2] = str(Path(folder) / "demo")
        command = [sys.executable, "-c", "from forbear.cli import main; main()", *words]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
        )
        try:
            _listen(process, demo)
            if not demo.url:
                log.seek(0)
                raise ForbearError(f"the demo did not start: {''.join(demo.said)}{log.read()[-3000:]}")
            yield demo
        finally:
            process.send_signal(signal.SIGTERM)
            demo.said += (process.communicate(timeout=STOP_SECONDS)[0] or "").splitlines(keepends=True)
            demo.code = process.returncode
            log.seek(0)
            own = reachable(Path(folder) / "demo" / "desk" / "postgres") / "log"
            demo.logs = log.read() + (own.read_text(errors="replace") if own.exists() else "")


def _listen(process: subprocess.Popen[str], demo: Demo) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        demo.said.append(line)
        if "the desk is at " in line:
            demo.url = line.split("the desk is at ")[1].strip()
        elif line.startswith(DOOR):
            url, _, asked = line.removeprefix(DOOR).partition(" asks ")
            demo.doors.append((url, dict(one.split(" ") for one in asked.strip().split(", "))))
        elif demo.url and line.startswith("  "):
            _role, username, password = line.split()
            demo.passwords[username] = password
        elif line.startswith(LAST_LINE):
            return
