"""From what someone asks for to an act: defaults filled in, what cannot be refused with its reason.

An ask names the act's kind, day and amounts; the act that comes of it says everything that replay needs (which
installment a fee joined, which items a waiver let go), so that the rules never decide twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from forbear.desk.ledger.acts import NEWEST, Act, History, Row, standing
from forbear.desk.ledger.kinds import COMPONENTS, SCHEDULING
from forbear.desk.ledger.refusals import Refused
from forbear.desk.ledger.rules import State, state_after, version_in_force
from forbear.desk.ledger.schedules import Spread, re_aged, re_amortized

Amounts = int | Mapping[str, int] | None


@dataclass(frozen=True)
class Ask:
    """What someone asks to book.

    Args:
        kind: payment, fee, penalty, waiver, refund, reversal, write-off, transfer, pause, re-age or re-amortize.
        loan_id: the loan.
        effective_on: from when it counts.
        amounts: minor units; of a waiver or write-off by component; None where the kind has its own default.
        cause: where it comes from; of a payment, its own id.
        facts: what else the kind needs: `number` (fee, penalty, waiver), `entry` (reversal), `other_loan` (transfer:
            the loan that receives), `until_on` (pause), `months` (re-age), `term`, `annual_rate`, `method` and
            `first_due_on` (re-amortize), or `installments` (either: the whole new schedule).
    """

    kind: str
    loan_id: str
    effective_on: date
    amounts: Amounts = None
    cause: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The ask as it is kept, to know a repeated one."""
        plain = {name: _plain(value) for name, value in self.facts.items()}
        return {"amounts": _plain(self.amounts), **({"facts": plain} if plain else {})}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, int | str) or value is None else str(value)


@dataclass(frozen=True)
class Answer:
    """The act that an ask comes to, and the schedule it makes."""

    act: Act
    rows: tuple[Row, ...] | None = None


def answer(ask: Ask, history: History) -> Answer:
    """The act that is asked for.

    Raises:
        Refused: it cannot be.
    """
    if ask.kind not in _ANSWERS:
        raise Refused("unknown_kind", f"{ask.kind!r} cannot be asked for", f"ask for one of {', '.join(_ANSWERS)}")
    if ask.kind not in ("payment", "transfer") and ask.effective_on < history.disbursed_on:
        raise Refused(
            "before_disbursal",
            f"{ask.effective_on} lies before the disbursal of {ask.loan_id} on {history.disbursed_on}",
            "name the day of the disbursal or a later one",
        )
    before = [act for act in history.acts if act.place < (ask.effective_on, NEWEST)]
    state = state_after(before, dict(history.versions), history.rule)
    return _ANSWERS[ask.kind](ask, history, state)


def _act(ask: Ask, amount: int = 0, reverses: int | None = None, **facts: Any) -> Act:
    return Act(NEWEST, ask.kind, ask.effective_on, amount, ask.cause, facts, reverses)


def positive(amounts: Amounts) -> int:
    """An amount of money of more than nothing.

    Raises:
        Refused: anything else.
    """
    if not isinstance(amounts, int) or isinstance(amounts, bool) or not 0 < amounts < 1 << 62:
        raise Refused("amount", f"the amount is {amounts!r}", "give minor units above zero, as an integer")
    return amounts


def _payment(ask: Ask, _history: History, _state: State) -> Answer:
    return Answer(_act(ask, positive(ask.amounts)))


def _charge(ask: Ask, history: History, _state: State) -> Answer:
    rows = _rows_at(history, ask.effective_on)
    number = ask.facts.get("number")
    if number is None:
        later = [row for row in rows if row.due_on >= ask.effective_on]
        number = (
            min(later, key=lambda row: row.due_on).number if later else max(rows, key=lambda r: r.due_on).number
        )
    elif number not in {row.number for row in rows}:
        raise Refused("unknown_installment", f"{ask.loan_id} has no installment {number}", "name one it has")
    return Answer(_act(ask, positive(ask.amounts), number=number))


def _by_component(amounts: Amounts) -> dict[str, int]:
    if not isinstance(amounts, Mapping) or not amounts or set(amounts) - set(COMPONENTS):
        raise Refused("amounts", f"the amounts are {amounts!r}", f"give them by component: {', '.join(COMPONENTS)}")
    return {name: positive(amount) for name, amount in amounts.items()}


def _waiver(ask: Ask, _history: History, state: State) -> Answer:
    wanted, number, parts = _by_component(ask.amounts), ask.facts.get("number"), []
    for name, amount in wanted.items():
        left = amount
        for item in state.items:
            if item.component == name and number in (None, item.number) and left:
                piece = min(left, item.amount - state.paid.get((item.number, name), 0))
                left -= piece
                parts += [[item.number, name, piece]] if piece else []
        if left:
            raise Refused(
                "over_unpaid",
                f"of {name}, {amount - left} is unpaid on {ask.effective_on}, less than the {amount} to waive",
                "waive at most what is unpaid; what was paid is given back by a refund",
            )
    return Answer(_act(ask, sum(wanted.values()), parts=parts))


