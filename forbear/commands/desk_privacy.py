"""`forbear desk keys`, `personal`, `erase`, `retention`: personal data from a file to its end, and its keys."""

from __future__ import annotations

import os
from datetime import UTC, datetime
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
    group.command("erase")(erase_command)
    group.command("retention")(retention_command)


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


def erase_command(
    borrower: Annotated[str, typer.Argument(metavar="BORROWER", help="Id of the borrower.")],
    why: Annotated[str, typer.Option("--why", help="request, retention or unlawful.")] = "request",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Erase who a borrower is, for good; ends with 1 and the reasons where the data must stay."""
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from forbear.desk.privacy.erasing import erase

        answer = erase(borrower, "forbear desk erase", datetime.now(UTC), why)
    for keep in answer.kept:
        ends = f", until {keep.until:%Y-%m-%d %H:%M} UTC" if keep.until else ""
        answers.print(f"{keep.code}: {keep.because}{ends}", markup=False)
    if not answer.done:
        raise AnswerIsNo("the data must stay", "answer the request with these reasons (个人信息保护法 art. 47, 50)")
    answers.print(f"erased {borrower}", markup=False)


def retention_command(
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="By this day; today.")
    ] = None,
    erase: Annotated[bool, typer.Option("--erase", help="Erase them, not only list them.")] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """List the borrowers whose personal data no rule keeps any more, or erase them; so with payers of receipts."""
    from forbear.desk.server.access import desk_at

    now = datetime.now(UTC)
    at = as_of.replace(tzinfo=UTC) if as_of else now
    if erase and at > now:
        raise WrongUse(f"{at:%Y-%m-%d} is not yet", "list what will be due without --erase")
    with desk_at(data):
        from forbear.desk.money.keeping import due as receipts_due
        from forbear.desk.money.keeping import tidy
        from forbear.desk.privacy.erasing import erase as shred
        from forbear.desk.privacy.retention import due

        count = 0
        for borrower in due(at):
            done = erase and shred(borrower, "forbear desk retention", now, "retention").done
            answers.print(f"{borrower}  {'erased' if done else 'due'}", markup=False)
            count += 1
        payers = tidy(at).receipts if erase else receipts_due(at).count()
    answers.print(f"{count:,} borrowers {'erased' if erase else 'due'} as of {at:%Y-%m-%d}")
    answers.print(f"{payers:,} receipts: payer and text {'taken out' if erase else 'due'}")


def _key_file() -> Path:
    name = os.environ.get("FORBEAR_MASTER_KEY_FILE", "")
    if not name or os.environ.get("FORBEAR_MASTER_KEYS"):
        raise WrongUse(
            "the master keys stand in FORBEAR_MASTER_KEYS, which no command can change",
            "put the new key first there, restart the desk, then: forbear desk keys rotate --resume",
        )
    return Path(name)
