"""Where ids lie among others: what a hash join finds, as an array of places, so that rows can be taken by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from forbear.risk.nulls import known_where

Places = npt.NDArray[np.int32]
"""Rows; -1 for none."""
MOST_GAPS = 8
"""Whole numbers that span at most so many times their count are found in a list instead of by a hash."""

BLOCK = 100_000
"""Ids looked up at once: they stay in the processor's cache."""


def places(ids: pa.Array | pa.ChunkedArray, among: pa.Array | pa.ChunkedArray) -> Places:
    """The row of each id among others, -1 where there is none; the ids there differ."""
    if ids.type != among.type:
        ids, among = ids.cast(pa.string()), among.cast(pa.string())
    if pa.types.is_signed_integer(among.type) and len(among) and not among.null_count and not ids.null_count:
        there, asked = among.to_numpy(), ids.to_numpy()
        least, span = int(there.min()), int(there.max()) - int(there.min()) + 1
        if span <= MOST_GAPS * len(there):
            listed = np.full(span + 1, -1, np.int32)  # the last stands for all outside
            listed[there - least] = np.arange(len(there), dtype=np.int32)
            return _looked_up(listed, asked, least)
    whole = among.combine_chunks() if isinstance(among, pa.ChunkedArray) else among
    found = pc.index_in(ids, whole, skip_nulls=True).fill_null(-1)
    rows: Places = found.to_numpy() if isinstance(found, pa.ChunkedArray) else found.to_numpy(zero_copy_only=False)
    return rows


def _looked_up(listed: Places, asked: npt.NDArray[np.signedinteger[Any]], least: int) -> Places:
    """What a list says of numbers counted from its least; its last entry for all outside, some at a time."""
    made = np.empty(len(asked), np.int32)
    for first in range(0, len(asked), BLOCK):
        at = np.subtract(asked[first : first + BLOCK], least, dtype=np.int64).view(np.uint64)
        np.minimum(at, np.uint64(len(listed) - 1), out=at)  # numbers below the least are very large ones here
        np.take(listed, at.view(np.int64), out=made[first : first + BLOCK], mode="clip")
    return made


def inverse(rows: Places, count: int) -> pa.Array:
    """Of each of `count` places the row that names it, null where none does; for `take`."""
    made = np.full(count, -1, np.int32)
    there = rows >= 0
    made[rows[there]] = np.flatnonzero(there)
    return indices(made)


def indices(rows: Places) -> pa.Array:
    """Places for `take`, null for none."""
    return known_where(rows, rows >= 0)


def by_loan(rows: pa.Table) -> pa.Table:
    """Rows in order of loan_id, as most books are; their chunks made one."""
    whole = rows.combine_chunks()
    ids = whole["loan_id"]
    if len(ids) < 2 or pc.all(pc.less_equal(ids[:-1], ids[1:])).as_py():
        return whole
    return whole.take(pc.sort_indices(ids))


def codes(ids: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], int]:
    """A number for each different id, below the count that comes with it; no id is missing."""
    if pa.types.is_integer(ids.type) and len(ids):
        whole = ids.to_numpy()
        least, span = int(whole.min()), int(whole.max()) - int(whole.min()) + 1
        if span <= MOST_GAPS * len(whole):
            return whole - least, span
    coded = ids.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    return coded.indices.to_numpy().astype(np.int64), len(coded.dictionary)
