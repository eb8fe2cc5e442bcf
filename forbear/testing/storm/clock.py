"""The storm's clock: three numbers in a small file, so that every process reads the same time.

It stands still between steps. A message is judged by the providers at the time of its arrival; since one step may be
an hour, a message that was on its way when the clock stepped is judged by the time before as well, for one real second.
"""

from __future__ import annotations

import os
import struct
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FORM = struct.Struct("<qqq")
"""Microseconds since 1970 now and before the last step; the machine's monotonic nanoseconds at that step."""
ON_ITS_WAY_NS = 1_000_000_000
WHERE = "FORBEAR_STORM_CLOCK"

_open: dict[str, int] = {}


def now() -> datetime:
    """The storm's time; the function that FORBEAR_CONTACT_CLOCK names."""
    return _instant(_read()[0])


def stamp() -> dict[str, Any]:
    """When a message arrives: the storm's time, the time before if a step was just made, and the machine's clock."""
    at, before, stepped = _read()
    mono = time.monotonic_ns()
    near = before if mono - stepped < ON_ITS_WAY_NS else at
    return {"at": _instant(at).isoformat(), "or_at": _instant(near).isoformat(), "mono": mono}


def set_to(path: Path, at: datetime) -> None:
    """Set the clock; one process does."""
    fresh = round(at.timestamp() * 1_000_000)
    before = FORM.unpack(path.read_bytes())[0] if path.exists() else fresh
    raw = FORM.pack(fresh, before, time.monotonic_ns())
    place = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.pwrite(place, raw, 0)
    finally:
        os.close(place)


def _read() -> tuple[int, int, int]:
    where = os.environ[WHERE]
    place = _open.get(where)
    if place is None:
        place = _open[where] = os.open(where, os.O_RDONLY)
    at, before, stepped = FORM.unpack(os.pread(place, FORM.size, 0))
    return at, before, stepped


def _instant(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / 1_000_000, UTC)
