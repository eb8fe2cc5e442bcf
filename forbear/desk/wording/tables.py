"""The tables that templates are checked by: steps, variables, mandatory parts; data with their own files."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("zh", "en")
CHANNELS = ("sms", "email", "app_push", "chat", "letter", "voice", "call")
"""Channels a template may be for; `call` is a script's."""
SUBJECTS = frozenset(["email", "letter"])
"""Channels whose words have a subject."""


@dataclass(frozen=True)
class Step:
    """A step at which something is said; see steps.toml."""

    name: str
    title: Mapping[str, str]
    purpose: str
    needs: str
    kind: str = "message"


@dataclass(frozen=True)
class Variable:
    """Something that a template may name; see variables.toml."""

    name: str
    type: str
    about: Mapping[str, str]
    example: Any = None
    link: str = ""


@dataclass(frozen=True)
class Part:
    """Something that a message must contain; see parts.toml."""

    name: str
    jurisdiction: str
    variables: tuple[str, ...]
    about: Mapping[str, str]
    citation: str
    verified: bool
    channels: tuple[str, ...] = ()
    owing: bool = False
    fact: str = ""

    def asked_of(self, channel: str, step: Step) -> bool:
        """Whether a message on a channel at a step must contain it."""
        if self.channels and channel not in self.channels:
            return False
        return not self.owing or step.needs in ("arrears", "broken")


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text("utf-8"))


@cache
def steps() -> dict[str, Step]:
    """All steps by name."""
    return {name: Step(name, **row) for name, row in _table("steps.toml").items()}


@cache
def variables() -> dict[str, Variable]:
    """All variables by name."""
    return {name: Variable(name, **row) for name, row in _table("variables.toml").items()}


@cache
def parts() -> dict[str, tuple[Part, ...]]:
    """The mandatory parts by jurisdiction."""
    return {
        place: tuple(_part(name, place, row) for name, row in rows.items())
        for place, rows in _table("parts.toml").items()
    }


def _part(name: str, place: str, row: dict[str, Any]) -> Part:
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return Part(name, place, **given)


def parts_of(jurisdiction: str, channel: str, step: Step) -> Iterator[Part]:
    """The parts that a message must contain."""
    return (part for part in parts()[jurisdiction] if part.asked_of(channel, step))
