"""`forbear desk bank`: bank files into the desk, receipts booked or parked."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from forbear.basics.console import Format, answers, print_json
from forbear.basics.errors import AnswerIsNo, UnreadableFile, WrongUse
from forbear.commands.desk import group
from forbear.commands.serve import DEFAULT_DATA, DataOption

WHO = "forbear desk bank"


def register(app: typer.Typer) -> None:
    """Add the command below `forbear desk`."""
    group.command("bank")(bank_command)


def bank_command(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="camt.053 (XML), or CSV with --mapping.")
    ] = None,
    mapping: Annotated[str, typer.Option("--mapping", help="Of CSV: alipay, cn-bank, or a TOML file.")] = "",
    retry: Annotated[
        bool, typer.Option("--retry", help="Look again at every parked receipt, after new loans or names.")
    ] = False,
    output: Annotated[Format, typer.Option("--format", help="text for people, json for programs.")] = Format.text,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Take bank files in: each all or nothing, the same file again takes nothing.

    What is surely a loan's is booked, the rest is parked for a person. Ends with 1 when a file has faults; each is
    named by its place, and nothing of that file was taken.
    """
    from forbear.desk.server.access import desk_at

    if not files and not retry:
        raise WrongUse("no file named", "forbear desk bank FILE [--mapping NAME], see docs/payments.md")
    told = []
    with desk_at(data):
        from forbear.desk.money.automatic import book_sure, try_again
        from forbear.desk.money.bank.mapping import read_mapping
        from forbear.desk.money.bank.movements import Faulty
        from forbear.desk.money.taking import take_file

        how = read_mapping(mapping) if mapping else None
        now = datetime.now(UTC)
        for file in files or ():
            try:
                done = take_file(_bytes(file), file.name, how, actor=WHO, at=now)
            except Faulty as faulty:
                _tell_faults(file, faulty.faults, output)
                raise AnswerIsNo(f"{file} has faults: nothing of it was taken", faulty.hint) from None
            told.append({"file": str(file), "again": done.again, **done.file.counts, "booked": done.booked})
        if retry:
            told.append({"retried": try_again(), "booked": book_sure(now)})
    if output is Format.json:
        print_json(told)
        return
    for one in told:
        answers.print(_sentence(one), markup=False, soft_wrap=True)


def _tell_faults(file: Path, faults: Any, output: Format) -> None:
    """Each fault on a line of its own, or as JSON."""
    if output is Format.json:
        print_json([{"file": str(file), **fault._asdict()} for fault in faults])
        return
    for fault in faults:
        answers.print(f"{file}: {fault}", markup=False, soft_wrap=True)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"{file}: cannot be read ({error.strerror})", "name a file") from None


def _sentence(one: dict[str, object]) -> str:
    if "retried" in one:
        return f"{one['retried']:,} parked receipts looked at again, {one['booked']:,} booked"
    if one["again"]:
        return f"{one['file']}: taken before, nothing of it is new; {one['booked']:,} booked"
    return (
        f"{one['file']}: {one['movements']:,} movements, {one['new']:,} new, {one['known']:,} known already; "
        f"{one['booked']:,} booked"
    )
