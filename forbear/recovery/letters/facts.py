"""The facts of one letter: read from a TOML or JSON file or given by a program, and checked before anything is written.

Each fact has a type; sums are exact. What is missing, unknown, of the wrong type or does not add up is refused by name.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.basics.money import to_minor
from forbear.recovery.letters.kinds import TABLES, Field, Kind, columns, fields, items, kind

LANGUAGES = {"zh-cn": "zh", "zh-hans": "zh", "zh": "zh", "en": "en"}
LONGEST = 500
"""Characters of a text; none of these facts is longer."""
MOST_ROWS = 2_000


@dataclass(frozen=True)
class LetterFacts:
    """The checked facts of one letter.

    Args:
        kind: what letter it is.
        language: zh or en.
        date: the day it is written.
        reference: names it, in the letter and in the archive.
        values: texts, days, counts, Decimals (rates), integers of the minor unit (money), lists of rows.
    """

    kind: Kind
    language: str
    date: date
    reference: str
    currency: str
    values: Mapping[str, Any]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table."""
        found: list[dict[str, Any]] = self.values.get(table, [])
        return found


def read_facts(file: Path) -> LetterFacts:
    """The facts in a TOML or JSON file (docs/letters.md).

    Raises:
        UnreadableFile: no such file, or it is neither.
        WrongUse: as `letter_facts`.
    """
    return letter_facts(read_table(file), str(file))


def read_table(file: Path) -> dict[str, Any]:
    """What a TOML or JSON file holds; numbers with a point are Decimals.

    Raises:
        UnreadableFile: no such file, or it is neither.
    """
    try:
        text = file.read_text("utf-8-sig")
        if file.suffix.lower() == ".json":
            found = json.loads(text, parse_float=Decimal)
        else:
            found = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as wrong:
        raise UnreadableFile(f"{file}: {wrong}", "a TOML file, or JSON in a file that ends in .json") from None
    if not isinstance(found, dict):
        raise UnreadableFile(f"{file}: holds no table of facts", "see docs/letters.md")
    return found


def letter_facts(given: Mapping[str, Any], where: str = "the facts") -> LetterFacts:
    """The facts of a letter from plain values.

    Raises:
        WrongUse: a fact is missing, unknown, not of its type, or a sum does not add up; names it.
    """
    rest = dict(given)
    made = kind(str(_taken(rest, "kind", where)))
    language = LANGUAGES.get(str(_taken(rest, "language", where)).lower())
    if language is None:
        raise WrongUse(f"{where}: no language {given['language']!r}", "zh-CN or en")
    day = _day(_taken(rest, "date", where), f"{where}: date")
    reference = _text(_taken(rest, "reference", where), f"{where}: reference")
    currency = str(rest.get("currency", "CNY"))
    rest["currency"] = currency
    values = {name: _value(_known(made, name, where), value, currency, where) for name, value in rest.items()}
    if missing := [name for name in made.all_needs if values.get(name) in (None, "", [])]:
        words = fields()[missing[0]].words
        raise WrongUse(
            f"{where}: the fact {missing[0]} ({words['zh']}, {words['en']}) is missing",
            f"{made.name} needs {', '.join(made.all_needs)}",
        )
    facts = LetterFacts(made, language, day, reference, currency, values)
    _refuse_what_does_not_add_up(facts, where)
    return facts


def _taken(rest: dict[str, Any], name: str, where: str) -> Any:
    if rest.get(name) in (None, ""):
        raise WrongUse(f"{where}: {name} is missing", "every letter has kind, language, date and reference")
    return rest.pop(name)


def _known(made: Kind, name: str, where: str) -> Field:
    if name not in (*made.all_needs, *made.may):
        raise WrongUse(
            f"{where}: {made.name} has no use for the fact {name!r}",
            f"it takes {', '.join((*made.all_needs, *made.may))}",
        )
    return fields()[name]


def _value(field: Field, value: Any, currency: str, where: str) -> Any:
    place = f"{where}: {field.name}"
    if field.type != "rows":
        return _of_type(field.type, value, currency, place)
    if not isinstance(value, list) or len(value) > MOST_ROWS or not all(isinstance(row, dict) for row in value):
        raise WrongUse(f"{place} is no table of at most {MOST_ROWS} rows", f"write [[{field.name}]] for each row")
    return [_row(field.name, row, currency, f"{place}, row {number}") for number, row in enumerate(value, start=1)]


