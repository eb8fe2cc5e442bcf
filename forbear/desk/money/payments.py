"""Payments in: booked once a key, read back, reversed by two people.

Stops at money that names its loan; what does not is matched first (see `matching`).
"""

from __future__ import annotations

import json
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, transaction

from forbear.desk.audit.log import record
from forbear.desk.ledger.booking import Payment, Receipt, book, pay
from forbear.desk.ledger.refusals import Refused
from forbear.desk.money.models import Reversal


class Part(NamedTuple):
    """What a payment paid of one component of one installment, minor units."""

    number: int
    component: str
    amount: int


class Shown(NamedTuple):
    """A payment as it was booked, or as it stands now; minor units."""

    payment_id: str
    loan_id: str
    paid_on: date
    amount: int
    currency: str
    entry_id: int
    booked_at: datetime
    parts: tuple[Part, ...]
    reversed_on: date | None = None
    source: str | None = None

    @property
    def unapplied(self) -> int:
        """What of it has paid nothing."""
        return self.amount - sum(part.amount for part in self.parts)


@cache
def _named(name: str) -> str:
    return files(__package__).joinpath("sql", f"{name}.sql").read_text("utf-8")


def _shown(row: Any) -> Shown:
    parts = tuple(Part(*part) for part in json.loads(row[7] or "[]"))
    return Shown._make([*row[:7], parts, *(row[8:] or (None, None))])


def take(payment: Payment, *, actor: str, at: datetime) -> tuple[Shown, Receipt]:
    """Book a payment; the answer is the same however often it is asked with the same key.

    Raises:
        KeyUsed: the key, or the payment's own id, was used for something else.
        Refused: it cannot be booked.
    """
    receipt, told = pay(payment, actor=actor, at=at)
    if not told:
        return as_booked(receipt.entry_id), receipt
    shown = Shown(
        payment.payment_id,
        payment.loan_id,
        payment.paid_on,
        payment.amount,
        told["currency"],
        receipt.entry_id,
        datetime.fromisoformat(told["booked_at"]),
        tuple(Part(*part) for part in told["parts"]),
    )
    return shown, receipt


def as_booked(entry_id: int) -> Shown:
    """A payment as it was booked, whatever has happened to it since."""
    with connection.cursor() as cursor:
        cursor.execute(_named("booked"), {"entry": entry_id})
        return _shown(cursor.fetchone())


NEWEST = 1 << 62


def payments(*, payment_id: str = "", loan_id: str = "", before: int = NEWEST, most: int = 100) -> list[Shown]:
    """Payments as they stand now, newest booked first: one by its id, or those of a loan booked before an entry."""
    with connection.cursor() as cursor:
        cursor.execute(
            _named("payments"),
            {"payment": payment_id or None, "loan": loan_id or None, "before": before, "most": most},
        )
        return [_shown(row) for row in cursor.fetchall()]


def propose(payment: Shown, effective_on: date, reason: str, *, actor: str) -> Reversal:
    """Propose that a payment be reversed; nothing is booked until another approves.

    Raises:
        Refused: it is reversed, or proposed, already.
    """
    if payment.reversed_on is not None:
        raise Refused("reversed", f"payment {payment.payment_id} was reversed on {payment.reversed_on}")
    try:
        with transaction.atomic():
            made = Reversal.objects.create(
                payment_id=payment.payment_id,
                loan_id=payment.loan_id,
                entry_id=payment.entry_id,
                effective_on=effective_on,
                reason=reason,
                proposed_by=actor,
            )
            record(actor, "reversal proposed", f"payment:{payment.payment_id}", reversal=made.pk)
            made.refresh_from_db()
            return made
    except IntegrityError:
        raise Refused(
            "proposed", f"a reversal of {payment.payment_id} is proposed already", "decide on that one first"
        ) from None


def decide(reversal_id: int, approve: bool, *, actor: str, at: datetime) -> Reversal:
    """Approve a proposed reversal, which books it, or refuse it; once, and never by the one who proposed it.

    Raises:
        Refused: there is none that waits, or the actor proposed it.
    """
    with transaction.atomic():
        made = Reversal.objects.select_for_update().filter(pk=reversal_id, state="proposed").first()
        if made is None:
            raise Refused("not_waiting", f"no reversal {reversal_id} waits for a decision")
        if made.proposed_by == actor:
            raise Refused("same_person", "who proposed a reversal cannot decide on it", "ask a colleague")
        made.state, made.decided_by, made.decided_at = "approved" if approve else "refused", actor, at
        made.save()
        if approve:
            book(
                "reversal",
                made.loan_id,
                made.effective_on,
                None,
                f"reversal {made.pk}",
                f"reversal:{made.pk}",
                actor=actor,
                at=at,
                entry=made.entry_id,
            )
        record(actor, f"reversal {made.state}", f"payment:{made.payment_id}", reversal=made.pk)
        return made
