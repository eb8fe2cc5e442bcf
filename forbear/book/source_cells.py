"""How one cell of a mapping's source is read: SQL from its text to its value, and what may be wrong with it."""

from __future__ import annotations

from forbear.book.cells import (
    FIRST_YEAR,
    LAST_YEAR,
    MONEY_DIGITS,
    Money,
    Reading,
    Wrong,
    literal,
    possible_day,
    quoted,
    read_instant,
)
from forbear.book.mapping import ColumnType, Source
from forbear.book.schema import Column, Kind

PERIODS_A_YEAR = {"year": 1, "month": 12, "week": 52, "day": 365}
"""What a rate is multiplied by to become annual: simple, not compounded, as contracts quote it."""
_KINDS = {"number": Kind.rate}
_WHOLE = r"[+-]?\d{1,9}(\.0*)?"
_AMOUNT = r"[+-]?\d{1,15}(\.\d*)?([eE][+-]?\d{1,2})?"
"""Money as programs write it; 1e+05 is 100000, and whether it is exact is asked of the value."""
_NUMBER = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"


def read_cell(name: str, told: ColumnType, source: Source, money: Money, zone: str) -> Reading:
    """The reading of the source column `name`; its SQL stands over texts."""
    column = Column(name, _KINDS.get(told.type) or Kind(told.type), personal=told.personal)
    cell = _present(name, told, source)
    text, odd = _replaced(cell, told)
    sql, wrong = _READERS[told.type](text, told, source, money, zone)
    return Reading(column, sql, (*odd, *wrong), name)


def _present(name: str, told: ColumnType, source: Source) -> str:
    """SQL of a cell's text, NULL when it stands for no value."""
    cell = f"trim({quoted(name)})" if source.trim else quoted(name)
    nothing = ", ".join(literal(n) for n in ("", *source.nulls, *told.none))
    return f"CASE WHEN {cell} IN ({nothing}) THEN NULL ELSE {cell} END"


def _replaced(cell: str, told: ColumnType) -> tuple[str, tuple[Wrong, ...]]:
    if not told.values:
        return cell, ()
    whens = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in told.values.items())
    if told.others == "keep":
        return f"CASE {cell} {whens} ELSE {cell} END", ()
    known = ", ".join(literal(v) for v in told.values)
    unknown = f"COALESCE({cell} NOT IN ({known}), false)"
    words = f"one of {', '.join(told.values)}"
    return f"CASE {cell} {whens} END", (Wrong(unknown, "unknown_value", words),)


Read = tuple[str, tuple[Wrong, ...]]


def _text(cell: str, told: ColumnType, source: Source, money: Money, zone: str) -> Read:
    return cell, ()


def _number_text(cell: str, source: Source, *, signs: bool) -> str:
    """A number's text with the decimal mark made a point, and thousands marks and currency signs gone."""
    sql = cell
    for mark in (source.thousands, *(source.money_signs if signs else ())):
        if mark:
            sql = f"replace({sql}, {literal(mark)}, '')"
    if source.decimal != ".":
        sql = f"replace({sql}, {literal(source.decimal)}, '.')"
    return f"trim({sql})" if signs else sql


def _money(cell: str, told: ColumnType, source: Source, money: Money, zone: str) -> Read:
    number = _number_text(cell, source, signs=True)
    digits = 0 if told.unit == "minor" else money.digits
    value = f"TRY_CAST({number} AS DECIMAL(35,12))"
    is_money = (
        f"(regexp_full_match({number}, {literal(_AMOUNT)}) AND COALESCE(abs({value}) < 1e{MONEY_DIGITS}, false))"
    )
    is_exact = f"({is_money} AND {value} = round({value}, {digits}))"
    scaled = f"CAST(round({value} * {10**digits}, 0) AS BIGINT)"
    wrongs = [Wrong(f"{number} IS NOT NULL AND NOT {is_money}", "wrong_type", f"an amount in {money.currency}")]
    if not told.round:
        fine = f'at most {digits} decimals (or a mapping with round = "half_up")'
        wrongs.append(Wrong(f"{is_money} AND NOT {is_exact}", "too_fine", fine))
    return f"CASE WHEN {is_money if told.round else is_exact} THEN {scaled} END", tuple(wrongs)


def _count(cell: str, told: ColumnType, source: Source, money: Money, zone: str) -> Read:
    number = _number_text(cell, source, signs=False)
    fits = f"regexp_full_match({number}, {literal(_WHOLE)})"
    value = f"CAST(TRY_CAST({number} AS DECIMAL(12,1)) AS INTEGER)"
    return f"CASE WHEN {fits} THEN {value} END", (Wrong(f"NOT {fits}", "wrong_type", "a whole number"),)


def _rate(cell: str, told: ColumnType, source: Source, money: Money, zone: str) -> Read:
    number = f"replace({_number_text(cell, source, signs=False)}, '%', '')"
    fits = f"regexp_full_match({number}, '[+-]?\\d{{1,6}}(\\.\\d*)?')"
    share = "0.01" if told.unit == "percent" else "1"
    value = f"CAST(TRY_CAST({number} AS DECIMAL(24,14)) * {share} * {PERIODS_A_YEAR[told.per]} AS DECIMAL(12,8))"
    return f"CASE WHEN {fits} THEN {value} END", (Wrong(f"NOT {fits}", "wrong_type", "a rate"),)


def _number(cell: str, told: ColumnType, source: Source, money: Money, zone: str) -> Read:
    number = _number_text(cell, source, signs=True)
    fits = f"regexp_full_match({number}, {literal(_NUMBER)})"
    return f"CASE WHEN {fits} THEN TRY_CAST({number} AS DOUBLE) END", (
        Wrong(f"NOT {fits}", "wrong_type", "a number"),
    )


def _date(cell: str, told: ColumnType, source: Source, money: Money, zone: str) -> Read:
    formats = "[" + ", ".join(literal(f) for f in told.formats) + "]"
    day = f"CAST(try_strptime({cell}, {formats}) AS DATE)"
    if told.pivot is not None:
        day = _within_century(day, told.pivot)
    nothing = ", ".join(f"DATE {literal(n)}" for n in told.none if _is_day(n))
    value = f"CASE WHEN {day} IN ({nothing}) THEN NULL ELSE {day} END" if nothing else day
    words = f"a day between {FIRST_YEAR} and {LAST_YEAR} written as {' or '.join(told.formats)}"
    bad = f"{cell} IS NOT NULL AND NOT COALESCE({possible_day(day)}, false)"
    return f"CASE WHEN {possible_day(day)} THEN {value} END", (Wrong(bad, "impossible_date", words),)


def _within_century(day: str, last_year: int) -> str:
    """Two-digit years moved into the hundred years that end with `last_year`."""
    later = f"year({day}) > {last_year}"
    earlier = f"year({day}) <= {last_year - 100}"
    back, on = (f"CAST({day} {sign} INTERVAL 100 YEAR AS DATE)" for sign in "-+")
    return f"(CASE WHEN {later} THEN {back} WHEN {earlier} THEN {on} ELSE {day} END)"


def _is_day(text: str) -> bool:
    return len(text) == 10 and text[4] == text[7] == "-" and text.replace("-", "").isdigit()


def _instant(cell: str, told: ColumnType, source: Source, money: Money, zone: str) -> Read:
    return read_instant(cell, zone)


_READERS = {
    "identity": _text,
    "text": _text,
    "money": _money,
    "count": _count,
    "rate": _rate,
    "number": _number,
    "date": _date,
    "instant": _instant,
}
