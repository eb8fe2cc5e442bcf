"""The stages of a suit, as data: which follows which, what is written down, when somebody must look again."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

ANY = "any"


@dataclass(frozen=True)
class Stage:
    """A stage; the keys are explained in `stages.toml`."""

    name: str
    title: Mapping[str, str]
    after: tuple[str, ...]
    needs: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    two: bool = False
    interrupts: str = ""
    ends: bool = False
    closes: bool = False
    beside: bool = False
    days: int = 0
    why: Mapping[str, str] = field(default_factory=dict)


@cache
def stages() -> dict[str, Stage]:
    """All stages by name.

    Raises:
        ValueError: one follows a stage that there is not.
    """
    table = tomllib.loads(files(__package__).joinpath("stages.toml").read_text("utf-8"))
    made = {}
    for name, row in table.items():
        following = row.pop("next", {})
        row |= {one: tuple(row.get(one, ())) for one in ("after", "needs", "amounts")}
        made[name] = Stage(name, days=following.get("days", 0), why=following.get("why", {}), **row)
    if unknown := {one for stage in made.values() for one in stage.after} - {*made, ANY}:
        raise ValueError(f"stages.toml: nothing is called {min(unknown)}")
    return made


def may_follow(now: str) -> list[Stage]:
    """The stages that may follow one; none after the last."""
    if stages()[now].closes:
        return []
    return [one for one in stages().values() if now in one.after or ANY in one.after]
