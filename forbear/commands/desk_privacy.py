"""`forbear desk keys` and `forbear desk personal`: the keys of personal data, and personal data from a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from forbear.basics.console import answers
from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.commands.desk import group
from forbear.commands.serve import DEFAULT_DATA, DataOption

keys_group = typer.Typer(no_args_is_help=True, help="The keys of personal data.")
personal_group = typer.Typer(no_args_is_help=True, help="Who borrowers are.")


def register(app: typer.Typer) -> None:
    """Add the groups below `forbear desk`."""
    group.add_typer(keys_group, name="keys")
    group.add_typer(personal_group, name="personal")


@keys_group.command("list")
def list_command(data: DataOption = DEFAULT_DATA) -> None:
    """List the master keys by id, newest first, and how many data keys each wraps."""
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from django.db.models import Count

        from forbear.desk.privacy.master import ring
        from forbear.desk.privacy.models import DataKey

        wrapped = DataKey.objects.filter(wrapped__isnull=False).values_list("master").annotate(Count("pk"))
        counts = dict(wrapped.order_by())
        for number, key_id in enumerate(ring().ids):
            answers.print(f"{key_id}  {counts.pop(key_id, 0):>12,} data keys{'  newest' if number == 0 else ''}")
        for key_id, count in sorted(counts.items()):
            answers.print(f"{key_id}  {count:>12,} data keys  MISSING: its master key is not here")
    if counts:
        raise AnswerIsNo("some data keys cannot be opened", "put the missing master keys back")


@keys_group.command("rotate")
def rotate_command(
    reencrypt: Annotated[
        bool, typer.Option("--reencrypt", help="Also give every borrower a new data key and seal all values anew.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Make no new master key: finish what was begun.")
    ] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Put a new master key first and wrap every data key by it; cut short, `--resume` goes on.

    Where the keys stand in FORBEAR_MASTER_KEYS, put the new one first there yourself and use `--resume`.
    """
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from forbear.desk.audit.log import record
        from forbear.desk.privacy import master, rotation

        if not resume:
            master.add_to_file(_key_file(), master.new_key())
        newest = master.ring().ids[0]
        record("forbear desk keys", "keys.rotate", f"master:{newest}", reencrypt=reencrypt, resumed=resume)
        answers.print(f"newest master key {newest}")
        answers.print(f"re-wrapped {sum(rotation.rewrap()):,} data keys")
        if reencrypt:
            answers.print(f"re-encrypted {sum(rotation.reencrypt()):,} borrowers")
        answers.print(f"deleted {rotation.sweep():,} replaced data keys")


@keys_group.command("retire")
def retire_command(data: DataOption = DEFAULT_DATA) -> None:
    """Take master keys that wrap nothing any more out of the file; backups made before need them: keep them apart."""
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from forbear.desk.audit.log import record
        from forbear.desk.privacy import master, rotation

        gone = master.keep_in_file(_key_file(), rotation.masters_in_use())
        for key_id in gone:
            record("forbear desk keys", "keys.retire", f"master:{key_id}")
            answers.print(f"retired {key_id}")
        if not gone:
            answers.print("every master key here is in use")


@personal_group.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="CSV: borrower_id, name, phone, ...; see docs/privacy.md.")],
    encoding: Annotated[str, typer.Option("--encoding", help="Such as gb18030.")] = "utf-8-sig",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Record who borrowers are, from a CSV file: all of it, or nothing where a value does not fit."""
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from forbear.desk.privacy import put_many
        from forbear.desk.privacy.reading import read_values

        count = put_many(read_values(file, encoding), "forbear desk personal")
    answers.print(f"{count:,} values recorded")


def _key_file() -> Path:
    name = os.environ.get("FORBEAR_MASTER_KEY_FILE", "")
    if not name or os.environ.get("FORBEAR_MASTER_KEYS"):
        raise WrongUse(
            "the master keys stand in FORBEAR_MASTER_KEYS, which no command can change",
            "put the new key first there, restart the desk, then: forbear desk keys rotate --resume",
        )
    return Path(name)
