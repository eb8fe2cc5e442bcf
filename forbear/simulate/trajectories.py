"""A library of real months: how accounts moved from state to state, and how late those who paid were.

Read from a book through its mapping (`docs/book.md`); nothing of it is shipped. A state is the number of installments
unpaid at a month's end, 0 to 5; for books that carry statuses it is days past due in steps of 30.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from forbear.basics.errors import WrongUse
from forbear.book import open_book

WORST = 5
LENGTH = 4
"""Months of a block: its first state and three moves."""
MOST_LATE = 29
FROM_STATUSES = """
    SELECT loan_id, year(on_date) * 12 + month(on_date) AS period,
        CASE WHEN dpd IS NULL THEN NULL ELSE least(dpd // 30, 5) END AS state
    FROM book.statuses WHERE state IS DISTINCT FROM 'X' OR dpd IS NOT NULL ORDER BY loan_id, period
"""
FROM_EVENTS = """
    WITH ends AS (
        SELECT last_day(CAST(range AS DATE)) AS on_date
        FROM range((SELECT date_trunc('month', min(due_on)) FROM book.installments),
                   (SELECT max(paid_on) FROM book.payments), INTERVAL 1 MONTH)
    ),
    due AS (
        SELECT i.loan_id, e.on_date, count(*) AS number,
            sum(principal_due + interest_due + coalesce(fees_due, 0)) AS owed,
            max(principal_due + interest_due + coalesce(fees_due, 0)) AS part
        FROM book.installments AS i JOIN ends AS e ON i.due_on <= e.on_date GROUP BY ALL
    ),
    paid AS (
        SELECT p.loan_id, e.on_date, sum(amount) AS came
        FROM book.payments AS p JOIN ends AS e ON p.paid_on <= e.on_date GROUP BY ALL
    )
    SELECT d.loan_id, year(d.on_date) * 12 + month(d.on_date) AS period,
        least(greatest(ceil((owed - coalesce(came, 0)) / part), 0), 5) AS state
    FROM due AS d LEFT JOIN paid AS p USING (loan_id, on_date) ORDER BY d.loan_id, period
"""
LATENESS = """
    WITH owed AS (
        SELECT loan_id, number, due_on, sum(principal_due + interest_due + coalesce(fees_due, 0))
            OVER (PARTITION BY loan_id ORDER BY number) AS until
        FROM book.installments
    ),
    came AS (
        SELECT loan_id, paid_on, sum(amount) OVER (PARTITION BY loan_id ORDER BY paid_on, payment_id) AS so_far
        FROM book.payments
    )
    SELECT o.loan_id, o.number, date_diff('day', o.due_on, min(c.paid_on)) AS late
    FROM owed AS o JOIN came AS c ON c.loan_id = o.loan_id AND c.so_far >= o.until
    GROUP BY o.loan_id, o.number, o.due_on
"""


@dataclass(frozen=True, eq=False)
class Library:
    """Blocks of months and lateness, of one or two books.

    Attributes:
        states: blocks x LENGTH, states 0 to 5.
        begins: where the blocks that begin in each state start, in `states` sorted by first state; one more entry.
        late: days late of installments paid within 29 days, sorted; early ones negative.
        told: what it was made from, in a sentence.
    """

    states: NDArray[np.int8]
    begins: NDArray[np.int64]
    late: NDArray[np.int64]
    told: str

    @property
    def length(self) -> int:
        """Months of a block."""
        return int(self.states.shape[1])

    def draw(self, state: NDArray[np.int64], luck: NDArray[np.float32]) -> NDArray[np.int64]:
        """A block for each borrower, of those that begin in the borrower's state."""
        first, after = self.begins[state], self.begins[state + 1]
        return first + (luck * (after - first)).astype(np.int64)

    def lateness(self, luck: NDArray[np.float32]) -> NDArray[np.int64]:
        """Days late, drawn from those of the book."""
        return self.late[(luck * len(self.late)).astype(np.int64)]


def read_library(book: Path, mapping: str | None = None) -> Library:
    """The library of one book.

    Raises:
        WrongUse: the book has no state from which no account ever moved on, or no months at all.
    """
    with duckdb.connect() as connection:
        opened = open_book(book, connection, mapping=mapping)
        carries = "statuses" in opened
        rows = connection.execute(FROM_STATUSES if carries else FROM_EVENTS).fetchnumpy()
        late = (
            np.zeros(1, dtype=np.int64)
            if carries
            else np.asarray(connection.execute(LATENESS).fetchnumpy()["late"], dtype=np.int64)
        )
    states = blocks_of(rows)
    return _library(
        states, late[late <= MOST_LATE], f"{len(states):,} blocks of {LENGTH} months from {Path(book).name}"
    )


def with_lateness(library: Library, other: Library) -> Library:
    """Moves from one book, lateness from another: for a book that carries statuses and no days."""
    return replace(library, late=other.late, told=f"{library.told}; lateness from {other.told.rsplit(' ', 1)[-1]}")


def invented_library(as_of: date = date(2026, 6, 30)) -> Library:
    """The library of a sample book, for when no real one is at hand; says so."""
    import tempfile

    from forbear.book.sample import make_sample

    with tempfile.TemporaryDirectory() as folder:
        make_sample(folder, loans=20_000, as_of=as_of, threads=1)
        made = read_library(Path(folder))
    return replace(made, told=f"{len(made.states):,} blocks of an INVENTED sample book, not of real borrowers")


def blocks_of(rows: dict[str, NDArray[Any]]) -> NDArray[np.int8]:
    """Every run of LENGTH months in a row of one loan; a gap or an unknown state ends a run."""
    state = np.ma.filled(np.ma.asarray(rows["state"], dtype=np.float64), -1).astype(np.int64)
    loan = np.unique(np.asarray(rows["loan_id"]).astype(str), return_inverse=True)[1]
    period = np.asarray(rows["period"], dtype=np.int64)
    count = len(state) - LENGTH + 1
    if count < 1:
        return np.zeros((0, LENGTH), dtype=np.int8)
    windows = np.lib.stride_tricks.sliding_window_view(state, LENGTH)
    last = LENGTH - 1
    whole = (loan[:count] == loan[last:]) & (period[last:] - period[:count] == last) & (windows >= 0).all(axis=1)
    found: NDArray[np.int8] = windows[whole].astype(np.int8)
    return found


def _library(states: NDArray[np.int8], late: NDArray[np.int64], told: str) -> Library:
    steps = np.diff(states, axis=1)
    states = states[(steps <= 1).all(axis=1)]
    states = states[np.argsort(states[:, 0], kind="stable")]
    begins = np.searchsorted(states[:, 0], np.arange(WORST + 2))
    lacking = [s for s in range(WORST + 1) if begins[s + 1] == begins[s]]
    if lacking:
        raise WrongUse(
            f"no trajectory begins with {lacking[0]} unpaid installments",
            "give a book with more months, or one that carries statuses (docs/simulate.md)",
        )
    return Library(states, begins.astype(np.int64), np.sort(late), told)
