"""`forbear rolls`: roll rates and vintages of a book that carries statuses instead of payments."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from forbear.basics.console import Format, Steps, answers, print_json, print_table, words
from forbear.basics.errors import AnswerIsNo, WrongUse

if TYPE_CHECKING:
    import duckdb

    from forbear.funding.statuses import Panel


class _Measure(StrEnum):
    count = "count"  # type: ignore[assignment]
    balance = "balance"


class _By(StrEnum):
    auto = "auto"
    state = "state"
    dpd = "dpd"


class _Every(StrEnum):
    month = "month"
    date = "date"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rolls")(rolls)


def rolls(
    books: list[Path] = typer.Argument(
        ..., metavar="BOOK...", help="A book with statuses; or the accounts.parquet (or folders) of several closes."
    ),
    mapping: str = typer.Option("", "--mapping", "-m", help="Name of a shipped mapping, or a mapping file."),
    out: Path = typer.Option(None, "--out", "-o", help="Folder for rolls.json, rolls.csv and vintages.csv."),
    form: Format = typer.Option(Format.text, "--format", "-f", help="How the answer is printed."),
    measure: _Measure = typer.Option(_Measure.count, "--by", help="What the printed table counts: loans or money."),
    states: _By = typer.Option(
        _By.auto,
        "--states",
        help="States as the book words them, or ranges of days past due; auto: words if understood.",
    ),
    every: _Every = typer.Option(
        _Every.month, "--every", help="A roll is from month to month, or from date to date."
    ),
    buckets: str = typer.Option("0,30,60,90", "--buckets", help="Last days of the ranges of days past due."),
    quarantine: bool = typer.Option(False, "--quarantine", help="Leave out the loans of rows with faults."),
) -> None:
    """Roll rates (迁徙率), cures and vintages from a status a month.

    A cell says: of the loans in the row's state at the end of a month, this share was in the column's state at the
    end of the next. Books of payments have these in the report of `forbear close`.
    """
    import duckdb

    from forbear.funding.statuses import rolls as roll_rates
    from forbear.funding.statuses import vintages as curves
    from forbear.funding.statuses.answer import answer, write

    steps = Steps(quiet=form is Format.json)
    with duckdb.connect() as connection:
        with steps.step("reading"):
            panel = _panel(books, mapping, connection, states.value, every.value, _bounds(buckets), quarantine)
        with steps.step("rolling"):
            told: dict[str, Any] = answer(panel, roll_rates(panel), curves(panel))
    if measure is _Measure.balance and not told["rolls"]["balance"]:
        raise AnswerIsNo("these statuses carry no balance", "ask for --by count")
    if out:
        write(told, out)
    if form is Format.json:
        print_json(told)
    else:
        _show(told, measure.value)


def _bounds(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(p.strip().isdecimal() for p in parts):
        raise WrongUse(
            f"--buckets {text!r} is not a list of days", "write the last day of each range, as 0,30,60,90"
        )
    bounds = tuple(int(p) for p in parts)
    if list(bounds) != sorted(set(bounds)):
        raise WrongUse(f"--buckets {text!r} does not rise", "write the last day of each range, as 0,30,60,90")
    return bounds


def _panel(
    books: list[Path],
    mapping: str,
    connection: duckdb.DuckDBPyConnection,
    by: str,
    every: str,
    bounds: tuple[int, ...],
    quarantine: bool,
) -> Panel:
    from forbear.aging.states import Buckets
    from forbear.book import open_book
    from forbear.funding.statuses import panel_of_accounts, panel_of_book

    if len(books) > 1 or books[0].suffix == ".parquet" or (books[0] / "accounts.parquet").is_file():
        return panel_of_accounts(books, connection, every=every)
    book = open_book(books[0], connection, mapping=mapping or None)
    return panel_of_book(book, by=by, every=every, buckets=Buckets(bounds), skip=_skip(book, quarantine))


def _skip(book: Any, quarantine: bool) -> str | None:
    """The table of loans to leave out; a book with faults is refused unless they may be."""
    from forbear.book import check_book

    result = check_book(book)
    if result.ok:
        return None
    kinds = ", ".join(f"{n} {rule}" for rule, n in sorted(result.fault_counts.items()))
    if not quarantine:
        raise AnswerIsNo(
            f"the book has faults: {kinds}", "see `forbear check`; --quarantine leaves those loans out"
        )
    if not result.quarantinable:
        raise AnswerIsNo(f"the book has faults that no loan can answer for: {kinds}", "see `forbear check`")
    words.print(f"left out {result.bad_loan_count:,} loans with faults ({kinds})", markup=False)
    return result.bad_loans


def _show(told: dict[str, Any], measure: str) -> None:
    from rich.table import Table

    answers.print(f"Roll rates by {measure}, % of the row")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("from\\to")
    grid = told["rolls"][measure]
    for name in [*told["rolls"]["states"], "moves" if measure == "count" else "balance"]:
        table.add_column(str(name), justify="right")
    for name, shares, total in zip(told["rolls"]["states"], grid["percent"], grid["totals"], strict=True):
        table.add_row(name, *("" if s is None else f"{s:.3f}" for s in shares), str(total))
    print_table(table)
    moved = told["movement"]
    answers.print(
        f"{told['loans']:,} loans, {told['transitions']:,} moves, {told['first_on']} to {told['last_on']}; "
        + ", ".join(f"{way} {_share(moved[way]['percent'])}" for way in ("better", "same", "worse")),
        markup=False,
    )
    for days, points in told["vintages"]["together"].items():
        marks = [p for p in points if p["mob"] in {6, 12, 24}]
        if marks:
            shown = ", ".join(f"month {p['mob']} {p['percent']:.3f} % of {p['accounts']:,}" for p in marks)
            answers.print(f"ever {days}+ days past due: {shown}", markup=False)
    for note in told["notes"]:
        words.print(note, markup=False)


def _share(percent: float | None) -> str:
    """A share of the moves; there is none where nothing moved."""
    return "none" if percent is None else f"{percent} %"
