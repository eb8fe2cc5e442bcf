"""`forbear desk export`: any list of the desk as a file, from the machine itself."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from forbear.basics.console import answers, print_table
from forbear.basics.errors import WrongUse
from forbear.commands.desk import group
from forbear.commands.serve import DEFAULT_DATA, DataOption

WHO = "forbear desk export"


def register(app: typer.Typer) -> None:
    """Add the command below `forbear desk`."""
    group.command("export")(export_command)


def export_command(
    name: Annotated[str | None, typer.Argument(metavar="LIST", help="Without it all lists are told.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File (.csv or .parquet); - is stdout, CSV.")] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="FILTER=VALUE", help="Rows of that value alone; several times."),
    ] = None,
    sort: Annotated[str, typer.Option("--sort", help="One of the list's sorts, largest first.")] = "",
    bom: Annotated[bool, typer.Option("--bom", help="Begin CSV with a byte order mark, for Excel.")] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Write a list into a file: all of its rows, or those that --only names. See docs/exports.md."""
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        if name is None:
            _tell_lists()
            return
        if out is None:
            raise WrongUse("an export needs a file", "name it: --out FILE.csv, FILE.parquet, or - for stdout")
        rows = _exported(name, out, _filters(only or []), sort, bom)
    if str(out) != "-":
        answers.print(f"{rows:,} bytes in {out}", markup=False, soft_wrap=True)


def _filters(only: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in only]
    if wrong := [name for name, sign, _ in pairs if not sign]:
        raise WrongUse(f"--only {wrong[0]} has no value", "write --only FILTER=VALUE")
    return {name: value for name, _, value in pairs}


def _exported(name: str, out: Path, filters: dict[str, str], sort: str, bom: bool) -> int:
    from forbear.desk.lists.described import list_named
    from forbear.desk.lists.exporting import export
    from forbear.desk.lists.reading import asked

    of = list_named(name)
    known = {one.name for one in of.filters} | set(of.special)
    if unknown := sorted(set(filters) - known):
        raise WrongUse(
            f"{name} has no filter {', '.join(unknown)}", f"it has: {', '.join(sorted(known)) or 'none'}"
        )
    if sort and sort not in of.sorts:
        raise WrongUse(f"{name} is not sorted by {sort}", f"by: {', '.join(of.sorts) or 'its own order alone'}")
    form = "csv" if str(out) == "-" else out.suffix.removeprefix(".")
    what = asked(of, None, datetime.now(UTC), {**filters, "sort": sort})
    blocks = export(of, what, form, actor=WHO, bom=bom)
    if str(out) == "-":
        return sum(sys.stdout.buffer.write(block) for block in blocks)
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("wb") as file:
            size = sum(file.write(block) for block in blocks)
        part.replace(out)  # a file of that name is whole, or the old one
    finally:
        part.unlink(missing_ok=True)
    return size


def _tell_lists() -> None:
    from forbear.desk.lists.described import lists

    table = Table("list", "a row is", "filters", "sorts", box=None)
    for one in lists().values():
        filters = [*(f.name for f in one.filters), *one.special]
        table.add_row(one.name, one.about, " ".join(filters), " ".join(one.sorts))
    print_table(table)
