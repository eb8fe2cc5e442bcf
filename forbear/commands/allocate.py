"""`forbear allocate` and `forbear certify`: actions under shared capacity, and the proof that they are well chosen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from forbear.basics.console import Format, answers, print_json, print_table
from forbear.basics.errors import WrongUse

if TYPE_CHECKING:
    from forbear.treatment.certify import Checked
    from forbear.treatment.sql_source import Engine


def register(app: typer.Typer) -> None:
    """Add both commands."""
    app.command("allocate")(allocate)
    app.command("certify")(certify)


def allocate(
    values: Path = typer.Option(
        ..., "--values", help="Parquet or CSV: borrower_id, action, value and a column for each capacity used."
    ),
    capacities: Path = typer.Option(..., "--capacities", help="Parquet or CSV: capacity, limit."),
    out: Path = typer.Option(..., "--out", "-o", help="The decisions, .parquet or .csv; who waits is not in it."),
    certificate: Path = typer.Option(None, "--certificate", help="Where the certificate (JSON) goes."),
    key: str = typer.Option("forbear", "--key", help="Key of the hash that tells equals apart."),
    ignore: list[str] = typer.Option([], "--ignore", help="Column of the values to pass over; may be repeated."),
    engine: str = typer.Option(
        "files", "--engine", help="Who makes the passes over all rows: files (fastest), duckdb or spark."
    ),
    form: Format = typer.Option(Format.text, "--format", "-f", help="How the answer is printed."),
) -> None:
    """Choose one action a borrower at most, so that every capacity holds and the sum of values is as great as can be.

    Waiting is always possible, at value 0 and no use. Prints what is done, how far it may be from the best, and each
    capacity's price: what one more unit of it would bring. Files and meaning: docs/allocation.md.
    """
    from forbear.treatment.allocate import allocate as run

    chosen = _engine(engine)
    made = run(values, capacities, out, certificate_path=certificate, key=key, ignored=ignore, engine=chosen)
    told = made.certificate.told
    if form is Format.json:
        print_json(told)
        return
    _show(told)
    answers.print(f"decisions: {out}" + (f"; certificate: {certificate}" if certificate else ""), markup=False)


def _engine(name: str) -> Engine:
    from forbear.treatment.sql_source import Engine

    if name not in set(Engine):
        raise WrongUse(f"--engine {name}: there is no such engine", f"known: {', '.join(Engine)}")
    return Engine(name)


def _show(told: dict[str, Any]) -> None:
    answers.print(
        f"{told['treated']:,} of {told['borrowers']:,} borrowers treated, {told['waiting']:,} left in peace; "
        f"value {told['value']:,.2f}, at most {told['bound']:,.2f} possible (gap {100 * told['gap']:.5f} %)",
        markup=False,
    )
    table = Table("capacity", box=None, pad_edge=False)
    for head in ("limit", "used", "% used", "one more brings"):
        table.add_column(head, justify="right")
    for one in told["capacities"]:
        share = f"{100 * one['used'] / one['limit']:.1f}" if one["limit"] else "-"
        table.add_row(one["capacity"], _amount(one["limit"]), _amount(one["used"]), share, _amount(one["price"]))
    print_table(table)
    counted = Table("action", box=None, pad_edge=False)
    counted.add_column("borrowers", justify="right")
    for action, number in told["actions"].items():
        counted.add_row(action, f"{number:,}")
    print_table(counted)


def _amount(number: float) -> str:
    return f"{number:,.6g}" if 0 < abs(number) < 1 else f"{number:,.2f}"


def certify(
    certificate: Path = typer.Argument(..., help="The certificate that forbear allocate wrote."),
    values: Path = typer.Option(..., "--values", help="The values it was made from."),
    capacities: Path = typer.Option(..., "--capacities", help="The capacities it was made from."),
    decisions: Path = typer.Option(..., "--decisions", help="The decisions it speaks of."),
    form: Format = typer.Option(Format.text, "--format", "-f", help="How the answer is printed."),
) -> None:
    """Check an allocation without trusting who made it: one pass, code of its own.

    Exit code 0: everything is as certified. 1: something is not, and the reasons are printed. 2: wrong use.
    """
    from forbear.treatment.certify import certify as run

    checked = run(certificate, values, capacities, decisions)
    if form is Format.json:
        print_json(
            {
                "holds": checked.holds,
                "bound": _known(checked.bound),
                "value": _known(checked.value),
                "gap": _known(checked.gap),
                "faults": checked.faults,
            }
        )
    else:
        _tell(checked)
    raise typer.Exit(0 if checked.holds else 1)


def _known(number: float) -> float | None:
    return number if number == number else None  # noqa: PLR0124  (NaN is what was not worked out)


def _tell(checked: Checked) -> None:
    if checked.holds:
        answers.print(
            f"holds: value {checked.value:,.2f}, no allocation can exceed {checked.bound:,.2f} "
            f"(gap {100 * checked.gap:.5f} %)",
            markup=False,
        )
    for fault in checked.faults:
        answers.print(f"does not hold: {fault}", markup=False)
