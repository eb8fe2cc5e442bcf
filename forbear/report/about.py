"""Sections on what the report rests on: the book and its gaps, what was left out, the meaning of every figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forbear.report.figures import count, exact, money
from forbear.report.model import Cell, Section, Table
from forbear.report.telling import Telling

READ = ("loans", "installments", "payments", "events")


def book(tell: Telling) -> Section | None:
    """What was read, which tables the book does not have, what a mapping left out, and the settings in force."""
    told = tell.part("book")
    if not told:
        return None
    notes = [tell("book.mapped", mapping=told["mapping"])] if told.get("mapping") else []
    notes += [_missing(tell, str(table)) for table in told.get("missing_tables") or ()]
    notes += [str(note) for note in told.get("notes") or ()]
    rows = tuple((Cell(tell(f"book.{key}")), Cell(count(told.get(key)))) for key in READ if key in told)
    tables = [Table(tell("book.rows"), (tell("book.table"), tell("rows")), rows, is_open=True)]
    chosen = tuple((Cell(name), Cell(value)) for name, value in _settings(tell.part("settings")))
    if chosen:
        tables.append(
            Table(tell("book.settings"), (tell("book.setting"), tell("book.value")), chosen, frozenset((1,)))
        )
    return Section(
        "book", tell("book.title"), tell("book.lead"), tell.terms("settings"), (), tuple(tables), tuple(notes)
    )


def _missing(tell: Telling, table: str) -> str:
    known: Mapping[str, str] = tell.say.entries["missing"]
    return known.get(table) or tell("missing_table", table=table)


def _settings(told: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Settings by dotted name, as the settings file calls them."""
    found = []
    for key, value in told.items():
        if isinstance(value, Mapping):
            found += _settings(value, f"{before}{key}.")
        else:
            found.append((f"{before}{key}", _setting(value)))
    return found


def _setting(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_setting, value)) or "–"
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_setting(part)}" for key, part in value.items())
    if isinstance(value, bool):
        return str(value).lower()
    return "–" if value is None else str(value)


def quarantine(tell: Telling) -> Section | None:
    """What was left out because of faults in the book, and which rules were waived."""
    told = tell.part("quarantine")
    if not told:
        return None
    faults = _counts(told.get("faults"))
    orphans, rows = _counts(told.get("orphan_rows")), _counts(told.get("rows"))
    tables = [
        Table(tell(f"quarantine.{name}"), (tell(f"quarantine.{head}"), tell("rows")), cells, is_open=True)
        for name, head, cells in (
            ("faults", "rule", faults),
            ("rows", "of_table", rows),
            ("orphan_rows", "of_table", orphans),
        )
        if cells
    ]
    tables += [_money(tell, told)] if exact(told.get("loans")) else []
    waived = tuple((Cell(str(w.get("rule"))), Cell(str(w.get("why")))) for w in told.get("waived") or ())
    if waived:
        columns = (tell("quarantine.rule"), tell("quarantine.why"))
        tables.append(Table(tell("quarantine.waived"), columns, waived, frozenset((1,)), is_open=True))
    return Section(
        "quarantine", tell("quarantine.title"), _left_out(tell, told), tell.terms("quarantine"), (), tuple(tables)
    )


def _left_out(tell: Telling, told: Mapping[str, Any]) -> str:
    if not any(exact(told.get(key)) for key in ("loans", "broken_lines")) and not told.get("faults"):
        return tell("quarantine.nothing")
    figures = {key: count(told.get(key)) for key in ("loans", "broken_lines")}
    return tell("quarantine.lead", principal=tell.amount(told.get("principal")), **figures)


def _money(tell: Telling, told: Mapping[str, Any]) -> Table:
    """What is known of the money of the loans left out."""
    keys = ("principal", "scheduled_principal", "paid")
    rows = tuple((Cell(tell(f"quarantine.{key}")), Cell(money(told.get(key)))) for key in keys)
    return Table(tell("quarantine.money"), ("", tell.in_currency(tell("amount"))), rows, is_open=True)


def _counts(found: object) -> tuple[tuple[Cell, Cell], ...]:
    told = found if isinstance(found, Mapping) else {}
    return tuple((Cell(str(key)), Cell(count(n))) for key, n in told.items())


def definitions(tell: Telling) -> Section | None:
    """The night's own definitions, in the report's language."""
    told = tell.terms(*map(str, tell.part("definitions")))
    if not told:
        return None
    return Section("definitions", tell("definitions.title"), tell("definitions.lead"), told)
