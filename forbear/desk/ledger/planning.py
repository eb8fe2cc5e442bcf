"""From an ask to every entry that booking it makes: the act, what follows from it, and what it changes of the past.

One plain function for booking and for preview, so that a preview cannot differ: `booking.preview` shows the plan,
`booking.book` writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from forbear.desk.ledger.acts import Act, Booked, History, Lines, Row, added, in_order, mirrored, standing
from forbear.desk.ledger.asking import Ask, answer
from forbear.desk.ledger.kinds import CHARGES, DERIVED, SCHEDULING
from forbear.desk.ledger.postings import postings_of
from forbear.desk.ledger.refusals import Refused
from forbear.desk.ledger.rules import (
    NOTHING,
    State,
    adjustments,
    consequences,
    moving_kinds,
    timeline,
    version_in_force,
    waterfall_order,
)


@dataclass(frozen=True)
class NewEntry:
    """An entry to be written.

    Args:
        kind: as in `kinds`.
        effective_on: from when it counts.
        amount: its headline, minor units.
        cause: as of the act it belongs to.
        lines: its postings.
        reverses: the entry it undoes.
        of_entry: the act that it follows from; None of an act itself. `acts.NEWEST` stands for the plan's own act.
    """

    kind: str
    effective_on: date
    amount: int
    cause: str
    lines: Lines
    reverses: int | None = None
    of_entry: int | None = None


@dataclass(frozen=True)
class Standing:
    """The account's own row after the plan."""

    version: int
    received: int
    written_off: int
    adjusted: bool
    last_on: date
    components: tuple[str, ...] | None


@dataclass(frozen=True)
class Plan:
    """Everything that booking an ask writes: the act's own entry first."""

    ask: Ask
    act: Act
    entries: tuple[NewEntry, ...]
    standing: Standing
    rows: tuple[Row, ...] | None
    before: State
    after: State


def plan(ask: Ask, history: History) -> Plan:
    """What booking `ask` writes.

    Raises:
        Refused: it cannot be booked.
    """
    asked = answer(ask, history)
    versions = dict(history.versions)
    if asked.rows is not None:
        versions[asked.act.facts["version"]] = asked.rows
    return planned(ask, asked.act, history, versions, asked.rows)


def planned(
    ask: Ask, act: Act, history: History, versions: dict[int, tuple[Row, ...]], rows: tuple[Row, ...] | None
) -> Plan:
    """What booking this act writes; `plan` for an act that is known already (a transfer's other side)."""
    acts = in_order([*history.acts, act])
    states = timeline(acts, versions, history.rule)
    at = acts.index(act)
    before = states[at - 1] if at else NOTHING
    _refuse_what_cannot_be(act, acts, states, versions, history.rule)
    undone = history.entry(act.reverses) if act.reverses else None
    lines = postings_of(act, versions, version_in_force(acts[:at]), undone)
    own = NewEntry(act.kind, act.effective_on, act.amount, act.cause, lines, act.reverses)
    entries = [own, *_followed(acts, states, at, history)]
    return Plan(ask, act, tuple(entries), standing_of(acts, states, history.rule), rows, before, states[at])


def standing_of(acts: Sequence[Act], states: Sequence[State], rule: str) -> Standing:
    """The account's own row after these acts."""
    last = states[-1]
    return Standing(
        version=version_in_force(acts) or 1,
        received=last.received,
        written_off=sum(last.written_off.values()),
        adjusted=any(act.kind == "waiver" or act.kind in CHARGES for act in standing(acts)),
        last_on=max(act.effective_on for act in acts),
        components=waterfall_order(rule),
    )


def _followed(acts: Sequence[Act], states: Sequence[State], at: int, history: History) -> list[NewEntry]:
    """What follows from the act, and what now follows otherwise from the acts after it."""
    made: list[NewEntry] = []
    booked, kinds = booked_consequences(history.booked), moving_kinds(acts)
    for place in range(at, len(acts)):
        before = states[place - 1] if place else NOTHING
        wanted = consequences(before, states[place], kinds[acts[place].entry_id])
        made += _changed(acts[place], wanted, booked.get(acts[place].entry_id, []))
    return made


