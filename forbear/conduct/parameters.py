"""The parameters of each mechanism, as models that refuse what they do not know.

A misspelt parameter, a cap that is no number or a list that names nobody would pass as no limit; none is read.
"""

from __future__ import annotations

import math
import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

CONTACTS = ("call", "voice", "sms", "email", "app_push", "chat", "letter", "visit")
"""Channels on which somebody is reached."""

OTHER_ACTS = (
    "bureau_report",
    "fee",
    "interest",
    "placement",
    "assignment",
    "suit",
    "letter_before_action",
    "plan",
    "data_export",
    "erasure",
)
ACTS = (*CONTACTS, *OTHER_ACTS)
PARTIES = (
    "borrower",
    "guarantor",
    "joint_obligor",
    "spouse",
    "attorney",
    "contact_person",
    "employer",
    "other",
)
OBLIGED = ("borrower", "guarantor", "joint_obligor")
"""Those who owe the debt: contacts with them count towards caps unless a rule says otherwise."""

Act = Literal[ACTS]  # type: ignore[valid-type]
Party = Literal[PARTIES]  # type: ignore[valid-type]


def clock(text: str) -> str:
    """`text` if it is a time of day from 00:00 to 24:00; else a ValueError that says so."""
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d|24:00", text):
        raise ValueError("a time of day is written HH:MM, from 00:00 to 24:00")
    return text


def _no_number(value: Any) -> Any:
    if isinstance(value, int | float):
        raise ValueError("a date is written 2026-06-30")
    return value


def _finite(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError("must be a finite number")
    return value


Clock = Annotated[str, AfterValidator(clock)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Words = Annotated[str, Field(min_length=1, pattern=r"\S")]
Day = Annotated[date, BeforeValidator(_no_number)]
Whole = Annotated[int, Field(strict=True)]
Days = Annotated[Whole, Field(gt=0, le=36600)]
NoDaysOrMore = Annotated[Whole, Field(ge=0, le=36600)]
WaitHours = Annotated[Whole, Field(gt=0, le=87840)]
Years = Annotated[Whole, Field(gt=0, le=100)]
Bound = Annotated[float, BeforeValidator(_finite), Field(allow_inf_nan=False, ge=-1e15, le=1e15)]


class Strict(BaseModel):
    """A model that refuses unknown keys and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Said(Strict):
    """A text in both languages."""

    zh: Words
    en: Words


class Span(Strict):
    """Dates from (included) and until (excluded); an open end is None."""

    from_: Day | None = Field(None, alias="from")
    until: Day | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Span:
        if self.from_ and self.until and self.until <= self.from_:
            raise ValueError("until must lie after from")
        return self

    def holds(self, on: date) -> bool:
        """Whether `on` lies within."""
        return (self.from_ is None or self.from_ <= on) and (self.until is None or on < self.until)


class Window(Strict):
    """A span that looks back: N calendar dates that end on the act's, or N hours."""

    days: Annotated[Whole, Field(gt=0, le=3660)] | None = None
    hours: WaitHours | None = None

    @model_validator(mode="after")
    def _one(self) -> Window:
        if (self.days is None) == (self.hours is None):
            raise ValueError("say either days or hours")
        return self


class Dated(Strict):
    """Parameters in force from a date until the next entry's."""

    from_: Day = Field(alias="from")


class Hours(Dated):
    """When acts may happen, by the clock where the borrower is."""

    open: Clock
    close: Clock
    edges: Literal["closed_open", "open"] = "closed_open"
    zone: str = "borrower"
    days: tuple[Annotated[Whole, Field(ge=1, le=7)], ...] = (1, 2, 3, 4, 5, 6, 7)
    not_on_holidays: Annotated[bool, Field(strict=True)] = False

    @property
    def all_day(self) -> bool:
        """Whether nothing but hours that she asked for shuts it."""
        return (self.open, self.close) == ("00:00", "24:00")

    @model_validator(mode="after")
    def _some_time(self) -> Hours:
        if self.open == self.close:
            raise ValueError("open and close are the same; a whole day is 00:00 to 24:00")
        return self


class Frequency(Dated):
    """At most `cap` in a window.

    Attributes:
        not_to: contacts with a number of which this fact holds, as the act is judged, are not counted.
    """

    cap: Annotated[Whole, Field(ge=0, le=1_000_000)]
    window: Window
    channels: tuple[Act, ...] = Field(min_length=1)
    count: Literal["dial", "attempt", "connection", "conversation", "unanswered"]
    direction: Literal["out", "in", "any"] = "out"
    parties: tuple[Party | Literal["any", "same"], ...] = Field(OBLIGED, min_length=1)
    not_to: Name | None = None


class AfterFact(Strict):
    """A fact whose `since` starts a wait."""

    fact: Name


class Wait(Dated):
    """A time after an event in which nothing may happen; `not_to` as with a frequency."""

    after: Literal["attempt", "connection", "conversation", "unanswered"] | AfterFact
    days: Days | None = None
    hours: WaitHours | None = None
    channels: tuple[Act, ...] = Field(CONTACTS, min_length=1)
    direction: Literal["out", "in", "any"] = "any"
    parties: tuple[Party | Literal["any", "same"], ...] = Field(OBLIGED, min_length=1)
    not_to: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> Wait:
        if (self.days is None) == (self.hours is None):
            raise ValueError("say either days or hours")
        return self


class Bar(Dated):
    """Nothing while one of the states holds."""

    states: tuple[Name, ...] = Field(min_length=1)
    value: str | None = None


class Need(Dated):
    """Facts that must be known and true, or within bounds."""

    facts: tuple[Name, ...] = ()
    at_least: dict[Name, Bound] = Field(default_factory=dict)
    at_most: dict[Name, Bound] = Field(default_factory=dict)
    one_of: dict[Name, Annotated[tuple[Words, ...], Field(min_length=1)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _some(self) -> Need:
        if not (self.facts or self.at_least or self.at_most or self.one_of):
            raise ValueError("name at least one fact")
        return self


class Forbid(Dated):
    """Facts that must be known and false."""

    facts: tuple[Name, ...] = Field(min_length=1)


class Notice(Dated):
    """Notice that must have been given, and days that must have passed since."""

    fact: Name
    days: NoDaysOrMore
    business: Annotated[bool, Field(strict=True)] = False
    count_from: Literal["next_day", "same_day"] = "next_day"


class Fresh(Dated):
    """A date that must not lie too far back."""

    fact: Name
    days: NoDaysOrMore | None = None
    years: Years | None = None
    missing: Literal["deny", "allow"] = "deny"

    @model_validator(mode="after")
    def _one(self) -> Fresh:
        if (self.days is None) == (self.years is None):
            raise ValueError("say either days or years")
        return self


class PartyRule(Dated):
    """Who may be addressed."""

    allow: tuple[Party, ...]
    allow_when: dict[Party, tuple[Name, ...]] = Field(default_factory=dict)


class Retain(Dated):
    """How long records must be kept."""

    days: Days | None = None
    years: Years | None = None
    from_event: Name = "last_contact"

    @model_validator(mode="after")
    def _one(self) -> Retain:
        if (self.days is None) == (self.years is None):
            raise ValueError("say either days or years")
        return self


MECHANISMS: dict[str, type[Dated]] = {
    "hours": Hours,
    "frequency": Frequency,
    "wait": Wait,
    "bar": Bar,
    "need": Need,
    "forbid": Forbid,
    "notice": Notice,
    "fresh": Fresh,
    "party": PartyRule,
    "retain": Retain,
}
