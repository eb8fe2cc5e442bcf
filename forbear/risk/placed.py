"""Features of a whole book on one day: the last join by place, its expressions by `features.sql`.

Every table that `features.sql` joins lies beside the loans already, a row a loan. So its expressions are asked of one
wide table, run of loans after run of loans, and its joins are not made. Columns that it hands on as they are, texts
above all, never pass through SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import sqlglot
from sqlglot import exp

from forbear.aging.columns.rows import Whole
from forbear.basics.sql import DIALECT
from forbear.book import Book
from forbear.book.cells import quoted
from forbear.risk.beside import Calendar, Lookup, Neighbors, borrowers_of, said
from forbear.risk.columns import EPOCH
from forbear.risk.frame import (
    MARKS,
    MORE_MARKS,
    TEXTS,
    Extra,
    Frame,
    catalog,
    extra_columns,
    extras_sql,
    is_number,
    marked,
    texts_of,
    words_for,
)
from forbear.risk.nulls import put_floats
from forbear.risk.one_day import rows_on
from forbear.risk.others import Others
from forbear.risk.tables import render, risk_table, risk_tables

BLOCK = 200_000
"""Loans whose wide rows are made at once."""
WRITTEN = ("loan_id", "as_of", "first_time", "history")
"""Marks that a table of scores has of every loan."""


@dataclass(frozen=True, eq=False)
class Block:
    """Some loans of a book, in order of loan_id, and the features of those that something is asked of.

    Attributes:
        marks: of all of the loans, those in `WRITTEN` at least.
        asked: rows of the open loans; of all, where the files made them.
        places: of each asked row its loan's place among all.
    """

    marks: Mapping[str, npt.NDArray[Any]]
    asked: Frame
    places: Whole


def frame_on(book: Book, as_of: date) -> Frame | None:
    """Features of every loan disbursed by a day that has installments, by loan_id.

    Args:
        book: opened, of events.
        as_of: nothing later counts.

    Returns:
        None when loans or borrowers are named twice or lack what they need: then the files must do.
    """
    wide = _wide_on(book, as_of, only_open=False)
    return None if wide is None else wide.whole()


def blocks_on(book: Book, as_of: date, most: int) -> Iterator[Block] | None:
    """What `frame_on` says, of at most so many loans at once, with features of the open ones alone."""
    wide = _wide_on(book, as_of, only_open=True)
    return None if wide is None else wide.blocks(most)


def _wide_on(book: Book, as_of: date, *, only_open: bool) -> _Wide | None:
    words, extras = words_for(book, as_of), extra_columns(book)
    own = {table: [n for e in extras if e.table == table for n in (e.name, e.known_on) if n] for table in "lb"}
    rows = rows_on(book, as_of, words, own["l"])
    if rows is None:
        return None
    borrowers = borrowers_of(book, rows, own["b"])
    if borrowers is None:
        return None
    return _Wide(book, as_of, rows, borrowers, extras, only_open)


@dataclass(frozen=True)
class Asked:
    """How a column comes of the wide table: by SQL, or handed on when that names a column of it."""

    sql: str
    handed_on: bool


def asked_of(query: str, as_of: date) -> dict[str, Asked]:
    """The columns of a query that joins tables by short names, asked of one table that has them side by side."""
    made = {}
    for projection in sqlglot.parse_one(query, read=DIALECT).expressions:
        found = projection.unalias().transform(_placed, as_of)
        if isinstance(found, exp.Cast) and found.is_type("text"):  # a lender's own text, which is one already
            found = found.this
        made[projection.alias_or_name] = (
            Asked(found.name, True) if isinstance(found, exp.Column) else Asked(found.sql(dialect=DIALECT), False)
        )
    return made


def _placed(node: exp.Expr, as_of: date) -> exp.Expr:
    if not isinstance(node, exp.Column):
        return node
    if node.name == "as_of":
        return exp.cast(exp.Literal.string(as_of.isoformat()), "date")
    return exp.column(exp.to_identifier(f"{node.table}_{node.name}", quoted=True))


class _Turning:
    """What the database reads as one table, and is one table after another."""

    def __init__(self, schema: pa.Schema) -> None:
        self.table = schema.empty_table()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


class _Question:
    """Expressions asked of table after table of one schema, understood by the database once: that takes it longer than
    to answer for some thousand rows.
    """

    def __init__(self, db: duckdb.DuckDBPyConnection, chosen: Sequence[str], schema: pa.Schema) -> None:
        self.schema = schema
        self._asked = _Turning(schema)
        self._db = db.cursor()
        self._db.register("wide", self._asked)
        self._db.execute(f"PREPARE asked AS SELECT {', '.join(chosen)} FROM wide")

    def __call__(self, table: pa.Table) -> pa.Table:
        """The answers, a row a row of the table."""
        self._asked.table = table
        made = self._db.sql("EXECUTE asked").to_arrow_table()
        self._asked.table = self.schema.empty_table()
        return made


class _Wide:
    """All that is known of the loans, and the frames made of it."""

    def __init__(
        self,
        book: Book,
        as_of: date,
        rows: pa.Table,
        borrowers: Lookup,
        extras: Sequence[Extra],
        only_open: bool,
    ) -> None:
        self._db, self._as_of, self._rows, self._extras = book.connection, as_of, rows, extras
        day = (as_of - EPOCH).days
        seen = rows["t_disbursed_on"].cast(pa.int32()).to_numpy() <= day
        has_plan = seen & rows["s_installments"].is_valid().to_numpy()
        self._loans = np.flatnonzero(has_plan)
        self._closed = rows["s_is_closed"].fill_null(False).to_numpy()
        self._borrowers = borrowers
        self._said = said(book, rows, as_of, has_plan & ~self._closed if only_open else has_plan)
        self._others = Others(rows, seen, day)
        self._neighbors = Neighbors(rows, borrowers)
        self._calendar = Calendar(book.currency, as_of)
        self._asked = asked_of(render(risk_tables()["features"], words_for(book, as_of)), as_of)
        if extras:
            self._asked |= asked_of(render(risk_table("extras", extras_sql(extras)), {}), as_of)
        self._numeric = [*catalog(), *(e.name for e in extras if is_number(e))]
        self._questions: dict[tuple[str, ...], _Question] = {}

    def whole(self) -> Frame:
        """One frame of all loans."""
        return self._frame(self._loans)

    def blocks(self, most: int) -> Iterator[Block]:
        """Blocks of at most so many loans; one at least."""
        for first in range(0, max(len(self._loans), 1), most):
            loans = self._loans[first : first + most]
            places = np.flatnonzero(~self._closed[loans])
            yield Block(self._marks(loans), self._frame(loans[places], traits=False), places)

    def _frame(self, loans: Whole, *, traits: bool = True) -> Frame:
        texts = [*TEXTS, *(e.name for e in self._extras if e.kind == "text" and not e.is_protected)]
        guarded = [e.name for e in self._extras if e.is_protected] if traits else []
        names = [*MARKS, *MORE_MARKS, *texts, *guarded]
        numbers = np.empty((len(loans), len(self._numeric)), dtype=np.float32, order="F")
        pieces = []
        for first in range(0, max(len(loans), 1), BLOCK):
            run = loans[first : first + BLOCK]
            told = self._told(self._wide(run), [*self._numeric, *names])
            for place, name in enumerate(self._numeric):
                put_floats(numbers[first : first + len(run), place], told[name])
            pieces.append(pa.table({n: told[n] for n in names}))
        whole = pa.concat_tables(pieces).unify_dictionaries()
        coded = {n: texts_of(whole[n]) for n in (*texts, *guarded)}
        spelled = {n: np.array(known, dtype=object)[codes] for n, (codes, known) in coded.items()}
        return Frame(
            tuple(self._numeric),
            numbers,
            {n: spelled[n] for n in texts},
            {n: marked(whole[n]) for n in (*MARKS, *MORE_MARKS)},
            {},
            {n: spelled[n] for n in (*guarded, "region")},
            {n: coded[n] for n in texts},
        )

    def _marks(self, loans: Whole) -> dict[str, npt.NDArray[Any]]:
        """What is written of loans, whether something is asked of them or not."""
        columns = self._own(loans, ("t_first_loan",)) | {"f_others_dues": self._others.dues(loans)}
        return {name: marked(column) for name, column in self._told(pa.table(columns), WRITTEN).items()}

    def _own(self, loans: Whole, names: Sequence[str] | None = None) -> dict[str, pa.ChunkedArray]:
        """What is known of some loans and their borrowers themselves; of these all columns or some."""
        first, last = (int(loans[0]), int(loans[-1]) + 1) if len(loans) else (0, 0)
        own = self._rows.slice(first, last - first)
        own = own if last - first == len(loans) else own.take(pa.array(loans - first))
        tables = (own, self._borrowers.of(loans, names))
        return {name: table[name] for table in tables for name in table.column_names}

    def _wide(self, loans: Whole) -> pa.Table:
        """Every table's row of some loans, side by side."""
        columns = self._own(loans)
        for lookup in self._said:
            table = lookup.of(loans)
            columns |= {name: table[name] for name in table.column_names}
        columns |= {f"f_{name}": column for name, column in self._others.of(loans).items()}
        columns |= self._neighbors.of(loans)
        columns["u_turn"] = pa.array(self._others.turn[loans])
        columns["n_festival_on"] = self._calendar.of(columns["s_next_due_on"])
        return pa.table(columns).combine_chunks()

    def _told(self, wide: pa.Table, names: Sequence[str]) -> dict[str, pa.ChunkedArray]:
        """Columns by name: handed on, or worked out by SQL."""
        told = {n: wide[self._asked[n].sql] for n in names if self._asked[n].handed_on}
        asked = tuple(n for n in names if n not in told)
        question = self._questions.get(asked)
        if question is None or question.schema != wide.schema:
            question = self._questions[asked] = _Question(self._db, [self._chosen(n) for n in asked], wide.schema)
        made = question(wide)
        return told | {n: made[n] for n in made.column_names}

    def _chosen(self, name: str) -> str:
        sql = self._asked[name].sql
        return f"{f'CAST({sql} AS FLOAT)' if name in self._numeric else sql} AS {quoted(name)}"
