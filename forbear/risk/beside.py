"""What hangs on a loan besides its own money: its borrower, what was said, pauses, neighbours, the calendar.

On one day, for all loans of a book. What was said is told by the SQL files over the whole book at once; everything
else is looked up by place. Columns have the short names of `features.sql`, as in `forbear.risk.one_day`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forbear.aging.columns.rows import Flags, Whole
from forbear.book import Book
from forbear.book.cells import quoted
from forbear.risk.columns import EPOCH
from forbear.risk.frame import SCHEMA, festivals, made_tables, texts_of
from forbear.risk.nulls import null_for_nan
from forbear.risk.one_day import coded
from forbear.risk.places import BLOCK, Places, indices, places

SAID = {
    "touches": ("c", "borrower_id"),
    "kept_promises": ("k", "loan_id"),
    "spell": ("w", "loan_id"),
    "marks": ("e", "loan_id"),
}
"""What `features.sql` calls each table, and whose its rows are."""


@dataclass(frozen=True)
class Lookup:
    """A table, and of each loan of the book the row that is its own, -1 for none."""

    rows: pa.Table
    row_of: Places

    def of(self, loans: Whole, names: Sequence[str] | None = None) -> pa.Table:
        """The rows of some loans; all columns or some."""
        rows = self.rows if names is None else self.rows.select(names)
        return rows.take(indices(self.row_of[loans]))


def borrowers_of(book: Book, rows: pa.Table, extras: Sequence[str]) -> Lookup | None:
    """Each borrower's region and first loan as `t_…`, further columns as `b_…`; None when a borrower is named twice."""
    more = "".join(f", {quoted(name)}" for name in extras)
    query = f"SELECT borrower_id, COALESCE(region, '') AS region, first_loan{more} FROM book.borrowers"
    made = coded(book.connection.sql(query), ("borrower_id", "first_loan"))
    ids = made["borrower_id"]
    if (places(ids, ids) != np.arange(len(ids))).any():
        return None
    names = [f"{'t' if n in ('region', 'first_loan') else 'b'}_{n}" for n in made.column_names[1:]]
    named = made.drop_columns("borrower_id").rename_columns(names)
    return Lookup(named.combine_chunks(), places(rows["t_borrower_id"], ids))


def said(book: Book, rows: pa.Table, as_of: date, wanted: Flags) -> list[Lookup]:
    """What was said to and by borrowers, promises kept, and pauses: by the SQL files, for all wanted loans at once.

    Promises and times of arrears are looked at only of loans whose borrowers promised something or were contacted.
    """
    touches, marks = _by_files(book, rows, as_of, wanted, ("touches", "marks"))
    overdue = rows["s_overdue"].fill_null(0).to_numpy() > 0
    promises = np.append(touches.rows["c_promises"].fill_null(0).to_numpy(), 0)[touches.row_of] > 0
    asked = wanted & (promises | (overdue & (touches.row_of >= 0)))
    return [touches, marks, *_by_files(book, rows, as_of, asked, ("kept_promises", "spell"))]


def _by_files(book: Book, rows: pa.Table, as_of: date, chosen: Flags, names: Sequence[str]) -> list[Lookup]:
    """Tables of the SQL files for some loans of the book."""
    columns = rows.select(["t_loan_id", "t_borrower_id", "s_overdue", "s_oldest_unpaid_on"])
    columns = columns.rename_columns(["loan_id", "borrower_id", "overdue", "oldest_unpaid_on"])
    own = columns if chosen.all() else columns.filter(pa.array(chosen))
    own = own.append_column("as_of", pa.repeat(pa.scalar(as_of, pa.date32()), own.num_rows))
    ready = {
        "subjects": own.select(["loan_id", "borrower_id", "as_of"]),
        "standing": own.filter(pc.greater(own["overdue"], 0)).drop_columns("borrower_id"),
    }
    none = own.slice(0, 0).select(["loan_id", "as_of"]).add_column(0, "moment", pa.array([], pa.int64()))
    with made_tables(book, none, as_of, names, ready=ready) as db:
        found = {n: db.sql(f"SELECT * EXCLUDE (as_of) FROM {SCHEMA}.{n}").to_arrow_table() for n in names}
    return [_lookup(table, *SAID[n], rows) for n, table in found.items()]


