"""The monthly run: accounts from the ledger, compared with what the bureau holds, each asked of the gate; then sent.

One person makes it, another sends it. At sending the gate is asked again for each account, as it is known then. An item
older than the law allows is told for deletion, which needs no leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.conduct import Cleared
from forbear.desk.audit.log import record
from forbear.desk.bureau import telling
from forbear.desk.bureau.accounts import Owed, accounts, in_collection
from forbear.desk.bureau.gating import asked
from forbear.desk.bureau.models import Difference, Held, Item, Run
from forbear.desk.contact.judging import rules_of
from forbear.desk.people.approvals import propose, refuse, withdraw
from forbear.desk.people.models import Approval
from forbear.desk.record.models import Loan
from forbear.recovery.bureau.reconciling import differences

SEND = "bureau.send"
BATCH = 2_000


@dataclass(frozen=True)
class Wanted:
    """What a run wants to tell of one loan."""

    loan_id: str
    borrower_id: str
    fields: Mapping[str, Any]
    facts: Mapping[str, str]
    expired: bool


def make(user: Any, as_of: date, at: datetime, answer: bytes | None = None, name: str = "") -> Run:
    """Make a run and propose that it be sent.

    Args:
        user: who makes it.
        as_of: the day the accounts are told of; not in the future.
        at: now.
        answer: the bureau's own file of what it holds; None: it holds what it was told.
        name: of that file.

    Raises:
        WrongUse: the day lies ahead.
        AnswerIsNo: another run waits to be sent.
        UnreadableFile: the bureau's file is none.
    """
    if as_of > at.date():
        raise WrongUse(
            _("%(day)s lies ahead") % {"day": as_of}, _("report what has been, as of a day that is over")
        )
    if Run.objects.filter(state="made").exists():
        raise AnswerIsNo(_("another run waits to be sent"), _("send it or drop it first"))
    held = telling.held_in(answer) if answer is not None else _as_told()
    with transaction.atomic():
        run = Run.objects.create(as_of=as_of, place=telling.place(), made_at=at, made_by=user, compared_with=name)
        for batch in _batches():
            Item.objects.bulk_create(_items(run, list(_wanted(batch, as_of)), at))
        Difference.objects.bulk_create(
            Difference(run=run, account=one.account, field=one.field, held=one.held, true=one.true)
            for one in differences(held, _true_then(held, as_of))
        )
        _count(run)
        record(user, "bureau.made", f"bureau:{run.pk}", as_of=str(as_of), told=run.told, held_back=run.held_back)
        propose(user, SEND, {"run_id": run.pk}, f"bureau:{run.pk}", at)
    return run


def send(run_id: int, by: Any, at: datetime) -> Run:
    """Send a run: the gate is asked again, what it allows counts as told, the rest is held back.

    Raises:
        AnswerIsNo: it was sent or dropped.
    """
    run = Run.objects.select_for_update().filter(pk=run_id, state="made").first()
    if run is None:
        raise AnswerIsNo(_("this run was sent or dropped already"), _("make a new one"))
    ready = list(run.items.filter(answer="ready"))
    for start in range(0, len(ready), BATCH):
        _send_batch(run, ready[start : start + BATCH], at)
    run.state, run.sent_at, run.sent_by = "sent", at, by
    _count(run)
    record(by, "bureau.sent", f"bureau:{run.pk}", told=run.told, held_back=run.held_back)
    return run


def drop(user: Any, run_id: int, at: datetime) -> None:
    """Let a run go that was not sent, and the proposal to send it.

    Raises:
        AnswerIsNo: it was sent or dropped.
    """
    with transaction.atomic():
        if not Run.objects.filter(pk=run_id, state="made").update(state="dropped"):
            raise AnswerIsNo(_("this run was sent or dropped already"), _("make a new one"))
        for row in Approval.objects.filter(subject=f"bureau:{run_id}", kind=SEND, state="proposed"):
            if row.proposed_by_id == user.pk:
                withdraw(user, row.pk, at)
            else:
                refuse(user, row.pk, "dropped", at)
        record(user, "bureau.dropped", f"bureau:{run_id}")


def file_of_run(run: Run) -> tuple[str, bytes]:
    """(name, bytes) of what a run told."""
    rows = run.items.filter(answer="told").order_by("loan_id")
    lines = [telling.Line(row.loan_id, row.borrower_id, row.fields) for row in rows]
    return telling.file_of(lines, run.as_of, run.sent_at or run.made_at)


def hold(told: Iterable[telling.Line], at: datetime) -> None:
    """Write down what the bureau now holds of loans, each once, all in one statement."""
    clock = telling.clock()
    Held.objects.bulk_create(
        (
            Held(
                loan_id=one.loan_id,
                borrower_id=one.borrower_id,
                account=telling.account_number(one.loan_id),
                fields=dict(one.fields),
                told_at=at,
                expires_on=clock.expires_on(one.fields),
                deleted_at=at if one.deleted else None,
            )
            for one in told
        ),
        update_conflicts=True,
        unique_fields=["loan"],
        update_fields=["borrower", "account", "fields", "told_at", "expires_on", "deleted_at"],
    )


def _send_batch(run: Run, rows: Sequence[Item], at: datetime) -> None:
    """Ask for all of them at once, on the fields that go out; write down what was told, hold back what may not be."""
    collecting, told = in_collection(), list[Item]()
    said = asked(
        [
            (
                row.loan_id,
                row.borrower_id,
                telling.act_facts(row.fields, in_collection=row.borrower_id in collecting),
            )
            for row in rows
            if row.act == "tell"
        ],
        at,
    )
    for row in rows:
        answer = said.get(row.loan_id)
        if answer is not None and not isinstance(answer, Cleared):
            row.answer, row.why, row.rules = "held_back", ", ".join(answer.codes), rules_of(answer.verdict)
            row.save(update_fields=["answer", "why", "rules"])
        else:
            told.append(row)
    Item.objects.filter(pk__in=[row.pk for row in told]).update(answer="told")
    hold((telling.Line(row.loan_id, row.borrower_id, row.fields, row.act == "delete") for row in told), at)


def _batches() -> Iterator[list[str]]:
    last = ""
    while True:
        loans = list(Loan.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not loans:
            return
        yield loans
        last = loans[-1]


def _wanted(loans: Sequence[str], as_of: date) -> Iterator[Wanted]:
    """What is due to be told: every account that is open, or closed and not yet told so."""
    held = {row.loan_id: row for row in Held.objects.filter(loan_id__in=loans)}
    for loan_id, owed in accounts(loans, as_of).items():
        before = held.get(loan_id)
        if before and before.deleted_at:
            continue
        fields = telling.fields_of(owed, before.fields if before else None)
        over = telling.clock().expires_on(before.fields) if before else None
        if before and over and over < as_of:
            yield Wanted(loan_id, owed.borrower_id, telling.deleted(before.fields), {}, True)
        elif not _told_closed(owed, before):
            yield Wanted(
                loan_id,
                owed.borrower_id,
                fields,
                telling.act_facts(fields, in_collection=owed.account.in_collection),
                False,
            )


def _told_closed(owed: Owed, before: Held | None) -> bool:
    """Whether it is closed and the bureau holds just that."""
    return bool(
        owed.account.closed and before and (before.fields.get("date_closed") or before.fields.get("closed_on"))
    )


def _items(run: Run, wanted: Sequence[Wanted], at: datetime) -> Iterator[Item]:
    said = asked([(one.loan_id, one.borrower_id, one.facts) for one in wanted if not one.expired], at)
    who = telling.persons(one.borrower_id for one in wanted)
    for one in wanted:
        answer = said.get(one.loan_id)
        against = ", ".join(answer.codes) if answer is not None and not isinstance(answer, Cleared) else ""
        lacking = telling.missing(who.get(one.borrower_id, {}))
        if not one.expired:
            lacking = lacking or telling.faults(one.loan_id, one.fields)
        yield Item(
            run=run,
            loan_id=one.loan_id,
            borrower_id=one.borrower_id,
            act="delete" if one.expired else "tell",
            fields=dict(one.fields),
            answer="held_back" if against or lacking else "ready",
            why=against or lacking,
            rules=rules_of(answer.verdict) if answer is not None else "",
        )


def _true_then(held: Mapping[str, Mapping[str, Any]], as_of: date) -> dict[str, dict[str, Any]]:
    """What the ledger says, by account, of what we told, as of the day that the bureau's own record names.

    What changed since then is news and no difference; a payment that was booked back into that time is one.
    """
    ours = {row.account: row for row in Held.objects.filter(deleted_at=None)}
    days: dict[date, list[Held]] = {}
    for account, row in ours.items():
        days.setdefault(telling.day_of(held.get(account, row.fields), as_of), []).append(row)
    true: dict[str, dict[str, Any]] = {}
    for day, rows in days.items():
        for start in range(0, len(rows), BATCH):
            batch = {row.loan_id: row for row in rows[start : start + BATCH]}
            for loan_id, owed in accounts(list(batch), day).items():
                true[batch[loan_id].account] = telling.fields_of(owed, batch[loan_id].fields)
    return true


def _as_told() -> dict[str, dict[str, Any]]:
    return {row.account: dict(row.fields) for row in Held.objects.filter(deleted_at=None)}


def _count(run: Run) -> None:
    run.told = run.items.exclude(answer="held_back").count()
    run.held_back = run.items.filter(answer="held_back").count()
    run.differs = run.found.count()
    run.save()
