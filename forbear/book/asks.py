"""The questions a check puts to a book, built from the rules: what to count, and how to find the rows.

An `Ask` is one rule on one column of one table. Asks that share a source are counted in one pass; only an ask whose
count is not zero is located, because naming rows costs far more than counting them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from forbear.book.cells import literal, quoted
from forbear.book.faults import Rule, rules
from forbear.book.schema import TABLES, Kind, Table
from forbear.book.views import ROWS_SCHEMA, SCHEMA, Cells


@dataclass(frozen=True)
class Ask:
    """One rule on one column.

    Attributes:
        source: SQL of the rows to count over, and `when` the condition of a bad one.
        located: SQL of the bad rows with `_file`, `_row` and, where the table has them, loan_id and borrower_id.
        value: SQL of the value to show.
        expected: what was expected, in words.
    """

    rule: Rule
    table: str
    column: str
    source: str
    when: str
    located: str
    value: str
    expected: str
    owner: str = ""
    """What stands before loan_id and borrower_id in `located`."""
    personal: bool = False


def cell_asks(cells: Cells) -> Iterator[Ask]:
    """Asks about cells that cannot be read as what their column is; over the raw columns."""
    for reading in cells.readings:
        for wrong in reading.wrong if reading.stored else ():
            found = f"SELECT * FROM {cells.located} WHERE {wrong.when}"
            yield Ask(
                rules()[wrong.rule],
                cells.table,
                reading.column.name,
                cells.rows,
                wrong.when,
                found if cells.owned else _with_owner(found, cells.table),
                f"CAST({quoted(reading.stored)} AS VARCHAR)",
                _said(wrong.rule, reading.column.name, words=wrong.expected),
                "owner_",
                reading.column.personal,
            )


def required_asks(table: Table) -> Iterator[Ask]:
    """Asks for a value in the required columns of a table that a mapping derived."""
    for column in table.columns:
        if column.required:
            when = f"{quoted(column.name)} IS NULL"
            found = f"SELECT * FROM {ROWS_SCHEMA}.{table.name} WHERE {when}"
            said = _said("missing_value", column.name)
            source = f"{SCHEMA}.{table.name}"
            yield Ask(rules()["missing_value"], table.name, column.name, source, when, found, "''", said)


def _with_owner(found: str, table: str) -> str:
    """Bad raw rows joined to the same rows of the typed table, for the loan and borrower they belong to."""
    owners = ("loan_id", "borrower_id")
    has = {c: TABLES[table].column(c) is not None for c in owners}
    named = ", ".join(f"{f't.{c}' if has[c] else 'NULL'} AS owner_{c}" for c in owners)
    return f"SELECT f.*, {named} FROM ({found}) AS f LEFT JOIN {ROWS_SCHEMA}.{table} AS t USING (_file, _row)"


def row_asks(tables: Collection[str], as_of: date | None, currency: str, digits: int) -> Iterator[Ask]:
    """Asks about single rows, and about rows together with their loan."""
    for rule in rules().values():
        for cell in rule.cells:
            table, column = cell.split(".")
            if table not in tables or ("{as_of}" in rule.when and as_of is None):
                continue
            if rule.when:
                when = rule.when.format(column=quoted(column), as_of=as_of, currency=currency)
                found = f"SELECT * FROM {ROWS_SCHEMA}.{table} WHERE {when}"
                source = f"{SCHEMA}.{table}"
                said = _said(rule.name, column, as_of=as_of, currency=currency)
                yield Ask(rule, table, column, source, when, found, shown(table, column, digits), said)


def _said(rule: str, column: str, **figures: object) -> str:
    return rules()[rule].expected.format(column=column, **figures)


def loan_asks(tables: Collection[str], digits: int) -> Iterator[Ask]:
    """Asks that the files below `checks/` answer; those that read a table the book lacks are left out."""
    has_loans = "loans" in tables
    if has_loans and "installments" in tables:
        yield from _schedule_asks(digits)
    if has_loans and "payments" in tables:
        for name in ("unknown_loan", "paid_before_disbursal"):
            column = "loan_id" if name == "unknown_loan" else "paid_on"
            found = f"SELECT * FROM ({_sql('receipts', f'{ROWS_SCHEMA}.payments')}) WHERE {name}"
            source = f"({_sql('receipts', f'{SCHEMA}.payments')})"
            value = shown("payments", column, digits)
            yield Ask(rules()[name], "payments", column, source, name, found, value, _said(name, column))
    yield from _reference_asks(tables, digits)


def _schedule_asks(digits: int) -> Iterator[Ask]:
    source = f"({_sql('schedules')})"
    for rule in rules().values():
        if rule.source == "schedules":
            table, column = rule.cells[0].split(".")
            yield _schedule_ask(rule, table, column, source, rule.narrow, digits)
    yield _schedule_ask(rules()["unknown_loan"], "installments", "loan_id", source, "", digits)
    repeated = (
        "(loan_id, number) IN (SELECT (loan_id, number) FROM book.installments GROUP BY ALL HAVING count(*) > 1)"
    )
    yield _schedule_ask(rules()["duplicate_key"], "installments", "number", source, repeated, digits)


def _schedule_ask(rule: Rule, table: str, column: str, source: str, narrow: str, digits: int) -> Ask:
    bad = f"loan_id IN (SELECT loan_id FROM {source} WHERE {rule.name})"
    also = f" AND ({narrow})" if narrow else ""
    found = f"SELECT * FROM {ROWS_SCHEMA}.{table} AS rows_ WHERE {bad}{also}"
    said = _said(rule.name, column, key="loan_id and number")
    return Ask(rule, table, column, source, rule.name, found, shown(table, column, digits), said)


def _reference_asks(tables: Collection[str], digits: int) -> Iterator[Ask]:
    for rule in rules().values():
        for reference in rule.references:
            cell, target = reference.split(" -> ")
            table, column = cell.split(".")
            if table not in tables or target not in tables:
                continue
            key = TABLES[target].key[0]
            known = f"SELECT {key} FROM {SCHEMA}.{target} WHERE {key} IS NOT NULL"
            when = f"{column} IS NOT NULL AND {column} NOT IN ({known})"
            found = f"SELECT * FROM {ROWS_SCHEMA}.{table} WHERE {when}"
            source = f"(SELECT true AS is_bad FROM {SCHEMA}.{table} WHERE {when})"
            said = _said(rule.name, column)
            yield Ask(rule, table, column, source, "is_bad", found, shown(table, column, digits), said)


def duplicate_ask(table: str, digits: int) -> Ask:
    """The ask that names the rows whose one-column key occurs again."""
    key = TABLES[table].key
    names = ", ".join(key)
    again = f"SELECT {names} FROM {SCHEMA}.{table} GROUP BY ALL HAVING count(*) > 1"
    found = f"SELECT * FROM {ROWS_SCHEMA}.{table} WHERE ({names}) IN ({again})"
    said = _said("duplicate_key", key[-1], key=" and ".join(key))
    return Ask(rules()["duplicate_key"], table, key[-1], "", "", found, shown(table, key[-1], digits), said)


def shown(table: str, column: str, digits: int) -> str:
    """SQL of a typed value as a person would write it; money in the major unit."""
    described = TABLES[table].column(column)
    assert described is not None
    if described.kind is Kind.money and digits:
        unit = f"CAST({literal('0.' + '0' * (digits - 1) + '1')} AS DECIMAL({digits},{digits}))"
        return f"CAST({quoted(column)} * {unit} AS VARCHAR)"
    return f"CAST({quoted(column)} AS VARCHAR)"


@cache
def _text(name: str) -> str:
    return files("forbear.book").joinpath("checks", f"{name}.sql").read_text(encoding="utf-8")


def _sql(name: str, rows: str = "") -> str:
    return _text(name).replace("{rows}", rows)
