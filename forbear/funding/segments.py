"""Which traits divide a book into segments, the SQL that counts them, and the segments, worst first.

Traits are the book's own columns: product, repayment method, term, funder, the amount lent, region, and features
(`x_*`) of few values. The SQL is made from their names, since no file can know them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import duckdb

from forbear.book.cells import literal, quoted
from forbear.funding.figures import Money, Row, share

LOAN_TRAITS = ("product", "repayment_method", "term", "funder_id")
BORROWER_TRAITS = ("region",)
COUNTED = ("VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT")
"""Types whose values can be traits."""
FIFTHS = (20, 40, 60, 80)
SAMPLE_ROWS = 500_000
"""Rows read to see whether a feature has few values; what then turns out to have many is left out afterwards."""


@dataclass(frozen=True)
class Traits:
    """What a book is divided by.

    Attributes:
        loans: columns of `loans`.
        borrowers: columns of `borrowers`.
        first_loan: whether borrowers name their first loan.
        bands: upper ends of the bands of principal but the last, in minor units.
    """

    loans: tuple[str, ...]
    borrowers: tuple[str, ...]
    first_loan: bool
    bands: tuple[int, ...]


def traits(connection: duckdb.DuckDBPyConnection, values: int, bands: Sequence[Decimal], digits: int) -> Traits:
    """The traits of the book open in a connection.

    Args:
        connection: where `book.loans` and `book.borrowers` are.
        values: a feature with more values than this is none.
        bands: upper ends of the bands of principal in the major unit; empty: fifths of the book, rounded.
        digits: of the currency's minor unit.
    """
    ends = tuple(int(b.scaleb(digits)) for b in bands) or _fifths(connection)
    return Traits(
        _few(connection, "loans", LOAN_TRAITS, values),
        _few(connection, "borrowers", BORROWER_TRAITS, values),
        "first_loan" in _few(connection, "borrowers", ("first_loan",), values),
        ends,
    )


def _few(connection: duckdb.DuckDBPyConnection, table: str, known: Sequence[str], values: int) -> tuple[str, ...]:
    """The known columns that hold something, and the features of few values."""
    described = connection.execute(f"DESCRIBE book.{table}").fetchall()
    types = {name: kind for name, kind, *_ in described}
    features = [n for n in types if n.startswith("x_") and types[n] in COUNTED]
    asked = [n for n in known if n in types] + sorted(features)
    if not asked:
        return ()
    counts = ", ".join(f"count(DISTINCT {quoted(n)})" for n in asked)
    row = connection.execute(f"SELECT {counts} FROM (SELECT * FROM book.{table} LIMIT {SAMPLE_ROWS})").fetchone()
    assert row is not None
    found = dict(zip(asked, row, strict=True))
    return tuple(n for n in asked if found[n] > 0 and (n in known or found[n] <= values))


def _fifths(connection: duckdb.DuckDBPyConnection) -> tuple[int, ...]:
    """Amounts of two digits that divide the loans into about five equal parts."""
    rows = connection.execute(
        """SELECT floor(principal / unit) * unit AS amount, count(*) FROM (
            SELECT principal, CAST(10 ** greatest(length(CAST(principal AS VARCHAR)) - 2, 0) AS BIGINT) AS unit
            FROM book.loans WHERE principal > 0
        ) GROUP BY 1 ORDER BY 1"""
    ).fetchall()
    loans = sum(n for _, n in rows)
    ends, seen, wanted = [], 0, list(FIFTHS)
    for amount, n in rows:
        seen += n
        while wanted and seen * 100 >= loans * wanted[0]:
            wanted.pop(0)
            ends.append(int(amount))
    return tuple(sorted(set(ends)))


def band_names(bands: Sequence[int], money: Money) -> tuple[str, ...]:
    """The bands in words, in order: `up to 1000`, `1000 to 2000`, `over 2000`, in the major unit."""
    told = [money(b).removesuffix("." + "0" * money.digits) if money.digits else money(b) for b in bands]
    if not told:
        return ("all",)
    return (f"≤ {told[0]}", *(f"{a} – {b}" for a, b in pairwise(told)), f"> {told[-1]}")


def loan_segments_sql(chosen: Traits) -> str:
    """The table `loan_segments`: one row a trait of loans and a value, with open loans and how many are late."""
    order = " ".join(f"WHEN principal <= {end} THEN {i}" for i, end in enumerate(chosen.bands))
    band = f"CASE {order} ELSE {len(chosen.bands)} END" if chosen.bands else "0"
    columns = [
        *((n, f"CAST({quoted(n)} AS VARCHAR)") for n in chosen.loans),
        ("amount_band", f"CAST({band} AS VARCHAR)"),
    ]
    wide = ", ".join(f"{text} AS {quoted(name)}" for name, text in columns)
    joined = f"FROM open_loans AS o JOIN (SELECT loan_id, {wide} FROM loans) AS t ON t.loan_id = o.loan_id"
    return _counted([name for name, _ in columns], "o", joined, "COUNT(*)", "o.is_1", "o.is_30", money=True)


def borrower_segments_sql(chosen: Traits) -> str:
    """The table `borrower_segments`: the same by traits of borrowers."""
    wide = ", ".join(f"CAST({quoted(n)} AS VARCHAR) AS {quoted(n)}" for n in chosen.borrowers)
    joined = (
        f"FROM debts AS o JOIN (SELECT borrower_id, {wide} FROM borrowers) AS t ON t.borrower_id = o.borrower_id"
    )
    return _counted(chosen.borrowers, "o", joined, "SUM(o.loans)", "o.loans_1", "o.loans_30", money=False)


def _counted(
    names: Sequence[str], of: str, joined: str, loans: str, late_1: str, late_30: str, *, money: bool
) -> str:
    """Counts by each of some columns at once."""
    which = " ".join(f"WHEN GROUPING(t.{quoted(n)}) = 0 THEN {literal(n)}" for n in names)
    value = " ".join(f"WHEN GROUPING(t.{quoted(n)}) = 0 THEN t.{quoted(n)}" for n in names)
    sets = ", ".join(f"(t.{quoted(n)})" for n in names)

    def principal(days: int) -> str:
        text = f"{of}.principal_outstanding * {of}.is_{days}" if money else f"{of}.principal_{days}"
        return f"CAST(SUM({text}) AS BIGINT) AS principal_{days}"

    return f"""SELECT
        CASE {which} END AS dimension,
        CASE {value} END AS trait,
        CAST({loans} AS BIGINT) AS loans,
        CAST(SUM({late_1}) AS BIGINT) AS loans_1,
        CAST(SUM({late_30}) AS BIGINT) AS loans_30,
        CAST(SUM({of}.{"principal_outstanding" if money else "principal"}) AS BIGINT) AS principal,
        {principal(1)},
        {principal(30)},
        {principal(90)}
    {joined}
    GROUP BY GROUPING SETS ({sets})"""


def segments(
    rows: Sequence[Row], chosen: Traits, open_principal: int, limits: tuple[int, int, int], money: Money
) -> list[Row]:
    """Segments of open loans, worst first by principal 30 or more days past due.

    A trait that all open loans share divides nothing, and is not told.

    Args:
        rows: dimension, trait and counts; rows of the same segment add up.
        chosen: the traits they were made with.
        open_principal: principal outstanding of the book, in minor units.
        limits: segments listed, open loans one needs, values at which a feature is none.
        money: writes money.
    """
    listed, loans, values = limits
    added = _added(rows)
    many = _counts(added)
    whole = sum(r["loans"] for (dimension, _), r in added.items() if dimension == "amount_band")
    names = dict(enumerate(band_names(chosen.bands, money)))
    kept = [
        (key, r)
        for key, r in added.items()
        if loans <= r["loans"] < whole and not (key[0].startswith("x_") and many[key[0]] > values)
    ]
    kept.sort(key=lambda k: (-_rate(k[1]), -k[1]["principal_30"], k[0]))
    return [
        _segment(d, names[int(v)] if d == "amount_band" else v, r, open_principal, money) for (d, v), r in kept
    ][:listed]


def _added(rows: Sequence[Row]) -> dict[tuple[str, str], Row]:
    added: dict[tuple[str, str], Row] = {}
    for row in rows:
        if row["trait"] is not None and row["trait"] != "":
            sums = added.setdefault((row["dimension"], row["trait"]), dict.fromkeys(SUMS, 0))
            for column in SUMS:
                sums[column] += int(row[column])
    return added


SUMS = ("loans", "loans_1", "loans_30", "principal", "principal_1", "principal_30", "principal_90")


def _counts(added: Mapping[tuple[str, str], Row]) -> dict[str, int]:
    many: dict[str, int] = {}
    for dimension, _ in added:
        many[dimension] = many.get(dimension, 0) + 1
    return many


def _rate(row: Row) -> Decimal:
    return Decimal(row["principal_30"]) / row["principal"] if row["principal"] else Decimal(0)


def _segment(dimension: str, value: str, row: Row, whole: int, money: Money) -> Row:
    return {
        "dimension": dimension,
        "value": value,
        "loans": row["loans"],
        "principal": money(row["principal"]),
        "share_principal": share(row["principal"], whole),
        "rate_any_loans": share(row["loans_1"], row["loans"]),
        "rate_any_principal": share(row["principal_1"], row["principal"]),
        "rate_30_loans": share(row["loans_30"], row["loans"]),
        "rate_30_principal": share(row["principal_30"], row["principal"]),
        "rate_90_principal": share(row["principal_90"], row["principal"]),
    }
