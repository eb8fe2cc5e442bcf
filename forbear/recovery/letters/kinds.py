"""The kinds of letters, one TOML file each: what it is called, which facts it needs, what it says, who must approve it.

A line of the text is a paragraph, a table or signature block (`@parts`, `@schedule`, `@movements`, `@sender`,
`@sign_both`, `@sign_lawyer`), or a paragraph for a fact that may be absent (`?waived:...`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

from forbear.basics.errors import WrongUse

LANGUAGES = ("zh", "en")
SENDER = ("lender_name", "lender_address", "lender_phone", "borrower_name", "borrower_address", "currency")
"""Facts that every kind needs."""
TABLES = ("parts", "schedule", "movements")
ENDS = ("sender", "sign_both", "sign_lawyer")


@dataclass(frozen=True)
class Kind:
    """A kind of letter.

    Args:
        name: of its file.
        title: by language.
        needs: facts it cannot be written without, beside `SENDER`.
        may: facts it says where they are known.
        purpose: why the borrower is contacted by it (the desk's purposes).
        approval: empty: nobody beside who writes it; second: another person; lawyer: another, for a lawyer's hand.
        total: the fact that its rows must add up to.
        nothing: a sum that must be zero, or there is no such letter.
        act: an act that the gate is asked about beside the letter itself.
        gate: facts that the gate is told of the letter.
        told: the fact that holds from its posting on, by which notice clocks run.
        ends: the state that ends with its arrival.
        arrives: days after its posting that it is taken to arrive, where no receipt tells of it (a house assumption).
        sender: the fact that stands in its head.
        text: its lines, by language.
    """

    name: str
    title: Mapping[str, str]
    needs: tuple[str, ...]
    purpose: str
    text: Mapping[str, tuple[str, ...]]
    may: tuple[str, ...] = ()
    approval: str = ""
    total: str = ""
    nothing: str = ""
    act: str = ""
    gate: Mapping[str, str] = field(default_factory=dict)
    told: str = ""
    ends: str = ""
    arrives: int = 0
    sender: str = "lender_name"

    @property
    def all_needs(self) -> tuple[str, ...]:
        """Every fact it cannot be written without."""
        return (*SENDER, *self.needs)


@dataclass(frozen=True)
class Field:
    """A fact, or a column of a table: its type and what people call it."""

    name: str
    type: str
    words: Mapping[str, str]
    wide: bool = False


@cache
def kinds() -> dict[str, Kind]:
    """All kinds by name."""
    folder = files(__package__).joinpath("kinds")
    found = sorted(one.name for one in folder.iterdir() if one.name.endswith(".toml"))
    return {name[:-5]: _kind(name[:-5], folder.joinpath(name).read_text("utf-8")) for name in found}


def kind(name: str) -> Kind:
    """The kind of that name.

    Raises:
        WrongUse: there is none.
    """
    if name not in kinds():
        raise WrongUse(f"no kind of letter is called {name!r}", f"one of: {', '.join(kinds())}")
    return kinds()[name]


@cache
def fields() -> dict[str, Field]:
    """The facts that letters may name."""
    return {name: _field(name, row) for name, row in _tables()["facts"].items()}


@cache
def columns(table: str) -> tuple[Field, ...]:
    """The columns of a table of facts, in order."""
    return tuple(_field(name, row) for name, row in _tables()["rows"][table].items())


@cache
def items() -> Mapping[str, Mapping[str, str]]:
    """What a row of parts or movements may be about, in words by language."""
    found: Mapping[str, Mapping[str, str]] = _tables()["items"]
    return found


def named_in(line: str) -> list[str]:
    """The facts that a line of text names."""
    return [name for _, name, _, _ in Formatter().parse(line) if name]


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("fields.toml").read_text("utf-8"))


def _field(name: str, row: Mapping[str, object]) -> Field:
    return Field(name, str(row["type"]), {one: str(row[one]) for one in LANGUAGES}, bool(row.get("wide")))


def _kind(name: str, text: str) -> Kind:
    row = tomllib.loads(text)
    lines = {one: tuple(row.pop(one)) for one in LANGUAGES}
    sender = row.pop("from", "lender_name")
    made = Kind(
        name=name,
        text=lines,
        needs=tuple(row.pop("needs")),
        may=tuple(row.pop("may", ())),
        sender=sender if sender == "lender_name" else "law_firm",
        **row,
    )
    _refuse_unknown(made)
    return made


def _refuse_unknown(made: Kind) -> None:
    known = {*made.all_needs, *made.may}
    for line in (line for lines in made.text.values() for line in lines):
        if line.startswith("@"):
            if line[1:] not in (*TABLES, *ENDS):
                raise ValueError(f"{made.name}: nothing is called {line}")
            names = [line[1:]] if line[1:] in TABLES else []
        else:
            names = named_in(line)
        if unknown := [one for one in names if one not in known]:
            raise ValueError(f"{made.name} names {unknown[0]}, which it does not need")
    if unknown := [one for one in known if one not in fields()]:
        raise ValueError(f"{made.name} needs {unknown[0]}, which fields.toml does not have")
