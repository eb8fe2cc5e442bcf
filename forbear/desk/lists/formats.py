"""Rows as CSV or Parquet, a block of bytes at a time, never the whole.

CSV is written as a book's (docs/book.md): UTF-8, a comma, a header, amounts in the major unit with a point, instants in
UTC. A spreadsheet takes a cell that begins with = + - @ for a formula; such a text gets an apostrophe before it, as
does one that begins with a tab or a line end. Parquet keeps every text as it is, amounts as integers of the minor unit.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from forbear.basics.errors import WrongUse
from forbear.basics.money import to_major
from forbear.desk.lists.described import Column, Described

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a text for a formula, in full width too."""
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
CSV_ROWS, PARQUET_ROWS = 2_000, 50_000
"""Rows of a block; of Parquet, of a row group."""

FORMATS = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}

_PARQUET = {
    "text": pa.string(),
    "masked_name": pa.string(),
    "json": pa.string(),
    "whole": pa.int64(),
    "money": pa.int64(),
    "rate": pa.decimal128(12, 8),
    "day": pa.date32(),
    "instant": pa.timestamp("us", tz="UTC"),
    "flag": pa.bool_(),
    "texts": pa.list_(pa.string()),
}

Rows = Iterable[tuple[Any, ...]]


def written(of: Described, rows: Rows, form: str, *, bom: bool = False) -> Iterator[bytes]:
    """The rows in a format.

    Args:
        of: the list.
        rows: in its columns.
        form: csv or parquet.
        bom: begin CSV with a byte order mark, by which Excel knows UTF-8.

    Raises:
        WrongUse: no such format.
    """
    if form not in FORMATS:
        raise WrongUse(f"no format {form!r}", f"one of: {', '.join(FORMATS)}")
    return _csv(of, iter(rows), bom) if form == "csv" else _parquet(of, iter(rows))


def _csv(of: Described, rows: Iterator[tuple[Any, ...]], bom: bool) -> Iterator[bytes]:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    out.write(BOM if bom else "")
    writer.writerow([column.name for column in of.columns])
    cells = [_CELLS.get(column.type, _plain) for column in of.columns]
    amounts = [place for place, column in enumerate(of.columns) if column.type == "money"]
    currency = next((place for place, column in enumerate(of.columns) if column.name == "currency"), 0)
    while block := list(islice(rows, CSV_ROWS)):
        for row in block:
            line = [cell(value) for cell, value in zip(cells, row, strict=True)]
            for place in amounts:
                line[place] = "" if row[place] is None else f"{to_major(row[place], row[currency]):f}"
            writer.writerow(line)
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()
    yield out.getvalue().encode()


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _text(value: Any) -> str:
    return "" if value is None else safe(str(value))


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def _rate(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"


def _instant(value: datetime | None) -> str:
    return "" if value is None else value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _flag(value: bool | None) -> str:
    return "" if value is None else str(value).lower()


def _json(value: Any) -> str:
    return "" if value is None else safe(json.dumps(value, ensure_ascii=False, sort_keys=True))


def _texts(value: list[str] | None) -> str:
    return "" if value is None else safe("|".join(value))


_CELLS: dict[str, Callable[[Any], str]] = {
    "text": _text,
    "masked_name": _text,
    "rate": _rate,
    "instant": _instant,
    "flag": _flag,
    "json": _json,
    "texts": _texts,
}


class _Sink(io.RawIOBase):
    """Where a Parquet writer writes to; what it wrote is taken away after each row group."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, block: Any) -> int:
        """Keep a block until it is taken."""
        taken = bytes(block)
        self._blocks.append(taken)
        self._at += len(taken)
        return len(taken)

    def tell(self) -> int:
        """Bytes written since the beginning."""
        return self._at

    def taken(self) -> bytes:
        """What was written since the last time."""
        made = b"".join(self._blocks)
        self._blocks.clear()
        return made


def _parquet(of: Described, rows: Iterator[tuple[Any, ...]]) -> Iterator[bytes]:
    schema = pa.schema([_field(column) for column in of.columns], metadata={"list": of.name, "about": of.about})
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        while block := list(islice(rows, PARQUET_ROWS)):
            columns = zip(*block, strict=True)
            arrays = [
                pa.array(_values(told, values), told_type.type)
                for told, told_type, values in zip(of.columns, schema, columns, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            yield sink.taken()
    yield sink.taken()


def _field(column: Column) -> Any:
    metadata = {"unit": "minor units of the row's currency"} if column.type == "money" else None
    return pa.field(column.name, _PARQUET[column.type], metadata=metadata)


def _values(column: Column, values: Iterable[Any]) -> list[Any]:
    if column.type == "json":
        return [None if one is None else json.dumps(one, ensure_ascii=False, sort_keys=True) for one in values]
    return list(values)
