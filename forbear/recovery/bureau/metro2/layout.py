"""The layout as data: which fields a segment has, where they stand, what they hold (`layout.toml`, `codes.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

RECORDS = ("header", "base", "trailer")
"""Segments that begin a record; the others follow a base segment."""
APPENDED = ("j1", "j2", "k1", "k2", "k3", "k4", "l1", "n1")
"""Segments that may follow a base segment, in the order the format asks for."""


@dataclass(frozen=True)
class Field:
    """One field of a segment; positions count from 1."""

    name: str
    label: str
    no: str
    kind: str
    start: int
    length: int
    packed_start: int
    packed_length: int
    must: bool
    codes: str

    def at(self, packed: bool) -> tuple[int, int]:
        """(offset from 0, length) in a record of the form."""
        return (
            (self.packed_start - 1, self.packed_length)
            if packed and self.packed_length
            else (self.start - 1, self.length)
        )


@dataclass(frozen=True)
class Layout:
    """A segment: its fields in order, its length in characters and packed (0: never packed)."""

    kind: str
    length: int
    packed_length: int
    fields: tuple[Field, ...]

    def size(self, packed: bool) -> int:
        """Its length in a record of the form."""
        return self.packed_length if packed and self.packed_length else self.length

    def field(self, name: str) -> Field:
        """A field by its name.

        Raises:
            KeyError: it has none of that name.
        """
        return _named(self.kind)[name]


@cache
def layouts() -> Mapping[str, Layout]:
    """The segments by kind."""
    table = tomllib.loads(files(__package__).joinpath("layout.toml").read_text("utf-8"))
    return {kind: _layout(kind, told) for kind, told in table.items()}


@cache
def codes() -> Mapping[str, Mapping[str, str]]:
    """The values of each coded field with what they mean; of a list marked open, others may exist."""
    table = tomllib.loads(files(__package__).joinpath("codes.toml").read_text("utf-8"))
    return {name: dict(told["values"]) for name, told in table.items()}


@cache
def open_lists() -> frozenset[str]:
    """Lists whose source may be incomplete: a value outside them is a warning, not an error."""
    table = tomllib.loads(files(__package__).joinpath("codes.toml").read_text("utf-8"))
    return frozenset(name for name, told in table.items() if told.get("open"))


@cache
def _named(kind: str) -> Mapping[str, Field]:
    return {field.name: field for field in layouts()[kind].fields}


def _layout(kind: str, told: Mapping[str, object]) -> Layout:
    rows = told["fields"]
    assert isinstance(rows, list)
    return Layout(
        kind, int(str(told["length"])), int(str(told.get("packed_length", 0))), tuple(_field(row) for row in rows)
    )


def _pair(told: object) -> tuple[int, int]:
    assert isinstance(told, list | tuple)
    first, second = told
    return int(first), int(second)


def _field(row: Mapping[str, object]) -> Field:
    start, length = _pair(row["at"])
    packed_start, packed_length = _pair(row.get("packed", (0, 0)))
    return Field(
        name=str(row["name"]),
        label=str(row["label"]),
        no=str(row["no"]),
        kind=str(row["kind"]),
        start=start,
        length=length,
        packed_start=packed_start,
        packed_length=packed_length,
        must=bool(row.get("must", False)),
        codes=str(row.get("codes", "")),
    )
