"""What a lender offers and what a place's law makes of it, read from TOML into plain, checked values.

`shipped("cn")` is the shipped policy (`policy.toml`) with one place (`places.toml`); a lender's own file of the same
form takes the first one's stead by `read_policy`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from forbear.basics.errors import UnreadableFile, WrongUse

FORMAT = "forbear-relief-policy-1"
Share = Annotated[Decimal, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=600)]


class Strict(BaseModel):
    """A table; unknown keys are refused, so that a slip of the pen is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Offer(Strict):
    """How offers are made; money in major units."""

    shown: Annotated[int, Field(ge=1, le=20)]
    only_if_none_other: tuple[str, ...] = ()
    lasts_days: Count
    first_payment_days: Count
    least_payment: Annotated[Decimal, Field(ge=0)]
    declared_proof_above: Annotated[Decimal, Field(ge=0)]


class Limits(Strict):
    """How far a plan may go, months and shares."""

    longest_months: Annotated[int, Field(ge=1, le=600)]
    extension_to_term: Annotated[Decimal, Field(ge=0)]
    longest_extension: Count
    most_deferral: Count
    deferral: Annotated[int, Field(ge=1)]
    holiday: Annotated[int, Field(ge=1)]
    catch_up_months: Annotated[int, Field(ge=1)]
    least_rate: Share
    step_up: Annotated[tuple[Annotated[Decimal, Field(gt=0, le=1)], ...], Field(min_length=2)]
    step_months: Annotated[int, Field(ge=1)]
    discount_floor: Share


class From(Strict):
    """A share from more than so many days past due on."""

    over: int
    share: Share


class Settlement(Strict):
    """In how many payments, and the least share by days past due."""

    months: Annotated[int, Field(ge=1)]
    floors: tuple[From, ...]


class Chance(Strict):
    """Coefficients of the log-odds that a plan is kept."""

    base: float
    share_used: float
    changed: float
    broken: float
    wait: float
    source: str


class Recovery(Strict):
    """What comes in of what is owed when a plan breaks."""

    shares: Annotated[tuple[From, ...], Field(min_length=1)]


class Watch(Strict):
    """When a payment of a plan counts as made."""

    grace_days: Count
    tolerance: Share
    tolerance_most: Annotated[Decimal, Field(ge=0)]


class Living(Strict):
    """The least that a household lives on, a month, major units."""

    adult: Annotated[int, Field(ge=0)]
    dependant: Annotated[int, Field(ge=0)]
    basis: str
    source: str
    verified: bool
    from_: Annotated[date, Field(alias="from")]


class Classification(Strict):
    """What a restructured loan is at least, and for how long it is observed; empty: the scheme has no such category."""

    scheme: str
    at_least: str
    again_at_least: str
    observed_months: Count
    observed_payments: Count
    rule: str
    source: str
    verified: bool


class OneOff(Strict):
    """A one-time measure by which repaid arrears are no longer shown."""

    from_: Annotated[date, Field(alias="from")]
    until: date
    most: int
    repaid_by: date
    rule: str
    verified: bool


class Bureau(Strict):
    """How long adverse conduct stays on record, from when, and the clock of a dispute."""

    years: Count
    from_event: Literal["end", "began"]
    extra_days: Count = 0
    rule: str
    source: str
    verified: bool
    dispute_days: Count
    dispute_rule: str
    one_off: OneOff | None = None


class Cooling(Strict):
    """Days after an agreement in which the borrower may take it back and nothing is booked."""

    days: Count
    source: str
    verified: bool


class Place(Strict):
    """A place's rules."""

    name: str
    currency: str
    living: Living
    classification: Classification
    bureau: Bureau
    cooling: Cooling


class Rules(Strict):
    """The lender's part."""

    format: str
    offer: Offer
    limits: Limits
    settlement: Settlement
    evidence: dict[str, tuple[str, ...]]
    chance: Chance
    recovery: Recovery
    watch: Watch


@dataclass(frozen=True)
class Policy:
    """The lender's rules in a place."""

    rules: Rules
    place: Place


def shipped(place: str = "cn") -> Policy:
    """The shipped policy in a place; one that is not known is `other`, the strictest."""
    return Policy(_shipped_rules(), place_named(place))


@cache
def place_named(name: str) -> Place:
    """A place of `places.toml`, by the first part of its name (us-ca is us)."""
    table = tomllib.loads(files(__package__).joinpath("places.toml").read_text("utf-8"))
    key = name.split("-", maxsplit=1)[0].lower()
    key = key if key in table else "other"
    return Place.model_validate({"name": key, **table[key]})


def read_policy(path: Path, place: str = "cn") -> Policy:
    """A lender's own policy.

    Raises:
        UnreadableFile: it is no TOML, or not of the form; names the keys.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as bad:
        raise UnreadableFile(f"{path}: {bad}", "write a relief policy in TOML: docs/relief.md") from bad
    return Policy(_rules(table, str(path)), place_named(place))


@cache
def _shipped_rules() -> Rules:
    return _rules(tomllib.loads(files(__package__).joinpath("policy.toml").read_text("utf-8")), "policy.toml")


def _rules(table: dict[str, Any], name: str) -> Rules:
    if table.get("format") != FORMAT:
        raise UnreadableFile(
            f"{name}: format is {table.get('format')!r}", f'begin with format = "{FORMAT}": docs/relief.md'
        )
    try:
        rules = Rules.model_validate(table)
    except ValidationError as wrong:
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in wrong.errors())
        raise UnreadableFile(f"{name}: {places}", "docs/relief.md has the keys") from None
    if list(rules.limits.step_up) != sorted(rules.limits.step_up):
        raise WrongUse(f"{name}: limits.step_up falls", "write shares of the surplus that rise")
    return rules


def share_at(steps: tuple[From, ...], dpd: int) -> Decimal | None:
    """The share of the last step whose `over` the days past due exceed; None before the first."""
    found = [step.share for step in sorted(steps, key=lambda one: one.over) if dpd > step.over]
    return found[-1] if found else None
