"""What came of the loans that stood at the end of each earlier period, from the events of a book, as arrays.

Each origin (the end of a period) has cells of what was owed then, and the money that came of each cell one, two, three
periods later. All forecasts, their past errors and the naive forecast read these arrays and nothing else. Estimates are
floats of minor units; they become integers when they are told.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from forbear.basics.errors import WrongUse
from forbear.book import Book
from forbear.funding.periods import Every, period_end, period_ends

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FAR = 1_000_000
"""Days past due beyond any."""


@dataclass(frozen=True)
class History:
    """Earlier origins and what came of them.

    Attributes:
        as_of: the last origin; nothing after it is known.
        every: length of a period.
        origins: numbers of the origins, rising; the as-of date is 0 and last.
        due_in: of each cell, the periods until its installments are due (0 or less: they were); its wider cell.
        exposure: origins x cells, what was owed.
        flow: origins x cells x horizon, what came in the first, second, … period after the origin.
        principal_share: cells, the share of the money that was principal.
        owed: origins x ranges of days past due, what was owed.
        rolled: origins x ranges x ranges, what of it was owed one period later, and in which range its loans
            stood then.
        tells: what the flows are: money, or accounts.
    """

    as_of: date
    every: Every
    origins: Ints
    due_in: Ints
    exposure: Floats
    flow: Floats
    principal_share: Floats
    owed: Floats
    rolled: Floats
    tells: str = "money"

    @property
    def horizon(self) -> int:
        """Periods after an origin that are looked at."""
        return int(self.flow.shape[2])

    def actual(self) -> Floats:
        """Origins x horizon: what came; NaN where it is not known by the as-of date."""
        told: Floats = self.flow.sum(axis=1)
        later = self.origins[:, None] + np.arange(1, self.horizon + 1)[None, :]
        return np.where(later <= 0, told, np.nan)

    def ends_on(self, number: int) -> date:
        """The last day of a period."""
        return period_end(self.as_of, number, self.every)


@cache
def parameters() -> dict[str, Any]:
    """The numbers of `parameters.toml`."""
    return tomllib.loads(files(__package__).joinpath("parameters.toml").read_text(encoding="utf-8"))


def statement(name: str) -> str:
    """A named SQL file of this folder."""
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


def book_history(
    book: Book, as_of: date, every: Every = Every.month, horizon: int | None = None, *, known: bool = True
) -> History:
    """The history of an opened book of events.

    Args:
        book: opened, with loans and installments; without payments nothing ever came.
        as_of: nothing after it counts.
        every: months or weeks.
        horizon: periods to look ahead; the parameters' when None.
        known: whether interest that a mapping made from later payments is left out.

    Raises:
        WrongUse: no loan was disbursed by the as-of date.
    """
    spans = parameters()["history"][every.value]
    ahead = horizon or spans["horizon"]
    stand(book, as_of, every, spans["origins"], hindsight=not known)
    buckets = make_ranges(book.connection, parameters()["cells"]["days"])
    old = parameters()["cells"]["old"]
    rows = book.connection.execute(
        statement("cells"), {"oldest": -old, "latest": ahead + 1, "horizon": ahead}
    ).fetchnumpy()
    moved = book.connection.execute(statement("rolls")).fetchnumpy()
    return _arrays(as_of, every, ahead, old, len(buckets), rows, moved)


def stand(book: Book, as_of: date, every: Every, origins: int, *, hindsight: bool = False) -> None:
    """Make `funding.chunks` and `funding.standing` of a book in its connection, for the last so many origins.

    Raises:
        WrongUse: no loan was disbursed by the as-of date.
    """
    connection = book.connection
    connection.execute("CREATE SCHEMA IF NOT EXISTS funding")
    first, last = _one(
        connection,
        "SELECT (SELECT min(disbursed_on) FROM book.loans), (SELECT max(due_on) FROM book.installments)",
    )
    if first is None or first > as_of:
        raise WrongUse(f"no loan was disbursed by {as_of}", "take a later --as-of")
    _make_periods(connection, period_ends(as_of, first, max(last or as_of, as_of), every))
    _make_undone(book, as_of)
    interest = "0" if "installments.interest_due" in book.hindsight and not hindsight else "interest_due"
    payments = "book.payments" if "payments" in book else "(SELECT NULL AS payment_id, * FROM funding.no_payments)"
    connection.execute(
        "CREATE OR REPLACE TABLE funding.no_payments AS SELECT loan_id, disbursed_on AS paid_on,"
        " CAST(0 AS BIGINT) AS amount FROM book.loans LIMIT 0"
    )
    connection.execute(statement("chunks").format(interest=interest, payments=payments), {"as_of": as_of})
    connection.execute(statement("standing"), {"first": -origins})


def make_ranges(connection: duckdb.DuckDBPyConnection, days: list[int]) -> list[int]:
    """Make `funding.ranges` from the last days of ranges; gives the first days of all, the open one last."""
    firsts = [0, *(d + 1 for d in days)]
    lasts = [*days, FAR]
    connection.execute(
        "CREATE OR REPLACE TABLE funding.ranges (bucket INTEGER, days_from INTEGER, days_to INTEGER)"
    )
    connection.executemany(
        "INSERT INTO funding.ranges VALUES (?, ?, ?)",
        [(i, a, b) for i, (a, b) in enumerate(zip(firsts, lasts, strict=True))],
    )
    return firsts


def _make_periods(connection: duckdb.DuckDBPyConnection, ends: list[tuple[int, date]]) -> None:
    connection.execute("CREATE OR REPLACE TABLE funding.periods (n INTEGER, ends_on DATE)")
    connection.executemany("INSERT INTO funding.periods VALUES (?, ?)", ends)


def _make_undone(book: Book, as_of: date) -> None:
    """Payments undone by the as-of date; the NULL keeps none apart, and is none of them."""
    source = (
        "SELECT DISTINCT payment_id FROM book.events"
        f" WHERE kind = 'reversal' AND effective_on <= DATE '{as_of}' AND payment_id IS NOT NULL"
        if "events" in book
        else "SELECT loan_id AS payment_id FROM book.loans LIMIT 0"
    )
    book.connection.execute(f"CREATE OR REPLACE TABLE funding.undone AS {source}")


def _arrays(
    as_of: date,
    every: Every,
    ahead: int,
    old: int,
    buckets: int,
    rows: dict[str, Any],
    moved: dict[str, Any],
) -> History:
    first = int(min(rows["origin"], default=0))
    origins = np.arange(first, 1, dtype=np.int64)
    dues = np.arange(-old, ahead + 2)
    cells = len(dues) * buckets
    place = np.asarray(rows["origin"] - first, dtype=np.int64)
    cell = np.asarray((rows["due_in"] + old) * buckets + rows["bucket"], dtype=np.int64)
    amount = np.asarray(rows["amount"], dtype=np.float64)
    exposure = np.zeros((len(origins), cells))
    np.add.at(exposure, (place, cell), amount - np.asarray(rows["extra"], dtype=np.float64))
    flow = np.zeros((len(origins), cells, ahead))
    later = np.ma.filled(np.ma.asarray(rows["later"]), 0).astype(np.int64)
    came = later > 0
    np.add.at(flow, (place[came], cell[came], later[came] - 1), amount[came])
    principal, money = np.zeros(cells), np.zeros(cells)
    np.add.at(principal, cell[came], np.asarray(rows["principal"], dtype=np.float64)[came])
    np.add.at(money, cell[came], amount[came])
    share = np.divide(principal, money, out=np.full(cells, _ratio(principal, money)), where=money > 0)
    owed = exposure.reshape(len(origins), len(dues), buckets).sum(axis=1)
    return History(
        as_of,
        every,
        origins,
        np.repeat(dues, buckets),
        exposure,
        flow,
        share,
        owed,
        _rolled(moved, first, len(origins), buckets),
    )


def _ratio(part: Floats, whole: Floats) -> float:
    return float(part.sum() / whole.sum()) if whole.sum() else 1.0


def _rolled(moved: dict[str, Any], first: int, origins: int, buckets: int) -> Floats:
    rolled = np.zeros((origins, buckets, buckets))
    to = np.ma.filled(np.ma.asarray(moved["to_bucket"]), -1).astype(np.int64)
    stays = to >= 0
    where = (
        np.asarray(moved["origin"], dtype=np.int64)[stays] - first,
        np.asarray(moved["from_bucket"], dtype=np.int64)[stays],
        to[stays],
    )
    np.add.at(rolled, where, np.asarray(moved["left_owed"], dtype=np.float64)[stays])
    return rolled


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    return tuple(connection.execute(query).fetchall()[0])
