"""A loan as the ledger has it on a day, as the debt that plans are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from forbear.desk.ledger.acts import Act, History, Row, standing
from forbear.desk.ledger.reading import history
from forbear.desk.ledger.refusals import Refused
from forbear.desk.ledger.rules import State, adjustments, state_after, version_in_force
from forbear.desk.record.models import Loan
from forbear.loans import Method
from forbear.relief import Debt, Part


def debt_of(loan: Loan, on: date, *, lock: bool = False) -> Debt:
    """What the loan owes on a day.

    Raises:
        Refused: the ledger does not know it, it has no schedule then, or a part of it is written off.
    """
    known = history(loan.pk, lock=lock)
    acts = _until(known, on)
    version = version_in_force(acts)
    if version is None:
        raise Refused("no_schedule", f"{loan.pk} has no schedule on {on}", "name a day after its disbursal")
    state = state_after(acts, dict(known.versions), known.rule)
    if sum(state.still_written_off().values()):
        raise Refused(
            "written_off",
            f"a part of {loan.pk} is written off",
            "reverse the write-off first, or settle it by an agreement of its own",
        )
    rows = sorted(known.versions[version], key=lambda row: (row.due_on, row.number))
    unpaid = tuple(part for part in (_part(row, state, acts) for row in rows) if part.total)
    return Debt(
        loan_id=loan.pk,
        on=on,
        currency=loan.currency,
        annual_rate=Fraction(loan.annual_rate),
        method=_method(loan.repayment_method),
        disbursed_on=known.disbursed_on,
        lent=known.principal,
        term=loan.term,
        contract_ends_on=max(row.due_on for row in known.versions[min(known.versions)]),
        began_on=max([row.due_on for row in rows if row.due_on <= on] or [known.disbursed_on]),
        unpaid=unpaid,
        paid=money_of(acts),
        late_since=min((part.due_on for part in unpaid if part.due_on < on), default=None),
    )


def fingerprint(debt: Debt) -> list[list[Any]]:
    """What is unpaid, to know whether it has changed since."""
    return [[p.number, str(p.due_on), p.principal, p.interest, p.fees, p.charged] for p in debt.unpaid]


def money_of(acts: Sequence[Act]) -> tuple[tuple[date, int], ...]:
    """Money that came (or went back) and stands, by day."""
    signs = {"payment": 1, "transfer": 1, "refund": -1}
    return tuple((act.effective_on, signs[act.kind] * act.amount) for act in standing(acts) if act.kind in signs)


def _until(known: History, on: date) -> list[Act]:
    return [act for act in known.acts if act.effective_on <= on]


def _part(row: Row, state: State, acts: Sequence[Act]) -> Part:
    """What is unpaid of an installment; fees charged beside the schedule count as charges, paid last."""
    change = adjustments(standing(acts)).get((row.number, "fees"), 0)
    fees = state.unpaid(row.number, "fees")
    charged = min(fees, max(change, 0))
    return Part(
        row.number,
        row.due_on,
        state.unpaid(row.number, "principal"),
        state.unpaid(row.number, "interest"),
        fees - charged,
        charged + state.unpaid(row.number, "penalty"),
    )


def _method(name: str | None) -> Method:
    try:
        return Method(name or "")
    except ValueError:
        return Method.equal_installment
