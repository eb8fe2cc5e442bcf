"""Actions as data (`actions.toml`): cost, uses, burden, conditions, and soft before hard.

A lender reads them in one file and tightens them in her own; `read_actions` refuses an own file that would loosen
anything. What the law allows is not here: that is the gate's, asked apart. A condition is data and has one meaning
in two forms: over a mapping of facts (`unmet`, which tells the reason) and as SQL over a table of borrowers
(`possible_sql`). An unknown fact meets no condition.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from forbear.basics.errors import UnreadableFile, WrongUse

FACT = r"^[a-z][a-z0-9_]{0,60}$"
Fact = bool | int | float | Decimal | None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Condition(_Strict):
    """One thing that must be true of a borrower: exactly one of the three comparisons.

    Attributes:
        fact: name of the fact, a column of the table of borrowers.
        at_least, at_most: bounds of a number, both included.
        equals: for a fact that is true or false; written `is` in the file.
    """

    fact: str = Field(pattern=FACT)
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    equals: bool | None = Field(default=None, alias="is")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(x is not None for x in (self.at_least, self.at_most, self.equals)) != 1:
            raise ValueError("give exactly one of at_least, at_most, is")
        return self

    def met(self, facts: Mapping[str, Fact]) -> bool:
        """Whether it is true of a borrower; an unknown fact meets nothing."""
        known = facts.get(self.fact)
        if known is None:
            return False
        if self.equals is not None:
            return known is self.equals
        number = Decimal(str(known))
        return number >= self.at_least if self.at_least is not None else number <= (self.at_most or Decimal(0))

    def sql(self) -> str:
        """The same over a table of borrowers."""
        if self.equals is not None:
            return f"COALESCE({self.fact} = {str(self.equals).upper()}, FALSE)"
        sign, bound = (">=", self.at_least) if self.at_least is not None else ("<=", self.at_most)
        return f"COALESCE({self.fact} {sign} {bound}, FALSE)"

    def told(self) -> str:
        """In words."""
        if self.equals is not None:
            return f"{self.fact} is {str(self.equals).lower()}"
        if self.at_least is not None:
            return f"{self.fact} is at least {self.at_least}"
        return f"{self.fact} is at most {self.at_most}"


class Action(_Strict):
    """Something that may be done for a borrower.

    Attributes:
        title: its name by language (zh, en).
        act: what the gate is asked for; `none` asks nothing.
        level: how hard it is, a level of the ladder.
        cost: of doing it once, in the major unit.
        burden: what it puts on the person, in contact points (an SMS is 1).
        uses: what it takes of each shared capacity.
        when: conditions, all of which must hold.
    """

    title: dict[str, str]
    act: str = Field(pattern=FACT)
    level: str = Field(pattern=FACT)
    cost: Decimal = Field(ge=0)
    burden: Decimal = Field(ge=0)
    uses: dict[str, Decimal]
    when: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if any(not use.is_finite() or use < 0 for use in self.uses.values()):
            raise ValueError("uses must be finite and not below zero")
        if not {"zh", "en"} <= set(self.title):
            raise ValueError("title needs zh and en")
        return self


class Step(_Strict):
    """What must have been tried before a level is open.

    Attributes:
        after: the softer level.
        attempts: at it, within the ladder's window.
        first_days_ago: how long ago the first of them was.
        dpd: days past due at least.
    """

    after: str = Field(pattern=FACT)
    attempts: int = Field(ge=0)
    first_days_ago: int = Field(ge=0)
    dpd: int = Field(ge=0)

    def conditions(self) -> tuple[Condition, ...]:
        """As conditions on facts `attempts_LEVEL`, `days_since_first_LEVEL` (both within the window) and `dpd`."""
        bounds = {
            f"attempts_{self.after}": self.attempts,
            f"days_since_first_{self.after}": self.first_days_ago,
            "dpd": self.dpd,
        }
        return tuple(Condition(fact=fact, at_least=Decimal(bound)) for fact, bound in bounds.items() if bound)


class Actions(_Strict):
    """All actions and the ladder over them.

    Attributes:
        currency: of the costs.
        assumed: what in the file is assumption.
        levels: from soft to hard.
        window_days: in which attempts count.
        steps: by level; a level without one is always open.
        actions: by name.
    """

    currency: str = Field(pattern="^[A-Z]{3}$")
    assumed: str
    levels: tuple[str, ...] = Field(min_length=1)
    window_days: int = Field(ge=1)
    steps: dict[str, Step]
    actions: dict[str, Action] = Field(min_length=1)

    @model_validator(mode="after")
    def _joined(self) -> Self:
        for name, action in self.actions.items():
            if action.level not in self.levels:
                raise ValueError(f"action {name}: level {action.level!r} is not among {', '.join(self.levels)}")
        for level, step in self.steps.items():
            if level not in self.levels or step.after not in self.levels:
                raise ValueError(f"ladder.{level}: after {step.after!r}: both must be levels")
            if self.levels.index(step.after) >= self.levels.index(level):
                raise ValueError(f"ladder.{level}: after {step.after!r} is not softer")
        return self

    def conditions(self, name: str) -> tuple[Condition, ...]:
        """Everything that must hold before an action: its own conditions and its level's.

        Raises:
            WrongUse: there is no such action.
        """
        if name not in self.actions:
            raise WrongUse(f"there is no action {name!r}", f"known: {', '.join(self.actions)}")
        action = self.actions[name]
        step = self.steps.get(action.level)
        return (*action.when, *(step.conditions() if step else ()))

    def unmet(self, name: str, facts: Mapping[str, Fact]) -> tuple[str, ...]:
        """Why an action is not possible for a borrower; empty when it is."""
        return tuple(c.told() for c in self.conditions(name) if not c.met(facts))

    def possible_sql(self, name: str) -> str:
        """The same as an SQL condition over a table of borrowers whose columns are the facts."""
        return " AND ".join(c.sql() for c in self.conditions(name)) or "TRUE"

    def capacities(self) -> tuple[str, ...]:
        """Names of all capacities that some action uses."""
        return tuple(sorted({name for action in self.actions.values() for name in action.uses}))


@cache
def shipped_actions() -> Actions:
    """The actions that come with Forbear."""
    return _made(files("forbear.treatment").joinpath("actions.toml").read_text(encoding="utf-8"), "actions.toml")


def read_actions(own: Path | None = None) -> Actions:
    """The shipped actions, tightened by a lender's own file when one is given.

    Raises:
        UnreadableFile: the file is missing, not TOML or not of this form.
        WrongUse: it would loosen something; every such place is named.
    """
    if own is None:
        return shipped_actions()
    try:
        made = _made(own.read_text(encoding="utf-8"), str(own))
    except (OSError, UnicodeDecodeError) as unread:
        raise UnreadableFile(f"{own}: cannot be read: {unread}", "give a TOML file like actions.toml") from unread
    looser = loosened(shipped_actions(), made)
    if looser:
        raise WrongUse(
            f"{own} would loosen the shipped actions: {'; '.join(looser)}", "an own file can only tighten"
        )
    return made


def _made(text: str, place: str) -> Actions:
    hint = "its form is explained in docs/actions.md"
    try:
        told: dict[str, Any] = tomllib.loads(text)
        ladder = dict(told.pop("ladder", {}))
        top = {name: ladder.pop(name) for name in ("levels", "window_days") if name in ladder}
        return Actions.model_validate({**told, **top, "steps": ladder})
    except tomllib.TOMLDecodeError as wrong:
        raise UnreadableFile(f"{place}: not TOML: {wrong}", hint) from wrong
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UnreadableFile(f"{place}, {where}: {first['msg']}, found {first['input']!r}"[:400], hint) from wrong


def loosened(base: Actions, own: Actions) -> tuple[str, ...]:
    """Where `own` is looser than `base`, in words; empty when it only tightens."""
    found = []
    if own.levels != base.levels:
        found.append(f"levels are {', '.join(own.levels)}, not {', '.join(base.levels)}")
    if own.currency != base.currency:
        found.append(f"costs are in {own.currency}, not {base.currency}, and cannot be compared")
    if own.window_days > base.window_days:
        found.append(f"attempts count for {own.window_days} days, longer than {base.window_days}")
    for level, step in base.steps.items():
        found += _looser_step(level, step, own.steps.get(level))
    for name, action in own.actions.items():
        found += _looser_action(name, base.actions.get(name), action)
    return tuple(found)


def _looser_step(level: str, base: Step, own: Step | None) -> list[str]:
    if own is None:
        return [f"ladder.{level} is missing"]
    if own.after != base.after:
        return [f"ladder.{level} comes after {own.after}, not {base.after}"]
    fields = ("attempts", "first_days_ago", "dpd")
    return [
        f"ladder.{level}.{name} is {getattr(own, name)}, below {getattr(base, name)}"
        for name in fields
        if getattr(own, name) < getattr(base, name)
    ]


def _looser_action(name: str, base: Action | None, own: Action) -> list[str]:
    if base is None:
        return [f"action {name} is not among the shipped ones"]
    found = [
        f"action {name}: {part} is {getattr(own, part)!r}, not {getattr(base, part)!r}"
        for part in ("act", "level")
        if getattr(own, part) != getattr(base, part)
    ]
    found += [
        f"action {name}: {part} is {getattr(own, part)}, below {getattr(base, part)}"
        for part in ("cost", "burden")
        if getattr(own, part) < getattr(base, part)
    ]
    for capacity, use in base.uses.items():
        if own.uses.get(capacity, Decimal(0)) < use:
            found.append(f"action {name}: uses {own.uses.get(capacity, 0)} of {capacity}, below {use}")
    found += [f"action {name}: no longer asks that {c.told()}" for c in base.when if not _implied(c, own.when)]
    return found


def _implied(asked: Condition, given: tuple[Condition, ...]) -> bool:
    """Whether some given condition is the asked one or a stricter one on the same fact."""
    for one in given:
        if one.fact != asked.fact:
            continue
        if asked.equals is not None and one.equals is asked.equals:
            return True
        if asked.at_least is not None and one.at_least is not None and one.at_least >= asked.at_least:
            return True
        if asked.at_most is not None and one.at_most is not None and one.at_most <= asked.at_most:
            return True
    return False
