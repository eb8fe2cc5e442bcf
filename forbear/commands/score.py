"""`forbear score`: every loan of a book with a model's answers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from forbear.basics.console import Format, Steps, answers, print_json, words
from forbear.commands.books import day, opened_book
from forbear.commands.fit import plain_reasons
from forbear.commands.options import Mapping, Output, Quarantine, Threads


class _At(StrEnum):
    as_of = "as-of"
    disbursal = "disbursal"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="score")(score_book)


def score_book(
    book: Annotated[
        Path, typer.Argument(help="Folder with the tables: loans, installments, payments, … or statuses")
    ],
    as_of: Annotated[str, typer.Option(help="The day (YYYY-MM-DD) to stand on; nothing after it counts.")],
    model: Annotated[Path, typer.Option(help="Folder that `forbear fit` wrote.")],
    out: Annotated[Path, typer.Option(help="File for the scores: .parquet or .csv.")],
    mapping: Mapping = None,
    at: Annotated[
        _At, typer.Option(help="Look at each loan on the as-of day, or on its own day of disbursal.")
    ] = _At.as_of,
    quarantine: Quarantine = False,
    threads: Threads = None,
    output: Output = Format.text,
) -> None:
    """Score every loan disbursed by a day: a row a loan, a probability a column, null where a question does not apply.

    Ends with 0 when scored, 1 when the book has faults, 2 on wrong use or a model that cannot be trusted. docs/risk.md
    says what each column means.
    """
    from forbear.risk.folder import fingerprint, load
    from forbear.risk.score import score
    from forbear.risk.score_file import place_for_scores, write_scores

    steps = Steps(quiet=output is Format.json)
    place_for_scores(out)
    loaded = load(model)
    with opened_book(book, day(as_of), mapping, quarantine, threads, steps) as opened, steps.step("scoring"):
        made = score(opened, loaded, as_of=day(as_of), at=at.value, keep_frame=False)
        write_scores(made.table, out)
    if output is Format.json:
        print_json(
            {
                "out": str(out),
                "loans": made.table.num_rows,
                "model": fingerprint(model),
                "nulls": dict(made.reasons),
                "absent": list(made.absent),
            }
        )
        return
    answers.print(f"{made.table.num_rows:,} loans scored: {out}", markup=False)
    if made.absent:
        words.print(
            f"taken as not known: {', '.join(made.absent)}: the model reads them, the book does not have them, or "
            "not as the numbers or texts that the model knows",
            markup=False,
        )
    for line in plain_reasons(dict(made.reasons)):
        words.print(f"no value: {line}", markup=False)
