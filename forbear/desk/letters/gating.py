"""What the gate says to a letter now: to the letter itself, and to the act it stands for (a letter before action).

The clock of limitation goes along where an act asks for it: worked out from the ledger and from what provably arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from forbear.conduct import Verdict, judge_one, sending
from forbear.conduct.situation import proposal
from forbear.desk.litigation.clocks import clock_of
from forbear.desk.record.gate import packs, vouched_at
from forbear.desk.record.models import Loan
from forbear.recovery.letters.kinds import Kind

NAMED = {"identified": "true"}
"""Every letter names its sender in its head."""


def verdicts_of(made: Kind, loan: Loan, at: datetime) -> dict[str, Verdict]:
    """The gate's verdicts on a letter of a kind about a loan, by act; nothing is written."""
    past, facts = sending.known_of(connection, loan.borrower_id)
    acts = {"letter": {**vouched_at(at).get("letter", {}), **NAMED, **made.gate}}
    if made.act:
        acts[made.act] = claim_facts(loan, at)
    own = {"borrower_id": loan.borrower_id, "loan_id": loan.pk, "at": at, "sender": "lender"}
    return {
        act: judge_one(proposal({**given, **own, "channel": act}, 1, None, "act"), facts, past, packs())
        for act, given in acts.items()
    }


def claim_facts(loan: Loan, at: datetime) -> dict[str, Any]:
    """Facts of an act that makes or announces a claim: it is a new one, and from when its time runs."""
    clock = clock_of(loan, at)
    return {
        "new_claim": "true",
        "limitation_runs_from": clock.runs_from.isoformat(),
        "right_harmed_on": clock.harmed_on.isoformat(),
    }


def closed_by(made: Kind, verdicts: Mapping[str, Verdict]) -> list[Verdict]:
    """The verdicts that keep a letter from being written now.

    The act it stands for must be allowed now. The letter itself may have to wait for its hour: it is asked again when
    it leaves; what is denied for good keeps it from being written.
    """
    letter = verdicts["letter"]
    against = [] if letter.allowed or letter.until else [letter]
    if made.act and not verdicts[made.act].allowed:
        against.append(verdicts[made.act])
    return against
