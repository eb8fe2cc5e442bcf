"""Invented facts for a letter of each kind, as a file to start from."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from forbear.recovery.letters.kinds import kind


def sample_facts(name: str, language: str = "zh-CN") -> dict[str, Any]:
    """Invented facts of a letter.

    Raises:
        WrongUse: there is no such kind.
    """
    made = kind(name)
    tables = tomllib.loads(files(__package__).joinpath("samples.toml").read_text("utf-8"))
    found = {"kind": name, "language": language, **tables["common"], **tables[name]}
    if language == "en":
        found |= {one: value for one, value in tables["english"].items() if one in found}
    return {one: value for one, value in found.items() if one in {*made.all_needs, *made.may, *HEAD}}


HEAD = ("kind", "language", "date", "reference")


def as_toml(facts: Mapping[str, Any]) -> str:
    """Facts as the TOML file that `read_facts` reads: plain values first, then a table for each row."""
    plain = [f"{name} = {_value(value)}" for name, value in facts.items() if not isinstance(value, list)]
    rows = [
        "\n".join([f"\n[[{name}]]", *(f"{column} = {_value(one)}" for column, one in row.items())])
        for name, value in facts.items()
        if isinstance(value, list)
        for row in value
    ]
    return "\n".join([*plain, *rows]) + "\n"


def _value(value: Any) -> str:
    return str(value) if isinstance(value, int) else json.dumps(str(value), ensure_ascii=False)
