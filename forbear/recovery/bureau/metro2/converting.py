"""A file in another form: packed or in characters, fixed or variable records, with line breaks or without.

Lengths and block descriptors are written anew, so the result is as the format asks for even where the source was not.
"""

from __future__ import annotations

from dataclasses import replace

from forbear.basics.errors import WrongUse
from forbear.recovery.bureau.metro2.file import Form, Metro2File, Record, Segment
from forbear.recovery.bureau.metro2.layout import layouts

BREAKS = {"none": "", "lf": "\n", "crlf": "\r\n"}
RECORDS = ("variable", "fixed")


def converted(file: Metro2File, form: Form, *, records: str = "variable", breaks: str = "none") -> Metro2File:
    """The same values in another form.

    Args:
        file: as read.
        form: the form to have.
        records: variable (each as long as it is; packed ones with a block descriptor) or fixed (all as long as the
            longest, filled with blanks).
        breaks: none, lf or crlf behind each record.

    Raises:
        WrongUse: packed records of fixed length or with line breaks, or a record that is cut off or none at all.
    """
    if records not in RECORDS or breaks not in BREAKS:
        raise WrongUse("records are variable or fixed, line breaks none, lf or crlf", "see docs/bureau.md")
    if form.packed and (records == "fixed" or breaks != "none"):
        raise WrongUse("packed records are variable, in blocks, without line breaks", "ask for variable, none")
    for one in file.records:
        if one.kind == "unknown" or any(segment.cut is not None for segment in one.segments):
            raise WrongUse(f"record {one.number} is cut off or no record; it has no other form", "correct it first")
    longest = max((_size(one, form) for one in file.records), default=0)
    return Metro2File(
        form, tuple(_record(one, file.form, form, longest * (records == "fixed"), breaks) for one in file.records)
    )


def _size(record: Record, form: Form) -> int:
    return sum(layouts()[one.kind].size(form.packed) for one in record.segments)


def _record(record: Record, was: Form, form: Form, fixed: int, breaks: str) -> Record:
    size = _size(record, form)
    length = fixed or size
    segments = tuple(_segment(one, was, form, length) for one in record.segments)
    block = length + 4 if form.packed else None
    return Record(record.number, segments, block, "", " " * (length - size), BREAKS[breaks])


def _segment(segment: Segment, was: Form, form: Form, length: int) -> Segment:
    """The segment without what only its old form had: characters that stood for a value that can be written."""
    values = dict(segment.values)
    if segment.kind in {"header", "base", "trailer"}:
        values["record_length"] = length
    kept = {} if was.packed != form.packed or was.encoding != form.encoding else dict(segment.as_read)
    kept.pop("record_length", None)
    return replace(segment, values=values, as_read=kept)
