"""New schedules for a loan in arrears: later due dates (re-age), or what is left spread anew (re-amortize).

No interest becomes principal: what fell due as interest stays due as interest, and the principal of all versions of a
schedule comes to the same. Stops at the rows; booking them is `booking`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from forbear.desk.ledger.acts import Row
from forbear.desk.ledger.kinds import COMPONENTS
from forbear.desk.ledger.refusals import Refused
from forbear.desk.ledger.rules import State
from forbear.loans import Method, Terms, make_schedule
from forbear.loans.every import MONTHLY, add_steps


@dataclass(frozen=True)
class Spread:
    """How what is left is spread: over how many installments, at which annual rate, from when.

    Args:
        term: installments.
        annual_rate: fraction of a year, exact.
        method: how principal is repaid.
        first_due_on: None is one month after the day, or after the last installment that is kept.
    """

    term: int
    annual_rate: Fraction
    method: Method = Method.equal_installment
    first_due_on: date | None = None


def re_aged(rows: Sequence[Row], state: State, months: int) -> tuple[Row, ...]:
    """The schedule with every installment of which anything is unpaid due so many months later.

    Raises:
        Refused: months below 1, or nothing is unpaid.
    """
    if months < 1:
        raise Refused("months", f"a re-age by {months} months moves nothing", "name 1 month or more")
    open_numbers = {i.number for i in state.items if state.unpaid(i.number, i.component) > 0}
    if not open_numbers:
        raise Refused("nothing_unpaid", "nothing of the loan is unpaid, so there is nothing to re-age")
    first = min(row.due_on for row in rows if row.number in open_numbers)
    return tuple(
        row._replace(due_on=add_steps(row.due_on, MONTHLY, months)) if row.due_on >= first else row for row in rows
    )


def re_amortized(rows: Sequence[Row], state: State, on: date, spread: Spread) -> tuple[Row, ...]:
    """The schedule with all unpaid principal spread over new installments.

    Installments due by `on`, and later ones on which anything was paid or charged, are kept, with the principal that
    is settled of them; unpaid interest and fees that fell due stay due there. Interest and fees that have not fallen
    due are dropped with their installments; interest arises anew on what is spread.

    Raises:
        Refused: no principal is unpaid.
        WrongUse: a term or rate no schedule can have.
    """
    planned = {(row.number, name): getattr(row, name, 0) for row in rows for name in COMPONENTS}
    owed = {(item.number, item.component): item.amount for item in state.items}
    charged = {number for (number, name), amount in planned.items() if owed.get((number, name), 0) != amount}
    touched = charged | {number for number, _ in state.paid}
    ordered = sorted(rows, key=lambda row: row.number)
    last = max((row.number for row in ordered if row.due_on <= on or row.number in touched), default=0)
    kept = tuple(_settled(row, state, on) for row in ordered if row.number <= last)
    left = sum(row.principal for row in rows) - sum(row.principal for row in kept)
    if left <= 0:
        raise Refused("nothing_unpaid", "no principal is unpaid, so there is nothing to spread")
    start = max([on, *(row.due_on for row in kept)])
    first = spread.first_due_on or add_steps(start, MONTHLY, 1)
    made = make_schedule(Terms(left, spread.annual_rate, spread.term, spread.method, on, first_due_on=first))
    new = (Row(last + i.number, i.due_on, i.principal, i.interest, i.fees) for i in made.installments)
    return (*kept, *new)


def _settled(row: Row, state: State, on: date) -> Row:
    """An installment with its unpaid principal taken off, and its unpaid interest too if it is not due yet."""
    principal = row.principal - state.unpaid(row.number, "principal")
    interest = row.interest if row.due_on <= on else row.interest - state.unpaid(row.number, "interest")
    return row._replace(principal=principal, interest=interest)
