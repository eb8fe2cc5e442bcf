"""`forbear desk backup` and `restore`: the database to one file, and from it to a desk elsewhere, proved."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from forbear.basics.console import answers
from forbear.basics.errors import AnswerIsNo
from forbear.commands.desk import group
from forbear.commands.serve import DEFAULT_DATA, DataOption


def register(app: typer.Typer) -> None:
    """Add the commands below `forbear desk`."""
    group.command("backup")(backup_command)
    group.command("restore")(restore_command)


def backup_command(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Write the database into one file while the desk works; keep the master keys apart from it."""
    from forbear.desk.server.access import desk_at
    from forbear.desk.server.backing import back_up

    with desk_at(data):
        size = back_up(os.environ["DATABASE_URL"], file.absolute())
    answers.print(f"{file}  {size:,} bytes; without `master-keys` nobody reads its personal data", markup=False)


def restore_command(
    file: Annotated[
        Path, typer.Argument(help="What `forbear desk backup` wrote, by this version or an older one.")
    ],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Fill a new desk from a backup, bring its tables up to date, and prove ledger, audit log and keys.

    The data folder is new or holds `master-keys` alone; with DATABASE_URL set, that database must be empty.
    """
    from forbear.desk.server.backing import bring_back
    from forbear.desk.server.serving import environment

    with environment(data) as env:
        bring_back(file.absolute(), env["DATABASE_URL"])
    _prove(data)


def _prove(data: Path) -> None:
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from forbear.desk.audit.verifying import verify as prove_chain
        from forbear.desk.ledger.verify import Verified, verify
        from forbear.desk.privacy.master import ring
        from forbear.desk.privacy.rotation import masters_in_use

        done = Verified()
        differences = sum(1 for _ in verify(lambda now: done.__dict__.update(now.__dict__)))
        proof = prove_chain()
        missing = set(masters_in_use()) - set(ring().ids)
    answers.print(f"{done.loans:,} loans, {differences:,} differences", markup=False)
    answers.print(f"audit log: {proof.links:,} links hold, {proof.waiting:,} not sealed yet; head {proof.head}")
    if differences or proof.broken or missing:
        keys = f"master keys {', '.join(sorted(missing))} are not here" if missing else ""
        raise AnswerIsNo(
            "the backup is back, but not whole: "
            + "; ".join(filter(None, [f"{differences} differences" if differences else "", proof.broken, keys])),
            "put the missing keys into `master-keys`; else take an older backup: forbear ledger verify tells more",
        )