def booked_consequences(booked: Sequence[Booked]) -> dict[int, list[Booked]]:
    """By act: the entries that follow from it and stand."""
    undone = {entry.act.reverses for entry in booked}
    found: dict[int, list[Booked]] = {}
    for entry in booked:
        if entry.of_entry is not None and entry.act.kind in DERIVED and entry.act.entry_id not in undone:
            found.setdefault(entry.of_entry, []).append(entry)
    return found


def _changed(act: Act, wanted: dict[str, Lines], there: list[Booked]) -> list[NewEntry]:
    """Reversals of what no longer follows from an act, and what follows instead."""
    made: list[NewEntry] = []
    for kind in sorted(DERIVED):
        old = [entry for entry in there if entry.act.kind == kind]
        total: Lines = {}
        for entry in old:
            total = added(total, entry.lines)
        if total == wanted.get(kind, {}):
            continue
        for entry in old:
            made.append(
                NewEntry(
                    "reversal",
                    entry.act.effective_on,
                    entry.act.amount,
                    act.cause,
                    mirrored(entry.lines),
                    entry.act.entry_id,
                    act.entry_id,
                )
            )
        if kind in wanted:
            made.append(
                NewEntry(
                    kind, act.effective_on, headline(wanted[kind]), act.cause, wanted[kind], None, act.entry_id
                )
            )
    return made


def headline(lines: Lines) -> int:
    """An entry's amount: all its debits."""
    return sum(amount for amount in lines.values() if amount > 0)


def _refuse_what_cannot_be(
    act: Act, acts: Sequence[Act], states: Sequence[State], versions: dict[int, tuple[Row, ...]], rule: str
) -> None:
    at = acts.index(act)
    _refuse_less_than_nothing(act, states[at:])
    if act.kind in ("refund", "transfer"):
        without = timeline([one for one in acts if one is not act], versions, rule)
        _refuse_spent_credit(act, without[at - 1 :] if at else [])
    _refuse_schedules_out_of_order(act, acts, at)
    for place in range(at, len(acts)):
        alive = standing(acts[: place + 1])
        version = version_in_force(alive)
        known = {row.number for row in versions[version]} if version else set()
        lost = {number for (number, _), amount in adjustments(alive).items() if amount} - known
        if version and lost:
            raise Refused(
                "lost_installment",
                f"installment {min(lost)} has a fee, penalty or waiver but is not in schedule version {version}",
                "keep that installment in the new schedule, or reverse what was booked on it first",
            )


def _refuse_less_than_nothing(act: Act, states: Sequence[State]) -> None:
    for state in states:
        for item in state.items:
            if item.amount < 0:
                raise Refused(
                    "below_zero",
                    f"this {act.kind} would leave {item.amount} {item.component} owed on installment {item.number}",
                    "reverse the waiver on that installment first",
                )


def _refuse_spent_credit(act: Act, before: Sequence[State]) -> None:
    """Money is given back, or moved away, only from what has paid nothing: then and ever after.

    `before`: the states without the act, from its place on.
    """
    taken = act.amount if act.kind == "refund" else -act.amount if act.kind == "transfer" else 0
    if taken <= 0:
        return
    credit = min((state.unapplied for state in before), default=0)
    if credit < taken:
        raise Refused(
            "over_credit",
            f"{taken} is more than the {max(credit, 0)} that has paid nothing since {act.effective_on}",
            "give back at most that; money that paid something is freed by reversing its payment",
        )


def _refuse_schedules_out_of_order(act: Act, acts: Sequence[Act], at: int) -> None:
    """Each schedule's postings are the difference to the one before it, so only the last can come or go."""
    alive = {one.entry_id for one in standing(acts)} | {act.reverses}
    later = [one for one in acts if one.kind in SCHEDULING and one.entry_id in alive and one is not act]
    undone = next((one for one in acts if one.entry_id == act.reverses), None)
    if act.kind in SCHEDULING - {"due"}:
        blocking = [one for one in later if one.place > act.place]
    elif undone is not None and undone.kind in SCHEDULING:
        blocking = [one for one in later if one.place > undone.place]
    else:
        return
    if blocking:
        raise Refused(
            "later_schedule",
            f"a {blocking[0].kind} of {blocking[0].effective_on} comes after it",
            "reverse that one first",
        )
