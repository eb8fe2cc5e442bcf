"""Messages out of files: plain text, CSV and JSON lines.

A text file is one message (or one a line). A table has a column with the text, and may have `language`, `channel`
and `facts` (a JSON object, or names as in `first_contact channel=sms`) beside it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forbear.basics.errors import UnreadableFile, WrongUse

COLUMNS = ("text", "message", "body", "content", "template", "内容", "文本")
"""Columns taken for the text when none is named, in this order."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a file: the row it stood in (from 1), its text and what stood beside it."""

    row: int
    text: str
    language: str | None
    facts: dict[str, Any]


def messages(name: str, content: str, *, column: str | None = None, lines: bool = False) -> list[Message]:
    """The messages in `content`, read by the ending of `name`.

    Raises:
        UnreadableFile: a row that is no JSON object, or a table without a header.
        WrongUse: the column does not exist.
    """
    ending = Path(name).suffix.lower()
    if ending == ".csv":
        return list(_of_rows(name, list(csv.DictReader(io.StringIO(content, newline=""))), column, first=2))
    if ending in {".jsonl", ".ndjson"}:
        return list(_of_rows(name, list(_objects(name, content)), column, first=1))
    if lines:
        kept = enumerate(content.splitlines(), 1)
        return [Message(row, line, None, {}) for row, line in kept if line.strip()]
    return [Message(1, content.rstrip("\n"), None, {})]


def _objects(name: str, content: str) -> Iterator[dict[str, Any]]:
    for row, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            read = json.loads(line)
        except ValueError as bad:
            raise UnreadableFile(f"{name}, line {row}: not JSON ({bad})", "write one JSON object a line") from bad
        if not isinstance(read, dict):
            raise UnreadableFile(f"{name}, line {row}: not an object", 'write {"text": "..."}')
        yield read


def _of_rows(name: str, rows: list[dict[str, Any]], column: str | None, *, first: int) -> Iterator[Message]:
    if not rows:
        return
    present = [str(key) for key in rows[0] if key is not None]
    wanted = column or next((known for known in COLUMNS if known in present), None)
    if wanted is None or wanted not in present:
        asked = f"no column {column!r}" if column else "no column of text"
        raise WrongUse(f"{name} has {asked}; it has {', '.join(present)}", "name the column with --column")
    for row, values in enumerate(rows, first):
        language = values.get("language") or None
        yield Message(row, str(values.get(wanted) or ""), language, _facts(name, row, values))


def _facts(name: str, row: int, values: Mapping[str, Any]) -> dict[str, Any]:
    written = values.get("facts") or {}
    facts: dict[str, Any] = written if isinstance(written, dict) else facts_of(name, row, str(written))
    channel = values.get("channel")
    return {**facts, "channel": channel} if channel else dict(facts)


def facts_of(name: str, row: int, written: str) -> dict[str, Any]:
    """Facts as written in a cell: a JSON object, or names separated by spaces or commas, `name=value` where needed.

    Raises:
        UnreadableFile: a cell that begins like an object and is none.
    """
    if written.lstrip().startswith("{"):
        try:
            read: dict[str, Any] = json.loads(written)
        except ValueError as bad:
            raise UnreadableFile(
                f"{name}, row {row}, column facts: {bad}", 'write {"first_contact": true}'
            ) from bad
        return read
    pairs = (word.partition("=") for word in written.replace(",", " ").split())
    return {fact: {"true": True, "false": False}.get(value, value or True) for fact, _, value in pairs}
