"""What several rooms' SQL files may say beyond plain SQL, written for each engine."""

from __future__ import annotations

from sqlglot import exp

DIALECT = "duckdb"
"""In which the files are written."""


def days_after(day: exp.Expr, days: exp.Expr, dialect: str) -> exp.Expr:
    """`DAYS_AFTER(day, n)`: a date some days later; engines spell that apart."""
    number = exp.cast(days, "INT")
    if dialect == DIALECT:
        return exp.Paren(this=exp.Add(this=day, expression=number))
    return exp.Anonymous(this="DATE_ADD", expressions=[day, number])
