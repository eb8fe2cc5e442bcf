"""Statutory times: by when a dispute is answered, and until when what is held against somebody may be held."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Clock:
    """The times of one jurisdiction, as `clocks.toml` has them."""

    place: str
    dispute_days: int
    dispute_law: str
    dispute_law_zh: str
    expiry_years: int
    expiry_extra_days: int
    expiry_from: str
    expiry_law: str
    expiry_law_zh: str
    notice_fact: str
    verified: bool

    def dispute_due_on(self, received_on: date) -> date:
        """The last day on which a dispute received on that day is answered in time."""
        return received_on + timedelta(days=self.dispute_days)

    def expires_on(self, fields: Mapping[str, Any]) -> date | None:
        """The last day on which what is told against her may be held; None while it has no end yet."""
        begins = fields.get(self.expiry_from)
        if not begins:
            return None
        return _years_after(date.fromisoformat(str(begins)), self.expiry_years) + timedelta(
            days=self.expiry_extra_days
        )


def clock_of(place: str) -> Clock:
    """The clock of a jurisdiction (`cn`, `us`); one that is not known has the strictest."""
    return _clocks().get(place) or _clocks()["other"]


@cache
def _clocks() -> Mapping[str, Clock]:
    table = tomllib.loads(files(__package__).joinpath("clocks.toml").read_text("utf-8"))
    return {place: Clock(place, **told) for place, told in table.items()}


def _years_after(day: date, years: int) -> date:
    """The same day years later; 29 February becomes 28, a day earlier and so never too late."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
