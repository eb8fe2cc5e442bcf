"""`forbear fit-values`: what contacts bring, learned from your own logged and randomised ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forbear.basics.console import Format, answers, print_json, print_table
from forbear.commands.options import Output

if TYPE_CHECKING:
    from forbear.treatment.values import Values


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="fit-values")(fit_values)


def fit_values(
    log: Annotated[
        Path,
        typer.Argument(
            help="CSV or Parquet, a row a decision: borrower_id, action, p_ACTION, x_…, at_stake, soon, later."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the values; earlier values there are replaced.")],
    output: Output = Format.text,
) -> None:
    """Learn what each action brings against waiting, and for whom more, from decisions drawn with known chances.

    A strategy names the folder (`values = "…"`) and the night decides by it. Every figure is told with its source:
    learned, prior (a study or an assumption), or shrunk between the two. docs/values.md describes log and folder.
    """
    from forbear.treatment.certificate import file_fingerprint
    from forbear.treatment.values_files import learn_file
    from forbear.treatment.values_folder import plain, save

    values = learn_file(log)
    save(values, out, {"log": log.name, "log_sha256": file_fingerprint(log)})
    if output is Format.json:
        print_json({"out": str(out), **plain(values)})
    else:
        _tell(values, out)


def _tell(values: Values, out: Path) -> None:
    from rich.table import Table

    answers.print(f"{values.rows:,} decisions on {values.borrowers:,} borrowers", markup=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("action", "taken", "brings", "doubt", "low", "source", "weight of data", "prior"):
        table.add_column(name, justify="left" if name in ("action", "source") else "right")
    for mean in values.means[1:]:
        shown = (f"{x:+.4f}" for x in (mean.mean, mean.deviation, mean.low))
        weights = (f"{mean.weight:.2f}", f"{mean.prior.mean:+.4f}")
        table.add_row(mean.action, f"{mean.taken:,}", *shown, mean.source, *weights)
    print_table(table)
    answers.print(f"differences between people are believed by {values.slope:.2f}; {out}", markup=False)
