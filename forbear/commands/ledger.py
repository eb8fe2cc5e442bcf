"""`forbear ledger`: is the desk's ledger true, and what does each loan owe as of a date."""

from __future__ import annotations

import csv
import sys
from datetime import datetime
from typing import Annotated

import typer

from forbear.basics.console import answers, words
from forbear.basics.errors import AnswerIsNo
from forbear.basics.money import to_major
from forbear.commands.serve import DEFAULT_DATA, DataOption

group = typer.Typer(no_args_is_help=True, help="The desk's ledger: verify it, read balances from it.")
MOST_SHOWN = 100


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="ledger")


@group.command("verify")
def verify_command(
    data: DataOption = DEFAULT_DATA,
    most: Annotated[int, typer.Option("--most", min=1, help="Differences shown; all are counted.")] = MOST_SHOWN,
) -> None:
    """Replay every loan from its events and compare with the postings and balances kept; exit 1 when they differ."""
    from forbear.desk.server.access import desk_at

    count = 0
    with desk_at(data):
        from forbear.desk.ledger.verify import Verified, verify

        done = Verified()

        def told(now: Verified) -> None:
            done.loans, done.replayed = now.loans, now.replayed
            words.print(f"{now.loans} loans compared", markup=False)

        for difference in verify(told):
            count += 1
            if count <= most:
                answers.print(
                    f"loan {difference.loan_id}: {difference.what}: expected {difference.expected}, "
                    f"found {difference.found}",
                    markup=False,
                    soft_wrap=True,
                )
    if count:
        raise AnswerIsNo(
            f"{count} differences in {done.loans} loans",
            "the entries are the truth: find who changed the tables, restore them from a backup, verify again",
        )
    answers.print(f"{done.loans} loans are as their events say", markup=False)


@group.command("balances")
def balances_command(
    as_of: Annotated[datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The date.")],
    loan: Annotated[list[str] | None, typer.Option("--loan", help="Only this loan; may be repeated.")] = None,
    known_at: Annotated[
        datetime | None,
        typer.Option(
            "--known-at",
            formats=["%Y-%m-%dT%H:%M:%S%z"],
            help="Only what was booked by this instant, such as 2026-06-30T16:00:00+0000.",
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Print what each loan owes and has paid as of a date, as CSV in the major unit."""
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from forbear.desk.ledger.balances import PLAIN, Balance, balances, every_balance

        on = as_of.date()
        rows = balances(loan, on, known_at).values() if loan else every_balance(on, known_at)
        writer = csv.writer(sys.stdout)
        writer.writerow(Balance._fields)
        for row in rows:
            writer.writerow(
                value if name in PLAIN or value is None else to_major(value, row.currency)
                for name, value in row._asdict().items()
            )
