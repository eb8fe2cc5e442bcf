"""A strategy as versioned text: what is enforced, what there is, what counts as worth a contact, who is left in peace.

Shipped ones lie in `strategies/`; a lender's own is a file of the same form, or a text that somebody keeps (the desk).
What actions may bring is in `effects.toml`, with the study or the word "assumed" beside every figure.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Sequence
from datetime import time
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from forbear.basics.errors import UnreadableFile
from forbear.treatment.actions import FACT, Actions, read_actions
from forbear.treatment.values_folder import fingerprint

HINT = "its form is explained in docs/decisions-of-the-night.md"
Share = Decimal
Form = TypeVar("Form", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Effect(_Strict):
    """What an action may bring: shares of the money at stake within 90 days, among people who do not pay unasked.

    Attributes:
        low: what decisions count with.
        mid: told beside it.
        reach: chance that one attempt finds the person.
        source: a study, or `assumed`.
        why: how the figures came from it.
    """

    low: Decimal = Field(ge=0, le=1)
    mid: Decimal = Field(ge=0, le=1)
    reach: Decimal = Field(ge=0, le=1)
    source: str = Field(min_length=3)
    why: str = Field(min_length=3)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.mid:
            raise ValueError("low must not be above mid")
        return self


class Cause(_Strict):
    """What a cause of arrears does to effects: factors by action (1 when not named), or a hold on everything."""

    scale: dict[str, Decimal] = {}
    hold: bool = False
    why: str


class Effects(_Strict):
    """All of `effects.toml`."""

    actions: dict[str, Effect]
    causes: dict[str, Cause]


class Strategy(_Strict):
    """A strategy.

    Attributes:
        name, version, title: what it is called; `title` by language.
        packs: rule packs that the gate enforces.
        at: local time at which acts are proposed on the day after the as-of date.
        defer_hours: how long after that a deferred act still belongs to this night.
        ahead_days, ahead_least: reminders before a due date: how early, and from which chance to be a week late.
        peace_share: the standing slice that is not contacted, by lot.
        peace_above: the chance to pay unasked within 30 days from which a borrower is left in peace.
        burden_price: money that a contact point must bring.
        discount: annual.
        key: of the lots.
        self_cure: chance to pay unasked within 30 days, by most days past due, where no model says it.
        capacities: what there is of each.
        assume: facts taken as known where the book is silent.
        vouched: by channel, what is vouched for of every act.
        own_actions: file of the lender's own actions, beside the strategy's.
        dispatch: whether the desk puts the night's messages into its outbox by itself.
    """

    name: str = Field(pattern=FACT)
    version: str = Field(min_length=1)
    title: dict[str, str]
    packs: tuple[str, ...] = Field(min_length=1)
    at: time
    defer_hours: int = Field(ge=0, le=24 * 14)
    ahead_days: int = Field(ge=0, le=30)
    ahead_least: Share = Field(ge=0, le=1)
    peace_share: Share = Field(ge=0, le=1)
    peace_above: Share = Field(ge=0, le=1)
    burden_price: Decimal = Field(ge=0)
    discount: Decimal = Field(ge=0, le=1)
    key: str = Field(min_length=1)
    self_cure: dict[int, Share] = Field(min_length=1)
    capacities: dict[str, Decimal] = {}
    assume: dict[str, bool | Decimal] = {}
    vouched: dict[str, dict[str, str]] = {}
    own_actions: str = ""
    values: str = ""
    dispatch: bool = False

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if any(not limit.is_finite() or limit < 0 for limit in self.capacities.values()):
            raise ValueError("capacities must be finite and not below zero")
        if any(not 0 <= p <= 1 for p in self.self_cure.values()):
            raise ValueError("self_cure holds chances between 0 and 1")
        if not {"zh", "en"} <= set(self.title):
            raise ValueError("title needs zh and en")
        return self


class ReadStrategy(_Strict):
    """A strategy with all that it stands on.

    Attributes:
        strategy: as read.
        actions: the shipped ones, tightened by its own.
        effects: as shipped.
        values: folder of learned values; None: the effects alone.
        sha256: fingerprint of the three texts, and of the values.
    """

    strategy: Strategy
    actions: Actions
    effects: Effects
    values: Path | None
    sha256: str


def shipped_strategies() -> tuple[str, ...]:
    """Names of the strategies that come with Forbear."""
    folder = files("forbear.treatment").joinpath("strategies")
    return tuple(sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml")))


def read_strategy(given: str) -> ReadStrategy:
    """A shipped strategy by name, or a file.

    Raises:
        UnreadableFile: no such strategy, or not of this form; says where.
        WrongUse: its own actions would loosen the shipped ones.
    """
    return read_strategy_text(_text(given), given, Path(given).parent)


def read_strategy_text(text: str, place: str, folder: Path | None = None) -> ReadStrategy:
    """A strategy from its text.

    Args:
        text: TOML.
        place: what faults call it.
        folder: where `own_actions` and `values` lie; None: it may name neither.

    Raises:
        UnreadableFile: not of this form; says line and key.
        WrongUse: its own actions would loosen the shipped ones.
    """
    made = _made(_whole(text, place), place, Strategy, text)
    beside = {"own_actions": made.own_actions, "values": made.values}
    if folder is None and (named := next((key for key, value in beside.items() if value), "")):
        where = _where(text, (named,))
        raise UnreadableFile(f"{place}{where}, {named}: there is no folder of files beside this text", HINT)
    own, values = (folder / name if folder is not None and name else None for name in beside.values())
    actions = read_actions(own)
    strangers = sorted({*made.capacities} - {*actions.capacities()})
    if strangers:
        where = _where(text, ("capacities", strangers[0]))
        raise UnreadableFile(f"{place}{where}, capacities: no action uses {', '.join(strangers)}", HINT)
    prints = hashlib.sha256()
    for part in (made.model_dump_json(), _effects_text(), actions.model_dump_json()):
        prints.update(part.encode())
    if values is not None:
        prints.update(fingerprint(values).encode())
    return ReadStrategy(
        strategy=made, actions=actions, effects=shipped_effects(), values=values, sha256=prints.hexdigest()
    )


def shipped_text(name: str) -> str:
    """A shipped strategy as it is written.

    Raises:
        UnreadableFile: there is none of that name.
    """
    if name not in shipped_strategies():
        raise UnreadableFile(f"{name}: no shipped strategy", f"give one of {', '.join(shipped_strategies())}")
    return _text(name)


def line_of(text: str, keys: Sequence[str | int]) -> int | None:
    """The line, from 1, of a TOML text where a key or the nearest table above it stands; None: nowhere."""
    wanted, table, best, found = [str(key) for key in keys], list[str](), 0, None
    for number, line in enumerate(text.splitlines(), start=1):
        heads = _TABLE.match(line)
        if heads:
            table = _keys(heads[1])
        named = table if heads else [*table, *_keys(pair[1])] if (pair := _PAIR.match(line)) else []
        if best < len(named) <= len(wanted) and named == wanted[: len(named)]:
            best, found = len(named), number
    return found


_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_PAIR = re.compile(r"""\s*([\w."'-][\w."' -]*?)\s*=""")


def _keys(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def _where(text: str, keys: Sequence[str | int]) -> str:
    line = line_of(text, keys)
    return f", line {line}" if line is not None else ""


def _whole(text: str, place: str, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """A strategy's text as data, over that of the one it extends: its tables add to the other's, key by key."""
    told = _parsed(text, place)
    base = told.pop("extends", None)
    if base is None:
        return told
    if not isinstance(base, str) or base in seen or base not in shipped_strategies():
        known, where = ", ".join(shipped_strategies()), _where(text, ("extends",))
        raise UnreadableFile(f"{place}{where}, extends: {base!r} is no shipped strategy", f"give one of {known}")
    below = _whole(_text(base), base, (*seen, place))
    return {
        **below,
        **{
            k: {**below.get(k, {}), **v} if isinstance(v, dict) and k != "self_cure" else v for k, v in told.items()
        },
    }


def _text(given: str) -> str:
    if given in shipped_strategies():
        return files("forbear.treatment").joinpath("strategies", f"{given}.toml").read_text(encoding="utf-8")
    try:
        return Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as unread:
        known = ", ".join(shipped_strategies())
        raise UnreadableFile(
            f"{given}: no strategy can be read: {unread}", f"give a file, or one of {known}"
        ) from unread


@cache
def shipped_effects() -> Effects:
    """What actions may bring, as shipped."""
    return _made(_parsed(_effects_text(), "effects.toml"), "effects.toml", Effects)


def _effects_text() -> str:
    return files("forbear.treatment").joinpath("effects.toml").read_text(encoding="utf-8")


def _parsed(text: str, place: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as wrong:
        raise UnreadableFile(f"{place}: not TOML: {wrong}", HINT) from wrong


def _made(told: dict[str, Any], place: str, form: type[Form], text: str = "") -> Form:
    try:
        return form.model_validate(told)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        where = f"{place}{_where(text, first['loc'])}, {key}"
        raise UnreadableFile(f"{where}: {first['msg']}, found {first['input']!r}"[:400], HINT) from wrong
