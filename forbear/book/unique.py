"""Whether a key names each row once, decided as cheaply as the files allow.

Loan systems write keys in rising order; for integer keys in Parquet one glance at each value proves that, without a
table of all keys in memory. Anything else is counted by DuckDB, in as many passes as memory asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from forbear.book.cells import WHOLE_TYPES
from forbear.book.raw import RawFile
from forbear.book.schema import TABLES
from forbear.book.views import SCHEMA

KEYS_AT_ONCE = 20_000_000
"""Distinct keys held in memory in one pass; about a gigabyte."""


def has_duplicates(connection: duckdb.DuckDBPyConnection, table: str, raws: Sequence[RawFile]) -> bool:
    """Whether two rows of `table` share its key; rows without a key are another fault and do not count."""
    key = TABLES[table].key
    own = [r for r in raws if r.file.table == table and r.readable]
    if len(key) == 1 and _rises(own, key[0]):
        return False
    return _counted(connection, table, key)


def _rises(raws: Iterable[RawFile], key: str) -> bool:
    """Whether the integer key strictly rises through all files in order."""
    last: int | None = None
    for raw in raws:
        stored = {name.lower(): (name, physical) for name, physical in raw.columns}.get(key, ("", ""))
        if raw.staged or raw.store is None or stored[1] not in WHOLE_TYPES:
            return False
        for keys in _batches(raw, stored[0]):
            if not len(keys):
                continue
            if (last is not None and int(keys[0]) <= last) or not bool(np.all(keys[1:] > keys[:-1])):
                return False
            last = int(keys[-1])
    return True


def _batches(raw: RawFile, name: str) -> Iterable[np.ndarray]:
    try:
        with pq.ParquetFile(raw.store) as file:
            for batch in file.iter_batches(batch_size=1 << 20, columns=[name]):
                yield batch.column(0).drop_null().to_numpy(zero_copy_only=False)
    except (pa.ArrowException, OSError):
        yield np.zeros(2, dtype=np.int64)  # not proved to rise: DuckDB will say what is wrong


def _counted(connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str]) -> bool:
    names = ", ".join(key)
    present = " AND ".join(f"{k} IS NOT NULL" for k in key)
    rows = connection.execute(f"SELECT count(*) FROM {SCHEMA}.{table}").fetchone()
    passes = (rows[0] if rows else 0) // KEYS_AT_ONCE + 1
    for number in range(passes):
        share = f" AND hash({names}) % {passes} = {number}" if passes > 1 else ""
        distinct = f"SELECT DISTINCT {names} FROM {SCHEMA}.{table} WHERE {present}{share}"
        keys = f"SELECT count(*) FROM {SCHEMA}.{table} WHERE {present}{share}"
        counts = connection.execute(f"SELECT ({keys}) - (SELECT count(*) FROM ({distinct}))").fetchone()
        if counts and counts[0]:
            return True
    return False
