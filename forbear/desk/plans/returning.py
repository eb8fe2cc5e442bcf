"""A borrower's way back, loan by loan: from the ledger's own history of what was late, and her plans."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from forbear.desk.ledger.acts import History
from forbear.desk.ledger.reading import histories
from forbear.desk.ledger.rules import NOTHING, State, timeline
from forbear.desk.plans.models import BROKEN, GRANTED, KEPT, Plan
from forbear.desk.plans.offering import day_of, policy_in_force
from forbear.desk.plans.watching import standing_of
from forbear.desk.record.models import Loan
from forbear.relief import Journey, Step, way_back
from forbear.relief.plain import from_plain


@dataclass(frozen=True)
class WayBack:
    """The steps of one loan that was late."""

    loan_id: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Spell:
    """A time in arrears: from the first missed due date until nothing was overdue (None: it still is); the worst."""

    began: date
    ended: date | None
    worst: int


def ways_back(borrower_id: str, at: datetime) -> list[WayBack]:
    """The steps of each loan that ever was late, in order of loan."""
    on, policy = day_of(borrower_id, at), policy_in_force()
    loans = {loan.pk: loan for loan in Loan.objects.filter(borrower_id=borrower_id)}
    plans = {plan.loan_id: plan for plan in _latest_plans(borrower_id)}
    told = []
    for known in histories(loans):
        spell = last_spell(known, on)
        steps = way_back(_journey(loans[known.loan_id], spell, plans.get(known.loan_id), on), policy)
        if steps:
            told.append(WayBack(known.loan_id, steps))
    return told


def last_spell(known: History, on: date) -> Spell | None:
    """The last time in arrears up to a day; None: the loan was never late."""
    acts = known.acts
    states = timeline(acts, dict(known.versions), known.rule)
    days = {act.effective_on for act in acts} | {
        row.due_on + timedelta(days=1) for rows in known.versions.values() for row in rows
    }
    spell: Spell | None = None
    place = 0
    for day in sorted(one for one in {*days, on} if one <= on):
        while place < len(acts) and acts[place].effective_on <= day:
            place += 1
        overdue, began = _overdue(states[place - 1] if place else NOTHING, day)
        if overdue and (spell is None or spell.ended):
            spell = Spell(began or day, None, overdue)
        elif overdue and spell:
            spell = Spell(spell.began, None, max(spell.worst, overdue))
        elif spell and not spell.ended:
            spell = Spell(spell.began, day, spell.worst)
    return spell


def _overdue(state: State, day: date) -> tuple[int, date | None]:
    late = [i for i in state.items if i.due_on < day and i.amount > state.paid.get((i.number, i.component), 0)]
    total = sum(item.amount - state.paid.get((item.number, item.component), 0) for item in late)
    return total, min((item.due_on for item in late), default=None)


def _latest_plans(borrower_id: str) -> Iterable[Plan]:
    return Plan.objects.filter(borrower_id=borrower_id, state__in=[GRANTED, KEPT, BROKEN]).order_by("granted_at")


def _journey(loan: Loan, spell: Spell | None, plan: Plan | None, on: date) -> Journey:
    """Strictly, bad conduct that a plan re-arranged ends when the plan is paid, not when it was agreed."""
    began, ended = (spell.began, spell.ended) if spell else (None, None)
    if plan is None:
        return Journey(on, loan.currency, began, ended, spell.worst if spell else 0)
    days = tuple(day for day, _ in from_plain(plan.option).payments)
    state = standing_of(plan, on).state if plan.state == GRANTED else plan.state
    began = min(filter(None, (began, plan.late_since)), default=None)
    if plan.state == KEPT and plan.ended_at is not None:
        ended = max(filter(None, (ended, day_of(plan.borrower_id, plan.ended_at))))
    elif plan.state == GRANTED:
        ended = None
    written = plan.kind == "settlement"
    return Journey(on, loan.currency, began, ended, spell.worst if spell else 0, days, state, written)
