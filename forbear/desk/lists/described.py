"""The descriptions of lists, read from every app's `lists.toml` once and checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps

from forbear.basics.errors import WrongUse
from forbear.desk.people.rights import actions

TYPES = ("text", "whole", "money", "rate", "day", "instant", "flag", "json", "texts", "masked_name")
FILTER_TYPES = frozenset(["text", "whole", "day", "instant"])


@dataclass(frozen=True)
class Column:
    """A column: its name, its type and the field that it comes from."""

    name: str
    type: str
    source: str


@dataclass(frozen=True)
class Filter:
    """A filter: its name, the lookup and the type of its value."""

    name: str
    lookup: str
    type: str


@dataclass(frozen=True)
class Described:
    """A list; see the head of `lists.toml` for what each part means."""

    name: str
    about: str
    right: str
    order: tuple[str, ...]
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]
    model: str = ""
    rows: str = ""
    scope: str = ""
    where: dict[str, Any] = field(default_factory=dict)
    sorts: tuple[str, ...] = ()
    special: tuple[str, ...] = ()
    api: str = ""
    one: bool = False

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(one for one in self.columns if one.name == name)

    @property
    def key(self) -> str:
        """The column by which a row is asked for."""
        return self.order[-1].lstrip("-")


@cache
def lists() -> dict[str, Described]:
    """All lists by name.

    Raises:
        ValueError: a description is wrong: two of a name, no such type or right, an amount without its currency.
    """
    found: dict[str, Described] = {}
    for config in apps.get_app_configs():
        file = Path(config.path) / "lists.toml"
        if config.name.startswith("forbear.") and file.is_file():
            for name, told in tomllib.loads(file.read_text("utf-8")).items():
                if name in found:
                    raise ValueError(f"two lists are called {name}")
                found[name] = _described(name, dict(told))
    return found


def list_named(name: str) -> Described:
    """The list of that name.

    Raises:
        WrongUse: there is none.
    """
    if name not in lists():
        raise WrongUse(f"no list {name!r}", f"one of: {', '.join(lists())}")
    return lists()[name]


def _described(name: str, told: dict[str, Any]) -> Described:
    columns = tuple(_column(key, value) for key, value in told.pop("columns").items())
    types = {**{one.source: one.type for one in columns}, **{one.name: one.type for one in columns}}
    given = told.pop("types", {})
    filters = tuple(
        Filter(key, lookup, given.get(key) or types.get(lookup.split("__")[0], ""))
        for key, lookup in told.pop("filters", {}).items()
    )
    made: Any = {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}
    one = Described(name=name, columns=columns, filters=filters, **made)
    wrong = [column.name for column in columns if column.type not in TYPES]
    wrong += [filtered.name for filtered in filters if filtered.type not in FILTER_TYPES]
    if any(column.type == "money" for column in columns) and "currency" not in {c.name for c in columns}:
        wrong.append("currency")
    if wrong or one.right not in actions():
        raise ValueError(f"lists.toml: {name}: {', '.join(wrong) or one.right} is not as it must be")
    return one


def _column(name: str, told: str | list[str]) -> Column:
    kind, source = (told, name) if isinstance(told, str) else told
    return Column(name, kind, source)
