"""Whether the statistics in Parquet files are true, and every column can be read to its end.

A query that filters or joins skips row groups whose stored least and greatest values rule them out. One wrong bit
in those values hides rows from some queries and not from others, so a book's own figures would disagree. Each row
group's values are therefore held against what its statistics promise, row group by row group.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from forbear.book.faults import Fault, fault
from forbear.book.raw import RawFile, first_line

_NOT_COMPARED = (
    pa.types.is_floating,
    pa.types.is_boolean,
    pa.types.is_nested,
    pa.types.is_null,
    pa.types.is_binary,
)


def statistics_faults(raw: RawFile) -> list[Fault]:
    """Row groups of one Parquet file that cannot be read, or whose values lie outside their own statistics.

    Files staged by us are not looked at.
    """
    if raw.staged or raw.store is None:
        return []
    try:
        with pq.ParquetFile(raw.store) as file:
            return list(_untrue(raw, file))
    except (pa.ArrowException, OSError, ValueError, OverflowError) as broken:
        return [fault("unread_rows", raw.file.name, value=first_line(broken), table=raw.file.table)]


def _untrue(raw: RawFile, file: pq.ParquetFile) -> Iterator[Fault]:
    for group in range(file.metadata.num_row_groups):
        told = file.metadata.row_group(group)
        rows = file.read_row_group(group)
        promised = {told.column(i).path_in_schema: told.column(i).statistics for i in range(told.num_columns)}
        for name in rows.column_names:
            if not _holds(promised.get(name), rows.column(name)):
                said = f"row group {group + 1}"
                yield fault("untrue_statistics", raw.file.name, column=name, value=said, table=raw.file.table)


def _holds(told: pq.Statistics | None, column: pa.ChunkedArray) -> bool:
    if told is None:
        return True
    if told.has_null_count and told.null_count != column.null_count:
        return False
    if not told.has_min_max or len(column) == column.null_count or any(t(column.type) for t in _NOT_COMPARED):
        return True
    seen = pc.min_max(column)
    least, greatest = (_plain(seen[end].as_py()) for end in ("min", "max"))
    return bool(_plain(told.min) <= least and greatest <= _plain(told.max))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return value.encode() if isinstance(value, str) else value
