"""Was a promise kept? Pure: the parts that were promised, the money that came, and a day in; a state for each part out.

A part is due with all parts before it: what was paid by its day of grace is set against the sum of all parts up to it,
so that an early or a late part is not counted twice. Up to the tolerance less keeps it. Less than the token's share of
it is a token payment and keeps nothing: such a part is broken, not kept in part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

State = Literal["open", "kept", "part_kept", "broken"]


@dataclass(frozen=True)
class Part:
    """A day and what is paid by it, in minor units."""

    due_on: date
    amount: int


@dataclass(frozen=True)
class Money:
    """Money that came: the day from which it counts, minor units; below zero for what went back."""

    on: date
    amount: int


@dataclass(frozen=True)
class Terms:
    """How a promise is judged.

    Args:
        grace_days: so many days later still keeps it (a transfer takes time, a weekend lies between).
        tolerance: this share less still keeps it ...
        tolerance_most: ... but no more than so many minor units.
        token_share: less than this share of what was due is a token payment and keeps nothing.
    """

    grace_days: int = 2
    tolerance: Fraction = Fraction(1, 100)
    tolerance_most: int = 1_000
    token_share: Fraction = Fraction(1, 10)


TERMS = Terms()


def judged(parts: Sequence[Part], came: Iterable[Money], today: date, terms: Terms = TERMS) -> list[State]:
    """The state of each part, in the order given, as of a day.

    Args:
        parts: of one promise, in any order.
        came: money of the borrower since the promise was made.
        today: the day that is judged; a part is open until its days of grace are over, unless it is kept before.
        terms: tolerance, days of grace, what is a token.
    """
    money = [one for one in came if one.on <= today]
    states: dict[int, State] = {}
    due = 0
    before = 0  # what the parts before this one took, at most what they promised
    for at in sorted(range(len(parts)), key=lambda n: (parts[n].due_on, n)):
        part = parts[at]
        due += part.amount
        last = part.due_on + timedelta(days=terms.grace_days)
        paid = max(0, sum(one.amount for one in money if one.on <= last))
        own = max(0, min(paid, due) - min(before, due - part.amount))
        states[at] = _state(part, own, paid, due, over=today > last, terms=terms)
        before = max(before, min(paid, due))
    return [states[at] for at in range(len(parts))]


def _state(part: Part, own: int, paid: int, due: int, *, over: bool, terms: Terms) -> State:
    """`own` is what of the money belongs to this part, `paid` all of it, `due` the sum of the parts up to this one."""
    slack = min(int(part.amount * terms.tolerance), terms.tolerance_most)
    if paid >= due - slack and own >= part.amount - slack:
        return "kept"
    if not over:
        return "open"
    return "part_kept" if own > 0 and own >= part.amount * terms.token_share else "broken"
