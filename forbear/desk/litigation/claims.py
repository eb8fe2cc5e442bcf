"""The claim of a suit from the ledger: the schedule in force, every payment, fee and waiver, within the cap.

The engine works it out (`forbear.recovery.litigation.claim`). Penalty that the ledger has charged already is not
claimed twice: the claim's own table by day takes its place. What has come in since filing is read from the ledger too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from django.conf import settings

from forbear.desk.ledger.acts import standing
from forbear.desk.ledger.reading import history
from forbear.desk.ledger.rules import version_in_force
from forbear.desk.litigation.models import Suit
from forbear.desk.record.models import Loan
from forbear.loans import Payment
from forbear.recovery.litigation import Claim, ClaimLoan, claim_of
from forbear.recovery.litigation.claim import Installment

RECEIVED = ("payment", "refund", "transfer")


@dataclass(frozen=True)
class Money:
    """What a suit has cost and brought, minor units."""

    costs: int
    awarded: int
    received: int

    @property
    def net(self) -> int:
        """What has come in less what was paid out."""
        return self.received - self.costs


def claim_now(loan: Loan, as_of: date, lpr: Fraction | None = None) -> Claim:
    """The claim from a loan as of a day.

    Raises:
        WrongUse: the lender's kind is not set and the prime rate is not given, or the day lies before the loan's.
    """
    known = history(loan.pk)
    acts = [act for act in standing(known.acts) if act.effective_on <= as_of]
    version = version_in_force(acts) or loan.schedule_version
    rows = known.versions[version]
    payments = [
        Payment(act.cause or str(act.entry_id), act.effective_on, act.amount)
        for act in acts
        if act.kind == "payment"
    ]
    waived: dict[str, int] = {}
    for act in acts:
        if act.kind == "waiver":
            for _number, component, amount in act.facts["parts"]:
                if component != "penalty":
                    waived[component] = waived.get(component, 0) + amount
    policy_rate = loan.features.get("penalty_rate") if isinstance(loan.features, dict) else None
    made = ClaimLoan(
        loan_id=loan.pk,
        disbursed_on=loan.disbursed_on,
        principal=loan.principal,
        annual_rate=Fraction(loan.annual_rate),
        installments=tuple(
            Installment(row.number, row.due_on, row.principal, row.interest, row.fees) for row in rows
        ),
        payments=tuple(payments),
        charges=tuple((act.effective_on, act.facts["number"], act.amount) for act in acts if act.kind == "fee"),
        waived=waived,
        currency=loan.currency,
        penalty_rate=Fraction(str(policy_rate)) if policy_rate else None,
        lender_kind=settings.LENDER.get("kind", ""),
        lpr=lpr,
    )
    return claim_of(made, as_of)


def money_of(suit: Suit) -> Money:
    """What a suit has cost, what a court awarded of it, what the ledger has received since it was filed."""
    events = suit.history()
    costs = sum(one.facts.get("cost", 0) + one.facts.get("court_fee", 0) for one in events)
    awarded = sum(one.facts.get("costs_awarded", 0) for one in events)
    filed = next((one.on for one in events if one.stage == "filed"), None)
    received = 0
    if filed is not None:
        for act in standing(history(suit.loan_id).acts):
            if act.effective_on >= filed and act.kind in RECEIVED:
                received += act.amount if act.kind != "refund" else -act.amount
    return Money(costs, awarded, received)


def judged(suit: Suit, as_of: date, at: datetime) -> Any:
    """What is owed under the suit's judgment on a day, with the doubled part; None while there is none in force."""
    from forbear.recovery.litigation import Judgment, deferred_interest

    events = {one.stage: one for one in suit.history()}
    if "judgment" not in events or "effective" not in events:
        return None
    ends = date.fromisoformat(events["effective"].facts["performance_ends_on"])
    facts = events["judgment"].facts
    since = events["judgment"].on
    paid = [
        (act.effective_on, act.amount)
        for act in standing(history(suit.loan_id).acts)
        if act.kind == "payment" and since < act.effective_on <= as_of
    ]
    order = Judgment(
        principal=facts["principal"],
        performance_ends_on=ends,
        interest=facts["interest"],
        costs=facts["costs_awarded"],
        payments=tuple(paid),
        currency=suit.loan.currency,
    )
    return deferred_interest(order, max(as_of, ends))
