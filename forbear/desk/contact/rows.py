"""The rows a step works on: planned contacts that were claimed, and those of them that may leave."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from forbear.desk.contact.channels.base import Message
from forbear.desk.ledger.balances import Balance


@dataclass
class Row:
    """A claimed planned contact: its columns, and what its loans owe once that was read."""

    planned_id: int
    borrower_id: str
    channel: str
    purpose: str
    loan_id: str
    template_version: int | None
    body: str
    facts: dict[str, str]
    wanted_until: datetime
    tries: int
    tried: list[str]
    deferrals: int
    cause: str
    owed: Sequence[Balance] = ()
    standing: dict[str, str] = field(default_factory=dict)
    """Where the accounts of its loans stood when `owed` was read, by loan."""


def rows_of(found: Iterable[Sequence[Any]]) -> list[Row]:
    """Rows from a statement that gives their columns in their order; facts come as JSON's text."""
    made = [Row(*one) for one in found]
    for row in made:
        row.facts = json.loads(row.facts) if isinstance(row.facts, str) else row.facts
    return made


@dataclass(frozen=True)
class PutOff:
    """What becomes of a row that is not reserved: waiting until an instant, or ended in a state."""

    row: Row
    state: str
    why: str
    next_at: datetime | None = None
    rules: tuple[str, ...] = ()
    deferred: bool = False


@dataclass(frozen=True)
class Held:
    """A reserved contact: its row, its message, and the rules it was asked."""

    row: Row
    message: Message
    rules: str
    at: datetime
    parts: int
    cost: int

    @property
    def key(self) -> str:
        """The attempt's id."""
        return self.message.key


def columns(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> dict[str, list[Any]]:
    """Rows as arrays by name, for statements that take arrays; no rows: empty arrays."""
    if not rows:
        return {name: [] for name in names}
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
