"""Reading acts, history and facts from files a stranger can write: CSV, JSON, JSON lines or Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from forbear.basics.errors import UnreadableFile

Row = dict[str, Any]


def read_rows(path: Path) -> list[Row]:
    """The rows of a file, by its ending: .csv, .json, .jsonl or .ndjson, .parquet.

    Raises:
        UnreadableFile: missing, of another kind, or not what its ending says; names file and, where known, row.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UnreadableFile(f"{path}: unknown kind of file", f"known are {', '.join(_READERS)}")
    try:
        return reader(path)
    except UnicodeDecodeError as bad:
        raise UnreadableFile(f"{path}: cannot be read: not UTF-8 at byte {bad.start}", "save it as UTF-8") from bad
    except (OSError, duckdb.Error, csv.Error) as unread:
        raise UnreadableFile(f"{path}: cannot be read: {unread}") from unread


def _csv(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        if reader.fieldnames is None:
            raise UnreadableFile(f"{path}: empty; a header is expected")
        _refuse_doubled(path, reader.fieldnames)
        _refuse_semicolons(path, reader.fieldnames)
        rows = []
        for row in reader:
            if None in row or None in row.values():
                raise UnreadableFile(f"{path}, line {reader.line_num}: not as many cells as the header has columns")
            rows.append(dict(row))
    return rows


def _refuse_doubled(path: Path, names: Sequence[str]) -> None:
    """Two columns of one name: the second would hide the first."""
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise UnreadableFile(f"{path}, line 1: column {', '.join(doubled)} stands there twice", "keep one of them")


def _refuse_semicolons(path: Path, names: Sequence[str]) -> None:
    """One column whose name holds others: the cells are parted by something else than commas."""
    parted = next((mark for mark in (";", "\t") if len(names) == 1 and mark in names[0]), None)
    if parted:
        raise UnreadableFile(f"{path}, line 1: cells are parted by {parted!r}", "part them by commas")


def _json(path: Path) -> list[Row]:
    return _objects(path, _parsed(path, path.read_text(encoding="utf-8"), 1))


def _jsonl(path: Path) -> list[Row]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return _objects(path, [_parsed(path, line, n) for n, line in enumerate(lines, start=1) if line.strip()])


def _parsed(path: Path, text: str, line: int) -> Any:
    try:
        return json.loads(text)
    except ValueError as wrong:
        at = getattr(wrong, "lineno", 1) + line - 1
        raise UnreadableFile(f"{path}, line {at}: not JSON: {wrong}") from wrong


def _objects(path: Path, found: Any) -> list[Row]:
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise UnreadableFile(f"{path}: expected a list of objects")
    return found


def _parquet(path: Path) -> list[Row]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.sql("SELECT * FROM read_parquet(?)", params=[str(path)]).to_arrow_table()
        rows: list[Row] = found.to_pylist()
        return rows


_READERS: dict[str, Callable[[Path], list[Row]]] = {
    ".csv": _csv,
    ".json": _json,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".parquet": _parquet,
}
