"""Booking: under the loan's lock, in the caller's transaction or one of its own, once for each key.

    booked = book("payment", "L1", date(2026, 7, 1), 50_000, "P-77", "till:P-77", actor="till", at=now)
    shown = preview("waiver", "L1", date(2026, 7, 1), {"penalty": 1_200}, "hardship")

A payment in the plain case is one SQL call (`sql/pay.sql`); everything else is planned in Python (`planning.plan`) and
written. Money moves nowhere else. Times are passed in; a loan's entries become known in the order of their booking.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction

from forbear.desk.ledger.acts import NEWEST, Act, History
from forbear.desk.ledger.asking import Amounts, Ask
from forbear.desk.ledger.named import named
from forbear.desk.ledger.planning import NewEntry, Plan, plan, planned
from forbear.desk.ledger.reading import history
from forbear.desk.ledger.refusals import KeyUsed, Refused

LONGEST = 200
"""Characters of a key, cause or actor; longer ones are refused, so that indexes stay small."""


@dataclass(frozen=True)
class Receipt:
    """What booking came to.

    Args:
        entry_id: the act's entry.
        again: the same key had booked it before; nothing was booked now.
    """

    entry_id: int
    again: bool = False


@dataclass(frozen=True)
class Payment:
    """A payment to be booked: minor units; `payment_id` is its own id, `key` the idempotency key."""

    payment_id: str
    loan_id: str
    paid_on: date
    amount: int
    key: str
    source: str = ""


def book(
    kind: str,
    loan_id: str,
    effective_on: date,
    amounts: Amounts,
    cause: str,
    key: str,
    *,
    actor: str,
    at: datetime,
    **facts: Any,
) -> Receipt:
    """Book an act and all that follows from it.

    Args:
        kind: see `asking.Ask`, as for those that follow.
        loan_id: the loan.
        effective_on: from when it counts.
        amounts: minor units.
        cause: where it comes from; of a payment, its own id.
        key: names this act for ever; asked again with it, the same act is booked once.
        actor: who, a username or a program's name.
        at: the instant at which it becomes known.
        **facts: what else the kind needs.

    Raises:
        KeyUsed: the key, or the payment's id, was used for something else.
        Refused: it cannot be booked; nothing was.
    """
    _refuse_bad_names(key=key, cause=cause, actor=actor)
    ask = Ask(kind, loan_id, effective_on, amounts, cause, facts)
    if kind == "payment":
        one = Payment(cause, loan_id, effective_on, amounts if isinstance(amounts, int) else 0, key)
        return pay(one, actor=actor, at=at)[0]
    with transaction.atomic():
        for loan in sorted({loan_id, str(facts.get("other_loan") or loan_id)} if kind == "transfer" else {loan_id}):
            known = history(loan, lock=True)
        if kind == "transfer":
            known = history(loan_id)
        if (before := _booked_before(ask, key)) is not None:
            return Receipt(before, again=True)
        return Receipt(_booked(ask, known, key, actor, at))


def preview(
    kind: str, loan_id: str, effective_on: date, amounts: Amounts, cause: str = "preview", **facts: Any
) -> Plan:
    """What `book` with the same arguments would write; nothing is saved.

    Raises:
        Refused: it could not be booked.
    """
    return plan(Ask(kind, loan_id, effective_on, amounts, cause, facts), history(loan_id))


def pay_many(payments: Sequence[Payment], *, actor: str, at: datetime) -> list[Receipt]:
    """Book many payments in one transaction; receipts in the order given. One that is refused refuses all.

    Raises:
        KeyUsed: a key or payment id was used for something else.
        Refused: an amount that is not above zero, or a loan that the ledger does not have.
    """
    for one in payments:
        refuse_bad_payment(one, actor)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(named("pay_many"), {**payment_columns(payments), "actor": actor, "at": at})
            told = {place: json.loads(answer) for place, answer in cursor.fetchall()}
        return [_receipt(payments[place], told[place], actor, at) for place in range(len(payments))]


def pay(payment: Payment, *, actor: str, at: datetime) -> tuple[Receipt, Mapping[str, Any]]:
    """Book one payment: in the plain case by a single statement, without a transaction around it.

    Returns:
        The receipt, and in the plain case what `ledger_pay` told: `booked_at`, `currency` and `parts`.

    Raises:
        KeyUsed: the key or the payment's id was used for something else.
        Refused: it cannot be booked.
    """
    refuse_bad_payment(payment, actor)
    told = _told(payment, actor, at)
    if told["outcome"] == "booked":
        return Receipt(told["entry"]), told
    with transaction.atomic():
        return _receipt(payment, told, actor, at), {}


def _told(one: Payment, actor: str, at: datetime) -> dict[str, Any]:
    """What `ledger_pay` says to one payment."""
    source = json.dumps(_source(one)) if one.source else None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_pay(%s, %s, %s, %s, %s, %s, %s, %s)",
            [one.key, one.loan_id, one.paid_on, one.amount, one.payment_id, actor, at, source],
        )
        told: dict[str, Any] = json.loads(cursor.fetchone()[0])
        return told


def refuse_bad_payment(one: Payment, actor: str) -> None:
    """Refuse what no loan could take.

    Raises:
        Refused: a name that is empty, long or not printable; an amount that is not above zero.
    """
    _refuse_bad_names(key=one.key, cause=one.payment_id, actor=actor)
    if not 0 < one.amount < 1 << 62:
        raise Refused("amount", f"payment {one.payment_id} is of {one.amount}", "give minor units above zero")


def payment_columns(payments: Sequence[Payment]) -> dict[str, Any]:
    """What the ledger asks of payments, a list for each column."""
    return {
        "keys": [one.key for one in payments],
        "loans": [one.loan_id for one in payments],
        "days": [one.paid_on for one in payments],
        "amounts": [one.amount for one in payments],
        "causes": [one.payment_id for one in payments],
        "sources": [one.source or None for one in payments],
    }


def _receipt(one: Payment, told: Mapping[str, Any], actor: str, at: datetime) -> Receipt:
    outcome = told["outcome"]
    if outcome == "unknown":
        raise Refused("unknown_loan", f"the ledger has no loan {one.loan_id!r}", "import the loan first")
    if outcome == "conflict":
        raise KeyUsed(one.key, told["entry"])
    if outcome == "general":
        return _pay_by_plan(one, actor, at)
    return Receipt(told["entry"], again=outcome == "again")


def _pay_by_plan(one: Payment, actor: str, at: datetime) -> Receipt:
    """Under the loan's lock, which another with the same key may have held until now."""
    known = history(one.loan_id, lock=True)
    told = _told(one, actor, at)
    if told["outcome"] != "general":
        return _receipt(one, told, actor, at)
    ask = Ask("payment", one.loan_id, one.paid_on, one.amount, one.payment_id, _source(one))
    return Receipt(_booked(ask, known, one.key, actor, at))


