"""Rows read into Arrow, brought into the order of their loans: the beginning of all that is done by columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forbear.aging.columns.rows import offsets


def sorted_rows(rows: pa.Table, ids: pa.Array, day: str, others: tuple[str, ...]) -> tuple[np.ndarray, ...] | None:
    """Offsets of each loan's rows, and the columns in order of loan and day; None if some loan is unknown.

    Args:
        rows: with loan_id, the day and the other columns, no value of them missing.
        ids: every loan_id once, rising.
        day: the column of days.
        others: columns of numbers.
    """
    runs = pc.run_end_encode(rows["loan_id"].combine_chunks(), run_end_type=pa.int64())
    whose = np.arange(len(ids))
    if not runs.values.equals(ids):
        places = pc.index_in(runs.values, ids)
        if places.null_count:
            return None
        whose = places.to_numpy().astype(np.int64)
    lengths = np.diff(runs.run_ends.to_numpy(), prepend=0)
    counts = np.zeros(len(ids), np.int64)
    np.add.at(counts, whose, lengths)
    starts = offsets(counts)
    columns = (days_of(rows[day]), *(numbers_of(rows[c]) for c in others))
    if np.all(whose[1:] > whose[:-1]) and _falls_only_at(columns[0], starts):
        return starts, *columns
    order = np.lexsort((columns[0], np.repeat(whose, lengths)))
    return starts, *(c[order] for c in columns)


def _falls_only_at(days: np.ndarray, starts: np.ndarray) -> bool:
    """Whether days fall nowhere but where a loan's rows begin."""
    falls = np.flatnonzero(days[1:] < days[:-1]) + 1
    return bool(np.all(starts[np.searchsorted(starts, falls)] == falls))


def numbers_of(column: pa.ChunkedArray) -> np.ndarray:
    """A column of numbers without missing values."""
    values: np.ndarray = column.combine_chunks().to_numpy(zero_copy_only=False)
    return values


def days_of(column: pa.ChunkedArray) -> np.ndarray:
    """A column of dates as days since 1970-01-01."""
    return numbers_of(column.cast(pa.int32()))
