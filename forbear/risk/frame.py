"""Features, and where wanted outcomes, of chosen moments of a book: one row a moment, as columns of numbers.

A moment is a loan and a day. The tables are made by the SQL files of this room in the book's own connection, in a
schema of its own that is dropped afterwards; what they mean is in `features.toml` and, for books of statuses,
`record.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from forbear.basics.errors import WrongUse
from forbear.book import Book
from forbear.book.cells import quoted
from forbear.book.schema import EXTRA_PREFIX
from forbear.risk.tables import RiskTable, Word, needed, refuse_leaks, render, risk_table, risk_tables

Floats = npt.NDArray[np.float32]
Coded = tuple[npt.NDArray[np.int32], tuple[str, ...]]
SCHEMA = "risk"
MARKS = (
    "loan_id",
    "borrower_id",
    "as_of",
    "dues_past",
    "next_place",
    "next_due_on",
    "overdue",
    "arrears",
    "due_30d",
)
"""Columns that say what a row is and where its loan stands; no features."""
MORE_MARKS = ("outstanding", "is_closed", "first_time", "history")
TEXTS = ("product", "region", "repayment_method")
"""Text features of every book; a lender's own `x_*` texts join them."""
FESTIVAL_YEARS = range(2010, 2051)


@dataclass(frozen=True)
class Feature:
    """A feature: the reason it counts under, its monotone sign, and its definition in two languages."""

    name: str
    reason: str
    sign: int
    en: str
    zh: str


@cache
def catalog() -> Mapping[str, Feature]:
    """Every numeric feature of a book of events, in order."""
    return _read_catalog("features.toml")


@cache
def record_catalog() -> Mapping[str, Feature]:
    """Every numeric feature of a book of statuses, in order."""
    return _read_catalog("record.toml")


def _read_catalog(name: str) -> dict[str, Feature]:
    told = tomllib.loads(files("forbear.risk").joinpath(name).read_text(encoding="utf-8"))
    return {name: Feature(name, *row) for name, row in told.items()}


@dataclass(frozen=True, eq=False)
class Frame:
    """Rows of moments.

    Attributes:
        numbers: float32, a row a moment and a column a name of `columns`; NaN where not known. Column lies after column
            in memory, as the trees read them without a copy.
        texts: text features by name, object arrays of str.
        marks: what a row is (loan_id, borrower_id, as_of, …), arrays by name.
        outcomes: labels by name, float arrays with NaN for unknown; empty when not asked.
        protected: traits that are measured for fairness and never seen by a model.
    """

    columns: tuple[str, ...]
    numbers: Floats
    texts: Mapping[str, npt.NDArray[np.object_]]
    marks: Mapping[str, npt.NDArray[Any]]
    outcomes: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    protected: Mapping[str, npt.NDArray[np.object_]] = field(default_factory=dict)
    _codes: dict[str, Coded] = field(default_factory=dict)

    def __len__(self) -> int:
        """Rows."""
        return len(self.numbers)

    def column(self, name: str) -> Floats:
        """One numeric feature."""
        made: Floats = self.numbers[:, self.columns.index(name)]
        return made

    def coded(self, name: str) -> Coded:
        """A text feature as the place of each row's text among its names; made once.

        One that the book does not have is empty throughout, as a number that it does not have is not known.
        """
        if name not in self.texts:
            return np.zeros(len(self), dtype=np.int32), ("",)
        if name not in self._codes:
            made = pa.array(self.texts[name], pa.string()).dictionary_encode()
            self._codes[name] = made.indices.to_numpy(), tuple(made.dictionary.to_pylist())
        return self._codes[name]

    def take(self, rows: npt.NDArray[Any]) -> Frame:
        """Some rows, by index or mask."""
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        if len(rows) == len(self) and np.array_equal(rows, np.arange(len(rows))):
            return self
        return Frame(
            self.columns,
            np.take(self.numbers.T, rows, axis=1).T,
            {n: v[rows] for n, v in self.texts.items()},
            {n: v[rows] for n, v in self.marks.items()},
            {n: v[rows] for n, v in self.outcomes.items()},
            {n: v[rows] for n, v in self.protected.items()},
            {n: (codes[rows], names) for n, (codes, names) in self._codes.items()},
        )


