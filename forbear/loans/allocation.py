"""What one payment pays: a rule as data, applied to what is owed.

A rule is stages in order. A stage is a timing (past due, due today, in advance) and components in order; it is paid
by installment or by component. Money beyond what is due goes to future installments as the rule says. All sums are
integers of the minor unit; what no stage takes is left over, as credit.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.loans.dues import Component, Due

FUTURES = ("next", "last", "next_last", "reamortization", "none")


class Timing(StrEnum):
    """How an item's due date lies to the day of payment."""

    past_due = "past_due"
    due = "due"
    in_advance = "in_advance"


@dataclass(frozen=True)
class Rule:
    """An allocation rule; the keys are explained in `allocations.toml`."""

    name: str
    stages: tuple[tuple[Timing, tuple[Component, ...]], ...]
    by: str = "installment"
    start: str = "oldest"
    future: str = "next"
    source: str = ""


@dataclass(frozen=True)
class Part:
    """A piece of a payment: what it paid, in minor units."""

    number: int
    component: Component
    due_on: date
    amount: int
    timing: Timing


def rule_from(name: str, table: dict[str, Any]) -> Rule:
    """A rule from a table of the form of `allocations.toml`.

    Raises:
        WrongUse: a key or value it does not know, or one that is missing.
    """
    try:
        stages = tuple(
            (Timing(stage["timing"]), tuple(Component(part) for part in stage["components"]))
            for stage in table["stages"]
        )
        rule = Rule(name, stages, table["by"], table["from"], table["future"], table.get("source", ""))
    except (KeyError, ValueError, TypeError) as bad:
        raise WrongUse(f"allocation rule {name!r}: {bad} is missing or unknown", "see allocations.toml") from bad
    checks = {"by": (rule.by, ("installment", "component")), "from": (rule.start, ("oldest", "newest"))}
    for key, (value, allowed) in (checks | {"future": (rule.future, FUTURES)}).items():
        if value not in allowed:
            raise WrongUse(f"allocation rule {name!r}: {key} is {value!r}", "use one of " + ", ".join(allowed))
    return rule


@cache
def rules() -> dict[str, Rule]:
    """The rules that ship with Forbear, by name."""
    text = files("forbear.loans").joinpath("allocations.toml").read_text(encoding="utf-8")
    return {name: rule_from(name, table) for name, table in tomllib.loads(text).items()}


def rule_named(name: str) -> Rule:
    """A shipped rule.

    Raises:
        WrongUse: no such rule.
    """
    if name not in rules():
        raise WrongUse(f"{name!r} is not an allocation rule", "use one of " + ", ".join(rules()))
    return rules()[name]


def allocate(unpaid: Iterable[Due], amount: int, paid_on: date, rule: Rule) -> tuple[list[Part], int]:
    """What a payment pays, and what is left over.

    Args:
        unpaid: what is owed, each item's amount being what is still unpaid of it.
        amount: minor units, not negative.
        paid_on: the day of payment, which makes items past due, due or in advance.
        rule: the order.
    """
    if amount < 0:
        raise WrongUse(
            f"a payment of {amount} minor units cannot be allocated", "reverse the payment it takes back"
        )
    purse = _Purse(unpaid, amount, paid_on)
    for timing, components in rule.stages:
        if timing == Timing.in_advance and rule.future == "none":
            continue
        groups = [components] if rule.by == "installment" else [(component,) for component in components]
        for group in groups:
            purse.pay(timing, group, rule)
    return purse.parts, purse.amount


def timing_of(due_on: date, paid_on: date) -> Timing:
    """Past due, due or in advance."""
    if due_on == paid_on:
        return Timing.due
    return Timing.past_due if due_on < paid_on else Timing.in_advance


@dataclass
class _Open:
    """An item with what is still open of it."""

    due: Due
    left: int
    timing: Timing


class _Purse:
    """Money on its way to what is owed; holds what is left of both."""

    def __init__(self, unpaid: Iterable[Due], amount: int, paid_on: date) -> None:
        self.amount = amount
        self.parts: list[Part] = []
        self._items = [_Open(due, due.amount, timing_of(due.due_on, paid_on)) for due in unpaid]

    def pay(self, timing: Timing, components: Sequence[Component], rule: Rule) -> None:
        items = [item for item in self._items if item.timing == timing and item.due.component in components]
        numbers = sorted({item.due.number for item in items if item.left})
        if timing == Timing.in_advance and rule.future == "reamortization":
            self._pay_evenly(numbers, components, items)
            return
        for number in _in_order(numbers, timing, rule):
            self._pay_one(number, components, items, self.amount)

    def _pay_one(self, number: int, components: Sequence[Component], items: list[_Open], most: int) -> None:
        """Pay at most `most` to one installment, component by component."""
        for item in _of_installment(items, number, components):
            piece = min(item.left, most)
            if piece:
                most -= piece
                item.left -= piece
                self.amount -= piece
                self.parts.append(Part(number, item.due.component, item.due.due_on, piece, item.timing))

    def _pay_evenly(self, numbers: list[int], components: Sequence[Component], items: list[_Open]) -> None:
        """An equal part to each installment; what one cannot take goes to the others."""
        while self.amount and numbers:
            for place, number in enumerate(numbers):
                part = round(Fraction(self.amount, len(numbers) - place))
                self._pay_one(number, components, items, part)
            numbers = [number for number in numbers if any(one.left for one in items if one.due.number == number)]


def _in_order(numbers: list[int], timing: Timing, rule: Rule) -> list[int]:
    if timing != Timing.in_advance:
        return numbers if rule.start == "oldest" else numbers[::-1]
    if rule.future == "last":
        return numbers[::-1]
    return numbers[:1] + numbers[:0:-1] if rule.future == "next_last" else numbers


def _of_installment(items: list[_Open], number: int, components: Sequence[Component]) -> Iterator[_Open]:
    for component in components:
        yield from sorted(
            (item for item in items if item.due.number == number and item.due.component == component),
            key=lambda item: item.due.due_on,
        )
