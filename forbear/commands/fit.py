"""`forbear fit`: a model of who will be late, from a book's own past."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forbear.basics.console import Format, Steps, answers, print_json, print_table, words
from forbear.commands.books import day, opened_book
from forbear.commands.options import Mapping, Output, Quarantine, Threads

if TYPE_CHECKING:
    from forbear.risk.fit import Model


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="fit")(fit_book)


def fit_book(
    book: Annotated[
        Path, typer.Argument(help="Folder with the tables: loans, installments, payments, … or statuses")
    ],
    as_of: Annotated[str, typer.Option(help="The day (YYYY-MM-DD) up to which the book is known.")],
    out: Annotated[Path, typer.Option(help="Folder for the model; an earlier model there is replaced.")],
    mapping: Mapping = None,
    allow: Annotated[
        list[str] | None, typer.Option(help="An x_ column that may rank an outcome nearly perfectly.")
    ] = None,
    quarantine: Quarantine = False,
    threads: Threads = None,
    output: Output = Format.text,
) -> None:
    """Fit a model on a book as it was known on a day: who will be late, be cured, roll on, reach 90 days.

    Writes model.json, the trees as JSON, and a model card (card.md, card.html). What the model claims was measured on
    later moments of other borrowers than those it learned from. Ends with 0 when fitted, 1 when the book has faults, 2
    on wrong use or when the book is too small for any question. docs/risk.md says what each column means.
    """
    from forbear.risk.fit import fit
    from forbear.risk.folder import book_facts, place_for, plain, save

    steps = Steps(quiet=output is Format.json)
    place_for(out)
    with opened_book(book, day(as_of), mapping, quarantine, threads, steps) as opened:
        model = fit(opened, as_of=day(as_of), allow=tuple(allow or ()), watch=steps.step)
        save(model, out, book_facts(opened))
    if output is Format.json:
        told = plain(model)
        print_json(
            {
                "out": str(out),
                **{
                    k: told[k]
                    for k in ("kind", "as_of", "rows", "borrowers", "claims", "missing", "windows", "notes")
                },
            }
        )
    else:
        _tell(model, out)


def _tell(model: Model, out: Path) -> None:
    from rich.table import Table

    answers.print(f"{model.rows:,} moments of {model.borrowers:,} borrowers as of {model.as_of}", markup=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("column", "rows", "events", "AUC", "95 %", "slope", "error", "first-time AUC"):
        table.add_column(name, justify="left" if name == "column" else "right")
    for name, claim in model.claims.items():
        a, new = claim.all, claim.first_time
        auc, slope, error, new_auc = (f"{v:.3f}" if isfinite(v) else "" for v in (a.auc, a.slope, a.error, new.auc))
        ends = f"{a.auc_low:.3f} to {a.auc_high:.3f}" if auc else "too few"
        table.add_row(name, f"{a.rows:,}", f"{a.events:,}", auc, ends, slope, error, new_auc)
    print_table(table)
    for name, why in model.missing.items():
        answers.print(f"not answered: {name}: {why}", markup=False)
    for note in model.notes:
        words.print(note, markup=False)
    answers.print(str(out / "card.html"), markup=False)


def plain_reasons(reasons: dict[str, Any]) -> list[str]:
    """Reasons of columns that are null throughout, those with the same reason together."""
    by_reason: dict[str, list[str]] = {}
    for column, why in reasons.items():
        by_reason.setdefault(why, []).append(column)
    return [f"{', '.join(columns)}: {why}" for why, columns in by_reason.items()]
