"""`forbear desk funding`: make a funder's pack from the desk's own ledger and keep it there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from forbear.basics.console import answers
from forbear.basics.errors import AnswerIsNo, UnreadableFile
from forbear.commands.books import day
from forbear.commands.desk import group
from forbear.commands.serve import DEFAULT_DATA, DataOption

WHO = "forbear desk funding"


def register(app: typer.Typer) -> None:
    """Add the command below `forbear desk`."""
    group.command("funding")(funding_command)


def funding_command(
    as_of: Annotated[str, typer.Option(help="The day (YYYY-MM-DD) to stand on; nothing after it counts.")],
    funder: Annotated[str | None, typer.Option(help="Only loans with this funder_id.")] = None,
    facility: Annotated[Path | None, typer.Option(help="TOML file: covenants, borrowing base, service.")] = None,
    currency: Annotated[str | None, typer.Option(help="When the desk has loans of several.")] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Make a funder's pack as of a day; it is read at the desk under Funding. See docs/funding.md.

    Ends with 0, 1 when a figure differs from the ledger's postings, 2 on wrong use.
    """
    from forbear.desk.server.access import desk_at

    try:
        text = facility.read_text(encoding="utf-8") if facility else ""
    except (OSError, UnicodeDecodeError) as bad:
        raise UnreadableFile(f"{facility} cannot be read: {bad}", "docs/funding.md shows a facility file") from bad
    with desk_at(data):
        from forbear.desk.funding.making import make_pack

        made = make_pack(day(as_of), funder, text, WHO, datetime.now(UTC), currency)
        answers.print(f"pack {made.pk} of {made}: /funding/{made.pk}", markup=False)
        if not made.reconciled:
            raise AnswerIsNo("figures differ from the ledger", f"see /funding/{made.pk}/reconciliation")
