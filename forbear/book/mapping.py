"""A mapping: how someone else's files become a book, as data (TOML).

Names sources (files and how they are written), the types of their columns, rows to leave out, and for every
canonical table which source it comes from and by which expressions. `docs/book.md` explains every key. What is done
with it stands in `mapped` (reading) and `expression` (the small language of expressions).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from forbear.basics.encodings import Encoding
from forbear.basics.errors import WrongUse
from forbear.book.faults import rules
from forbear.book.schema import EXTRA_PREFIX, TABLES
from forbear.book.settings import Currency, Zone


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnType(_Model):
    """What a source column's texts are.

    Attributes:
        formats: of dates, as strptime writes them; the first that fits is taken.
        pivot: the last year two-digit years mean (2014: 15 is 1915).
        none: texts that mean "no value" in this column, sentinel dates among them.
        values: texts to replace; what is not listed is a fault unless `others = "keep"`.
        unit: of money `major` or `minor`; of rates `fraction` or `percent`.
        per: what time a rate is for; rates become annual (12 months, 52 weeks, 365 days).
        round: `half_up` lets money finer than the minor unit be rounded; without it that is a fault.
    """

    type: Literal["identity", "text", "money", "date", "instant", "count", "rate", "number"]
    formats: tuple[str, ...] = ("%Y-%m-%d",)
    pivot: int | None = None
    none: tuple[str, ...] = ()
    values: dict[str, str] = Field(default_factory=dict)
    others: Literal["fault", "keep"] = "fault"
    unit: Literal["major", "minor", "fraction", "percent", ""] = ""
    per: Literal["year", "month", "week", "day"] = "year"
    round: Literal["half_up", ""] = ""
    personal: bool = False


def _typed(given: Any) -> Any:
    return {name: {"type": t} if isinstance(t, str) else t for name, t in given.items()}


class Told(_Model):
    """Rows that are counted and named: left out, or merely odd."""

    name: str
    when: str


class Source(_Model):
    """Files that share a layout, and how they are written.

    Attributes:
        files: patterns of names below the book's folder.
        loan: the column that names the loan, so that a bad row can be placed.
    """

    files: tuple[str, ...]
    optional: bool = False
    encoding: Encoding = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    skip_lines: int = 0
    header: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    trim: bool = True
    decimal: str = "."
    thousands: str = ""
    money_signs: tuple[str, ...] = ()
    loan: str = ""
    columns: dict[str, ColumnType]
    leave_out: tuple[Told, ...] = ()
    odd: tuple[Told, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _short_types(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("columns"), dict):
            return {**given, "columns": _typed(given["columns"])}
        return given


class Derived(_Model):
    """One way rows of a canonical table come from a source.

    Attributes:
        source: a name in `sources`.
        where: which of its rows, as an expression.
        one_per: columns whose equal values make one row; other columns then need min, max, sum or count.
        repeat: an expression n: each row gives n rows, numbered by `n` from 1.
        columns: canonical column (or `x_` feature) to expression.
    """

    source: str = Field(alias="from")
    where: str = ""
    one_per: tuple[str, ...] = ()
    repeat: str = ""
    columns: dict[str, str | int | float | bool | date]


class Waiver(_Model):
    """A rule that does not apply to this book, and why."""

    rule: str
    why: str


class Mapping(_Model):
    """A whole mapping file; `name` is its file's name without the ending.

    Attributes:
        hindsight: columns that are made from what happened later; models do not look at them.
    """

    name: str
    title: str
    currency: Currency
    time_zone: Zone = ""
    ignore: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hindsight: tuple[Literal["installments.interest_due"], ...] = ()
    waive: tuple[Waiver, ...] = ()
    sources: dict[str, Source]
    tables: dict[str, tuple[Derived, ...]]

    @model_validator(mode="after")
    def _names_meet(self) -> Mapping:
        for problem in _problems(self):
            raise ValueError(problem)
        return self


def _problems(mapping: Mapping) -> Iterator[str]:
    for waiver in mapping.waive:
        if waiver.rule not in rules():
            yield f"waive: there is no rule {waiver.rule!r}"
    for name, ways in mapping.tables.items():
        if name not in TABLES:
            yield f"tables: there is no table {name!r}; there are {', '.join(TABLES)}"
            continue
        for way in ways:
            yield from _problems_of(mapping, name, way)


def _problems_of(mapping: Mapping, name: str, way: Derived) -> Iterator[str]:
    table = TABLES[name]
    if way.source not in mapping.sources:
        yield f"tables.{name}: there is no source {way.source!r}"
    for column in way.columns:
        feature = table.extras and column.startswith(EXTRA_PREFIX)
        if not feature and not table.column(column):
            yield f"tables.{name}: there is no column {column!r}"
    missing = [c.name for c in table.columns if c.required and c.name not in way.columns]
    if missing:
        yield f"tables.{name}: no expression for {', '.join(missing)}"


def shipped() -> tuple[str, ...]:
    """Names of the mappings that come with Forbear."""
    found = files("forbear.book").joinpath("mappings").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in found if f.name.endswith(".toml")))


def read_mapping(name_or_file: str | Path) -> Mapping:
    """The shipped mapping of that name, or the mapping in that TOML file.

    Raises:
        WrongUse: there is neither, or the file does not say what a mapping must.
    """
    name = str(name_or_file)
    if name in shipped():
        text = files("forbear.book").joinpath("mappings", f"{name}.toml").read_text(encoding="utf-8")
        return _parsed(text, name)
    path = Path(name)
    if not path.is_file():
        raise WrongUse(f"there is no mapping {name!r}", f"shipped: {', '.join(shipped())}; or give a TOML file")
    try:
        return _parsed(path.read_text(encoding="utf-8-sig"), path.stem)
    except UnicodeDecodeError as bad:
        raise WrongUse(f"mapping {name}: not UTF-8: {bad}", "save the file as UTF-8") from bad


def _parsed(text: str, name: str) -> Mapping:
    try:
        return Mapping.model_validate({"name": name, **tomllib.loads(text)})
    except tomllib.TOMLDecodeError as bad:
        raise WrongUse(f"mapping {name}: not TOML: {bad}", "docs/book.md shows a whole mapping") from bad
    except ValidationError as bad:
        first = bad.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise WrongUse(f"mapping {name}: {where}: {first['msg']}", "docs/book.md explains every key") from bad
