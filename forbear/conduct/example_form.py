"""The form of worked examples, checked when a pack is read, so that a misspelt one is no example that always holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from forbear.basics.errors import WrongUse
from forbear.conduct.reading import Lines, line_of, validated
from forbear.conduct.rules import Name, Rule, Strict, Words
from forbear.conduct.situation import instant, proposal


def _with_zone(value: Any) -> datetime:
    try:
        return instant(value, "instant")
    except WrongUse as wrong:
        raise ValueError(f"{wrong.message}; {wrong.hint}") from wrong


Instant = Annotated[datetime, BeforeValidator(_with_zone)]
Cell = bool | int | float | str | date | datetime
Cells = Cell | tuple[str, ...]


class Happened(Strict):
    """A contact of the past; with `repeat` several, `every` so long."""

    contact_id: str = ""
    at: Instant
    channel: str
    direction: Literal["out", "in"] = "out"
    result: str = ""
    party: str = "borrower"
    sender: str = ""
    loan_id: Cells = ""
    number: str = ""
    repeat: Annotated[int, Field(ge=1, le=1000)] = 1
    every: Annotated[str, Field(pattern=r"^\d+[mhd]$")] = "60m"


class Known(Strict):
    """A fact of the borrower."""

    fact: Name
    value: Cell = "true"
    since: Instant | None = None
    until: Instant | None = None
    loan_id: str = ""
    number: str = ""
    sender: str = ""
    channel: str = ""


class Example(Strict):
    """A worked example of a rule; see `docs/gate.md`."""

    name: Words
    source: Words
    at: Instant
    act: dict[Name, Cells]
    facts: dict[Name, Cell] | tuple[Known, ...] = ()
    history: tuple[Happened, ...] = ()
    expect: Literal["allowed", "deferred", "denied", "not asked"]
    until: Instant | None = None


def check_examples(rule: Rule, lines: Lines, file: Path, at: Sequence[str | int]) -> None:
    """Refuse examples of a rule that could not be run.

    Raises:
        WrongUse: one is malformed; names file, line and reason.
    """
    names: set[str] = set()
    for number, raw in enumerate(rule.examples):
        place = (*at, "examples", number)
        example = validated(Example, raw, lines, file, place)
        where = f"{file}, line {line_of(lines, place)}"
        if example.name in names:
            raise WrongUse(f"{where}: {rule.id} has an example {example.name!r} already")
        names.add(example.name)
        if example.until and example.expect != "deferred":
            raise WrongUse(f"{where}: until goes with expect: deferred alone")
        _refuse_strange_act(example, where)


def _refuse_strange_act(example: Example, where: str) -> None:
    try:
        proposal({"borrower_id": "B1", **example.act}, 1, example.at, "act")
    except WrongUse as wrong:
        raise WrongUse(f"{where}: {wrong.message}", wrong.hint) from wrong
