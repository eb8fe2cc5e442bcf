"""A `Metro2File` to bytes: what was read and not changed comes out as it came in."""

from __future__ import annotations

from forbear.basics.errors import WrongUse
from forbear.recovery.bureau.metro2.cells import decode, encode, is_packed
from forbear.recovery.bureau.metro2.file import Form, Metro2File, Record, Segment
from forbear.recovery.bureau.metro2.layout import Field, layouts
from forbear.recovery.bureau.metro2.reading import block_word


def write(file: Metro2File) -> bytes:
    """The bytes of a file.

    Raises:
        WrongUse: a value does not fit its field, or holds a character that the encoding has not.
    """
    text = file.before + "".join(_record(one, file.form) for one in file.records)
    try:
        return text.encode(file.form.codec)
    except UnicodeEncodeError as wrong:
        bad = text[wrong.start]
        raise WrongUse(
            f"the format has no {bad!r} (in {text[max(0, wrong.start - 20) : wrong.end]!r})",
            "write names and addresses in plain letters",
        ) from wrong


def _record(record: Record, form: Form) -> str:
    if record.kind == "unknown":
        return record.own.text("text") + record.after
    block = record.block_as_read or (block_word(record.block, form) if record.block is not None else "")
    return (
        block + "".join(_segment(one, form, record.number) for one in record.segments) + record.tail + record.after
    )


def _segment(segment: Segment, form: Form, number: int) -> str:
    layout = layouts()[segment.kind]
    try:
        made = "".join(_field(field, segment, form) for field in layout.fields)
    except WrongUse as wrong:
        raise WrongUse(f"record {number}, segment {segment.kind}: {wrong.message}", wrong.hint) from wrong
    return made if segment.cut is None else made[: segment.cut]


def _field(field: Field, segment: Segment, form: Form) -> str:
    value = segment.values.get(field.name)
    kept = segment.as_read.get(field.name)
    if kept is not None:
        raw = bytes.fromhex(kept).decode(form.codec) if is_packed(field, form) else kept
        length = field.at(form.packed)[1]
        if len(raw) < length and segment.cut is not None and value == raw:
            return raw
        if len(raw) == length and decode(field, raw, form) == value:
            return raw
    return encode(field, value, form)
