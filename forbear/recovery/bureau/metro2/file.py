"""A Metro 2 file as plain data: records of segments of values, and what is needed to write the same bytes again.

A value is text, a whole number, an ISO date or instant, or None where the field says that there is none. What a field
held is kept beside it (`as_read`) only where writing the value would give other bytes: a blank where zeros are the
custom, letters in a number. It is used again while it still means the value, so a changed value is written anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | int | None


@dataclass(frozen=True)
class Form:
    """How a file is laid down.

    Attributes:
        packed: records of 366 bytes with packed numbers; else of 426 characters.
        numbers: how packed numbers are laid down: `decimal` (two digits a byte and a sign, IBM's way) or `binary`
            (big-endian whole numbers, as some open software has it).
        encoding: `ascii` (Latin-1, so that every byte is kept) or `ebcdic` (code page 37).
    """

    packed: bool = False
    numbers: str = "decimal"
    encoding: str = "ascii"

    @property
    def codec(self) -> str:
        """Python's name of the encoding: one character a byte, both ways."""
        return "cp037" if self.encoding == "ebcdic" else "latin-1"


@dataclass(frozen=True)
class Segment:
    """One segment.

    Attributes:
        kind: header, base, trailer, j1, …; `unknown` for a record that is none of these.
        values: by the name of the field.
        as_read: the field's own characters (packed fields: hexadecimal), where the value would be written otherwise.
        cut: bytes that there were, of a segment shorter than its layout.
    """

    kind: str
    values: Mapping[str, Value]
    as_read: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None

    def get(self, name: str) -> Value:
        """The value of a field, None where there is none."""
        return self.values.get(name)

    def text(self, name: str) -> str:
        """The value as text, empty where there is none."""
        value = self.values.get(name)
        return "" if value is None else str(value)


@dataclass(frozen=True)
class Record:
    """One record: a header, a trailer, or a base segment with what is appended to it.

    Attributes:
        number: from 1, in the order of the file.
        segments: the record's own segment first.
        block: the block descriptor's number, None where the record has no block descriptor.
        block_as_read: its own four characters, where it is no such number.
        tail: bytes after the last segment (fill), as characters.
        after: what stands between this record and the next: line breaks.
    """

    number: int
    segments: tuple[Segment, ...]
    block: int | None = None
    block_as_read: str = ""
    tail: str = ""
    after: str = ""

    @property
    def kind(self) -> str:
        """Of its first segment."""
        return self.segments[0].kind

    @property
    def own(self) -> Segment:
        """Its first segment."""
        return self.segments[0]


@dataclass(frozen=True)
class Metro2File:
    """A file: its form, what stands before the first record, and its records."""

    form: Form
    records: tuple[Record, ...]
    before: str = ""

    def of(self, kind: str) -> tuple[Record, ...]:
        """The records of a kind."""
        return tuple(one for one in self.records if one.kind == kind)
