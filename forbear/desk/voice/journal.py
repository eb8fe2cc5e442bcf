"""What became of each call that was handed over: an append-only file, one JSON object a line, read again at the start.

An id is a promise: what was accepted is never dialed twice, what was said to be never seen is never dialed at all. A
line is on disk before its answer leaves. A call that was under way when the program died has no result: the desk keeps
counting it as everything that a call can be.
"""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forbear.basics.errors import WrongUse

ACCEPTED, CANCELLED, NEVER_SEEN, REJECTED = "accepted", "cancelled", "never_seen", "rejected"
MOST_NEWS = 500


class Journal:
    """States of ids and results of calls; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, str] = {}
        self._news: list[dict[str, Any]] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b", buffering=0)
        path.chmod(0o600)
        self._read(path)

    def _read(self, path: Path) -> None:
        self._file.seek(0)
        raw = self._file.read()
        whole = raw.rfind(b"\n") + 1
        if whole < len(raw):
            self._file.truncate(whole)  # a line that was being written when the power went
        for number, line in enumerate(raw[:whole].splitlines(), 1):
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError):
                raise WrongUse(f"{path}: line {number} is no line of a journal: {line[:60]!r}") from None

    def _take(self, row: dict[str, Any]) -> None:
        if "result" in row:
            self._news.append({**row, "key": f"c-{row['id']}"})
        else:
            self._states[row["id"]] = row["state"]

    def _write(self, row: dict[str, Any]) -> None:
        self._file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        os.fsync(self._file.fileno())
        self._take(row)

    def claim(self, key: str, state: str) -> str | None:
        """Write the first state of an id; None: it is new, else what it was before."""
        with self._lock:
            known = self._states.get(key)
            if known is None:
                self._write({"id": key, "state": state})
            return known

    def ended(self, key: str, result: str, code: str = "") -> None:
        """Write the result of a call."""
        with self._lock:
            at = datetime.now(UTC).isoformat(timespec="seconds")
            self._write({"id": key, "result": result, "at": at, "code": code})

    def news(self, after: str) -> tuple[list[dict[str, Any]], str]:
        """Results since a cursor, and the next cursor."""
        begin = int(after) if after.isascii() and after.isdigit() else 0
        with self._lock:
            some = self._news[begin : begin + MOST_NEWS]
        return some, str(begin + len(some))
