"""The night's tables: named SQL files, the order in which they are made read from the SQL itself.

A file `<room>/tables/<name>.sql` makes the table `name`. It is DuckDB's dialect in its common subset; sqlglot reads it,
fills in the `$` words, `MONEY(x)` and `DAYS_AFTER(day, n)`, and writes it for the engine that runs it. Header lines
may say `-- Over: the whole book` (made once, after all parts of the book) and `-- Kept as: view` (not stored).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from importlib.resources import files

import sqlglot
from sqlglot import exp

from forbear.aging.words import Word
from forbear.basics.sql import DIALECT, days_after

ROOMS = ("aging", "funding")
"""Rooms whose tables the night makes."""
MONEY_DIGITS = 18


@dataclass(frozen=True)
class NightTable:
    """One table of the night.

    Attributes:
        name: of the file and of the table.
        room: where the file lies.
        text: the file, with its header.
        reads: tables it reads, sources of the book among them.
        whole: it is made once over the whole book, not for each part.
        view: it is not stored.
    """

    name: str
    room: str
    text: str
    reads: frozenset[str]
    whole: bool
    view: bool

    @property
    def sha256(self) -> str:
        """Fingerprint of the file."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@cache
def night_tables() -> tuple[NightTable, ...]:
    """Every table of the night, each after those it reads."""
    return _ordered({t.name: t for room in ROOMS for t in room_tables(room)})


def room_tables(room: str) -> tuple[NightTable, ...]:
    """The tables of one room, by name."""
    folder = files(f"forbear.{room}").joinpath("tables")
    found = sorted((p for p in folder.iterdir() if p.name.endswith(".sql")), key=lambda p: p.name)
    return tuple(night_table(room, p.name.removesuffix(".sql"), p.read_text(encoding="utf-8")) for p in found)


def night_table(room: str, name: str, text: str) -> NightTable:
    """The table that a text of SQL makes; what it reads and how it is kept are in the text."""
    query = _parsed(text)
    own = {cte.alias_or_name for cte in query.find_all(exp.CTE)}
    reads = frozenset(t.name for t in query.find_all(exp.Table)) - own
    header = [line for line in text.splitlines() if line.startswith("--")]
    return NightTable(
        name,
        room,
        text,
        reads,
        whole=any(line.startswith("-- Over: the whole book") for line in header),
        view=any(line.startswith("-- Kept as: view") for line in header),
    )


def needed(
    wanted: frozenset[str], own: Sequence[NightTable] = (), given: frozenset[str] = frozenset()
) -> tuple[NightTable, ...]:
    """The tables to make for `wanted`, in order; unneeded ones left out.

    Args:
        wanted: names of tables.
        own: tables of a book's beside the night's.
        given: tables that are there already, so that what they read is not needed for them.
    """
    by_name = {t.name: t for t in (*night_tables(), *own) if t.name not in given}
    todo, seen = list(wanted), set()
    while todo:
        name = todo.pop()
        if name in by_name and name not in seen:
            seen.add(name)
            todo += by_name[name].reads
    return tuple(t for t in _ordered(by_name) if t.name in seen)


def _ordered(read: Mapping[str, NightTable]) -> tuple[NightTable, ...]:
    order = TopologicalSorter({name: sorted(t.reads & read.keys()) for name, t in sorted(read.items())})
    return tuple(read[name] for name in order.static_order())


def render(table: NightTable, words: Mapping[str, Word], digits: int, dialect: str) -> str:
    """The table's query in an engine's dialect, its words filled in."""
    filled = _parsed(table.text).transform(lambda node: _filled(node, words, digits, dialect))
    return filled.sql(dialect=dialect, comments=False)


@cache
def _parsed(text: str) -> exp.Expr:
    return sqlglot.parse_one(text, read=DIALECT)


def _filled(node: exp.Expr, words: Mapping[str, Word], digits: int, dialect: str) -> exp.Expr:
    if isinstance(node, exp.Placeholder | exp.Parameter):
        return exp.convert(words[str(node.name)])
    if isinstance(node, exp.Anonymous):
        name = node.name.upper()
        if name == "MONEY":
            return _money(node.expressions[0], digits)
        if name == "DAYS_AFTER":
            return days_after(node.expressions[0], node.expressions[1], dialect)
    return node


def _money(minor: exp.Expr, digits: int) -> exp.Expr:
    """Minor units as an exact decimal of the major unit."""
    whole = exp.cast(minor, f"DECIMAL({MONEY_DIGITS - digits}, 0)")
    if not digits:
        return whole
    unit = exp.cast(exp.Literal.string(f"0.{1:0{digits}}"), f"DECIMAL({digits}, {digits})")
    return exp.cast(exp.Mul(this=whole, expression=unit), f"DECIMAL({MONEY_DIGITS}, {digits})")
