"""One field's characters or bytes to a value and back.

Characters: text is left-justified and blank-filled, numbers right-justified and zero-filled, dates MMDDYYYY, instants
MMDDYYYYHHMMSS, zeros for none. Packed numbers are IBM's packed decimal, a digit a half-byte and a sign in the last, or
big-endian binary; a binary date has a zero byte before its number and the letter s behind it, as moov-io/metro2 lays it
down. What cannot be read is kept as text and told by the checks, never guessed at.
"""

from __future__ import annotations

import re
from datetime import datetime

from forbear.basics.errors import WrongUse
from forbear.recovery.bureau.metro2.file import Form, Value
from forbear.recovery.bureau.metro2.layout import Field

_DATE, _TIME = "%m%d%Y", "%m%d%Y%H%M%S"
_ISO = {"date": re.compile(r"\d{4}-\d{2}-\d{2}"), "time": re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")}
_PACKED_KINDS = frozenset(["number", "digits", "date", "time", "length"])
BINARY_SIGN = 0x73
"""The letter s behind a binary packed date."""


def is_packed(field: Field, form: Form) -> bool:
    """Whether the field is laid down as packed bytes in this form: where the packed form gives it another length."""
    if not (form.packed and field.packed_length):
        return False
    return field.kind == "length" or (field.kind in _PACKED_KINDS and field.packed_length != field.length)


def decode(field: Field, raw: str, form: Form) -> Value:
    """The value of a field from its characters; packed bytes come as characters of the form's codec."""
    if is_packed(field, form):
        return _unpacked(field, raw.encode(form.codec), form)
    return _from_characters(field, raw)


def encode(field: Field, value: Value, form: Form) -> str:
    """The characters of a value.

    Raises:
        WrongUse: the value does not fit the field.
    """
    if is_packed(field, form):
        return _packed(field, value, form).decode(form.codec)
    length = field.at(form.packed)[1]
    made = _to_characters(field, value, length)
    if len(made) != length:
        raise WrongUse(
            f"{field.label}: {value!r} does not fit {length} characters", "shorten it, or look at the layout"
        )
    return made


def _from_characters(field: Field, raw: str) -> Value:
    if field.kind == "text":
        return raw.rstrip(" ")
    if field.kind == "digits":
        return raw.rstrip(" ")
    if not raw.isascii() or not raw.isdigit():
        return raw.rstrip(" ") or None
    if field.kind in {"number", "length"}:
        return int(raw)
    return None if not int(raw) else _iso(field.kind, raw) or raw


def _to_characters(field: Field, value: Value, length: int) -> str:
    if value is None:
        return (" " if field.kind == "text" else "0") * length
    if isinstance(value, int):
        return str(value).zfill(length) if field.kind != "text" and value >= 0 else str(value).ljust(length)
    if field.kind in _ISO and _ISO[field.kind].fullmatch(value):
        return _digits_of(field.kind, value)
    return value.ljust(length)


def _iso(kind: str, digits: str) -> str | None:
    """MMDDYYYY… as ISO 8601; None if there is no such day."""
    form = _DATE if kind == "date" else _TIME
    try:
        read = datetime.strptime(digits, form)  # noqa: DTZ007  # the format names no zone
    except ValueError:
        return None
    if len(digits) != len(read.strftime(form)):
        return None
    return read.date().isoformat() if kind == "date" else read.isoformat()


def _digits_of(kind: str, iso: str) -> str:
    form = _DATE if kind == "date" else _TIME
    try:
        return datetime.fromisoformat(iso).strftime(form)
    except ValueError as wrong:
        raise WrongUse(f"{iso!r} is no day of the calendar", "write YYYY-MM-DD") from wrong


def _unpacked(field: Field, raw: bytes, form: Form) -> Value:
    if field.kind == "length":
        return int.from_bytes(raw[:2], "big")
    number = _decimal(raw) if form.numbers == "decimal" else _binary(field, raw)
    if number is None:
        return None if not any(raw) else f"hex:{raw.hex()}"
    if field.kind == "number":
        return number
    if field.kind == "digits":
        return str(number).zfill(field.length)
    return None if not number else _iso(field.kind, str(number).zfill(field.length)) or str(number)


def _decimal(raw: bytes) -> int | None:
    """Packed decimal: None if a half-byte is no digit or the last no sign."""
    nibbles = raw.hex()
    if not nibbles[:-1].isdigit() or nibbles[-1] not in "abcdef":
        return None
    return int(nibbles[:-1]) * (-1 if nibbles[-1] in "bd" else 1)


def _binary(field: Field, raw: bytes) -> int | None:
    if field.kind in {"number", "digits"}:
        return int.from_bytes(raw, "big")
    if raw[0] == 0 and raw[-1] == BINARY_SIGN:
        return int.from_bytes(raw[1:-1], "big")
    return None


def _packed(field: Field, value: Value, form: Form) -> bytes:
    size = field.packed_length
    if field.kind == "length":
        return int(value or 0).to_bytes(2, "big") + b"\0" * (size - 2)
    if isinstance(value, str) and value.startswith("hex:"):
        return bytes.fromhex(value[4:])
    number = _number_of(field, value)
    try:
        if form.numbers == "decimal":
            return bytes.fromhex(str(abs(number)).zfill(2 * size - 1) + ("d" if number < 0 else "c"))
        if field.kind in {"number", "digits"}:
            return number.to_bytes(size, "big")
        return b"\0" + number.to_bytes(size - 2, "big") + bytes([BINARY_SIGN]) if number else b"\0" * size
    except (ValueError, OverflowError) as wrong:
        raise WrongUse(
            f"{field.label}: {value!r} does not fit {size} packed bytes", "look at the layout"
        ) from wrong


def _number_of(field: Field, value: Value) -> int:
    if value is None or value == "":
        return 0
    if isinstance(value, int):
        return value
    if field.kind in _ISO and _ISO[field.kind].fullmatch(value):
        return int(_digits_of(field.kind, value))
    if not value.isdigit():
        raise WrongUse(
            f"{field.label}: {value!r} is no number, and the packed form holds numbers alone", "correct it"
        )
    return int(value)
