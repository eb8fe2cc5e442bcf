"""The command `forbear`: one file a command under `forbear/commands/`, joined here.

A command module offers `register(app)`, which adds its command or group to the Typer application.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec

import typer

from forbear import __version__
from forbear.basics.console import speak_any_encoding, words
from forbear.basics.errors import ForbearError, WrongUse

COMMANDS = (
    *("sample", "check", "close", "schedule", "rolls", "fit", "score", "assess", "gate", "words"),
    *("allocate", "fit_values", "why", "experiment", "simulate", "funding", "relief", "fineract"),
    *("bureau", "letter", "litigation", "serve", "ledger", "audit", "desk", "desk_privacy"),
    *("desk_tokens", "desk_export", "desk_bank", "desk_backup", "desk_contact", "desk_funding", "demo"),
    *("voice",),
)
"""Modules of `forbear.commands`, in the order in which `--help` lists them."""

app = typer.Typer(
    name="forbear",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Forbear (宽期): who is late, how late, why, and the gentlest lawful step back.",
    epilog="Exit codes: 0 done, 1 the answer is no (faults, a refusal), 2 wrong use.",
)


@app.callback(invoke_without_command=True)
def _top(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


for _name in COMMANDS:
    if find_spec(f"forbear.commands.{_name}"):
        importlib.import_module(f"forbear.commands.{_name}").register(app)


def main() -> None:
    """Run the command line; an error of ours, or of a disk, becomes one clear message and its exit code."""
    speak_any_encoding()
    try:
        app()
    except ForbearError as error:
        words.print(f"forbear: {error.message}", style="bold red", markup=False)
        if error.hint:
            words.print(error.hint, markup=False)
        sys.exit(error.exit_code)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        words.print(f"forbear: {place}{error.strerror or error}", style="bold red", markup=False)
        words.print("name files that can be read and a folder that can be written, with room left", markup=False)
        sys.exit(WrongUse.exit_code)
