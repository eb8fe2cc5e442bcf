"""The schedule that a plan puts in force, row by row, and what of it is let go.

What was paid stays settled at its old place. What the plan asks are new rows, numbered on. Principal, interest and
fees that are let go stand in one last row that a waiver empties: all versions of a schedule have the same principal.
Charges stay on their installment's number, whose day moves; what had been paid on such a number stands with another
that is settled. Where a moved charge was paid in part, that money counts toward the plan's first payment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from forbear.desk.ledger.acts import History, Row, standing
from forbear.desk.ledger.rules import State, adjustments, state_after, version_in_force
from forbear.relief import Option

Changes = Mapping[tuple[int, str], int]


@dataclass(frozen=True)
class Rescheduled:
    """The new schedule, and the number of the row that is let go; None: nothing but charges is."""

    rows: tuple[Row, ...]
    waived_number: int | None


def rescheduled(option: Option, known: History, on: date) -> Rescheduled:
    """The schedule of a plan over the ledger as it stands (charges that it lets go are waived already)."""
    acts = [act for act in known.acts if act.effective_on <= on]
    state, change = state_after(acts, dict(known.versions), known.rule), adjustments(standing(acts))
    version = version_in_force(acts)
    assert version is not None, "a plan is of a loan that has a schedule"
    old = sorted(known.versions[version], key=lambda row: (row.due_on, row.number))
    last_number = max(row.number for rows in known.versions.values() for row in rows)
    settled = _settled(old, state, change, {one.number: one.due_on for one in option.charges}, last_number + 1)
    first = max(last_number, *(row.number for row in settled)) + 1 if settled else last_number + 1
    asked = [
        Row(first + place, row.due_on, row.principal, row.interest, row.fees)
        for place, row in enumerate(option.rows)
    ]
    gone = option.waived
    if not gone.principal + gone.interest + gone.fees:
        return Rescheduled((*settled, *asked), None)
    end = max(row.due_on for row in asked)
    waived = Row(first + len(asked), end, gone.principal, gone.interest, gone.fees)
    return Rescheduled((*settled, *asked, waived), waived.number)


def _settled(old: Sequence[Row], state: State, change: Changes, moved: Mapping[int, date], spare: int) -> list[Row]:
    """What was paid, at its old place; numbers whose charges move have theirs on another row."""
    kept, over = list[Row](), [0, 0, 0]
    for row in old:
        paid = [state.paid.get((row.number, name), 0) for name in ("principal", "interest", "fees")]
        let_go = [max(-change.get((row.number, name), 0), 0) for name in ("principal", "interest", "fees")]
        charged = max(change.get((row.number, "fees"), 0), 0)
        if row.number in moved:
            over = [one + other for one, other in zip(over, [*paid[:2], max(paid[2] - charged, 0)], strict=True)]
            kept.append(Row(row.number, moved[row.number], *let_go))
            continue
        amounts = [paid[0] + let_go[0], paid[1] + let_go[1], max(paid[2] - charged, 0) + let_go[2]]
        if sum(amounts) or any(number == row.number and amount for (number, _), amount in change.items()):
            kept.append(Row(row.number, row.due_on, *amounts))
    if not sum(over):
        return kept
    place = next((at for at, row in enumerate(kept) if row.number not in moved), None)
    if place is None:
        return [Row(spare, min(row.due_on for row in old), *over), *kept]
    held = kept[place]
    kept[place] = Row(
        held.number, held.due_on, held.principal + over[0], held.interest + over[1], held.fees + over[2]
    )
    return kept


def charges_let_go(option: Option, known: History, on: date) -> list[tuple[int, dict[str, int]]]:
    """What of charges a plan lets go, by number and component: penalty before fees."""
    acts = [act for act in known.acts if act.effective_on <= on]
    state = state_after(acts, dict(known.versions), known.rule)
    told = []
    for number, amount in option.waived.charged:
        penalty = min(amount, state.unpaid(number, "penalty"))
        parts = {"penalty": penalty, "fees": amount - penalty}
        told.append((number, {name: part for name, part in parts.items() if part}))
    return told
