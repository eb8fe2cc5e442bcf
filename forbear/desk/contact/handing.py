"""Human calls and visits: planned contacts that become tasks of agents.

Nothing is reserved here. When the gate would allow the call or visit now, a task is opened and the borrower's case put
on today; the agent asks the gate again, and reserves, in the moment she calls or sets out (`desk.record.gate`).
"""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from django.db import connection, transaction

from forbear.conduct import judge_one, sending
from forbear.conduct.situation import proposal
from forbear.desk.audit.log import record
from forbear.desk.contact import owing, preferences, settling
from forbear.desk.contact.judging import put_off
from forbear.desk.contact.models import AgentTask, Planned
from forbear.desk.contact.purposes import purpose
from forbear.desk.contact.rows import PutOff, Row
from forbear.desk.record.gate import packs, vouched_at
from forbear.desk.record.models import Case

QUEUE = "contact"
"""The queue of a case that is opened for a task alone."""


def hand(rows: list[Row], at: datetime) -> int:
    """Open tasks for those of the rows that the gate would allow now, put the others off, in one transaction."""
    if not rows:
        return 0
    borrowers = sorted({row.borrower_id for row in rows})
    of = sending.known_of_many(connection, borrowers, rows[0].channel, at, packs())
    owing.read_owed(rows, {one: facts for one, (_, facts) in of.items()}, at)
    vouched = vouched_at(at).get(rows[0].channel, {})
    later = []
    for row in rows:
        past, facts = of[row.borrower_id]
        if at >= row.wanted_until:
            later.append(PutOff(row, "lapsed", "its time is over"))
        elif not purpose(row.purpose).wanted(row.owed):
            later.append(PutOff(row, "not_wanted", f"no {purpose(row.purpose).owes} any more"))
        elif preferences.declined(facts, row.channel, at):
            later.append(PutOff(row, "refused", "she declined this channel"))
        else:
            act = {"borrower_id": row.borrower_id, "channel": row.channel, "at": at, "loan_id": row.loan_id}
            verdict = judge_one(proposal({**vouched, **row.facts, **act}, 1, None), facts, past, packs())
            if verdict.allowed:
                _open(row, at)
            else:
                later.append(put_off(row, verdict))
    settling.write_put_off(later, at)
    return len(rows) - len(later)


def done(task_id: int, contact_id: str, by: object, at: datetime) -> bool:
    """An agent did the task, by that contact; False when somebody had done it."""
    with transaction.atomic():
        count = AgentTask.objects.filter(pk=task_id, done_at__isnull=True).update(
            done_at=at, contact_id=contact_id, by=by
        )
        if count:
            record(by, "task.done", f"task:{task_id}", contact=contact_id)
    return bool(count)


def expire(at: datetime) -> int:
    """Close tasks that are no longer wanted; how many."""
    return int(AgentTask.objects.filter(done_at__isnull=True, due_at__lte=at).update(done_at=at))


def _open(row: Row, at: datetime) -> None:
    AgentTask.objects.create(
        planned_id=row.planned_id,
        borrower_id=row.borrower_id,
        kind=row.channel,
        opened_at=at,
        due_at=row.wanted_until,
    )
    Planned.objects.filter(pk=row.planned_id).update(state="handed", ended_at=at, why="")
    case = Case.objects.filter(borrower_id=row.borrower_id, closed_at__isnull=True)
    if not case.update(next_action_on=at.date()):
        Case.objects.create(
            case_id=uuid4().hex, borrower_id=row.borrower_id, opened_at=at, queue=QUEUE, next_action_on=at.date()
        )
    record("dispatcher", "task.opened", f"borrower:{row.borrower_id}", kind=row.channel, planned=row.planned_id)
