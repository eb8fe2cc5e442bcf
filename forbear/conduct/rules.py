"""What a rule is: dated, cited data that names one of a few mechanisms.

A rule says nothing in code. Its mechanism (see `mechanisms`) gives its parameters a meaning; `docs/gate.md` tells
what each means. The models refuse what they do not know, so that a misspelt parameter never passes as no limit.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    ValidationError,
    model_validator,
)

from forbear.conduct.parameters import (
    ACTS,
    CONTACTS,
    MECHANISMS,
    OBLIGED,
    OTHER_ACTS,
    PARTIES,
    Act,
    AfterFact,
    Bar,
    Clock,
    Dated,
    Forbid,
    Frequency,
    Fresh,
    Hours,
    Name,
    Need,
    Notice,
    Party,
    PartyRule,
    Retain,
    Said,
    Span,
    Strict,
    Wait,
    Window,
    Words,
    clock,
)

__all__ = [
    "ACTS",
    "CONTACTS",
    "MECHANISMS",
    "OBLIGED",
    "OTHER_ACTS",
    "PARTIES",
    "Act",
    "AfterFact",
    "Answer",
    "Bar",
    "Clock",
    "Dated",
    "Forbid",
    "Force",
    "Frequency",
    "Fresh",
    "Hours",
    "Lifted",
    "Name",
    "Need",
    "Notice",
    "Party",
    "PartyRule",
    "Retain",
    "Rule",
    "Said",
    "Span",
    "Strict",
    "Wait",
    "When",
    "Window",
    "Words",
    "citation",
    "clock",
]


class Answer(StrEnum):
    """What a rule, or the gate, says to an act; the later is the stricter."""

    allowed = "allowed"
    deferred = "deferred"
    denied = "denied"


class Force(StrEnum):
    """What stands behind a rule, strongest first."""

    law = "law"
    rule = "rule"
    standard = "standard"
    self_regulation = "self_regulation"
    policy = "policy"


class When(Strict):
    """A rule that applies only where a fact has a value; a missing fact means that it applies."""

    fact: Name
    is_: str = Field("true", alias="is")


class Lifted(Strict):
    """A fact that lifts a rule, and the evidence that must be on record for it.

    Attributes:
        days: it lifts for so many calendar dates, of which that of the fact's `since` is the first.
        ends_with: a conversation with the person, after the fact began, ends it.
    """

    fact: Name
    evidence: Said
    days: Annotated[int, Field(strict=True, gt=0, le=3660)] | None = None
    ends_with: Literal["conversation"] | None = None

    @property
    def limited(self) -> bool:
        """Whether it ends by itself, so that its beginning must be known."""
        return self.days is not None or self.ends_with is not None


class Rule(Strict):
    """One rule of one pack; see `docs/gate.md`."""

    id: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9-]+$")]
    title: Said
    instrument: Words
    article: str = ""
    source: Words
    confidence: Literal["verified", "secondary", "from_memory", "policy"]
    force: Force
    actor: Literal["lender", "agency", "both"] = "both"
    in_force: Span
    acts: tuple[Act, ...] = Field(min_length=1)
    parties: tuple[Party, ...] = ()
    when: When | None = None
    mechanism: str
    unit: Literal["person", "number", "debt", "collector"] = "person"
    parameters: tuple[Dated, ...] = Field(min_length=1)
    except_: Lifted | None = Field(None, alias="except")
    unless: tuple[Name, ...] = ()
    explanation: Said
    examples: tuple[dict[str, Any], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _parameters_of_the_mechanism(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or isinstance(raw.get("parameters"), tuple):
            return raw
        model = MECHANISMS.get(str(raw.get("mechanism")))
        if model is None:
            raise ValueError(f"mechanism {raw.get('mechanism')!r} is not one of {', '.join(MECHANISMS)}")
        entries = raw.get("parameters")
        if not isinstance(entries, list) or not entries:
            raise ValueError("parameters: a list of entries, each with the date it is in force from")
        return {**raw, "parameters": tuple(_entry(model, n, e) for n, e in enumerate(entries))}

    @model_validator(mode="after")
    def _dates_rise(self) -> Rule:
        dates = [p.from_ for p in self.parameters]
        if dates != sorted(set(dates)):
            raise ValueError("parameters: the dates must rise from entry to entry")
        if self.in_force.from_ and dates[0] > self.in_force.from_:
            raise ValueError("parameters: the first entry starts after the rule is in force")
        return self

    @property
    def verified(self) -> bool:
        """Whether the text of the rule itself was seen."""
        return self.confidence == "verified"

    @cached_property
    def version(self) -> str:
        """A short fingerprint of everything that decides an answer."""
        said = self.model_dump(mode="json", by_alias=True, exclude={"examples", "parameters"})
        said["parameters"] = [_decides(p) for p in self.parameters]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]

    def at(self, on: date) -> Dated | None:
        """The parameters in force on a date, or None when the rule is not."""
        if not self.in_force.holds(on):
            return None
        held = [p for p in self.parameters if p.from_ <= on]
        return held[-1] if held else None


def _decides(entry: Dated) -> dict[str, Any]:
    """An entry as a fingerprint takes it; a key that came later leaves those of rules without it as they were."""
    said: dict[str, Any] = entry.model_dump(mode="json", by_alias=True)
    return {key: value for key, value in said.items() if key != "not_to" or value is not None}


def citation(instrument: str, article: str) -> str:
    """Where a rule stands; an article that the instrument's name already says is not said twice."""
    parts = [part.strip() for part in re.split("[;,]", article) if part.strip()]
    if all(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", instrument) for part in parts):
        return instrument
    return f"{instrument} {article}"


class WrongEntry(ValueError):
    """An entry of parameters is wrong; `place` tells where in the rule it stands."""

    def __init__(self, place: tuple[str | int, ...], said: str) -> None:
        super().__init__(said)
        self.place = place


def _entry(model: type[Dated], number: int, entry: Any) -> Dated:
    try:
        return model.model_validate(entry)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = "".join(f".{p}" for p in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise WrongEntry(("parameters", number, *first["loc"]), f"parameters[{number}]{where}: {said}") from wrong
