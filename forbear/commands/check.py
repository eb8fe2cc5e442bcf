"""`forbear check`: what is wrong with a book, each fault with file, row, column, value and rule."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from forbear.basics.console import Format, Steps, answers, print_json, words
from forbear.basics.errors import WrongUse
from forbear.commands.options import Mapping, Output


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="check")(check)


def check(
    book: Annotated[Path, typer.Argument(help="Folder with the tables: loans, installments, payments, …")],
    mapping: Mapping = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="Last day (YYYY-MM-DD) on which anything can have happened; today if not given."),
    ] = None,
    aside: Annotated[
        Path | None, typer.Option(help="Folder to write the bad rows to, as CSV with the reason.")
    ] = None,
    seal: Annotated[
        bool, typer.Option("--seal", help="When the book is sound, print control totals to keep in its book.toml.")
    ] = False,
    output: Output = Format.text,
) -> None:
    """Check a loan book and name every fault: file, row, column, value, rule and what was expected.

    Reads CSV and Parquet, plain or gzipped. Ends with 0 when the book is sound, with 1 when it has faults. Warnings
    are told and do not count. See docs/book.md for the tables, the rules and how to write a mapping.
    """
    import duckdb

    from forbear.book import check_book, open_book
    from forbear.book.aside import write_aside
    from forbear.book.control import sealed

    day = _day(as_of)
    steps = Steps(quiet=output is Format.json)
    connection = duckdb.connect()
    with steps.step("reading the book"):
        opened = open_book(book, connection, mapping=mapping)
    with steps.step("checking the book"):
        result = check_book(opened, day)
    written = write_aside(opened, aside) if aside else []
    if output is Format.json:
        print_json(_answer(opened, result, written))
    else:
        _tell(opened, result, written)
    if seal and result.ok:
        answers.print(sealed(opened), markup=False)
    raise typer.Exit(0 if result.ok else 1)


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now().astimezone().date()
    try:
        return date.fromisoformat(text)
    except ValueError as bad:
        raise WrongUse(f"--as-of {text!r} is not a day", "write it as 2026-01-31") from bad


def _answer(book: Any, result: Any, written: list[Path]) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "book": str(book.path),
        "mapping": book.mapping,
        "ok": result.ok,
        "rows": result.rows,
        "counts": result.counts,
        "faults": [asdict(f) for f in result.faults],
        "bad_loans": result.bad_loan_count,
        "quarantinable": result.quarantinable,
        "waived": [asdict(w) for w in result.waived],
        "notes": list(result.notes),
        "aside": [str(p) for p in written],
        "files": [{"name": f.name, "table": f.table, "bytes": f.bytes, "sha256": f.sha256} for f in book.files],
    }


SHOWN_A_RULE = 5
"""Faults shown in text for each rule; json lists up to 100 of each, --aside all."""


def _tell(book: Any, result: Any, written: list[Path]) -> None:
    from forbear.book.faults import rules

    rows = ", ".join(f"{count:,} {table}" for table, count in result.rows.items())
    answers.print(f"{book.path.name}: {rows or 'nothing could be read'}", markup=False)
    for note in result.notes:
        answers.print(f"  note: {note}", markup=False)
    for waiver in result.waived:
        answers.print(f"  not asked: {waiver.rule}, because {waiver.why}", markup=False)
    for rule, count in result.counts.items():
        answers.print(f"{rules()[rule].grade} {rule}: {count:,}", style="bold", markup=False)
        own = [f for f in result.faults if f.rule == rule]
        for told in own[:SHOWN_A_RULE]:
            answers.print(f"  {_line(told)}", markup=False)
        if count > SHOWN_A_RULE:
            answers.print(f"  … and {count - min(len(own), SHOWN_A_RULE):,} more", markup=False)
    for path in written:
        words.print(f"bad rows: {path}", markup=False)
    answers.print(_verdict(result), style="bold", markup=False)


def _line(told: Any) -> str:
    where = told.file or told.table or "the book"
    row = f", row {told.row}" if told.row else ""
    column = f", {told.column}" if told.column else ""
    value = f": {told.value!r}" if told.value else ""
    return f"{where}{row}{column}{value}; expected {told.expected}"


def _verdict(result: Any) -> str:
    if result.ok:
        return "The book is sound."
    if not result.quarantinable:
        return "The book has faults of whole files; they must be mended before it can be closed."
    return f"The book has faults; they touch {result.bad_loan_count:,} loans (close --quarantine leaves those out)."