def _refund(ask: Ask, _history: History, state: State) -> Answer:
    amount = state.unapplied if ask.amounts is None else positive(ask.amounts)
    return Answer(_act(ask, positive(amount)))


def _reversal(ask: Ask, history: History, _state: State) -> Answer:
    undone = history.entry(ask.facts.get("entry") or 0)
    if undone is None or undone.of_entry is not None:
        raise Refused("unknown_entry", f"{ask.loan_id} has no act {ask.facts.get('entry')}", "name an act's entry")
    act = undone.act
    if act.kind in ("disbursal", "due", "transfer", "reversal"):
        raise Refused(
            "not_reversible",
            f"entry {act.entry_id} is a {act.kind}, which is not reversed",
            "book the opposite act (a transfer back, the payment again) instead",
        )
    if act.entry_id not in {one.entry_id for one in standing(history.acts)}:
        raise Refused("reversed", f"entry {act.entry_id} is reversed already")
    made = _act(ask, act.amount, act.entry_id)
    on = max(ask.effective_on, act.effective_on)  # nothing is undone before it was done
    return Answer(Act(NEWEST, made.kind, on, made.amount, made.cause, {}, act.entry_id))


def _write_off(ask: Ask, _history: History, state: State) -> Answer:
    gone = state.still_written_off()
    most = {
        name: state.unpaid_of(name, None if name == "principal" else ask.effective_on) - gone.get(name, 0)
        for name in COMPONENTS
    }
    if ask.amounts is None:
        wanted = {name: amount for name, amount in most.items() if amount > 0}
    else:
        wanted = _by_component(ask.amounts)
        for name, amount in wanted.items():
            if amount > most[name]:
                raise Refused(
                    "over_unpaid",
                    f"of {name}, {most[name]} can be written off on {ask.effective_on}, less than {amount}",
                    "write off at most what is unpaid (of interest and fees: what is due) and not yet written off",
                )
    if not wanted:
        raise Refused("nothing_unpaid", f"nothing of {ask.loan_id} is left to write off on {ask.effective_on}")
    return Answer(_act(ask, sum(wanted.values()), components=wanted))


def _transfer(ask: Ask, _history: History, _state: State) -> Answer:
    other = ask.facts.get("other_loan")
    if not other or other == ask.loan_id:
        raise Refused("other_loan", f"a transfer from {ask.loan_id} to {other!r}", "name another loan")
    return Answer(_act(ask, -positive(ask.amounts), other_loan=other))


def _pause(ask: Ask, _history: History, _state: State) -> Answer:
    until = ask.facts.get("until_on")
    if not isinstance(until, date) or until < ask.effective_on:
        raise Refused(
            "until_on", f"the pause from {ask.effective_on} ends on {until}", "end it on that day or later"
        )
    return Answer(_act(ask, until_on=until.isoformat()))


def _rescheduled(ask: Ask, history: History, state: State) -> Answer:
    rows = _rows_at(history, ask.effective_on)
    given = ask.facts.get("installments")
    if given is not None:
        new = tuple(Row(*row) for row in given)
    elif ask.kind == "re-age":
        new = re_aged(rows, state, int(ask.facts.get("months") or 0))
    else:
        new = re_amortized(rows, state, ask.effective_on, _spread(ask))
    numbers = [row.number for row in new]
    if not new or len(set(numbers)) < len(numbers) or min(min(row[2:]) for row in new) < 0:
        raise Refused("installments", "the installments are none, repeat a number or owe less than nothing")
    if sum(row.principal for row in new) != sum(row.principal for row in rows):
        raise Refused(
            "principal",
            f"the new schedule's principal is {sum(r.principal for r in new)}, the old one's "
            f"{sum(r.principal for r in rows)}",
            "keep the principal; interest and fees may change, a part let go is a waiver",
        )
    return Answer(_act(ask, version=max(history.versions) + 1), new)


def _spread(ask: Ask) -> Spread:
    try:
        spread = Spread(int(ask.facts["term"]), Fraction(str(ask.facts["annual_rate"])))
    except (KeyError, ValueError, ZeroDivisionError) as missing:
        raise Refused("term", f"a re-amortization needs a term and an annual rate: {missing}") from missing
    method = ask.facts.get("method", spread.method)
    return Spread(spread.term, spread.annual_rate, type(spread.method)(method), ask.facts.get("first_due_on"))


def _rows_at(history: History, on: date) -> tuple[Row, ...]:
    """The schedule in force on a day."""
    version = version_in_force(act for act in history.acts if act.effective_on <= on)
    if version is None:
        raise Refused("no_schedule", f"{history.loan_id} has no schedule on {on}", "name a day after its disbursal")
    return history.versions[version]


_ANSWERS: dict[str, Callable[[Ask, History, State], Answer]] = {
    "payment": _payment,
    "fee": _charge,
    "penalty": _charge,
    "waiver": _waiver,
    "refund": _refund,
    "reversal": _reversal,
    "write-off": _write_off,
    "transfer": _transfer,
    "pause": _pause,
    **dict.fromkeys(sorted(SCHEDULING - {"due"}), _rescheduled),
}
