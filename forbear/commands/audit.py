"""`forbear audit`: seal the audit log's chain, prove it, write its head down."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forbear.basics.console import Format, answers, print_json
from forbear.basics.errors import AnswerIsNo, UnreadableFile
from forbear.commands.options import Output
from forbear.commands.serve import DEFAULT_DATA, DataOption

group = typer.Typer(no_args_is_help=True, help="The desk's audit log: proof that nobody changed it.")


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="audit")


@group.command("verify")
def verify_command(
    head: Annotated[list[str] | None, typer.Option("--head", help="A head kept elsewhere, NUMBER:HASH.")] = None,
    heads: Annotated[Path | None, typer.Option("--heads", help="A file of such heads, one a line.")] = None,
    output: Output = Format.text,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Recompute every link from the entries as they stand; ends with 1 and names the first that is wrong."""
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from forbear.desk.audit.verifying import parse_head, verify

        proof = verify([parse_head(one) for one in [*(head or []), *_lines(heads)]])
    if output is Format.json:
        print_json(
            {"links": proof.links, "waiting": proof.waiting, "head": str(proof.head), "broken": proof.broken}
        )
    else:
        answers.print(f"{proof.links:,} links hold, {proof.waiting:,} entries are not sealed yet")
        answers.print(f"head {proof.head}")
    if proof.broken:
        raise AnswerIsNo(
            f"the audit log is broken: {proof.broken}", "compare with a backup; docs/privacy.md, The audit log"
        )


@group.command("seal")
def seal_command(data: DataOption = DEFAULT_DATA) -> None:
    """Link what is not linked yet, now; `forbear serve` does so every few seconds."""
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from forbear.desk.audit.sealing import head, seal

        answers.print(f"{seal(wait=True):,} entries sealed")
        answers.print(f"head {head()}")


@group.command("head")
def head_command(
    out: Annotated[Path | None, typer.Option("--out", help="Add it to this file, best on another machine.")] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Print the last link, NUMBER:HASH: kept elsewhere, it proves all up to it."""
    from forbear.desk.server.access import desk_at

    with desk_at(data):
        from forbear.desk.audit.sealing import head

        last = str(head())
    answers.print(last)
    if out:
        with out.open("a") as file:
            file.write(f"{last}\n")


def _lines(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        return [line for line in file.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        raise UnreadableFile(f"{file}: cannot be read", "a text file of heads, one a line") from None