def _source(one: Payment) -> dict[str, Any]:
    return {"source": one.source} if one.source else {}


def _booked_before(ask: Ask, key: str) -> int | None:
    """The entry of this key, if it was the same ask.

    Raises:
        KeyUsed: it was another.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT entry_id, loan_id, kind, cause, facts -> 'asked', facts ->> 'asked_on' FROM ledger_entries"
            " WHERE key = %s",
            [key],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    same = row[1:4] == (ask.loan_id, ask.kind, ask.cause) and json.loads(row[4] or "null") == ask.as_json()
    if not same or row[5] != ask.effective_on.isoformat():
        raise KeyUsed(key, row[0])
    return int(row[0])


def _booked(ask: Ask, known: History, key: str, actor: str, at: datetime) -> int:
    """Plan and write; a key or payment id that another loan took in this very moment is a used one."""
    try:
        with transaction.atomic():
            return _planned_and_written(ask, known, key, actor, at)
    except IntegrityError:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT entry_id FROM ledger_entries WHERE key = %s OR (kind = 'payment' AND kind = %s AND cause = %s)",
                [key, ask.kind, ask.cause],
            )
            used = cursor.fetchone()
        if used is None:
            raise
        raise KeyUsed(key, used[0]) from None


def _planned_and_written(ask: Ask, known: History, key: str, actor: str, at: datetime) -> int:
    made = plan(ask, known)
    entry_id = _write(made, known, key, actor, at)
    if ask.kind == "transfer":
        other = history(str(made.act.facts["other_loan"]))
        act = Act(NEWEST, "transfer", ask.effective_on, -made.act.amount, ask.cause, {"other_loan": ask.loan_id})
        back = Ask("transfer", other.loan_id, ask.effective_on, -made.act.amount, ask.cause, {"from": ask.loan_id})
        _write(planned(back, act, other, dict(other.versions), None), other, f"{key}:in", actor, at)
    return entry_id


def _write(made: Plan, known: History, key: str, actor: str, at: datetime) -> int:
    booked_at = max(at, (known.last_booked_at or at) + timedelta(microseconds=1))  # no two acts are known at once
    if made.rows is not None:
        _write_schedule(made, known.loan_id, booked_at)
    ids = _drawn(len(made.entries))
    if made.ask.kind == "payment":
        facts: dict[str, Any] = dict(made.ask.facts)
    else:
        facts = {**made.act.facts, "asked": made.ask.as_json(), "asked_on": made.ask.effective_on.isoformat()}
    entries = [_entry(new, entry_id, ids[0]) for new, entry_id in zip(made.entries, ids, strict=True)]
    entries[0] |= {"key": key, "facts": facts or None}
    with connection.cursor() as cursor:
        cursor.execute(
            named("write"),
            {
                "loan": known.loan_id,
                "booked_at": booked_at,
                "actor": actor,
                "entries": json.dumps(entries),
                "lines": json.dumps(
                    [
                        line
                        for new, entry_id in zip(made.entries, ids, strict=True)
                        for line in _lines(new, entry_id)
                    ]
                ),
            },
        )
        now = made.standing
        cursor.execute(
            "UPDATE ledger_accounts SET version = %s, received = %s, written_off = %s, adjusted = %s, last_on = %s,"
            " last_booked_at = %s WHERE loan_id = %s",
            [now.version, now.received, now.written_off, now.adjusted, now.last_on, booked_at, known.loan_id],
        )
        cursor.execute(
            "UPDATE loans SET schedule_version = %s WHERE loan_id = %s AND schedule_version <> %s",
            [now.version, known.loan_id, now.version],
        )
    return ids[0]


def _drawn(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('ledger_entries', 'entry_id')) FROM generate_series(1, %s)",
            [count],
        )
        return [row[0] for row in cursor.fetchall()]


def _entry(new: NewEntry, entry_id: int, own: int) -> dict[str, Any]:
    return {
        "entry_id": entry_id,
        "kind": new.kind,
        "effective_on": new.effective_on.isoformat(),
        "amount": abs(new.amount) if new.kind != "transfer" else new.amount,
        "cause": new.cause,
        "reverses": new.reverses,
        "of_entry": own if new.of_entry == NEWEST else new.of_entry,
    }


def _lines(new: NewEntry, entry_id: int) -> list[dict[str, Any]]:
    return [
        {"entry_id": entry_id, "line": place, **line._asdict(), "amount": amount}
        for place, (line, amount) in enumerate(new.lines.items(), start=1)
    ]


def _write_schedule(made: Plan, loan_id: str, booked_at: datetime) -> None:
    version = made.act.facts["version"]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO schedules (loan_id, version, effective_on, recorded_at, reason) VALUES (%s, %s, %s, %s, %s)",
            [loan_id, version, made.act.effective_on, booked_at, made.act.kind],
        )
        cursor.executemany(
            "INSERT INTO installments (loan_id, version, number, due_on, principal_due, interest_due, fees_due)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [[loan_id, version, *row] for row in made.rows or ()],
        )


def _refuse_bad_names(**names: str) -> None:
    for name, value in names.items():
        if not value or len(value) > LONGEST or not value.isprintable():
            raise Refused(name, f"the {name} is {value[:40]!r}", f"give 1 to {LONGEST} printable characters")
