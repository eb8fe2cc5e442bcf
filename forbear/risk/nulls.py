"""Missing values between numpy and Arrow by bits: eight at once, where the libraries' own ways look at each value.

Arrow tells what is known by a bit a value, the lowest first; numpy has flags, and NaN in numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Flags = npt.NDArray[np.bool_]
ROOM = 8
"""Bytes after the last bits: readers take several at once."""


def known_where(values: npt.NDArray[Any], known: Flags) -> pa.Array:
    """Numbers as an Arrow array that shares their memory, null where they are not known."""
    bits = np.zeros(len(known) // 8 + ROOM, np.uint8)
    bits[: -(-len(known) // 8)] = np.packbits(known, bitorder="little")
    buffers = [pa.py_buffer(bits), pa.py_buffer(values)]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)


def null_for_nan(values: npt.NDArray[np.floating[Any]]) -> pa.Array:
    """Numbers as an Arrow array that shares their memory, null for NaN."""
    return known_where(values, ~np.isnan(values))


def put_floats(target: npt.NDArray[np.float32], column: pa.ChunkedArray) -> None:
    """Copy a column of numbers, NaN for null; `target` is as long, and its numbers lie one after another."""
    first = 0
    for chunk in column.chunks:
        part, first = target[first : first + len(chunk)], first + len(chunk)
        if not pa.types.is_float32(chunk.type):
            part[:] = chunk.to_numpy(zero_copy_only=False)
            continue
        known, values = chunk.buffers()
        part[:] = np.frombuffer(values, np.float32)[chunk.offset : chunk.offset + len(chunk)]
        if chunk.null_count:
            bits = np.unpackbits(np.frombuffer(known, np.uint8), count=chunk.offset + len(chunk), bitorder="little")
            part.view(np.uint32)[:] |= bits[chunk.offset :].astype(np.uint32) - np.uint32(1)  # all bits set are NaN
