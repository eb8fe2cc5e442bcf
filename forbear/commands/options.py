"""Options that several commands have in common, said once."""

from __future__ import annotations

from typing import Annotated

import typer

from forbear.basics.console import Format

Mapping = Annotated[
    str | None, typer.Option(help="Shipped mapping by name, or a TOML file, for other people's files.")
]
Quarantine = Annotated[
    bool, typer.Option("--quarantine", help="Leave loans with faults out, and say how much that is.")
]
Threads = Annotated[int | None, typer.Option(min=1, help="Threads to use; all if not given.")]
Output = Annotated[Format, typer.Option("--format", help="text for people, json for programs.")]
