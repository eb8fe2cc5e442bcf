"""What the rules of the ledger work on: plain data, one loan at a time. Money in minor units, debits positive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

NEWEST = 1 << 62
"""Stands for the entry id of an act that is not booked yet: it comes last on its day."""


class Line(NamedTuple):
    """What a posting is on: account, component, installment number."""

    account: str
    component: str | None = None
    number: int | None = None


Lines = dict[Line, int]


class Row(NamedTuple):
    """One installment of a schedule."""

    number: int
    due_on: date
    principal: int
    interest: int
    fees: int


@dataclass(frozen=True)
class Act:
    """An entry that someone asked for; all else follows from the acts.

    Args:
        entry_id: its place among the acts of its day.
        kind: as in `kinds`.
        effective_on: from when it counts.
        amount: minor units; below zero for money that a transfer takes away.
        cause: where it comes from; of a payment, its own id.
        facts: by kind: `number` of a fee or penalty, `parts` ([number, component, amount]) of a waiver, `components`
            of a write-off, `version` of a schedule, `until_on` of a pause, `other_loan` of a transfer.
        reverses: the entry that it undoes.
    """

    entry_id: int
    kind: str
    effective_on: date
    amount: int = 0
    cause: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    reverses: int | None = None

    @property
    def place(self) -> tuple[date, int]:
        """Where it stands in the order of acts."""
        return self.effective_on, self.entry_id


@dataclass(frozen=True)
class Booked:
    """An entry as it stands in the ledger (or would), with its postings."""

    act: Act
    lines: Lines
    of_entry: int | None = None


@dataclass(frozen=True)
class History:
    """All that the ledger knows of one loan."""

    loan_id: str
    principal: int
    disbursed_on: date
    rule: str
    versions: Mapping[int, tuple[Row, ...]]
    booked: tuple[Booked, ...]
    last_booked_at: datetime | None = None

    @property
    def acts(self) -> list[Act]:
        """The entries that someone asked for, in their order."""
        return in_order(entry.act for entry in self.booked if entry.of_entry is None)

    def entry(self, entry_id: int) -> Booked | None:
        """The entry of that id."""
        return next((one for one in self.booked if one.act.entry_id == entry_id), None)


def in_order(acts: Iterable[Act]) -> list[Act]:
    """By effective day, and within a day as booked."""
    return sorted(acts, key=lambda act: act.place)


def standing(acts: Iterable[Act]) -> list[Act]:
    """Those of the acts that none of them reverses, without the reversals."""
    taken = list(acts)
    undone = {act.reverses for act in taken}
    return [act for act in taken if act.reverses is None and act.entry_id not in undone]


def mirrored(lines: Mapping[Line, int]) -> Lines:
    """The postings that undo these."""
    return {line: -amount for line, amount in lines.items()}


def added(one: Mapping[Line, int], other: Mapping[Line, int]) -> Lines:
    """Both, without what comes to zero."""
    total = dict(one)
    for line, amount in other.items():
        total[line] = total.get(line, 0) + amount
    return {line: amount for line, amount in total.items() if amount}
