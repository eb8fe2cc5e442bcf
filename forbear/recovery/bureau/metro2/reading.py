"""Bytes to a `Metro2File`. Any file that has a Metro 2 record is read whole; what is wrong in it the checks tell."""

from __future__ import annotations

from dataclasses import replace

from forbear.basics.errors import WrongUse
from forbear.recovery.bureau.metro2.cells import BINARY_SIGN, decode, encode, is_packed
from forbear.recovery.bureau.metro2.file import Form, Metro2File, Record, Segment, Value
from forbear.recovery.bureau.metro2.framing import Frame, form_of, frames, length_of
from forbear.recovery.bureau.metro2.layout import APPENDED, Field, layouts


def read(raw: bytes) -> Metro2File:
    """Read a Metro 2 file of either form, fixed or variable, blocked or not, with line breaks or without.

    Raises:
        UnreadableFile: nothing in it looks like a Metro 2 record.
    """
    form = form_of(raw)
    text = raw.decode(form.codec)
    found = list(frames(text, form))
    if form.packed and any(_is_binary(one, form) for one in found):
        form = replace(form, numbers="binary")
    before = text[: found[0].start] if found else text
    return Metro2File(form, tuple(_record(number, one, form) for number, one in enumerate(found, 1)), before)


def _is_binary(frame: Frame, form: Form) -> bool:
    """Whether a base segment's packed instant ends as a binary one does."""
    if frame.kind != "base":
        return False
    start, length = layouts()["base"].field("time_stamp").at(True)
    raw = frame.text[start : start + length].encode(form.codec)
    return len(raw) == length and raw[-1] == BINARY_SIGN


def _record(number: int, frame: Frame, form: Form) -> Record:
    if frame.kind == "unknown":
        return Record(number, (Segment("unknown", {"text": frame.text}),), after=frame.after)
    own, rest = _segment(frame.kind, frame.text, form)
    segments = [own]
    while rest[:2].lower() in APPENDED and rest[:2].isupper() and frame.kind == "base":
        segment, rest = _segment(rest[:2].lower(), rest, form)
        segments.append(segment)
    told = length_of(frame.block, form) if frame.block else None
    plain = told is not None and block_word(told, form) == frame.block
    return Record(
        number,
        tuple(segments),
        told,
        "" if plain or not frame.block else frame.block,
        rest,
        frame.after,
    )


def block_word(number: int, form: Form) -> str:
    """The four characters of a descriptor word."""
    return f"{chr(number >> 8)}{chr(number & 255)}\0\0" if form.packed else str(number).zfill(4)


def _segment(kind: str, text: str, form: Form) -> tuple[Segment, str]:
    """The segment at the start of `text`, and what follows it."""
    layout = layouts()[kind]
    values: dict[str, Value] = {}
    as_read: dict[str, str] = {}
    size = layout.size(form.packed)
    for field in layout.fields:
        start, length = field.at(form.packed)
        raw = text[start : start + length]
        if not raw and start:
            break
        whole = len(raw) == length
        value = decode(field, raw, form) if whole else raw
        values[field.name] = value
        if not whole or not _same(field, value, raw, form):
            as_read[field.name] = raw.encode(form.codec).hex() if is_packed(field, form) else raw
    return Segment(kind, values, as_read, len(text) if len(text) < size else None), text[size:]


def _same(field: Field, value: Value, raw: str, form: Form) -> bool:
    """Whether writing the value gives the characters that were read."""
    try:
        return encode(field, value, form) == raw
    except WrongUse:  # a value that cannot be written is kept as it was read
        return False
