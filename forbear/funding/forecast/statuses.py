"""The same forecast for books of statuses: how many accounts are paid off, or how much is lost, in each coming period.

Such books know no money that came. They know when an account came into a state: paid off (`closed`) or given
up (`lost`).
Cells are the state an account was last seen in and its age; the naive forecast rolls states forward, as ever.
Losses weigh
by the balance at the loss, exposures by what was lent, where the book tells them; else each account counts as one.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from forbear.aging.states import Kind, ordered
from forbear.basics.errors import WrongUse
from forbear.book import Book
from forbear.funding.forecast.history import Floats, History, parameters, statement
from forbear.funding.periods import Every, period_ends

BAND, BANDS = 3, 21
"""Periods in a band of age, and bands; the last takes the rest."""
EVENTS = {"closed": "paid off", "lost": "lost"}


def status_history(
    book: Book,
    as_of: date,
    event: str,
    every: Every = Every.month,
    horizon: int | None = None,
    origins: int | None = None,
) -> History:
    """The history of an opened book of statuses.

    Args:
        book: opened, with a table `statuses`.
        as_of: nothing after it counts.
        event: `closed` or `lost`.
        every: months or weeks.
        horizon: periods to look ahead; the parameters' when None.
        origins: periods to look back; the parameters' when None.

    Raises:
        WrongUse: no statuses by the as-of date, or none of the event.
    """
    if event not in EVENTS:
        raise WrongUse(f"{event!r} is no event of statuses", f"one of {', '.join(EVENTS)}")
    spans = parameters()["history"][every.value]
    ahead, back = horizon or spans["horizon"], origins or spans["origins"]
    counts = _prepare(book, as_of, event, every)
    values = {
        "as_of": as_of,
        "first": -back,
        "horizon": ahead,
        "band": BAND,
        "bands": BANDS,
        "counts": counts,
    }
    rows = book.connection.execute(statement("statuses"), values).fetchnumpy()
    return _arrays(as_of, every, ahead, rows, "accounts" if counts else "money")


def _prepare(book: Book, as_of: date, event: str, every: Every) -> bool:
    """Make the small tables that the SQL reads; whether accounts are counted instead of money."""
    if "statuses" not in book:
        raise WrongUse(f"{book.path} has no statuses", "books of payments are forecast from their payments")
    connection = book.connection
    connection.execute("CREATE SCHEMA IF NOT EXISTS funding")
    row = connection.execute(
        "SELECT min(coalesce(opened_on, on_date)), max(on_date), count(balance) FROM book.statuses WHERE on_date <= $1",
        [as_of],
    ).fetchall()[0]
    if row[0] is None:
        raise WrongUse(f"no status is told by {as_of}", "take a later --as-of")
    connection.execute("CREATE OR REPLACE TABLE funding.periods (n INTEGER, ends_on DATE)")
    connection.executemany("INSERT INTO funding.periods VALUES (?, ?)", period_ends(as_of, row[0], as_of, every))
    states = ordered(r[0] for r in connection.execute("SELECT DISTINCT state FROM book.statuses").fetchall())
    happens = [s.name for s in states if s.kind is Kind(event)]
    if not happens:
        known = ", ".join(s.name for s in states)
        raise WrongUse(f"no state of {book.path} means {EVENTS[event]}", f"its states are {known}")
    shut = [s.name for s in states if s.kind in {Kind.closed, Kind.lost, Kind.absent}]
    for table, names in (("event_states", happens), ("shut_states", shut)):
        connection.execute(f"CREATE OR REPLACE TABLE funding.{table} (state VARCHAR)")
        connection.executemany(f"INSERT INTO funding.{table} VALUES (?)", [(n,) for n in names])
    counts = not (row[2] and "loans" in book)
    weights = (
        "SELECT DISTINCT loan_id, 1 AS weight FROM book.statuses"
        if counts
        else "SELECT loan_id, principal AS weight FROM book.loans"
    )
    connection.execute(f"CREATE OR REPLACE TABLE funding.weights AS {weights}")
    return counts


def _arrays(as_of: date, every: Every, ahead: int, rows: dict[str, Any], tells: str) -> History:
    if not len(rows["origin"]):
        raise WrongUse(f"nothing is open at any period's end by {as_of}", "take another --as-of")
    first = int(rows["origin"].min())
    states = sorted(set(rows["state"].tolist()))
    state = np.array([states.index(s) for s in rows["state"].tolist()], dtype=np.int64)
    place = np.asarray(rows["origin"] - first, dtype=np.int64)
    cell = state * BANDS + np.asarray(rows["age"], dtype=np.int64)
    size, cells = 1 - first, len(states) * BANDS
    exposure, flow = np.zeros((size, cells)), np.zeros((size, cells, ahead))
    np.add.at(exposure, (place, cell), rows["weight"])
    later = np.ma.filled(np.ma.asarray(rows["later"]), 0).astype(np.int64)
    came = later > 0
    np.add.at(flow, (place[came], cell[came], later[came] - 1), rows["event_weight"][came])
    owed = exposure.reshape(size, len(states), BANDS).sum(axis=2)
    lost = flow[:, :, 0].reshape(size, len(states), BANDS).sum(axis=2)
    return History(
        as_of,
        every,
        np.arange(first, 1, dtype=np.int64),
        np.repeat(np.arange(len(states)), BANDS),
        exposure,
        flow,
        np.zeros(cells),
        owed,
        _rolled(owed, lost),
        tells,
    )


def _rolled(owed: Floats, came: Floats) -> Floats:
    """States keep what did not leave; the naive forecast of an event needs no more."""
    size, states = owed.shape
    rolled = np.zeros((size, states, states))
    rolled[:, np.arange(states), np.arange(states)] = np.maximum(owed - came, 0)
    return rolled
