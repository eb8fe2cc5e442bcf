"""`forbear close`: the night on a book."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forbear.basics.console import Format, Steps, answers, print_json, print_table, words
from forbear.basics.errors import WrongUse
from forbear.commands.options import Mapping, Output, Quarantine, Threads

if TYPE_CHECKING:
    from forbear.night import Closed


class _Engine(StrEnum):
    duckdb = "duckdb"
    spark = "spark"


class _Language(StrEnum):
    zh = "zh"
    en = "en"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="close")(close_book)


def close_book(
    as_of: Annotated[str, typer.Option(help="The day (YYYY-MM-DD) to stand on; nothing after it counts.")],
    out: Annotated[Path, typer.Option(help="Folder for the four files; made when missing.")],
    book: Annotated[
        Path | None, typer.Argument(help="Folder with the tables: loans, installments, payments, …")
    ] = None,
    from_desk: Annotated[
        bool, typer.Option("--from-desk", help="Close the desk's own data, and load the results as worklists.")
    ] = False,
    data: Annotated[
        Path, typer.Option("--data", envvar="FORBEAR_DATA", help="With --from-desk: the desk's data folder.")
    ] = Path("desk-data"),
    currency: Annotated[
        str | None, typer.Option(help="With --from-desk: the currency, when the desk has loans of several.")
    ] = None,
    mapping: Mapping = None,
    settings: Annotated[
        Path | None, typer.Option(help="TOML file: tolerance, grace, buckets, classification, report.")
    ] = None,
    engine: Annotated[_Engine, typer.Option(help="Where the tables are made.")] = _Engine.duckdb,
    quarantine: Quarantine = False,
    language: Annotated[_Language, typer.Option(help="Language of the report.")] = _Language.zh,
    model: Annotated[
        Path | None, typer.Option(help="Folder that `forbear fit` wrote: scores and a chapter on risk.")
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            help="Shipped strategy by name, or a TOML file: what is to be done for whom. "
            "With --from-desk: the one in force there, when none is named."
        ),
    ] = None,
    facts: Annotated[
        Path | None, typer.Option(help="With --strategy: a file of facts for the gate (docs/gate.md).")
    ] = None,
    macro: Annotated[
        Path | None, typer.Option(help="With --model: CSV of macro series (series, date, value, known_on).")
    ] = None,
    threads: Threads = None,
    memory: Annotated[str | None, typer.Option(help="Memory to use at most, such as 8GB.")] = None,
    output: Output = Format.text,
) -> None:
    """Age every loan of a book as of a day and write accounts, portfolio, report and manifest.

    Writes accounts.parquet (one row a loan), portfolio.json (every figure), report.html (open it in a browser) and
    manifest.json (fingerprints of all that went in and came out). A book with faults is refused unless --quarantine.
    Ends with 0 when closed, 1 when the book has faults, 2 on wrong use. docs/close.md says what every figure means.
    """
    from forbear.night import close

    if from_desk == (book is not None):
        raise WrongUse(
            "name the book to close, or say --from-desk, one of the two", "forbear close BOOK --as-of DAY --out DIR"
        )
    options: dict[str, Any] = {
        "settings": settings,
        "engine": engine.value,
        "quarantine": quarantine,
        "language": language.value,
        "threads": threads,
        "memory": memory,
        "today": datetime.now().astimezone().date(),
        "watch": Steps(quiet=output is Format.json).step,
        "model": model,
        "strategy": strategy,
        "facts": facts,
        "macro": macro,
    }
    if book is None:
        closed = _from_desk(data, _day(as_of), out, currency, options)
    else:
        closed = close(book, as_of=_day(as_of), out=out, mapping=mapping, **options)
    if output is Format.json:
        print_json(_answer(closed))
    else:
        _tell(closed)


def _from_desk(data: Path, as_of: date, out: Path, currency: str | None, options: dict[str, Any]) -> Closed:
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from forbear.desk.imports.from_desk import close_from_desk

        at = datetime.now(UTC)
        closed, worklist = close_from_desk(
            as_of=as_of, out=out, actor="forbear close --from-desk", at=at, currency=currency, **options
        )
    words.print(
        f"worklists: {worklist.opened:,} cases opened, {worklist.refreshed:,} refreshed, {worklist.cured:,} cured",
        markup=False,
    )
    return closed


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as bad:
        raise WrongUse(f"--as-of {text!r} is not a day", "write it as 2026-01-31") from bad


def _answer(closed: Closed) -> dict[str, Any]:
    told = closed.portfolio
    kept = ("as_of", "currency", "book", "totals", "buckets", "rates", "quarantine")
    return {"out": str(closed.out), **{key: told[key] for key in kept}}


def _tell(closed: Closed) -> None:
    told = closed.portfolio
    totals, money = told["totals"], told["currency"]
    answers.print(
        f"{totals['loans']:,} loans as of {told['as_of']}: {totals['open']:,} open, {totals['overdue']:,} overdue; "
        f"{money} {_grouped(totals['principal_outstanding'])} outstanding, {_grouped(totals['arrears'])} in arrears",
        markup=False,
    )
    _rates(told)
    left = told["quarantine"]
    if left["loans"] or left["broken_lines"] or left["orphan_rows"]:
        answers.print(
            f"left out: {left['loans']:,} loans with principal of {money} {_grouped(left['principal'])} "
            f"and payments of {_grouped(left['paid'])}"
            + (f"; {left['broken_lines']:,} broken lines" if left["broken_lines"] else "")
            + "".join(f"; {n:,} {table} of unknown loans" for table, n in left["orphan_rows"].items()),
            markup=False,
            style="bold",
        )
    for table in told["book"]["missing_tables"]:
        if table == "payments":
            answers.print("the book has no payments: every installment past its due date is overdue", markup=False)
    names = ["accounts.parquet", "portfolio.json", "report.html", "manifest.json"]
    if decided := told.get("decisions"):
        from forbear.night.decide import ALLOCATION, DECISIONS, VERDICTS

        steps = ", ".join(f"{one['action']} {one['borrowers']:,}" for one in decided["by_action"]) or "nothing"
        waiting = decided["looked_at"] - decided["treated"]
        answers.print(
            f"decided for {decided['for_day']}: {steps}; {waiting:,} of {decided['looked_at']:,} left in peace; "
            "forbear why BORROWER explains one",
            markup=False,
        )
        names += [DECISIONS, VERDICTS, ALLOCATION]
    for name in names:
        answers.print(str(closed.out / name), markup=False)


def _rates(told: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("bucket")
    for name in ("loans", "% of loans", "principal", "% of principal", "arrears"):
        table.add_column(name, justify="right")
    for row in told["buckets"]:
        table.add_row(
            row["bucket"],
            f"{row['loans']:,}",
            _percent(row["share_loans"]),
            _grouped(row["principal"]),
            _percent(row["share_principal"]),
            _grouped(row["arrears"]),
        )
    print_table(table)


def _grouped(amount: str) -> str:
    from decimal import Decimal

    return f"{Decimal(amount):,}"


def _percent(share: str | None) -> str:
    from decimal import Decimal

    return "" if share is None else f"{Decimal(share) * 100:.2f}"
