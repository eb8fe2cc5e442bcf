"""What clients sent and what they were answered: the auditor's own record, kept apart from the desk."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from forbear.testing.kills.books import Lent


@dataclass(frozen=True)
class Sent:
    """A payment as a client sends it; minor units."""

    key: str
    payment_id: str
    loan_id: str
    paid_on: str
    amount: int


class Record:
    """All that was sent and answered; every line also goes to a file, for reading after a failed run."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        self._file: TextIO = file.open("w", encoding="utf-8")
        self.sent: dict[str, Sent] = {}
        self.acknowledged: dict[str, int] = {}
        self.reversing: set[str] = set()
        self.reversed: set[str] = set()
        self.books: dict[str, Lent] = {}
        self.imported: set[str] = set()
        self.faults: list[str] = []
        self.counts: Counter[str] = Counter()
        self.recovered_at = 0.0

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def sending(self, one: Sent) -> None:
        """Note a payment before it is sent for the first time."""
        with self._lock:
            self.sent[one.key] = one
            self._write("sent", **asdict(one))

    def answered(self, key: str, entry: int, began: float) -> None:
        """Note that a payment was acknowledged; the same key must always be told the same entry."""
        with self._lock:
            before = self.acknowledged.setdefault(key, entry)
            if before != entry:
                self.faults.append(f"payment {key} was answered by entry {before}, then by {entry}")
            self.recovered_at = max(self.recovered_at, began)
            self.counts["answers"] += 1
            self._write("answered", key=key, entry=entry)

    def told(self, what: str, **more: object) -> None:
        """Note anything else."""
        with self._lock:
            self.counts[what] += 1
            self._write(what, **more)

    def wrong(self, fault: str) -> None:
        """Note an answer that must not be."""
        with self._lock:
            self.faults.append(fault)
            self._write("fault", fault=fault)

    def snapshot(self) -> tuple[dict[str, int], set[str], set[str]]:
        """What is acknowledged up to now: payments, reversals, imports."""
        with self._lock:
            return dict(self.acknowledged), set(self.reversed), set(self.imported)

    def _write(self, what: str, **more: object) -> None:
        self._file.write(json.dumps({"at": round(time.monotonic(), 3), "what": what, **more}) + "\n")
        self._file.flush()
