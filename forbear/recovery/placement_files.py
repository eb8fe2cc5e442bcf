"""The file that an agency is given: the columns of the white list alone, encrypted to the agency's own public key.

CSV in UTF-8, encrypted with age (X25519 and ChaCha20-Poly1305, `pyrage`): only who holds the agency's private key reads
it. What an agency sends back is CSV as well, a row a contact, checked row by row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyrage
from pyrage import x25519

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.conduct.rules import CONTACTS
from forbear.conduct.situation import RESULTS
from forbear.recovery.placement import settings

BACK = ("placement_id", "at", "channel", "result", "party")
"""Columns of a file of contacts that must be there; further ones are facts of the act, such as `identified`."""
MOST_ROWS = 20_000


@dataclass(frozen=True)
class Reported:
    """A contact that an agency reports."""

    row: int
    placement_id: str
    at: datetime
    channel: str
    result: str
    party: str
    facts: Mapping[str, str]


def columns() -> tuple[str, ...]:
    """The columns that a file for an agency may have, in their order."""
    return tuple(one["name"] for one in settings()["column"])


def placement_file(rows: Iterable[Mapping[str, Any]], public_key: str) -> bytes:
    """The encrypted file of these placements.

    Raises:
        WrongUse: a row has a column that is not on the white list, or the key is none.
    """
    allowed = columns()
    out = io.StringIO()
    writer = csv.DictWriter(out, allowed, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        if extra := set(row) - set(allowed):
            raise WrongUse(
                f"columns an agency is not given: {', '.join(sorted(extra))}", "see [[column]] in placement.toml"
            )
        writer.writerow({name: _safe(row.get(name)) for name in allowed})
    return bytes(pyrage.encrypt(out.getvalue().encode("utf-8"), [recipient(public_key)]))


def recipient(public_key: str) -> Any:
    """An agency's public key (`age1…`).

    Raises:
        WrongUse: it is none.
    """
    try:
        return x25519.Recipient.from_str(public_key.strip())
    except Exception as wrong:  # pyrage's own error has no public base
        raise WrongUse(
            "this is no public key of age", "give the line that begins age1, not the secret one"
        ) from wrong


def reported(raw: bytes) -> Iterator[Reported]:
    """The contacts of a file that an agency sends back.

    Raises:
        UnreadableFile: no such file, or a row that is no contact; the message names row, column and what was expected.
    """
    try:
        rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise UnreadableFile(f"this is no CSV in UTF-8: {wrong}", f"columns {', '.join(BACK)}") from wrong
    header = [name.strip() for name in rows[0]] if rows else []
    if missing := [name for name in BACK if name not in header]:
        raise UnreadableFile(f"columns missing: {', '.join(missing)}", f"the first row names {', '.join(BACK)}")
    if len(rows) > MOST_ROWS:
        raise UnreadableFile(f"more than {MOST_ROWS} rows", "send several files")
    for number, row in enumerate(rows[1:], 2):
        yield _contact(number, header, row)


def _contact(number: int, header: Sequence[str], row: Sequence[str]) -> Reported:
    if len(row) != len(header):
        raise UnreadableFile(
            f"row {number} has {len(row)} cells, the first row {len(header)}", "quote cells with commas"
        )
    told = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
    try:
        at = datetime.fromisoformat(told["at"])
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise UnreadableFile(
            f"row {number}, at: {told['at']!r}", "an instant with its zone, 2026-07-01T10:00:00+08:00"
        )
    if told["channel"] not in CONTACTS:
        raise UnreadableFile(f"row {number}, channel: {told['channel']!r}", f"one of: {', '.join(CONTACTS)}")
    if told["result"] not in RESULTS:
        raise UnreadableFile(f"row {number}, result: {told['result']!r}", f"one of: {', '.join(sorted(RESULTS))}")
    facts = {name: cell for name, cell in told.items() if name not in BACK and cell}
    return Reported(
        number, told["placement_id"], at, told["channel"], told["result"], told["party"] or "borrower", facts
    )


def _safe(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "@", "\t", "\r"} else text
