"""What follows from the acts of a loan: which dues its money has paid, and what of written-off debt has come back.

The state after an act is worked out from that act and those before it alone (by effective day, then in order of
booking); what follows from an act is the difference to the state before it. So a backdated act changes what follows
from later ones, and a comparison with what is booked says which entries to undo and which to book.

The default meaning is the engine's (docs/close.md): money pays the oldest installment first (by due date, then
number), within it in the rule's order, and beyond what is due the next. Such a rule is a *waterfall*: what is paid
depends on how much money there is, not on when it came. Any other rule of `forbear.loans` is replayed payment by
payment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import NamedTuple

from forbear.desk.ledger.acts import Act, Line, Lines, Row, added, mirrored, standing
from forbear.desk.ledger.kinds import CHARGES, COMPONENTS, SCHEDULING
from forbear.loans import Component, Due, Payment, Rule, replay, rule_named


class Item(NamedTuple):
    """An amount owed: a component of an installment."""

    due_on: date
    number: int
    component: str
    amount: int


@dataclass(frozen=True)
class State:
    """Where a loan stands after an act.

    Args:
        items: what is owed in all (paid or not), in order of due date, number and component.
        paid: what is paid of it, by number and component.
        received: money received and still held; below zero when more was given back than stands.
        written_off: what was written off, by component.
        charged_since: what was charged (less waived) of a component after its first write-off.
    """

    items: tuple[Item, ...]
    paid: dict[tuple[int, str], int]
    received: int
    written_off: dict[str, int]
    charged_since: dict[str, int]

    @property
    def unapplied(self) -> int:
        """Money that has paid nothing."""
        return self.received - sum(self.paid.values())

    def unpaid(self, number: int, component: str) -> int:
        """What is unpaid of one component of one installment."""
        owed = sum(i.amount for i in self.items if (i.number, i.component) == (number, component))
        return owed - self.paid.get((number, component), 0)

    def unpaid_of(self, component: str, due_by: date | None = None) -> int:
        """What is unpaid of a component, of what is due by a day or of all."""
        return sum(
            item.amount - self.paid.get((item.number, component), 0)
            for item in self.items
            if item.component == component and (due_by is None or item.due_on <= due_by)
        )

    def still_written_off(self) -> dict[str, int]:
        """What is written off and still owed.

        Money pays first what was owed beside it, then what was written off, last what was charged since.
        """
        return {
            name: max(min(amount, self.unpaid_of(name) - self.charged_since.get(name, 0)), 0)
            for name, amount in self.written_off.items()
        }


@cache
def waterfall_order(name: str) -> tuple[str, ...] | None:
    """The order of components of a rule that is a waterfall; None for any other."""
    rule = rule_named(name)
    orders = {components for _, components in rule.stages}
    plain = (rule.by, rule.start, rule.future) == ("installment", "oldest", "next")
    whole = len(rule.stages) == 3 and len(orders) == 1 and set(rule.stages[0][1]) == set(COMPONENTS)
    return tuple(str(part) for part in rule.stages[0][1]) if plain and whole else None


def state_after(acts: Iterable[Act], versions: dict[int, tuple[Row, ...]], rule: str) -> State:
    """Where a loan stands when these acts, in this order, are all that happened."""
    alive = standing(acts)
    items = _items(alive, versions)
    received = sum(_money(act) for act in alive)
    order = waterfall_order(rule)
    paid = _poured(items, max(received, 0), order) if order else _replayed(items, alive, rule_named(rule))
    return State(tuple(items), paid, received, *_written_off(alive))


def _written_off(alive: Sequence[Act]) -> tuple[dict[str, int], dict[str, int]]:
    """What was written off, by component, and what was charged of these components since, less what was waived."""
    written: dict[str, int] = {}
    since: dict[str, int] = {}
    for act in alive:
        if act.kind == "write-off":
            for name, amount in act.facts["components"].items():
                written[name] = written.get(name, 0) + amount
        for (_, name), amount in adjustments([act]).items():
            if name in written:
                since[name] = max(since.get(name, 0) + amount, 0)
    return written, since


def version_in_force(acts: Iterable[Act]) -> int | None:
    """The schedule's version after these acts; None before there is one."""
    named = [act.facts["version"] for act in standing(acts) if act.kind in SCHEDULING]
    return named[-1] if named else None


def _money(act: Act) -> int:
    if act.kind in ("payment", "transfer"):
        return act.amount
    return -act.amount if act.kind == "refund" else 0


