"""What was read of a Fineract server, loan by loan, in one SQLite file: so that a run that was killed goes on, and the
next one asks for what changed alone.

Only rows as a book has them are kept, no names. What was once seen of a loan stays known: its first schedule, and
payments that later vanish (Fineract books a payment anew under another number when something before it changes).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from forbear.basics.errors import WrongUse
from forbear.book.fineract.mapping import Rows

TABLES = """
CREATE TABLE IF NOT EXISTS loans (
    loan_id INTEGER PRIMARY KEY, mark TEXT NOT NULL, status TEXT NOT NULL, fetched_at TEXT NOT NULL,
    first TEXT, now TEXT, reason TEXT, detail TEXT);
CREATE TABLE IF NOT EXISTS told (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
# first: loan and installments as first seen; now: Rows as last seen, with every payment ever seen.


class Mirror:
    """The mirror in a file, of one server and tenant; entered by one process at a time."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._held = sqlite3.connect(self.path, timeout=1.0, isolation_level=None)
        try:
            self._held.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._held.executescript(f"BEGIN EXCLUSIVE; {TABLES} COMMIT;")
        except sqlite3.OperationalError:
            self._held.close()
            raise WrongUse(f"{self.path} is in use by another run", "wait until it has ended") from None
        except sqlite3.DatabaseError:
            self._held.close()
            raise WrongUse(f"{self.path} is no mirror of a Fineract server", "name another folder") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def of(self, url: str, tenant: str) -> None:
        """Say whose mirror this is.

        Raises:
            WrongUse: it is another's.
        """
        known = self.told("server")
        wanted = json.dumps([url, tenant])
        if known not in (None, wanted):
            raise WrongUse(f"{self.path} mirrors another server or tenant: {known}", "name another folder")
        self.tell("server", wanted)

    def told(self, name: str) -> str | None:
        """A note of an earlier run."""
        row = self._held.execute("SELECT value FROM told WHERE name = ?", [name]).fetchone()
        return None if row is None else str(row[0])

    def tell(self, name: str, value: str) -> None:
        """Leave a note for the next run."""
        self._held.execute("INSERT OR REPLACE INTO told VALUES (?, ?)", [name, value])

    def marks(self, since: str = "") -> dict[int, str]:
        """By loan: the mark of the list's row at which it was read last; `since` an instant, or ever."""
        return dict(self._held.execute("SELECT loan_id, mark FROM loans WHERE fetched_at >= ?", [since]))

    def keep(self, loan_id: int, mark: str, status: str, at: str, rows: Rows) -> None:
        """Keep a loan as it is now; what was known of it before and has vanished is undone, not forgotten."""
        first, before = self._known(loan_id)
        if first is None:
            first = {"loan": rows.loan, "installments": rows.installments}
        now = asdict(rows)
        if before is not None:
            _remember(now, before)
        self._write(loan_id, mark, status, at, json.dumps(first), json.dumps(now), None, None)

    def leave_out(self, loan_id: int, mark: str, status: str, at: str, reason: str, detail: str) -> None:
        """Note why a loan is no loan of a book; what was known of it before stays known."""
        first, before = self._known(loan_id)
        kept = [None if one is None else json.dumps(one) for one in (first, before)]
        self._write(loan_id, mark, status, at, kept[0], kept[1], reason, detail)

    def loans(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Loans of the book in order of id: as first seen, and as they are now."""
        found = self._held.execute("SELECT first, now FROM loans WHERE reason IS NULL ORDER BY loan_id")
        for first, now in found:
            yield json.loads(first), json.loads(now)

    def left_out(self) -> list[tuple[str, str, int, str]]:
        """Loans that are none of the book's: reason, status, loan, detail."""
        found = self._held.execute(
            "SELECT reason, status, loan_id, detail FROM loans WHERE reason IS NOT NULL ORDER BY reason, loan_id"
        )
        return [(row[0], row[1], row[2], row[3]) for row in found]

    def statuses(self) -> dict[str, int]:
        """How many loans of each status."""
        return dict(self._held.execute("SELECT status, count(*) FROM loans GROUP BY status ORDER BY status"))

    def _known(self, loan_id: int) -> tuple[Any, Any]:
        row = self._held.execute("SELECT first, now FROM loans WHERE loan_id = ?", [loan_id]).fetchone()
        if row is None:
            return None, None
        return tuple(None if one is None else json.loads(one) for one in row)  # type: ignore[return-value]

    def _write(self, loan_id: int, *rest: Any) -> None:
        self._held.execute("INSERT OR REPLACE INTO loans VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [loan_id, *rest])


def _remember(now: dict[str, Any], before: dict[str, Any]) -> None:
    """Payments that were seen before and are gone stay, undone from their own day; earlier reversals stay as told.

    A reversal that Fineract no longer tells of (money given back, then that undone) cannot be taken back in a book, so
    the payment is entered anew under another name.
    """
    for key, row in before["payments"].items():
        if key not in now["payments"]:
            now["payments"][key] = row
            now["reversals"].setdefault(key, before["reversals"].get(key) or [row[0], None])
        elif now["payments"][key][:2] != row[:2]:
            again = now["payments"][key]
            now["payments"][key] = row
            now["reversals"][key] = before["reversals"].get(key) or [row[0], None]
            now["payments"][f"{key}-as-of-{again[0]}-{again[1]}"] = again
        elif key in before["reversals"]:
            if key not in now["reversals"]:
                now["payments"][f"{key}-again"] = [max(before["reversals"][key][0], row[0]), row[1], row[2]]
            now["reversals"][key] = before["reversals"][key]
