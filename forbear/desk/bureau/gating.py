"""Asking the gate for bureau reports, many at once, on what is known of each borrower now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection

from forbear.conduct import Cleared, Refusal, sending
from forbear.conduct.clearance import Batch
from forbear.conduct.situation import proposal
from forbear.desk.record.gate import packs, vouched_at

CHANNEL = "bureau_report"


def notice_rules() -> frozenset[str]:
    """The rules in force here that ask for a notice before a report."""
    return frozenset(
        rule.id
        for pack in packs().packs
        for rule in pack.rules
        if CHANNEL in rule.acts and rule.mechanism == "notice"
    )


def asked(wanted: Sequence[tuple[str, str, Mapping[str, str]]], at: datetime) -> dict[str, Cleared | Refusal]:
    """What the gate says to each report, by loan_id.

    Args:
        wanted: loan_id, borrower_id and the facts of the act.
        at: now.
    """
    known = sending.known_of_many(connection, sorted({who for _, who, _ in wanted}), CHANNEL, at, packs())
    vouched, gate = vouched_at(at).get(CHANNEL, {}), Batch(packs())
    said: dict[str, Cleared | Refusal] = {}
    for loan_id, borrower_id, facts in wanted:
        own = {"borrower_id": borrower_id, "channel": CHANNEL, "at": at, "sender": "lender", "loan_id": loan_id}
        past, truths = known[borrower_id]
        said[loan_id] = gate.ask(proposal({**vouched, **facts, **own}, 1, None, "act"), truths, past)
    return said
