"""The desk's processes, found in /proc by their parents, and who of them is killed."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

VICTIMS = {
    "a worker of the web server": 3,
    "the web server": 2,
    "the desk's first process": 3,
    "the background": 1,
    "the database": 4,
    "a backend of the database": 3,
    "a helper of the database": 1,
    "an import": 2,
    "the database and all its children": 2,
    "everything at once": 4,
}
"""Who is killed, and how often beside the others."""


@dataclass(frozen=True)
class Process:
    """A process: its number, its parent's, and its command line."""

    pid: int
    parent: int
    said: str


def processes() -> Iterator[Process]:
    """All that run, without those that have ended and wait."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError, ValueError):
            state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            if state != "Z":
                said = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                yield Process(int(entry.name), int(parent), said)


def family(data: Path, root: int) -> list[Process]:
    """The process `root` with all its descendants, and whatever else still works over the data folder."""
    every = list(processes())
    known = {root} | {one.pid for one in every if _works_over(one, data)}
    while more := {one.pid for one in every if one.parent in known} - known:
        known |= more
    return [one for one in every if one.pid in known and one.pid != os.getpid()]


def _works_over(one: Process, data: Path) -> bool:
    if str(data) in one.said:
        return True
    with suppress(OSError):
        return str(data).encode() in Path(f"/proc/{one.pid}/environ").read_bytes()
    return False


def victims(kind: str, found: list[Process], root: int, pick: random.Random) -> list[int]:
    """Whom a kill of this kind strikes; nobody, where there is no such process now."""
    database = [one.pid for one in found if "/postgres -D " in one.said]
    children = [one for one in found if one.parent in database]
    web = [one for one in found if "forbear.desk.server.web" in one.said or one.said.startswith("gunicorn: ")]
    masters = {one.pid for one in web} & {one.parent for one in web} or {one.pid for one in web}
    one_of = {
        "a worker of the web server": [one.pid for one in web if one.parent in masters],
        "the web server": sorted(masters),
        "the desk's first process": [root],
        "the background": [one.pid for one in found if "forbear.desk.server.background" in one.said],
        "the database": database,
        "a backend of the database": [one.pid for one in children if "127.0.0.1" in one.said],
        "a helper of the database": [one.pid for one in children if "127.0.0.1" not in one.said],
        "an import": [one.pid for one in found if " desk import " in one.said],
    }
    if kind == "everything at once":
        return [one.pid for one in found]
    if kind == "the database and all its children":
        return [*database, *(one.pid for one in children)]
    return [pick.choice(sorted(one_of[kind]))] if one_of[kind] else []


def kill(pids: list[int]) -> int:
    """SIGKILL to each; how many were still there."""
    struck = 0
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            struck += 1
    return struck
