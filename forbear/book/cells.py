"""From what stands in a file to what a column means: SQL for the value, SQL for what is wrong with it.

A `Reading` is built for one column and the type the file stores it in. Texts (CSV, mappings) are matched against a
strict pattern before they are cast, so that a value is either read exactly or named; nothing is rounded in silence.
Columns that Parquet already stores in the right type are passed on as they are, with no cast.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from forbear.book.schema import SQL_TYPE, Column, Kind

FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Dates outside are typing errors (0202, 20255), not loans."""
FLOAT_TOLERANCE = 1e-6
"""A float of money must lie this near to a whole number of minor units (in minor units)."""
MONEY_DIGITS = 15
"""Digits before the point that money may have; with three decimals it still fits 64 bits."""
WHOLE_TYPES = frozenset(
    ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
)
"""DuckDB's integer types that fit 64 bits."""
_INTEGERS = WHOLE_TYPES | {"HUGEINT", "UHUGEINT"}
_TIMESTAMPS = frozenset(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"))
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_ZONED = "TIMESTAMP WITH TIME ZONE"
_CONTROL = "('*[' || chr(0) || '-' || chr(31) || chr(127) || ']*')"
"""A text with a control character in it; as a regular expression the same takes ten times as long."""
_INSTANT = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
_ZONE = r"(Z|[+-]\d{2}(:?\d{2})?)"


@dataclass(frozen=True)
class Wrong:
    """A condition under which a cell breaks a rule of `rules.toml`, and what was expected instead."""

    when: str
    rule: str
    expected: str


@dataclass(frozen=True)
class Reading:
    """How one column is read.

    Attributes:
        sql: the value in its canonical type; NULL where the cell is wrong.
        wrong: what may be wrong with the cell; empty for types that cannot be.
        stored: the name of the column in the file, or empty when the file lacks it.
    """

    column: Column
    sql: str
    wrong: tuple[Wrong, ...] = ()
    stored: str = ""


@dataclass(frozen=True)
class Money:
    """How a book writes money: its currency's digits, and the unit of numbers without a point.

    Attributes:
        unit: `minor` or `major` when the book says so, else empty (texts and decimals major, integers minor).
    """

    currency: str
    digits: int
    unit: str = ""

    @property
    def scale(self) -> int:
        """Minor units in a major unit."""
        return int(10**self.digits)


def quoted(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def read(
    column: Column, stored: str, physical: str, money: Money, *, zone: str = "", ids_are_whole: bool = False
) -> Reading:
    """The reading of `column` from the stored column of DuckDB type `physical`.

    Args:
        column: what the column is to mean.
        stored: the name of the column in the file.
        physical: the DuckDB type it is stored in.
        money: how the book writes money.
        zone: IANA zone of instants written without one; empty means such instants are refused.
        ids_are_whole: identities of this name are integers in every file of the book.
    """
    cell = quoted(stored)
    if column.kind in {Kind.identity, Kind.text}:
        sql, wrong = _text(column, cell, physical, ids_are_whole=ids_are_whole)
    elif physical == "VARCHAR":
        sql, wrong = _from_text(column, cell, money, zone)
    else:
        sql, wrong = _from_typed(column, cell, physical, money, zone)
    missing = _missing(column, cell, physical)
    return Reading(column, _defaulted(column, sql, money), (*missing, *wrong), stored)


def absent(column: Column, money: Money, *, ids_are_whole: bool = False) -> Reading:
    """The reading of an optional column that the file does not have."""
    whole = column.kind is Kind.identity and ids_are_whole
    sql_type = "BIGINT" if whole else SQL_TYPE[column.kind]
    value = (column.default or "NULL").format(currency=money.currency)
    return Reading(column, f"CAST({value} AS {sql_type})")


def _missing(column: Column, cell: str, physical: str) -> tuple[Wrong, ...]:
    if not column.required:
        return ()
    empty = f"{cell} IS NULL" + (f" OR {cell} = ''" if physical == "VARCHAR" else "")
    return (Wrong(empty, "missing_value", f"a value in {column.name}"),)


def _defaulted(column: Column, sql: str, money: Money) -> str:
    if column.default is None:
        return sql
    return f"COALESCE({sql}, {column.default.format(currency=money.currency)})"


def _text(column: Column, cell: str, physical: str, *, ids_are_whole: bool) -> tuple[str, tuple[Wrong, ...]]:
    if physical in _INTEGERS and column.kind is Kind.identity and ids_are_whole:
        return (cell if physical == "BIGINT" else f"CAST({cell} AS BIGINT)"), ()
    if physical != "VARCHAR":
        fractional = physical in {"FLOAT", "DOUBLE"} and column.kind is Kind.identity
        wrong = Wrong(f"{cell} IS NOT NULL", "wrong_type", "an identifier as text or integer, not a float")
        return f"CAST({cell} AS VARCHAR)", (wrong,) if fractional else ()
    wrongs = [Wrong(f"{cell} GLOB {_CONTROL}", "control_character", "printable characters only")]
    if column.kind is Kind.identity:
        padded = f"{cell} <> trim({cell})"
        wrongs.append(Wrong(padded, "untrimmed_identity", "an identifier without spaces around it"))
    return f"NULLIF({cell}, '')", tuple(wrongs)


def text_pattern(column: Column, money: Money) -> tuple[str, str]:
    """(regular expression, words) of the texts a column takes; the expression is RE2's and matches whole."""
    whole = rf"[+-]?\d{{1,{MONEY_DIGITS}}}"
    if column.kind is Kind.money:
        if money.unit == "minor":
            return whole, "a whole number of minor units, such as 12345"
        part = rf"(\.\d{{0,{money.digits}}}0*)?" if money.digits else r"(\.0*)?"
        return whole + part, f"an amount in {money.currency} with at most {money.digits} decimals, such as 1234.5"
    return {
        Kind.rate: (r"[+-]?\d{1,4}(\.\d+)?", "an annual fraction, such as 0.24 for 24 %"),
        Kind.count: (r"[+-]?\d{1,9}(\.0+)?", "a whole number"),
        Kind.date: (r"\d{4}-\d{2}-\d{2}", "a date as YYYY-MM-DD"),
    }[column.kind]


def _from_text(column: Column, cell: str, money: Money, zone: str) -> tuple[str, tuple[Wrong, ...]]:
    if column.kind is Kind.instant:
        return read_instant(cell, zone)
    pattern, words = text_pattern(column, money)
    matches = f"regexp_full_match({cell}, {literal(pattern)})"
    value = f"CASE WHEN {matches} THEN {_cast_text(column, cell, money)} END"
    wrong = Wrong(f"{cell} <> '' AND NOT {matches}", "wrong_type", words)
    if column.kind is not Kind.date:
        return value, (wrong,)
    day = f"TRY_CAST({cell} AS DATE)"
    return f"CASE WHEN {matches} AND {possible_day(day)} THEN {day} END", (
        wrong,
        Wrong(f"{matches} AND NOT COALESCE({possible_day(day)}, false)", "impossible_date", _CALENDAR),
    )


_CALENDAR = f"a day of the calendar between {FIRST_YEAR} and {LAST_YEAR}"


def possible_day(day: str) -> str:
    """SQL: a day is within the years a book may speak of."""
    return f"{day} BETWEEN DATE '{FIRST_YEAR}-01-01' AND DATE '{LAST_YEAR}-12-31'"


def _cast_text(column: Column, cell: str, money: Money) -> str:
    if column.kind is Kind.money:
        scale = 1 if money.unit == "minor" else money.scale
        return f"CAST(TRY_CAST({cell} AS DECIMAL(22,{money.digits})) * {scale} AS BIGINT)"
    if column.kind is Kind.count:
        return f"CAST(TRY_CAST({cell} AS DECIMAL(12,0)) AS INTEGER)"
    return f"TRY_CAST({cell} AS {SQL_TYPE[column.kind]})"


def read_instant(cell: str, zone: str) -> tuple[str, tuple[Wrong, ...]]:
    """SQL and faults of an instant written as text; `zone` stands in for one that is missing."""
    zoned = f"regexp_full_match({cell}, {literal(_INSTANT + _ZONE)})"
    local = f"regexp_full_match({cell}, {literal(_INSTANT)})"
    value = f"WHEN {zoned} THEN make_timestamp(epoch_us(TRY_CAST({cell} AS TIMESTAMPTZ)))"
    accepted = zoned
    if zone:
        value += f" WHEN {local} THEN {_to_utc(f'TRY_CAST({cell} AS TIMESTAMP)', zone)}"
        accepted = f"({zoned} OR {local})"
    wanted = "an instant such as 2026-01-31T09:30:00+08:00" + ("" if zone else " (with its zone)")
    day = f"TRY_CAST(left({cell}, 10) AS DATE)"
    clock = f"TRY_CAST({cell} AS TIMESTAMPTZ)"
    impossible = f"{accepted} AND ({clock} IS NULL OR NOT COALESCE({possible_day(day)}, false))"
    return f"CASE {value} END", (
        Wrong(f"{cell} <> '' AND NOT {accepted}", "wrong_type", wanted),
        Wrong(impossible, "impossible_date", _CALENDAR),
    )


def _to_utc(local: str, zone: str) -> str:
    return f"timezone('UTC', timezone({literal(zone)}, {local}))"


def _from_typed(column: Column, cell: str, physical: str, money: Money, zone: str) -> tuple[str, tuple[Wrong, ...]]:
    by_kind = {Kind.money: _money, Kind.rate: _rate, Kind.count: _count, Kind.date: _date}
    if column.kind is Kind.instant:
        return _instant(cell, physical, zone)
    if column.kind is Kind.date:
        return _date(cell, physical)
    found = by_kind[column.kind](cell, physical, money)  # type: ignore[operator]
    return found if found else _never(column, cell, physical)


def _never(column: Column, cell: str, physical: str) -> tuple[str, tuple[Wrong, ...]]:
    wrong = Wrong(f"{cell} IS NOT NULL", "wrong_type", f"a column of {column.kind.value}, not of {physical}")
    return f"CAST(NULL AS {SQL_TYPE[column.kind]})", (wrong,)


def _money(cell: str, physical: str, money: Money) -> tuple[str, tuple[Wrong, ...]] | None:
    if physical in _INTEGERS:
        return _whole_money(cell, physical, 1 if money.unit != "major" else money.scale)
    decimal = _DECIMAL.fullmatch(physical)
    scale = 1 if money.unit == "minor" else money.scale
    if decimal:
        return _decimal_money(cell, int(decimal.group(1)), int(decimal.group(2)), scale, money)
    if physical in {"FLOAT", "DOUBLE"}:
        return _float_money(cell, scale)
    return None


def _whole_money(cell: str, physical: str, scale: int) -> tuple[str, tuple[Wrong, ...]]:
    if scale == 1:
        return (cell if physical == "BIGINT" else f"CAST({cell} AS BIGINT)"), ()
    limit = 10**MONEY_DIGITS
    wrong = Wrong(f"{cell} NOT BETWEEN -{limit} AND {limit}", "wrong_type", "an amount of a loan")
    return f"CASE WHEN {cell} BETWEEN -{limit} AND {limit} THEN CAST({cell} AS BIGINT) * {scale} END", (wrong,)


def _decimal_money(cell: str, width: int, scale_of: int, scale: int, money: Money) -> tuple[str, tuple[Wrong, ...]]:
    digits = money.digits if scale != 1 else 0
    wrongs = []
    if scale_of > digits:
        wrongs.append(Wrong(f"{cell} <> round({cell}, {digits})", "too_fine", f"at most {digits} decimals"))
    if width - scale_of > MONEY_DIGITS:
        wrongs.append(Wrong(f"abs({cell}) >= 1e{MONEY_DIGITS}", "wrong_type", "an amount of a loan"))
    value = f"TRY_CAST({cell} * {scale} AS BIGINT)" if wrongs else f"CAST({cell} * {scale} AS BIGINT)"
    if width > 38 - len(str(scale)):
        value = f"TRY_CAST(CAST({cell} AS DECIMAL(30,{digits})) * {scale} AS BIGINT)"
    return (f"CASE WHEN NOT ({wrongs[0].when}) THEN {value} END" if wrongs else value), tuple(wrongs)


def _float_money(cell: str, scale: int) -> tuple[str, tuple[Wrong, ...]]:
    minor = f"CAST({cell} AS DOUBLE) * {scale}"
    near = f"(isfinite({cell}) AND abs({minor}) < 9e15 AND abs({minor} - round({minor})) <= {FLOAT_TOLERANCE})"
    words = "a finite whole number of minor units; store money as DECIMAL or as integers"
    return f"CASE WHEN {near} THEN CAST(round({minor}) AS BIGINT) END", (
        Wrong(f"{cell} IS NOT NULL AND NOT {near}", "float_money", words),
    )


def _rate(cell: str, physical: str, money: Money) -> tuple[str, tuple[Wrong, ...]] | None:
    decimal = _DECIMAL.fullmatch(physical)
    if decimal and int(decimal.group(1)) - int(decimal.group(2)) <= 4:
        return (cell if physical.replace(" ", "") == "DECIMAL(12,8)" else f"CAST({cell} AS DECIMAL(12,8))"), ()
    if physical in {"FLOAT", "DOUBLE"} or decimal or physical in _INTEGERS:
        fits = f"{cell} BETWEEN -9999 AND 9999"
        return f"CASE WHEN {fits} THEN CAST({cell} AS DECIMAL(12,8)) END", (
            Wrong(f"{cell} IS NOT NULL AND NOT {fits}", "wrong_type", "a finite annual fraction, such as 0.24"),
        )
    return None


def _count(cell: str, physical: str, money: Money) -> tuple[str, tuple[Wrong, ...]] | None:
    if physical in {"INTEGER", "SMALLINT", "TINYINT", "UTINYINT", "USMALLINT"}:
        return (cell if physical == "INTEGER" else f"CAST({cell} AS INTEGER)"), ()
    if physical in _INTEGERS or physical in {"FLOAT", "DOUBLE"} or _DECIMAL.fullmatch(physical):
        fits = f"({cell} BETWEEN -2000000000 AND 2000000000 AND {cell} = round({cell}))"
        if physical in _INTEGERS:
            fits = f"{cell} BETWEEN -2000000000 AND 2000000000"
        return f"CASE WHEN {fits} THEN CAST({cell} AS INTEGER) END", (
            Wrong(f"{cell} IS NOT NULL AND NOT {fits}", "wrong_type", "a whole number"),
        )
    return None


def _date(cell: str, physical: str) -> tuple[str, tuple[Wrong, ...]]:
    if physical == "DATE":
        return cell, (Wrong(f"NOT {possible_day(cell)}", "impossible_date", _CALENDAR),)
    if physical in _TIMESTAMPS:
        day = f"CAST({cell} AS DATE)"
        midnight = (
            f"(isfinite({cell}) AND CAST({day} AS TIMESTAMP) = CAST({cell} AS TIMESTAMP) AND {possible_day(day)})"
        )
        wrong = Wrong(f"{cell} IS NOT NULL AND NOT {midnight}", "wrong_type", "a date without a time of day")
        return f"CASE WHEN {midnight} THEN {day} END", (wrong,)
    return "CAST(NULL AS DATE)", (
        Wrong(f"{cell} IS NOT NULL", "wrong_type", f"a column of dates, not of {physical}"),
    )


def _instant(cell: str, physical: str, zone: str) -> tuple[str, tuple[Wrong, ...]]:
    if physical == _ZONED:
        return f"make_timestamp(epoch_us({cell}))", ()
    if physical in _TIMESTAMPS and zone and zone != "UTC":
        return _to_utc(f"CAST({cell} AS TIMESTAMP)", zone), ()
    if physical in _TIMESTAMPS:
        return (cell if physical == "TIMESTAMP" else f"CAST({cell} AS TIMESTAMP)"), ()
    wrong = Wrong(f"{cell} IS NOT NULL", "wrong_type", f"a column of instants, not of {physical}")
    return "CAST(NULL AS TIMESTAMP)", (wrong,)
