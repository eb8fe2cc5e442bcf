r"""A Metro 2 file as JSON and back, losing nothing: JSON that was not changed gives the same bytes.

    {"format": "metro2", "packed": false, "records": [
      {"_after": "\n", "segments": [{"kind": "base", "account_status": "71", "date_opened": "2024-03-01", …,
                                    "_as_read": {"credit_limit": "         "}}]}]}

Values stand under the names of layout.toml: text, whole numbers, ISO dates, null for none. What begins with an
underscore is kept for the same bytes and may be left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.recovery.bureau.metro2.file import Form, Metro2File, Record, Segment
from forbear.recovery.bureau.metro2.layout import layouts

FORMAT = "metro2"


def to_json(file: Metro2File) -> dict[str, Any]:
    """The file as JSON's objects and lists."""
    form = file.form
    told: dict[str, Any] = {
        "format": FORMAT,
        "packed": form.packed,
        "numbers": form.numbers,
        "encoding": form.encoding,
    }
    if file.before:
        told["_before"] = file.before
    return {**told, "records": [_record_out(one) for one in file.records]}


def from_json(told: Any) -> Metro2File:
    """The file of such JSON.

    Raises:
        WrongUse: it is not of this form; the message names the record, the segment and the field.
    """
    if not isinstance(told, Mapping) or told.get("format") != FORMAT or not isinstance(told.get("records"), list):
        raise WrongUse(
            'this JSON is no Metro 2 file: it has no "format": "metro2" with "records"', "see docs/bureau.md"
        )
    form = Form(
        bool(told.get("packed", False)), str(told.get("numbers", "decimal")), str(told.get("encoding", "ascii"))
    )
    if form.numbers not in {"decimal", "binary"} or form.encoding not in {"ascii", "ebcdic"}:
        raise WrongUse("numbers are decimal or binary, encoding is ascii or ebcdic", "see docs/bureau.md")
    records = tuple(_record_in(number, one) for number, one in enumerate(told["records"], 1))
    return Metro2File(form, records, str(told.get("_before", "")))


def _record_out(record: Record) -> dict[str, Any]:
    kept = {
        "_block": record.block,
        "_block_as_read": record.block_as_read or None,
        "_tail": record.tail or None,
        "_after": record.after or None,
    }
    return {
        "segments": [_segment_out(one) for one in record.segments],
        **{key: value for key, value in kept.items() if value is not None},
    }


def _segment_out(segment: Segment) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": segment.kind, **segment.values}
    if segment.as_read:
        told["_as_read"] = dict(segment.as_read)
    if segment.cut is not None:
        told["_cut"] = segment.cut
    return told


def _record_in(number: int, told: Any) -> Record:
    if not isinstance(told, Mapping) or not isinstance(told.get("segments"), list) or not told["segments"]:
        raise WrongUse(f"record {number}: it has no segments", 'give "segments": [ … ]')
    return Record(
        number,
        tuple(_segment_in(number, one) for one in told["segments"]),
        told.get("_block"),
        str(told.get("_block_as_read", "")),
        str(told.get("_tail", "")),
        str(told.get("_after", "")),
    )


def _segment_in(number: int, told: Any) -> Segment:
    kind = told.get("kind") if isinstance(told, Mapping) else None
    if kind != "unknown" and kind not in layouts():
        raise WrongUse(f"record {number}: no segment is called {kind!r}", f"one of: {', '.join(layouts())}")
    known = {"text"} if kind == "unknown" else {field.name for field in layouts()[str(kind)].fields}
    values = {key: value for key, value in told.items() if key != "kind" and not key.startswith("_")}
    for name, value in values.items():
        if name not in known:
            raise WrongUse(f"record {number}, segment {kind}: no field is called {name!r}", "see layout.toml")
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            raise WrongUse(
                f"record {number}, segment {kind}, {name}: {value!r}", "give text, a whole number or null"
            )
    return Segment(str(kind), values, dict(told.get("_as_read", {})), told.get("_cut"))
