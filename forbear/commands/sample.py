"""`forbear sample`: a made-up book of any size to try things on."""

from __future__ import annotations

import os
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from forbear.basics.console import answers, words

DEFAULT_AS_OF = "2026-06-30"


class _Language(StrEnum):
    zh = "zh"
    en = "en"


class _Form(StrEnum):
    parquet = "parquet"
    csv = "csv"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sample")(sample)


def sample(
    loans: int = typer.Option(
        20_000, "--loans", "-n", min=1, help="How many loans; about twelve installments each."
    ),
    out: Path = typer.Option(..., "--out", "-o", help="Folder for the book; an earlier sample in it is replaced."),
    seed: int = typer.Option(
        1, "--seed", min=0, help="Another number makes another book; the same one the same book."
    ),
    as_of: datetime = typer.Option(
        DEFAULT_AS_OF, "--as-of", formats=["%Y-%m-%d"], help="The day up to which payments are known."
    ),
    language: _Language = typer.Option(_Language.zh, "--language", "-l", help="Of products, channels and regions."),
    form: _Form = typer.Option(_Form.parquet, "--format", "-f", help="Parquet for size and speed, CSV to look at."),
    threads: int = typer.Option(0, "--threads", min=0, help="0: one a core. The book is the same with any number."),
    force: bool = typer.Option(False, "--force", help="Replace tables in the folder that no sample made."),
) -> None:
    """Make a sample book: invented loans that pay and fall behind as real ones do.

    Two years of disbursals up to the as-of date, with payments, borrowers and contacts. The same arguments give the
    same bytes. Then try `forbear check` and `forbear close` on the folder.
    """
    from forbear.book.sample import make_sample

    with _bar() as bar:
        task = bar.add_task("loans", total=loans)
        made = make_sample(
            out,
            loans=loans,
            as_of=date(as_of.year, as_of.month, as_of.day),
            seed=seed,
            language=language.value,
            form=form.value,
            threads=threads or os.cpu_count() or 1,
            force=force,
            progress=lambda more: bar.advance(task, more),
        )
    rows = ", ".join(f"{count:,} {table}" for table, count in made.rows.items())
    answers.print(f"{made.path}: {rows}", markup=False)


def _bar() -> Progress:
    columns = (TextColumn("making"), BarColumn(), MofNCompleteColumn(), TextColumn("loans"), TimeRemainingColumn())
    return Progress(*columns, console=words, transient=True, disable=not words.is_terminal)