def _lookup(table: pa.Table, short: str, key: str, rows: pa.Table) -> Lookup:
    own = table.drop_columns(key)
    named = own.rename_columns([f"{short}_{name}" for name in own.column_names])
    return Lookup(named.combine_chunks(), places(rows[f"t_{key}"], table[key]))


class Neighbors:
    """The share of dues of the last ninety days that were late, among loans of one product, region, month, and all."""

    def __init__(self, rows: pa.Table, borrowers: Lookup) -> None:
        """Add up every loan's dues and late ones."""
        dues, lates = (rows[f"r_{n}"].fill_null(0).to_numpy() for n in ("dues", "lates"))
        region, names = texts_of(borrowers.rows["t_region"])
        nowhere = np.int32(names.index(""))  # the region of those without a borrower: the last, at -1
        whose = np.append(region, nowhere)[borrowers.row_of]
        product, _ = texts_of(rows["t_product"])
        self._codes = {"np": product, "nr": whose, "nv": _months(rows["t_disbursed_on"])}
        self._shares = {name: _share(codes, dues, lates) for name, codes in self._codes.items()}
        self._all = _share(np.zeros(len(dues), np.int32), dues, lates)

    def of(self, loans: Whole) -> dict[str, pa.Array]:
        """The shares by short name, null where nothing fell due."""
        made = {f"{n}_late_share": self._shares[n][codes[loans]] for n, codes in self._codes.items()}
        made["nb_late_share"] = np.full(len(loans), self._all[0] if len(self._all) else np.nan)
        return {name: null_for_nan(values) for name, values in made.items()}


def _months(days: pa.ChunkedArray) -> Places:
    """A number for each month, looked up by day: there are few days."""
    since: Places = days.cast(pa.int32()).to_numpy()
    if not len(since):
        return since
    least = int(since.min())
    of_day = np.arange(least, int(since.max()) + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int32)
    months: Places = (of_day - of_day[0])[since - least]
    return months


def _share(codes: Places, dues: Places, lates: Places) -> np.ndarray:
    """Late dues among all by code, NaN where there are none; added up in blocks, whose memory serves again."""
    size = int(codes.max(initial=-1)) + 1
    all_dues, all_lates = np.zeros(size), np.zeros(size)
    for first in range(0, len(codes), BLOCK):
        run = slice(first, first + BLOCK)
        all_dues += np.bincount(codes[run], weights=dues[run], minlength=size)
        all_lates += np.bincount(codes[run], weights=lates[run], minlength=size)
    with np.errstate(invalid="ignore"):
        return np.where(all_dues > 0, all_lates / all_dues, np.nan)


class Calendar:
    """The Spring Festival before a day."""

    def __init__(self, currency: str, as_of: date) -> None:
        """Take the festivals of a currency's country."""
        told = festivals(currency)
        self._from, self._to = (told[n].cast(pa.int32()).to_numpy() for n in ("from_on", "to_on"))
        self._festival = told["festival_on"].cast(pa.int32()).to_numpy()
        self._day = (as_of - EPOCH).days

    def of(self, next_due_on: pa.ChunkedArray) -> pa.Array:
        """The festival before each next due date, or before the day where nothing falls due; null where none is."""
        days = next_due_on.cast(pa.int32()).fill_null(self._day).to_numpy()
        if not len(self._from):
            return pa.nulls(len(days), pa.date32())
        at = np.searchsorted(self._from, days, side="right") - 1
        there = (at >= 0) & (self._to[at] > days)
        return pa.array(self._festival[at].astype(np.int32), mask=~there).cast(pa.date32())
