"""Reading from a Fineract server what changed since the last run, or for the first time everything.

Every run reads the list of loans (a page of 200 a request) and compares each row with the one seen last: a loan whose
row differs is read whole. What changes no figure of that row (a backdated correction that comes out even) is found by
the server's own audit trail where the user may read it; otherwise by `full`, which reads every loan again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from forbear.basics.errors import ForbearError
from forbear.book.fineract.mapping import mapped, status_of
from forbear.book.fineract.mirror import Mirror
from forbear.book.fineract.parsing import Unmapped
from forbear.book.fineract.wire import Client, Refused

WORKERS = 4
ROUNDS = 3
"""How often the list is read anew when loans came in while it was read."""
OVERLAP = timedelta(hours=1)
"""The audit trail is read from so long before the last run began: clocks differ."""
NOT_LENT = "not_disbursed"

Progress = Callable[[int, int], None]


@dataclass
class Fetched:
    """What a run did.

    Attributes:
        listed: loans that the server has.
        read: loans that were read whole.
        unchanged: loans whose row was as before.
        vanished: loans of the book that the server no longer has; they stay in it.
        statuses: loans by status.
        left_out: reason to the loans that are none of the book's, with what it is about.
        types: transactions of the loans in the book, by type.
        audited: whether the audit trail was read; None: there was no earlier run to compare with.
        changed: loans whose row was new or other than before.
    """

    listed: int = 0
    read: int = 0
    unchanged: int = 0
    vanished: list[int] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)
    audited: bool | None = None
    changed: set[int] = field(default_factory=set, repr=False)


def fetch(
    client: Client,
    mirror: Mirror,
    *,
    at: datetime,
    full: bool = False,
    workers: int = WORKERS,
    progress: Progress = lambda _done, _all: None,
) -> Fetched:
    """Bring the mirror up to date; killed, it goes on where it stopped.

    Args:
        client: the server.
        mirror: entered.
        at: now, in UTC.
        full: read every loan again.
        workers: loans that are read at once.
        progress: told loans seen and loans in all.

    Raises:
        Refused, Unreachable: the server does not answer as it should; what was read so far is kept.
        WrongUse: the mirror is another server's.
    """
    mirror.of(client.url, client.tenant)
    began = mirror.told("began") or at.isoformat()  # of the run that goes on
    mirror.tell("began", began)
    done = Fetched()
    touched = _touched(client, mirror, done)
    for _ in range(ROUNDS):
        known = mirror.marks(since=began if full else "")
        total, seen = _one_round(client, mirror, known, touched, at, workers, progress, done)
        done.listed = len(seen)
        touched = set()
        if len(seen) >= total:
            break
    else:
        raise ForbearError(
            f"the list of loans changes faster than it is read: {done.listed} of {total}",
            "run it again at a quieter hour",
        )
    done.unchanged = done.listed - len(done.changed)
    done.vanished = sorted(mirror.marks().keys() - seen)
    mirror.tell("last", began)
    mirror.tell("began", "")
    _tell(mirror, done)
    return done


def _one_round(
    client: Client,
    mirror: Mirror,
    known: dict[int, str],
    touched: set[int],
    at: datetime,
    workers: int,
    progress: Progress,
    done: Fetched,
) -> tuple[int, set[int]]:
    total, seen = 0, set[int]()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for total, items in client.pages("loans", orderBy="accountNo", sortOrder="ASC"):
            fresh = {int(row["id"]): row for row in items if int(row["id"]) not in seen}
            seen |= fresh.keys()
            marks = {loan_id: mark_of(row) for loan_id, row in fresh.items()}
            wanted = []
            for loan_id, row in fresh.items():
                if known.get(loan_id) == marks[loan_id] and loan_id not in touched:
                    continue
                done.changed.add(loan_id)
                if not status_of(row)[1]:
                    mirror.leave_out(loan_id, marks[loan_id], status_of(row)[0], at.isoformat(), NOT_LENT, "")
                else:
                    wanted.append(loan_id)
            for loan_id, answer in zip(wanted, pool.map(lambda one: _whole(client, one), wanted), strict=True):
                _keep(mirror, loan_id, marks[loan_id], answer, at)
                done.read += 1
            progress(len(seen), max(total, len(seen)))
    return total, seen


def _whole(client: Client, loan_id: int) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"loans/{loan_id}", associations="repaymentSchedule,transactions")
    return answer


def _keep(mirror: Mirror, loan_id: int, mark: str, answer: dict[str, Any], at: datetime) -> None:
    status = status_of(answer)[0]
    try:
        rows = mapped(answer)
    except Unmapped as why:
        mirror.leave_out(loan_id, mark, status, at.isoformat(), why.reason, why.detail)
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        mirror.leave_out(loan_id, mark, status, at.isoformat(), "unexpected_shape", type(wrong).__name__)
    else:
        mirror.keep(loan_id, mark, status, at.isoformat(), rows)


def mark_of(row: dict[str, Any]) -> str:
    """What tells whether a row of the list is as it was."""
    told = json.dumps(row, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _touched(client: Client, mirror: Mirror, done: Fetched) -> set[int]:
    """Loans that the audit trail names since the last run began."""
    last = mirror.told("last")
    if not last:
        return set()
    since = datetime.fromisoformat(last) - OVERLAP
    asked = {
        "paged": "true",
        "makerDateTimeFrom": f"{since:%Y-%m-%dT%H:%M:%SZ}",
        "orderBy": "id",
        "sortOrder": "ASC",
    }
    try:
        found = {loan for _, rows in client.pages("audits", **asked) for loan in _named(rows)}
    except Refused as no:
        if no.status == 401:
            raise
        done.audited = False
        return set()
    done.audited = True
    return found


def _named(rows: list[dict[str, Any]]) -> Iterator[int]:
    for row in rows:
        if isinstance(row.get("loanId"), int):
            yield row["loanId"]
        elif row.get("entityName") == "LOAN" and isinstance(row.get("resourceId"), int):
            yield row["resourceId"]


def _tell(mirror: Mirror, done: Fetched) -> None:
    done.statuses = mirror.statuses()
    for reason, status, loan_id, detail in mirror.left_out():
        told = f"{loan_id} ({detail or status})"
        done.left_out.setdefault(reason, []).append(told)
    for _, now in mirror.loans():
        for name, count in now["types"].items():
            done.types[name] = done.types.get(name, 0) + count