def words_for(book: Book, until: date) -> dict[str, Word]:
    """The values of the SQL files' words: `until` ends what labels know; an installment is paid when all of it is."""
    return {"until": until, "slack": 0, "interest_known": "installments.interest_due" not in book.hindsight}


def festivals(currency: str) -> pa.Table:
    """The Spring Festival that each day lies after, where the book's currency is the yuan; else none."""
    schema = pa.schema([("festival_on", pa.date32()), ("from_on", pa.date32()), ("to_on", pa.date32())])
    days = _spring_festivals() if currency == "CNY" else []
    far = [date(1900, 1, 1), *(d for d in days[1:]), date(2200, 1, 1)] if days else []
    rows = [{"festival_on": d, "from_on": far[i], "to_on": far[i + 1]} for i, d in enumerate(days)]
    return pa.Table.from_pylist(rows, schema=schema)


@cache
def _spring_festivals() -> list[date]:
    from holidays.calendars import _ChineseLunisolar

    calendar = _ChineseLunisolar()
    found = (calendar.lunar_new_year_date(year)[0] for year in FESTIVAL_YEARS)
    return [d for d in found if d is not None]


@contextmanager
def made_tables(
    book: Book,
    moments: pa.Table,
    until: date,
    wanted: Sequence[str],
    own: Sequence[RiskTable] = (),
    given: Mapping[str, pa.Table] | None = None,
    ready: Mapping[str, pa.Table] | None = None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The wanted tables as `risk.<name>` in the book's connection; dropped at the end.

    Args:
        book: opened; its rows are taken as they are.
        moments: columns moment (whole number), loan_id, as_of (date).
        until: the day up to which labels know.
        wanted: names of tables.
        own: tables made from the book's own columns.
        given: small tables handed in beside the moments.
        ready: tables among the shipped ones that were made before (`forbear.risk.one_day`), by name.

    Raises:
        WrongUse: a table could see past its moment's day.
    """
    tables = {**risk_tables(), **{t.name: t for t in own}}
    refuse_leaks(tables)
    ready = ready or {}
    tables = {name: table for name, table in tables.items() if name not in ready}
    db = book.connection
    words = words_for(book, until)
    db.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
    try:
        for name, rows in {"moments": moments, "festivals": festivals(book.currency), **(given or {})}.items():
            db.register("given_rows", rows)
            db.execute(f"CREATE TABLE {SCHEMA}.{name} AS SELECT * FROM given_rows")
            db.unregister("given_rows")
        for name, rows in ready.items():
            db.register(name, rows)
        db.execute(f"SET search_path = '{SCHEMA},book'")
        for table in needed(wanted, tables):
            once = bool(ready) and table.name == "movements"  # then promises alone read it: no need to keep it
            kind = "VIEW" if table.view or once else "TABLE"
            db.execute(f"CREATE {kind} {SCHEMA}.{table.name} AS {render(table, words)}")
        yield db
    finally:
        db.execute("SET search_path = 'main'")
        db.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        for name in ready:
            db.unregister(name)


def frame_of(
    book: Book,
    moments: pa.Table,
    until: date,
    *,
    outcomes: bool = False,
    ready: Mapping[str, pa.Table] | None = None,
) -> Frame:
    """Features of the moments, in their order; with what came after them when `outcomes`.

    Moments of loans not disbursed by their day, or without installments, are left out.

    Args:
        book: opened.
        moments: columns moment, loan_id, as_of.
        until: the day up to which labels know.
        outcomes: labels too.
        ready: as `made_tables`; for moments that are all of one day.
    """
    extras = extra_columns(book)
    own = [risk_table("extras", extras_sql(extras))] if extras else []
    wanted = ["features", *(["extras"] if extras else []), *(OUTCOMES if outcomes else ())]
    with made_tables(book, moments, until, wanted, own, ready=ready) as db:
        joined = " ".join(
            [f"FROM {SCHEMA}.features AS f"]
            + ([f"JOIN {SCHEMA}.extras AS x USING (moment)"] if extras else [])
            + ([f"LEFT JOIN {SCHEMA}.{name} USING (moment)" for name in OUTCOMES] if outcomes else [])
        )
        lenders = [_chosen(e) for e in extras]
        plain = [f"f.{name}" for name in (*MARKS, *MORE_MARKS, *TEXTS)]
        numbers = [f"CAST(f.{name} AS FLOAT) AS {name}" for name in catalog()]
        chosen = ["f.moment", *plain, *numbers, *lenders, *(OUTCOME_COLUMNS if outcomes else ())]
        table = db.sql(f"SELECT {', '.join(chosen)} {joined}").to_arrow_table()
    return _frame(table, extras, outcomes)


OUTCOMES = ("outcomes", "asked_after", "money_after", "paused_after")
OUTCOME_COLUMNS = (
    "outcomes.* EXCLUDE (moment)",
    "asked_after.asked_in",
    "COALESCE(money_after.paid, 0) AS paid_30d_after",
    "paused_after.moment IS NOT NULL AS is_paused",
)


@dataclass(frozen=True)
class Extra:
    """A lender's own column: its table's alias, what it holds, the column that says when it was known."""

    table: str
    name: str
    kind: str
    known_on: str = ""
    is_protected: bool = False


def _chosen(extra: Extra) -> str:
    name = quoted(extra.name)
    return f"CAST(x.{name} AS FLOAT) AS {name}" if is_number(extra) else f"x.{name}"


def is_number(extra: Extra) -> bool:
    """Whether a lender's column is a numeric feature."""
    return extra.kind != "text" and not extra.is_protected


@cache
def protected_names() -> frozenset[str]:
    """Names, without `x_`, of columns that say what a person is and are never features."""
    told = tomllib.loads(files("forbear.risk").joinpath("protected.toml").read_text(encoding="utf-8"))
    return frozenset(told["names"])


_KINDS = {"BOOLEAN": "flag", "VARCHAR": "text", "DATE": "date"}


def extra_columns(book: Book) -> tuple[Extra, ...]:
    """The lender's own `x_*` columns of loans and borrowers; birth year as a protected trait.

    Raises:
        WrongUse: a column of days known holds something else.
    """
    found: list[Extra] = []
    for alias, table in (("l", "loans"), ("b", "borrowers")):
        described = book.connection.execute(f"DESCRIBE SELECT * FROM book.{table}").fetchall()
        names = {r[0]: r[1] for r in described}
        for name, sql_type in names.items():
            bare = name.lower().removeprefix(EXTRA_PREFIX)
            if not name.lower().startswith(EXTRA_PREFIX) or bare.endswith("_known_on"):
                continue
            kind = _KINDS.get(sql_type, "number")
            known = f"{name}_known_on" if f"{name}_known_on" in names else ""
            if known:
                _refuse_no_days(book, table, known, names[known])
            if all(e.name != name for e in found):
                found.append(Extra(alias, name, kind, known, bare in protected_names()))
        if table == "borrowers" and table in book:
            found.append(Extra(alias, "birth_year", "number", is_protected=True))
    return tuple(found)


def _refuse_no_days(book: Book, table: str, known_on: str, sql_type: str) -> None:
    """Refuse a column of days known that holds anything else; an empty one, which is text to a CSV, is sound."""
    if sql_type == "DATE" or sql_type.startswith("TIMESTAMP"):
        return
    cell = quoted(known_on)
    found = book.connection.execute(
        f"SELECT _file, _row, {cell} FROM book_rows.{table} WHERE {cell} IS NOT NULL"
        f" AND TRY_CAST(CAST({cell} AS VARCHAR) AS DATE) IS NULL ORDER BY ALL LIMIT 1"
    ).fetchall()
    for file, row, value in found:
        raise WrongUse(
            f"{file}, row {row}, column {known_on}: {value!r} is no day",
            f"the day from which {known_on.removesuffix('_known_on')} was known, as 2026-01-31, or empty for never",
        )


def extras_sql(extras: Sequence[Extra]) -> str:
    """A seen table of the lender's own columns: known at disbursal, or from their `_known_on` day; dates only past."""
    lines = [_extra_sql(e) for e in extras]
    return (
        "-- One row a moment: the lender's own columns.\n-- Reads: seen_traits, loans, borrowers.\n"
        "-- Seen: loans by disbursed_on\n-- Kept as: view\nSELECT t.moment, "
        + ", ".join(lines)
        + " FROM seen_traits AS t "
        "JOIN loans AS l ON l.loan_id = t.loan_id AND l.disbursed_on <= t.as_of "
        "LEFT JOIN borrowers AS b ON b.borrower_id = t.borrower_id"
    )


def _extra_sql(extra: Extra) -> str:
    cell = f"{extra.table}.{quoted(extra.name)}"
    value = {
        "number": f"CAST({cell} AS DOUBLE)",
        "flag": f"CASE WHEN {cell} THEN 1.0 WHEN NOT {cell} THEN 0.0 END",
        "text": f"CAST({cell} AS VARCHAR)",
        "date": f"CASE WHEN {cell} <= t.as_of THEN CAST(DATE_DIFF('day', {cell}, t.as_of) AS DOUBLE) END",
    }[extra.kind]
    if extra.known_on:
        value = f"CASE WHEN {known_by(extra)} <= t.as_of THEN {value} END"
    return f"{value} AS {quoted(extra.name)}"


def known_by(extra: Extra) -> str:
    """SQL of the day from which a lender's column was known."""
    return f"CAST(CAST({extra.table}.{quoted(extra.known_on)} AS VARCHAR) AS DATE)"


def _frame(table: pa.Table, extras: Sequence[Extra], outcomes: bool) -> Frame:
    """The rows in order of moment: joins keep none, and to sort so many columns by SQL costs more than to join them."""
    order = np.argsort(table["moment"].to_numpy(), kind="stable")
    place_of = np.empty_like(order)
    place_of[order] = np.arange(len(order))
    numeric = [*catalog(), *(e.name for e in extras if is_number(e))]
    numbers = np.empty((table.num_rows, len(numeric)), dtype=np.float32, order="F")
    for place, name in enumerate(numeric):
        numbers[place_of, place] = table[name].to_numpy()
    texts = [*TEXTS, *(e.name for e in extras if e.kind == "text" and not e.is_protected)]
    labels = [n for n in table.column_names if n in LABELS] if outcomes else []
    guarded = [e.name for e in extras if e.is_protected]
    return Frame(
        tuple(numeric),
        numbers,
        {n: _texts(table[n])[order] for n in texts},
        {n: marked(table[n])[order] for n in (*MARKS, *MORE_MARKS)},
        {n: _floats(table[n])[order] for n in labels},
        {n: _texts(table[n])[order] for n in (*guarded, *(("region",) if guarded or "region" in texts else ()))},
    )


LABELS = (
    "next_late_days",
    "next_known",
    "cure_days",
    "known_days",
    "dpd_in_30d",
    "days_to_60",
    "days_to_90",
    "asked_in",
    "paid_30d_after",
    "is_paused",
)


def _floats(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    if pa.types.is_boolean(column.type) or pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    made: npt.NDArray[np.float64] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return made


def texts_of(column: pa.ChunkedArray) -> Coded:
    """Texts by their place among those that differ; the empty one stands for none."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).fill_null("").dictionary_encode().unify_dictionaries()
    whole = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.string()).dictionary_encode()
    names = (*whole.dictionary.to_pylist(), "")
    return whole.indices.fill_null(len(names) - 1).to_numpy(), names


def _texts(column: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    codes, names = texts_of(column)
    made: npt.NDArray[np.object_] = np.array(names, dtype=object)[codes]
    return made


def marked(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """A mark as an array, whole numbers with NaN where some are missing."""
    if pa.types.is_integer(column.type) and column.null_count:
        column = column.cast(pa.float64())
    made: npt.NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return made


def moments_table(rows: Sequence[tuple[Any, date]] | pa.Table) -> pa.Table:
    """Moments as a table with numbers, from pairs of loan and day."""
    if isinstance(rows, pa.Table):
        if not {"loan_id", "as_of"} <= set(rows.column_names):
            raise WrongUse("moments need the columns loan_id and as_of")
        numbers = pa.array(np.arange(rows.num_rows))
        return pa.table({"moment": numbers, "loan_id": rows["loan_id"], "as_of": rows["as_of"]})
    loans, days = [r[0] for r in rows], [r[1] for r in rows]
    return pa.table(
        {"moment": pa.array(range(len(rows)), pa.int64()), "loan_id": loans, "as_of": pa.array(days, pa.date32())}
    )
