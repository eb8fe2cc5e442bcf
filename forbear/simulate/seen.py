"""The table that a strategy sees: one array a column, copied from the record, nothing else.

The arrays own their memory and are read-only: no view leads back to the lender's books, let alone to the people
behind them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forbear.simulate.acts import REACHES, menu
from forbear.simulate.days import Days
from forbear.simulate.record import Record

Column = NDArray[Any]
LONG_AGO = 999
"""Days since something that never happened."""


@dataclass(frozen=True, eq=False)
class _Now:
    """What the columns are made from."""

    record: Record
    days: Days
    day: int


def _since(what: NDArray[np.int32], day: int) -> NDArray[np.int32]:
    return np.where(what < -LONG_AGO, LONG_AGO, np.minimum(day - what, LONG_AGO)).astype(np.int32)


def _by_reach(counts: NDArray[np.int16], *reaches: str) -> NDArray[np.int16]:
    columns = np.isin(menu().reach, [REACHES.index(r) for r in reaches])
    return np.asarray(counts[:, columns].sum(axis=1), dtype=np.int16)


COLUMNS: dict[str, tuple[str, Callable[[_Now], Column]]] = {
    "borrower": ("number of the borrower", lambda n: n.record.borrower),
    "open": (
        "disbursed, and not all is paid",
        lambda n: (n.record.outstanding > 0) & (n.record.disbursed <= n.day),
    ),
    "dpd": ("days past due of the oldest unpaid installment", lambda n: n.record.dpd),
    "arrears": ("money due and unpaid, minor units", lambda n: n.record.arrears),
    "installment": ("the monthly installment, minor units", lambda n: n.record.part),
    "outstanding": ("everything still to be paid, minor units", lambda n: n.record.outstanding),
    "unpaid_installments": (
        "arrears in installments",
        lambda n: np.ceil(n.record.arrears / n.record.part).astype(np.int16),
    ),
    "days_to_due": (
        "days to the next due date, 0 today",
        lambda n: n.days.until_dom(n.day)[n.record.due_dom].astype(np.int16),
    ),
    "months_on_book": ("installments fallen due", lambda n: n.record.due_count.astype(np.int16)),
    "score": ("score at application, higher is better", lambda n: n.record.score),
    "first_time": ("no loan before this one", lambda n: n.record.first_time),
    "age": ("years", lambda n: n.record.age),
    "stated_income": ("a month, as stated at application, minor units", lambda n: n.record.stated_income),
    "autopay": ("installments are debited", lambda n: n.record.autopay),
    "payments": ("payments received", lambda n: n.record.payments),
    "days_since_payment": ("999 when none", lambda n: _since(n.record.last_payment, n.day)),
    "contacts": ("attempts so far", lambda n: n.record.attempts.sum(axis=1).astype(np.int32)),
    "contacts_7": ("attempts of the last 7 days", lambda n: n.record.recent.sum(axis=1).astype(np.int16)),
    "calls_7": (
        "attempts by voice of the last 7 days",
        lambda n: n.record.recent_calls.sum(axis=1).astype(np.int16),
    ),
    "days_since_contact": ("999 when none", lambda n: _since(n.record.last_contact, n.day)),
    "days_since_reached": ("999 when never", lambda n: _since(n.record.last_reached, n.day)),
    "phone_tried": ("attempts by telephone", lambda n: _by_reach(n.record.attempts, "phone")),
    "phone_reached": ("of these, spoken to", lambda n: _by_reach(n.record.reached, "phone")),
    "text_tried": ("messages sent", lambda n: _by_reach(n.record.attempts, "text", "push", "email")),
    "text_read": ("of these, read", lambda n: _by_reach(n.record.reached, "text", "push", "email")),
    "promise_open": ("a promise that is not yet due", lambda n: n.record.promise_until >= n.day),
    "broken": ("promises broken", lambda n: n.record.broken),
    "kept": ("promises kept", lambda n: n.record.kept),
    "on_plan": ("a plan is in force", lambda n: n.record.plan_until >= n.day),
    "extended": ("an extension is in force", lambda n: n.record.extension_until >= n.day),
    "settling": ("a settlement was accepted and may still be paid", lambda n: n.record.settle_until >= n.day),
    "stopped": ("asked not to be contacted", lambda n: n.record.stopped),
    "disputed": ("says the debt is not owed", lambda n: n.record.disputed),
    "hardship": ("told of hardship", lambda n: n.record.hardship),
    "vulnerable": ("known to be vulnerable", lambda n: n.record.vulnerable),
    "bad_number": ("the number is known to be wrong", lambda n: n.record.bad_number),
    "complained": ("has complained", lambda n: n.record.complained),
}
"""Column: (what it says, how it comes from the record)."""
ACT_COLUMNS = tuple(f"tried_{a.name}" for a in menu().acts[1:])


@dataclass(frozen=True, eq=False)
class Seen:
    """The table of a day: `seen["dpd"]`, one entry a borrower; `len(seen)` borrowers."""

    columns: dict[str, Column]

    def __getitem__(self, name: str) -> Column:
        """The column of that name."""
        return self.columns[name]

    def __len__(self) -> int:
        """How many borrowers."""
        return len(self.columns["borrower"])


def see(record: Record, days: Days, day: int) -> Seen:
    """The table of a day, before anything is done on it."""
    now = _Now(record, days, day)
    table = {name: _own(make(now)) for name, (_, make) in COLUMNS.items()}
    for number, name in enumerate(ACT_COLUMNS, 1):
        table[name] = _own(record.attempts[:, number])
    return Seen(table)


def _own(values: Column) -> Column:
    """A read-only copy that owns its memory."""
    copy = np.array(values)
    copy.flags.writeable = False
    return copy
