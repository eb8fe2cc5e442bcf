"""`forbear bureau`: Metro 2 files checked, read as JSON, written from it, put into another form."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from forbear.basics.console import Format, answers, print_json, words
from forbear.basics.errors import AnswerIsNo, UnreadableFile

if TYPE_CHECKING:
    from forbear.recovery.bureau.metro2 import Finding, Metro2File

SHOWN = 200
"""Findings printed for a person; `--format json` prints all."""


class _To(StrEnum):
    characters = "characters"
    packed = "packed"


class _Records(StrEnum):
    variable = "variable"
    fixed = "fixed"


class _Breaks(StrEnum):
    none = "none"
    lf = "lf"
    crlf = "crlf"


class _Numbers(StrEnum):
    decimal = "decimal"
    binary = "binary"


class _Encoding(StrEnum):
    ascii = "ascii"
    ebcdic = "ebcdic"


_OUT = typer.Option(..., "--out", "-o", help="File to write.")
_FILE = typer.Argument(..., metavar="FILE", help="A Metro 2 file: characters or packed, ASCII or EBCDIC.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Credit bureau files in the Metro 2 format (docs/bureau.md).")
    for command in (check, read, write, convert):
        group.command(command.__name__)(command)
    app.add_typer(group, name="bureau")


def check(
    paths: list[Path] = typer.Argument(..., metavar="FILE...", help="Metro 2 files, or their JSON."),
    form: Format = typer.Option(Format.text, "--format", "-f", help="How the answer is printed."),
    warnings: bool = typer.Option(True, help="Tell what is unusual as well, not only what is wrong."),
) -> None:
    """Check Metro 2 files field by field and across fields; exit code 1 if one has errors."""
    from dataclasses import asdict

    from forbear.recovery.bureau import metro2

    told: dict[str, list[Finding]] = {}
    for path in paths:
        found = metro2.check(_any(path))
        told[str(path)] = [one for one in found if warnings or one.level == "error"]
    if form is Format.json:
        print_json({path: [asdict(one) for one in found] for path, found in told.items()})
    for name, found in told.items() if form is Format.text else ():
        for one in found[:SHOWN]:
            answers.print(f"{name}: {one.level}: {one.message}", markup=False)
        if len(found) > SHOWN:
            answers.print(f"{name}: and {len(found) - SHOWN} more; --format json has all", markup=False)
    wrong = sum(one.level == "error" for found in told.values() for one in found)
    if wrong:
        raise AnswerIsNo(
            f"{wrong} error{'s'[: wrong > 1]} in {len(told)} file{'s'[: len(told) > 1]}", "correct them"
        )
    words.print(f"no errors in {len(told)} file{'s'[: len(told) > 1]}", markup=False)


def read(path: Path = _FILE, out: Path = typer.Option(None, "--out", "-o", help="File; else printed.")) -> None:
    """Read a Metro 2 file as JSON. Written back with `write` it is the same, byte for byte."""
    from forbear.recovery.bureau import metro2

    told = metro2.to_json(_metro2(path))
    if out:
        out.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    else:
        print_json(told)


def write(
    path: Path = typer.Argument(..., metavar="FILE.json", help="JSON as `read` gives it, values changed or not."),
    out: Path = _OUT,
    totals: bool = typer.Option(False, "--totals", help="Count the trailer's totals anew."),
) -> None:
    """Write a Metro 2 file from JSON."""
    from forbear.recovery.bureau import metro2

    file = _json(path)
    out.write_bytes(metro2.write(metro2.with_trailer(file) if totals else file))


def convert(
    path: Path = _FILE,
    out: Path = _OUT,
    to: _To = typer.Option(_To.characters, "--to", help="The form to have."),
    records: _Records = typer.Option(_Records.variable, "--records", help="fixed: all as long as the longest."),
    breaks: _Breaks = typer.Option(_Breaks.none, "--breaks", help="What stands behind each record."),
    numbers: _Numbers = typer.Option(_Numbers.decimal, "--numbers", help="Packed numbers: IBM's, or binary."),
    encoding: _Encoding = typer.Option(_Encoding.ascii, "--encoding", help="Of the file to be written."),
) -> None:
    """Put a Metro 2 file into another form: characters or packed, fixed or variable, with line breaks or without."""
    from forbear.recovery.bureau import metro2
    from forbear.recovery.bureau.metro2.converting import converted

    form = metro2.Form(to is _To.packed, numbers.value, encoding.value)
    out.write_bytes(metro2.write(converted(_any(path), form, records=records.value, breaks=breaks.value)))


def _any(path: Path) -> Metro2File:
    return _json(path) if path.suffix == ".json" else _metro2(path)


def _metro2(path: Path) -> Metro2File:
    from forbear.recovery.bureau import metro2

    try:
        return metro2.read(path.read_bytes())
    except UnreadableFile as wrong:
        raise UnreadableFile(f"{path}: {wrong.message}", wrong.hint) from wrong


def _json(path: Path) -> Metro2File:
    from forbear.recovery.bureau import metro2

    try:
        told = json.loads(path.read_text("utf-8"))
    except (ValueError, UnicodeDecodeError) as wrong:
        raise UnreadableFile(
            f"{path}: this is no JSON ({wrong})", "give what `forbear bureau read` wrote"
        ) from wrong
    return metro2.from_json(told)