def adjustments(acts: Iterable[Act]) -> dict[tuple[int, str], int]:
    """What standing fees, penalties and waivers add to (or take from) installments."""
    total: dict[tuple[int, str], int] = {}
    for act in acts:
        if act.kind in CHARGES:
            parts = [(act.facts["number"], CHARGES[act.kind], act.amount)]
        elif act.kind == "waiver":
            parts = [(number, name, -amount) for number, name, amount in act.facts["parts"]]
        else:
            continue
        for number, name, amount in parts:
            total[number, name] = total.get((number, name), 0) + amount
    return total


def _items(alive: Sequence[Act], versions: dict[int, tuple[Row, ...]]) -> list[Item]:
    version = version_in_force(alive)
    if version is None:
        return []
    change = adjustments(alive)
    items = []
    for row in sorted(versions[version], key=lambda one: (one.due_on, one.number)):
        amounts = {"fees": row.fees, "penalty": 0, "interest": row.interest, "principal": row.principal}
        for name, amount in amounts.items():
            owed = amount + change.get((row.number, name), 0)
            if owed:
                items.append(Item(row.due_on, row.number, name, owed))
    return items


def _poured(items: list[Item], money: int, order: tuple[str, ...]) -> dict[tuple[int, str], int]:
    paid = {}
    for item in sorted(items, key=lambda one: (one.due_on, one.number, order.index(one.component))):
        if money <= 0:
            break
        piece = min(item.amount, money)
        if piece > 0:
            paid[item.number, item.component] = piece
            money -= piece
    return paid


def _replayed(items: list[Item], alive: Sequence[Act], rule: Rule) -> dict[tuple[int, str], int]:
    """Payment by payment; installments are numbered by due date for it, and back."""
    numbers = list(dict.fromkeys(item.number for item in items))
    place = {number: at for at, number in enumerate(numbers)}
    dues = [Due(place[i.number], Component(i.component), i.due_on, i.amount) for i in items]
    paid: dict[tuple[int, str], int] = {}
    for posting in replay(dues, _moneys(alive), rule).postings:
        for part in posting.parts:
            key = numbers[part.number], str(part.component)
            paid[key] = paid.get(key, 0) + part.amount
    return paid


def _moneys(alive: Sequence[Act]) -> list[Payment]:
    """Money that stands, as payments; what was given back is taken from the latest before it."""
    left: list[Payment] = []
    for act in alive:
        money = _money(act)
        while money < 0 and left:
            last = left.pop()
            money += last.amount
            if money > 0:
                left.append(Payment(last.payment_id, last.paid_on, money))
                money = 0
        if money > 0:
            left.append(Payment(str(act.entry_id), act.effective_on, money))
    return left


def consequences(before: State, after: State, kind: str) -> dict[str, Lines]:
    """What follows from an act, as postings by kind: allocation, recovery, or neither.

    Only money recovers written-off debt: what a waiver takes from it is waived, what a new schedule takes was no loss.

    Args:
        before: the state before the act.
        after: the state after it.
        kind: the act's, or of a reversal the kind of what it undoes.
    """
    allocation = added(_allocated(after), mirrored(_allocated(before)))
    money = kind in ("payment", "refund", "transfer")
    account = "recovered" if money else "waived" if kind == "waiver" else "loss"
    recovery: Lines = {}
    was, now = before.still_written_off(), after.still_written_off()
    for name in sorted(was.keys() | now.keys()):
        released = was.get(name, 0) - now.get(name, 0)
        released += after.written_off.get(name, 0) - before.written_off.get(name, 0)
        if released:
            recovery |= {Line("written_off", name): released, Line(account, name): -released}
    return {kind: lines for kind, lines in (("allocation", allocation), ("recovery", recovery)) if lines}


def _allocated(state: State) -> Lines:
    lines = {Line("receivable", name, number): -amount for (number, name), amount in state.paid.items()}
    return lines | {Line("unapplied"): sum(state.paid.values())}


NOTHING = State((), {}, 0, {}, {})


def moving_kinds(acts: Iterable[Act]) -> dict[int, str]:
    """By entry: the act's kind, or of a reversal the kind of what it undoes."""
    taken = list(acts)
    kinds = {act.entry_id: act.kind for act in taken}
    return {act.entry_id: kinds.get(act.reverses or 0, act.kind) for act in taken}


def timeline(acts: Sequence[Act], versions: dict[int, tuple[Row, ...]], rule: str) -> list[State]:
    """The state after each of the acts, which stand in their order."""
    return [state_after(acts[: place + 1], versions, rule) for place in range(len(acts))]
