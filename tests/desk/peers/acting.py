"""Acts on a loan in few words, for these tests alone."""

from __future__ import annotations

from datetime import UTC, datetime

from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.booking import book

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


def act(kind, on, amounts=None, cause="c", *, loan_id="L1", at_=NOON, **facts) -> int:
    """Book an act; its entry."""
    key = f"{loan_id}:{kind}:{on}:{cause}:{at_}"
    return book(kind, loan_id, on, amounts, cause, key, actor="anna", at=at_, **facts).entry_id


def pay(on, amount, payment_id="P1", **more) -> int:
    """Book a payment; its entry. Payments of the same name on several days get names of their own."""
    return act("payment", on, amount, f"{payment_id}:{on}", **more)


def bounced(entry, on) -> int:
    """Reverse an act."""
    return act("reversal", on, cause=f"bounced {entry}", entry=entry)


def at(as_of, *, known_at=None, loan_id="L1"):
    """Where the loan stands."""
    return balances([loan_id], as_of, known_at)[loan_id]
