"""The rows of a part of a book as columns, in order of loan and day: the beginning of all that is done by columns.

Rows come in small batches and are copied into memory that serves part after part: memory that is touched for the first
time costs more than all copying (a third of the processor's time on ten million loans, before).
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forbear.aging.columns.rows import offsets

BATCH_ROWS = 122_880
"""Rows read at once: those of a row group, small enough that the reader's own memory is used again."""
FIRST_ROWS = 1 << 20


class Scratch(threading.local):
    """Memory of one thread, for columns that are done with when the next part is read."""

    def __init__(self) -> None:
        self._columns: dict[str, np.ndarray] = {}

    def column(self, name: str, rows: int, kept: int, kind: np.dtype) -> np.ndarray:
        """A column of at least so many rows, the first `kept` of which stay as they are."""
        held = self._columns.get(name)
        if held is None or held.dtype != kind or len(held) < rows:
            grown = np.empty(max(rows, FIRST_ROWS, 0 if held is None else 2 * len(held)), kind)
            if held is not None:
                grown[:kept] = held[:kept]
            held = self._columns[name] = grown
        return held


@dataclass(frozen=True)
class Runs:
    """Rows in runs of one loan.

    Attributes:
        loan_ids: of each run; neighbours differ.
        lengths: rows of each run.
        columns: the other columns of the rows, days as days since 1970-01-01; they live in a `Scratch`.
    """

    loan_ids: pa.Array
    lengths: np.ndarray
    columns: tuple[np.ndarray, ...]


def read_runs(batches: pa.RecordBatchReader, scratch: Scratch, table: str) -> Runs | None:
    """All rows of a reader whose first column is loan_id; None when a value is missing."""
    others = [f"{table}.{name}" for name in batches.schema.names[1:]]
    nothing = pa.record_batch([pa.array([], field.type) for field in batches.schema], schema=batches.schema)
    runs: list[pa.Array] = []
    lengths: list[np.ndarray] = []
    rows, columns = 0, [np.zeros(0)] * len(others)
    for batch in itertools.chain([nothing], batches):
        if any(column.null_count for column in batch.columns):
            return None
        encoded = pc.run_end_encode(batch.column(0), run_end_type=pa.int64())
        runs.append(encoded.values)
        lengths.append(np.diff(encoded.run_ends.to_numpy(), prepend=0))
        after = rows + batch.num_rows
        for n, (name, column) in enumerate(zip(others, batch.columns[1:], strict=True)):
            values = numbers_of(column)
            columns[n] = scratch.column(name, after, rows, values.dtype)
            columns[n][rows:after] = values
        rows = after
    whole = _joined(pa.concat_arrays(runs), np.concatenate(lengths))
    return Runs(*whole, tuple(c[:rows] for c in columns))


def _joined(loan_ids: pa.Array, lengths: np.ndarray) -> tuple[pa.Array, np.ndarray]:
    """Runs that a batch's end cut in two made one."""
    begins = np.ones(len(loan_ids), bool)
    begins[1:] = pc.not_equal(loan_ids[1:], loan_ids[:-1]).to_numpy(zero_copy_only=False)
    if begins.all():
        return loan_ids, lengths
    return loan_ids.filter(pa.array(begins)), np.add.reduceat(lengths, np.flatnonzero(begins))


def in_order(runs: Runs, ids: pa.Array) -> tuple[np.ndarray, Sequence[np.ndarray]] | None:
    """Offsets of each loan's rows, and the columns in order of loan and of day, the first of them.

    Args:
        runs: rows.
        ids: the loans, rising.

    Returns:
        None if a row names none of them.
    """
    whose = np.arange(len(ids))
    if not runs.loan_ids.equals(ids):
        places = pc.index_in(runs.loan_ids, ids)
        if places.null_count:
            return None
        whose = places.to_numpy().astype(np.int64)
    counts = np.zeros(len(ids), np.int64)
    np.add.at(counts, whose, runs.lengths)
    starts = offsets(counts)
    if np.all(whose[1:] > whose[:-1]) and _falls_only_at(runs.columns[0], starts):
        return starts, runs.columns
    order = np.lexsort((runs.columns[0], np.repeat(whose, runs.lengths)))
    return starts, [c[order] for c in runs.columns]


def _falls_only_at(days: np.ndarray, starts: np.ndarray) -> bool:
    """Whether days fall nowhere but where a loan's rows begin."""
    rises = days[1:] >= days[:-1]
    rises[starts[(starts > 0) & (starts < len(days))] - 1] = True
    return bool(rises.all())


def numbers_of(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """A column without missing values as numbers, days as days since 1970-01-01."""
    plain = column.cast(pa.int32()) if pa.types.is_date32(column.type) else column
    flat = plain.combine_chunks() if isinstance(plain, pa.ChunkedArray) else plain
    values: np.ndarray = flat.to_numpy(zero_copy_only=False)
    return values
