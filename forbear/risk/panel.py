"""The panel: days rolled back through a book's own history, at which its open loans are looked at and later labelled.

A model is fitted on what could have been known on many earlier days, by the same tables that score the book today.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from forbear.basics.errors import WrongUse
from forbear.book import Book
from forbear.risk.frame import Frame, frame_of, moments_table
from forbear.risk.maturity import loans_over, ripe_until
from forbear.risk.placed import Block, blocks_on, frame_on
from forbear.risk.places import places
from forbear.risk.record import record_frame

MOST_ROWS = 300_000
"""Moments in a panel; beyond it, borrowers are drawn by a hash of their id."""
WEEKLY_ROWS = 120_000
"""A panel that would have fewer moments than this is rolled back by weeks, else by months."""
MOST_DAYS = 130
BUCKETS_OF_HASH = 10_000


def kind_of(book: Book) -> str:
    """`events` for a book with installments, `statuses` for one that carries states instead."""
    if {"loans", "installments"} <= set(book.tables):
        return "events"
    if "statuses" in book.tables:
        return "statuses"
    raise WrongUse(f"{book.path}: neither installments nor statuses", "a model needs one of them; see docs/book.md")


def training_frame(book: Book, until: date, *, most: int = MOST_ROWS, ripe: date | None = None) -> Frame:
    """Open loans at many days before `until`, and each loan on its day of disbursal, with what came after.

    Loans at the end of a book that holds none but finished ones are left out (`forbear.risk.maturity`).

    Args:
        book: opened.
        until: the day up to which it is known.
        most: rows.
        ripe: the last day of disbursal that counts, where it is known already.

    Raises:
        WrongUse: the book has no loan by that day.
    """
    if kind_of(book) == "statuses":
        moments = _record_moments(book, until, most)
        return record_frame(book, moments, until, outcomes=True)
    frame = frame_of(book, _event_moments(book, until, most, ripe), until, outcomes=True)
    return frame.take(~frame.marks["is_closed"].astype(bool))


def _event_moments(book: Book, until: date, most: int, ripe: date | None) -> pa.Table:
    db = book.connection
    first, loans = _one(
        book, f"SELECT min(disbursed_on), count(*) FROM book.loans WHERE disbursed_on <= DATE '{until}'"
    )
    if not loans:
        raise WrongUse(f"{book.path}: no loan was disbursed by {until}", "choose a later --as-of")
    (paid,) = _one(book, f"SELECT count(*) FROM book.payments WHERE paid_on <= DATE '{until}'")
    if not paid:
        raise WrongUse(
            f"{book.path}: no payment by {until}: nothing tells who pays late from who pays in time",
            "add the table payments (docs/book.md), or choose a later --as-of",
        )
    ripe = ripe or ripe_until(book, until) or until
    spans = f"""SELECT loan_id, borrower_id, disbursed_on AS from_on, coalesce(over_on, DATE '{until}') AS to_on
        FROM ({loans_over(until)}) WHERE disbursed_on <= DATE '{ripe}'"""
    (days,) = _one(book, f"SELECT sum(greatest(to_on - from_on, 0)) FROM ({spans})")
    weekly = float(days) / 7 <= WEEKLY_ROWS
    ends = _days_back(first, until, weekly=weekly)
    estimated = float(days) / (7 if weekly else 30.4) + loans
    share = min(1.0, most / max(estimated, 1.0))
    db.register("panel_days", pa.table({"as_of": pa.array(ends, pa.date32())}))
    drawn = f"hash(CAST(borrower_id AS VARCHAR)) % {BUCKETS_OF_HASH} < {round(share * BUCKETS_OF_HASH)}"
    rows = db.sql(
        f"""WITH spans AS ({spans})
        SELECT loan_id, d.as_of FROM spans, panel_days AS d
            WHERE d.as_of >= from_on AND d.as_of < to_on AND {drawn}
        UNION
        SELECT loan_id, from_on AS as_of FROM spans WHERE {drawn} AND from_on < DATE '{until}'
        ORDER BY as_of, loan_id"""
    ).to_arrow_table()
    db.unregister("panel_days")
    return moments_table(rows)


def _record_moments(book: Book, until: date, most: int) -> pa.Table:
    """The last status of each loan and month, drawn by loan where there are too many."""
    (rows,) = _one(book, f"SELECT count(*) FROM book.statuses WHERE on_date < DATE '{until}'")
    share = min(1.0, 4 * most / max(rows, 1))
    drawn = f"hash(CAST(loan_id AS VARCHAR)) % {BUCKETS_OF_HASH} < {round(share * BUCKETS_OF_HASH)}"
    made = book.connection.sql(
        f"""SELECT loan_id, max(on_date) AS as_of FROM book.statuses
        WHERE on_date < DATE '{until}' AND {drawn} GROUP BY loan_id, year(on_date) * 12 + month(on_date)
        ORDER BY as_of, loan_id"""
    ).to_arrow_table()
    if not made.num_rows:
        raise WrongUse(
            f"{book.path}: {_no_record(book, until)}", "a model needs states of many days, and what came after"
        )
    return moments_table(made)


def _no_record(book: Book, until: date) -> str:
    """Why a book of statuses has nothing to learn from by a day."""
    first, last = _one(book, "SELECT min(on_date), max(on_date) FROM book.statuses")
    if first is None:
        return "no status at all"
    if first == last:
        return f"every status is of one day, {first}: nothing tells what came after it"
    return f"no status before {until}; they begin on {first}"


def _days_back(first: date, until: date, *, weekly: bool) -> list[date]:
    """Days before `until`: every seventh, or the last day of every month; never more than MOST_DAYS."""
    days: list[date] = []
    day = until - timedelta(days=7) if weekly else until.replace(day=1) - timedelta(days=1)
    while day >= first and len(days) < MOST_DAYS:
        days.append(day)
        day = day - timedelta(days=7) if weekly else day.replace(day=1) - timedelta(days=1)
    return days[::-1]


def scoring_moments(book: Book, as_of: date, *, at: str = "as-of") -> pa.Table:
    """Every loan disbursed by a day, on that day (`as-of`) or on its own day of disbursal (`disbursal`)."""
    if kind_of(book) == "statuses":
        rows = book.connection.sql(
            f"SELECT loan_id, DATE '{as_of}' AS as_of FROM book.statuses WHERE on_date <= DATE '{as_of}'"
            " GROUP BY loan_id ORDER BY loan_id"
        )
    else:
        day = "disbursed_on" if at == "disbursal" else f"DATE '{as_of}'"
        rows = book.connection.sql(
            f"SELECT loan_id, {day} AS as_of FROM book.loans WHERE disbursed_on <= DATE '{as_of}' ORDER BY loan_id"
        )
    return moments_table(rows.to_arrow_table())


def scoring_frame(book: Book, as_of: date, *, at: str = "as-of") -> Frame:
    """Features of every loan to be scored, by loan_id.

    On one day most of the work is done by columns (docs/decisions/91-scores-by-columns.md), elsewhere by the SQL files.
    """
    if kind_of(book) == "statuses":
        return record_frame(book, scoring_moments(book, as_of), as_of)
    made = frame_on(book, as_of) if at == "as-of" else None
    return frame_of(book, scoring_moments(book, as_of, at=at), as_of) if made is None else made


def scoring_blocks(book: Book, as_of: date, *, at: str = "as-of", most: int) -> Iterator[Block]:
    """What is asked of the loans to be scored, in blocks of about `most` loans (some borrowers each by the files)."""
    made = blocks_on(book, as_of, most) if at == "as-of" and kind_of(book) == "events" else None
    if made is not None:
        yield from made
        return
    for frame in _frames_of_some(book, as_of, at, most):
        yield Block(frame.marks, frame, np.arange(len(frame)))


def _frames_of_some(book: Book, as_of: date, at: str, most: int) -> Iterator[Frame]:
    """Frames by the SQL files, of some borrowers each; of statuses one."""
    if kind_of(book) == "statuses":
        yield scoring_frame(book, as_of)
        return
    moments = scoring_moments(book, as_of, at=at)
    parts = max(1, -(-moments.num_rows // most))
    if parts == 1:
        yield frame_of(book, moments, as_of)
        return
    loans = book.connection.sql(
        f"SELECT loan_id, CAST(hash(CAST(borrower_id AS VARCHAR)) % {parts} AS INTEGER) AS part FROM book.loans"
    ).to_arrow_table()
    part_of = loans["part"].to_numpy()[places(moments["loan_id"], loans["loan_id"])]
    for number in range(parts):
        yield frame_of(book, moments_table(moments.take(np.flatnonzero(part_of == number))), as_of)


def last_payment(book: Book, until: date) -> date | None:
    """The day of the latest payment that is known by a day."""
    (last,) = _one(book, f"SELECT max(paid_on) FROM book.payments WHERE paid_on <= DATE '{until}'")
    return last if last is None else date.fromisoformat(str(last))


def borrower_hash(frame: Frame, buckets: int = BUCKETS_OF_HASH) -> npt.NDArray[np.int64]:
    """A number from 0 up to `buckets` for each row that depends on its borrower alone, on every machine the same."""
    from zlib import crc32

    names, where = np.unique(frame.marks["borrower_id"].astype(str), return_inverse=True)
    made: npt.NDArray[np.int64] = np.array([crc32(n.encode()) % buckets for n in names], dtype=np.int64)[where]
    return made


def _one(book: Book, query: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] = book.connection.execute(query).fetchall()[0]
    return row
