"""`forbear why`: one decision of a night, in a sentence and then in full."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from forbear.basics.console import Format, answers, print_json, print_table
from forbear.commands.options import Output


class _Language(StrEnum):
    zh = "zh"
    en = "en"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="why")(why_decided)


def why_decided(
    borrower: Annotated[str, typer.Argument(help="The borrower's id.")],
    close: Annotated[Path, typer.Option(help="Folder that `forbear close --strategy` wrote.")] = Path("close"),
    language: Annotated[_Language, typer.Option(help="Language of the sentence.")] = _Language.en,
    output: Output = Format.text,
) -> None:
    """Explain what a night decided for a borrower: a sentence, the figures, every step and the gate's answer.

    Ends with 0 when told, 1 when nothing was decided for the borrower, 2 when the folder holds no decisions.
    """
    from forbear.treatment.telling import why

    told = why(close, borrower, language.value)
    if output is Format.json:
        print_json(_plain(vars(told)))
        return
    answers.print(told.sentence, markup=False)
    strategy = told.strategy
    answers.print(
        f"strategy {strategy['name']} {strategy['version']} ({strategy['sha256'][:12]}), "
        f"packs {', '.join(strategy['packs'])}",
        markup=False,
    )
    for name, value in told.decision.items():
        answers.print(f"{name}: {_shown(value)}", markup=False)
    _steps(told.steps)


def _steps(steps: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("step", "gate", "from (UTC)", "because"):
        table.add_column(name, overflow="fold")
    for step in steps:
        table.add_row(
            step["action"], step["answer"], _shown(step["starts_at"]), (step["because"] or "").replace("|", ", ")
        )
    print_table(table)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