def _row(table: str, row: Mapping[str, Any], currency: str, place: str) -> dict[str, Any]:
    wanted = {column.name: column.type for column in columns(table)}
    if odd := sorted(set(row) ^ set(wanted)):
        raise WrongUse(f"{place}: {odd[0]} is {'unknown' if odd[0] in row else 'missing'}", ", ".join(wanted))
    return {name: _of_type(kind, row[name], currency, f"{place}, {name}") for name, kind in wanted.items()}


def _of_type(wanted: str, value: Any, currency: str, place: str) -> Any:
    match wanted:
        case "day":
            return _day(value, place)
        case "money":
            return _money(value, currency, place)
        case "rate":
            return _rate(value, place)
        case "count":
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1_000_000:
                raise WrongUse(f"{place} is {value!r}", "a whole number, not negative")
            return value
        case "item":
            if value not in items():
                raise WrongUse(f"{place} is {value!r}", f"one of: {', '.join(items())}")
            return value
    return _text(value, place)


def _text(value: Any, place: str) -> str:
    text = str(value).strip()
    if not isinstance(value, str | int) or not text or len(text) > LONGEST or not text.isprintable():
        raise WrongUse(f"{place} is {str(value)[:40]!r}", f"1 to {LONGEST} printable characters on one line")
    return text


def _day(value: Any, place: str) -> date:
    try:
        return value if type(value) is date else date.fromisoformat(str(value))
    except ValueError:
        raise WrongUse(f"{place} is {value!r}", "write a day as 2026-11-27") from None


def _money(value: Any, currency: str, place: str) -> int:
    if isinstance(value, bool | float):
        raise WrongUse(f"{place} is {value!r}", 'write an amount as "1234.50"')
    try:
        return to_minor(value, currency)
    except WrongUse as wrong:
        raise WrongUse(f"{place}: {wrong.message}", 'write an amount as "1234.50"') from None


def _rate(value: Any, place: str) -> Decimal:
    try:
        rate = Decimal(str(value))
    except InvalidOperation:
        rate = Decimal(-1)
    if not rate.is_finite() or not 0 <= rate <= 10:
        raise WrongUse(f"{place} is {value!r}", 'write a rate as a fraction of a year: "0.18" is 18 %')
    return rate


def _refuse_what_does_not_add_up(facts: LetterFacts, where: str) -> None:
    made, values = facts.kind, facts.values
    if made.nothing and values[made.nothing] != 0:
        raise WrongUse(
            f"{where}: {made.nothing} is not nothing: {made.name} is written only when all is paid",
            "wait until the ledger says so",
        )
    if any(
        isinstance(value, int) and value < 0 for name, value in values.items() if fields()[name].type == "money"
    ):
        raise WrongUse(f"{where}: a sum is below zero", "credit is no part of a letter's sums")
    if made.total:
        _refuse_wrong_total(facts, where)
    if facts.rows("movements"):
        _refuse_wrong_balances(facts, where)


def _refuse_wrong_total(facts: LetterFacts, where: str) -> None:
    table = next(name for name in TABLES if name in facts.kind.needs)
    column = "amount" if table == "parts" else "total"
    rows = facts.rows(table)
    if table == "schedule":
        for number, row in enumerate(rows, start=1):
            if row["principal"] + row["interest"] + row["fees"] != row["total"]:
                raise WrongUse(f"{where}: schedule, row {number} does not add up", "total is the sum of the three")
    if sum(row[column] for row in rows) != facts.values[facts.kind.total]:
        raise WrongUse(
            f"{where}: the rows of {table} come to {sum(row[column] for row in rows)} minor units, "
            f"{facts.kind.total} is {facts.values[facts.kind.total]}",
            "take both from the ledger as of one day",
        )


def _refuse_wrong_balances(facts: LetterFacts, where: str) -> None:
    balance = facts.values["opening"]
    for number, row in enumerate(facts.rows("movements"), start=1):
        balance += row["charged"] - row["credited"]
        if balance != row["balance"]:
            raise WrongUse(f"{where}: movements, row {number}: {balance} is owed after it, not {row['balance']}")
    if balance != facts.values["closing"]:
        raise WrongUse(f"{where}: the movements end at {balance}, closing is {facts.values['closing']}")
