"""The facility file: a TOML file that whoever signed the agreement writes (docs/funding.md describes every key)."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from forbear.basics.errors import UnreadableFile, WrongUse

Titles = Annotated[dict[str, str], BeforeValidator(lambda v: {"en": v, "zh": v} if isinstance(v, str) else v)]
Value = str | bool | int | list[str] | list[int]


def _exact(value: Any) -> Any:
    """Fractions are written as text, so that none passes through a float."""
    if isinstance(value, float):
        raise ValueError(f'write it as text, "{value}", so that it stays exact')
    return value


Number = Annotated[Decimal, BeforeValidator(_exact)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Service(_Strict):
    """What the lender owes to the facility on a day: repayment or interest, in the major unit."""

    on: date
    amount: Number = Field(ge=0)


class Terms(_Strict):
    """The facility itself. `funder_id`: only loans that carry it are in its pool; none: all loans of the book."""

    name: str = Field(min_length=1)
    currency: str = Field(min_length=3, max_length=3)
    limit: Number = Field(ge=0)
    drawn: Number = Field(ge=0)
    funder_id: str | int | None = None
    service: tuple[Service, ...] = ()


class Promise(_Strict):
    """A covenant or trigger.

    Attributes:
        id, title: what it is called.
        kind: a covenant that is promised, or a trigger that changes something by itself.
        metric: a name of `metrics.METRICS`.
        direction: the metric stays at_most or at_least the threshold.
        threshold: a share as a fraction (0.08 is 8 %), money in the major unit.
        margin: nearer to the threshold than this is an early warning.
        cure_days: days in which a breach may be cured before it is an event.
        average_months: the metric is the mean of so many month ends.
        consequence: what follows, in the agreement's words.
    """

    id: str = Field(min_length=1)
    title: Titles
    kind: Literal["covenant", "trigger"] = "covenant"
    metric: str
    direction: Literal["at_most", "at_least"]
    threshold: Number
    margin: Number = Field(default=Decimal(0), ge=0)
    cure_days: int = Field(default=0, ge=0, le=3650)
    average_months: int = Field(default=1, ge=1, le=12)
    consequence: str = ""


class Criterion(_Strict):
    """One condition that a loan must meet to count in the base; `column` is one of the loan's or its account's."""

    id: str = Field(min_length=1)
    title: Titles
    column: str
    test: Literal["at_most", "at_least", "is", "is_not", "one_of", "not_one_of"]
    value: Value | Number


class Limit(_Strict):
    """No group of loans with the same value in column `by` counts for more than this share of all eligible
    principal.
    """

    id: str = Field(min_length=1)
    title: Titles
    by: str
    share: Number = Field(gt=0, le=1)


class BaseTerms(_Strict):
    """Which loans count, and for how much."""

    advance_rate: Number = Field(ge=0, le=1)
    eligibility: tuple[Criterion, ...] = ()
    concentration: tuple[Limit, ...] = ()


class Facility(_Strict):
    """All of a facility file."""

    facility: Terms
    covenants: tuple[Promise, ...] = ()
    base: BaseTerms | None = None


def read_facility(path: str | Path) -> Facility:
    """The facility in a file.

    Raises:
        UnreadableFile: the file is not there or no TOML.
        WrongUse: a key or value that cannot be; the message names each.
    """
    try:
        return facility_of(Path(path).read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as bad:
        raise UnreadableFile(
            f"{path} cannot be read: {bad}", "name a facility file, docs/funding.md has one"
        ) from bad


def facility_of(text: str, name: str) -> Facility:
    """The facility in a text; see `read_facility`."""
    from forbear.funding.facility.metrics import METRICS

    try:
        told = Facility.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as bad:
        raise UnreadableFile(f"{name} is no TOML: {bad}", "see docs/funding.md") from bad
    except ValidationError as bad:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in bad.errors())
        raise WrongUse(f"{name}: {faults}", "docs/funding.md describes every key of a facility file") from bad
    for covenant in told.covenants:
        if covenant.metric not in METRICS:
            raise WrongUse(
                f"{name}: covenant {covenant.id}: there is no metric {covenant.metric!r}",
                f"known: {', '.join(METRICS)}",
            )
    ids = [c.id for c in told.covenants] + [c.id for c in (told.base.eligibility if told.base else ())]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise WrongUse(f"{name}: {', '.join(twice)} stands there twice", "give each its own id")
    return told
