"""The small language of mapping expressions: SQL expressions over a source's columns, and nothing more.

An expression is parsed by sqlglot and every node must be on the list below, so that a mapping from a stranger can
compute but not read files, call the system or name other tables. It is written back as DuckDB's SQL.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from forbear.basics.errors import WrongUse

PSEUDO = ("_row", "_file", "n")
"""Names every expression may use besides the source's columns: where the row stands, and the number in `repeat`."""

_ALLOWED: tuple[type[exp.Expression], ...] = (
    exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean, exp.Paren, exp.Tuple,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.DPipe, exp.Concat,
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.In, exp.Between, exp.Like,
    exp.And, exp.Or, exp.Not, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least,
    exp.Min, exp.Max, exp.Sum, exp.Count, exp.Star, exp.Distinct, exp.Window, exp.Abs, exp.Round,
    exp.Lower, exp.Upper, exp.Trim, exp.Substring, exp.Left, exp.Right, exp.Length,
    exp.Interval, exp.Var, exp.LastDay, exp.Year, exp.Month, exp.Day,
    exp.Cast, exp.DataType, exp.DataTypeParam, exp.DateStrToDate, exp.Date,
)  # fmt: skip

_CASTS = frozenset(("BIGINT", "INT", "DOUBLE", "DECIMAL", "DATE", "TEXT", "VARCHAR", "BOOLEAN"))


def compiled(expression: str | float | bool | date, columns: Collection[str], where: str) -> str:
    """DuckDB's SQL of an expression; numbers, dates and truth values stand for themselves.

    Args:
        expression: as the mapping has it.
        columns: names it may use.
        where: the place in the mapping, for the error.

    Raises:
        WrongUse: it cannot be parsed, names an unknown column, or does something not on the list.
    """
    if isinstance(expression, bool):
        return "true" if expression else "false"
    if isinstance(expression, int | float):
        return repr(expression)
    if isinstance(expression, date):
        return f"DATE '{expression.isoformat()}'"
    try:
        tree = sqlglot.parse_one(expression, dialect="duckdb")
    except SqlglotError as bad:
        said = str(bad).splitlines()[0]
        raise WrongUse(f"{where}: {expression!r} is not an expression: {said}", _HELP) from bad
    known = {name.lower() for name in (*columns, *PSEUDO)}
    for node in tree.walk():
        _allow(node, known, where, expression)
    return tree.sql(dialect="duckdb", identify=True)


_HELP = "docs/book.md lists what an expression may hold"


def _allow(node: exp.Expr, known: Collection[str], where: str, expression: str) -> None:
    if not isinstance(node, _ALLOWED):
        raise WrongUse(f"{where}: {expression!r} uses {type(node).__name__}, which a mapping may not", _HELP)
    if isinstance(node, exp.Column) and (node.table or node.name.lower() not in known):
        raise WrongUse(f"{where}: {expression!r} names {node.sql()!r}, no column of the source", _HELP)
    if isinstance(node, exp.Cast) and node.to.this.value not in _CASTS:
        raise WrongUse(f"{where}: {expression!r} casts to {node.to.sql()}, which a mapping may not", _HELP)
