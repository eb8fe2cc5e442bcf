"""What a lender may let go or arrange anew, proposed by one person with a preview and booked when another approves.

A waiver, a refund of credit, a write-off, a re-age, a re-amortization. The proposal keeps the effect that was
previewed, to the cent; if money has come meanwhile and the effect is no longer the same, it is refused and proposed
anew, so that what is booked is what both people saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from forbear.basics.errors import AnswerIsNo
from forbear.desk.ledger.acts import Row
from forbear.desk.ledger.asking import Amounts
from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.booking import LONGEST, book, preview
from forbear.desk.ledger.kinds import COMPONENTS
from forbear.desk.ledger.planning import Plan
from forbear.desk.ledger.reading import history
from forbear.desk.ledger.refusals import Refused
from forbear.desk.people.approvals import REASON_LENGTH, propose
from forbear.desk.people.models import Approval, User
from forbear.desk.record.models import Installment, Loan

KIND = "money.act"
"""The kind of approval."""
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
MOST_MONEY = 10**15
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"

Minor = Annotated[StrictInt, Field(gt=0, le=MOST_MONEY)]


class Wanted(BaseModel):
    """An act that is wanted: minor units; what the kind does not need stays out.

    `amounts` by component is a waiver's or a write-off's (a write-off without them takes all), `amount` a refund's
    (without it, all credit); `months` a re-age's; `term`, `annual_rate` and `first_due_on` a re-amortization's.
    """

    model_config = ConfigDict(extra="forbid")
    kind: Literal["waiver", "refund", "write-off", "re-age", "re-amortize"]
    loan_id: Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=PRINTABLE)]
    effective_on: Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
    amounts: dict[Literal["fees", "penalty", "interest", "principal"], Minor] | None = None
    amount: Minor | None = None
    months: Annotated[int, Field(ge=1, le=120)] | None = None
    term: Annotated[int, Field(ge=1, le=600)] | None = None
    annual_rate: Annotated[Decimal, Field(ge=0, le=10, decimal_places=8)] | None = None
    first_due_on: Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)] | None = None
    reason: Annotated[str, Field(min_length=1, max_length=REASON_LENGTH, pattern=PRINTABLE)]


class LedgerAct(Wanted):
    """A wanted act with the effect that was previewed: changes by account and component, and the new schedule."""

    effect: dict[str, int]
    schedule: list[tuple[int, date, int, int, int]] | None = None


@dataclass(frozen=True)
class Effect:
    """What an act would do.

    Args:
        loan: the loan.
        changes: by `account component`, what the postings come to; debits positive.
        standing: name, before and after of what is outstanding by component, of credit, of what is written off.
        rows: the new schedule, if there is one; `rows_before`: the one in force.
    """

    loan: Loan
    changes: dict[str, int]
    standing: tuple[tuple[str, int, int], ...]
    rows: tuple[Row, ...] | None
    rows_before: tuple[Row, ...]

    @property
    def shown(self) -> list[dict[str, Any]]:
        """Each sum with its change."""
        return [{"name": n, "before": b, "after": a, "change": a - b} for n, b, a in self.standing]

    @property
    def schedule(self) -> list[tuple[int, dict[str, Any] | None, dict[str, Any] | None]]:
        """The new schedule beside the one in force, by installment number."""
        now, old = ({row.number: _row(row) for row in rows} for rows in (self.rows or (), self.rows_before))
        return [(number, now.get(number), old.get(number)) for number in sorted({*now, *old})]


def _row(row: Row) -> dict[str, Any]:
    return {"due_on": row.due_on, "total": row.principal + row.interest + row.fees}


def effect_of(wanted: Wanted) -> Effect:
    """What the act would do if it was booked now; nothing is saved.

    Raises:
        Refused: it cannot be.
    """
    return effect(wanted.kind, wanted.loan_id, wanted.effective_on, _amounts(wanted), **_facts(wanted))


def effect(kind: str, loan_id: str, effective_on: date, amounts: Amounts, **facts: Any) -> Effect:
    """What booking the same arguments would do; nothing is saved.

    Raises:
        Refused: it cannot be booked.
    """
    loan = Loan.objects.filter(pk=loan_id).first()
    if loan is None:
        raise Refused("unknown_loan", f"there is no loan {loan_id!r}")
    plan = preview(kind, loan_id, effective_on, amounts, **facts)
    changes = _changes(plan)
    return Effect(loan, changes, standing_with(loan_id, changes), plan.rows, rows_in_force(loan))


def propose_act(user: User, wanted: Wanted, at: datetime) -> Approval:
    """Propose the act with its effect as it is now.

    Raises:
        Refused: it cannot be booked.
        AnswerIsNo: one on this loan waits already.
        PermissionDenied: the user may not propose it.
    """
    effect = effect_of(wanted)
    subject = f"loan:{wanted.loan_id}"
    if Approval.objects.filter(kind=KIND, subject=subject, state="proposed", expires_at__gt=at).exists():
        raise AnswerIsNo(f"an act on {wanted.loan_id} waits for a second person already", "let it be decided first")
    asked = LedgerAct(**wanted.model_dump(), effect=effect.changes, schedule=_plain(effect.rows))
    return propose(user, KIND, asked, subject, at)


def book_act(act: LedgerAct, approval_id: UUID, *, actor: str, at: datetime) -> dict[str, Any]:
    """Book the act, if its effect is still the one that was proposed.

    Raises:
        AnswerIsNo: it is not.
        Refused: it cannot be booked any more.
    """
    history(act.loan_id, lock=True)  # held: nothing of the loan is booked between the look and the booking
    if changed_since(act):
        raise AnswerIsNo(
            f"what this {act.kind} on {act.loan_id} would do has changed since it was proposed",
            "refuse it, and propose it anew from what is owed now",
        )
    receipt = book(
        act.kind,
        act.loan_id,
        act.effective_on,
        _amounts(act),
        f"approval {approval_id}",
        f"approval:{approval_id}",
        actor=actor,
        at=at,
        **_facts(act),
    )
    return {"entry": receipt.entry_id}


def changed_since(act: LedgerAct) -> bool:
    """Whether the effect is no longer the one that was proposed, or the act cannot be booked any more."""
    try:
        now = effect_of(act)
    except Refused:
        return True
    return now.changes != act.effect or _plain(now.rows) != _plain(act.schedule)


def _plain(rows: Any) -> list[tuple[Any, ...]] | None:
    return None if rows is None else [tuple(row) for row in rows]


def _amounts(wanted: Wanted) -> Amounts:
    amounts: Amounts = wanted.amount if wanted.kind == "refund" else wanted.amounts  # type: ignore[assignment]
    return amounts


def _facts(wanted: Wanted) -> dict[str, Any]:
    if wanted.kind == "re-age":
        return {"months": wanted.months or 0}
    if wanted.kind == "re-amortize":
        told = {"term": wanted.term, "annual_rate": wanted.annual_rate, "first_due_on": wanted.first_due_on}
        return {name: str(v) if isinstance(v, Decimal) else v for name, v in told.items() if v is not None}
    return {}


def _changes(plan: Plan) -> dict[str, int]:
    total: dict[str, int] = {}
    for entry in plan.entries:
        for line, amount in entry.lines.items():
            name = f"{line.account} {line.component}" if line.component else line.account
            total[name] = total.get(name, 0) + amount
    return {name: amount for name, amount in sorted(total.items()) if amount}


def standing_with(loan_id: str, changes: Mapping[str, int]) -> tuple[tuple[str, int, int], ...]:
    """The loan's sums before and after such changes, of all that is booked whatever its day."""
    now = balances([loan_id], LAST_DAY)[loan_id]
    told = [
        (name, getattr(now, f"{name}_outstanding"), changes.get(f"receivable {name}", 0))
        for name in reversed(COMPONENTS)
    ]
    told.append(("unapplied", now.unapplied, -changes.get("unapplied", 0)))
    gone = -sum(amount for name, amount in changes.items() if name.startswith("written_off"))
    told.append(("written_off", now.written_off, gone))
    return tuple((name, before, before + change) for name, before, change in told if before or change)


def rows_in_force(loan: Loan) -> tuple[Row, ...]:
    """The loan's schedule in force."""
    rows = Installment.objects.filter(loan_id=loan.pk, version=loan.schedule_version).order_by("due_on", "number")
    return tuple(
        Row(*row) for row in rows.values_list("number", "due_on", "principal_due", "interest_due", "fees_due")
    )
