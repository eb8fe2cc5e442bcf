"""What others call: the plans that fit, asking, agreeing, granting, how it stands, the way back.

    told = options_for("L1", Decimal("6000"), Decimal("4200"), now)
    plan = ask("L1", told[0].option_id, user, now, income=Decimal("6000"), spending=Decimal("4200"), channel="portal")
    agree(plan.plan_id, user, now)
    grant(plan.plan_id, manager, now)      # put forward
    grant(plan.plan_id, another, now)      # granted and booked

Incomes and spendings here are a month's, `Decimal` in major units of the loan's currency. Rights are the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.basics.money import to_minor
from forbear.desk.plans import life
from forbear.desk.plans.granting import grant, put_forward
from forbear.desk.plans.life import agree, offer, refuse, withdraw
from forbear.desk.plans.models import BEFORE_GRANT, GRANTED, Plan
from forbear.desk.plans.offering import Offers, day_of, offers_for
from forbear.desk.plans.returning import WayBack, ways_back
from forbear.desk.plans.watching import standing_of, watch
from forbear.desk.record.models import Borrower, Loan
from forbear.relief import Budget, Kept, Option

__all__ = [
    "PlanState",
    "agree",
    "ask",
    "budget_of",
    "grant",
    "offer",
    "offers",
    "options_for",
    "put_forward",
    "refuse",
    "state_of",
    "waiting",
    "waits_for",
    "watch",
    "way_back",
    "withdraw",
]


@dataclass(frozen=True)
class PlanState:
    """A plan and how it goes.

    Args:
        plan: the row: state, kind, option (its sentences under `say`, payments under `payments`), instants.
        kept: of a plan in force: payments made, what is late, what falls due next; None: it is not in force.
        waits_for: evidence, agreement, grant (nobody has put it forward), second_person; empty: nothing.
    """

    plan: Plan
    kept: Kept | None
    waits_for: str


def budget_of(loan_id: str, income: Decimal, spending: Decimal | None, **more: Any) -> Budget:
    """A budget in minor units of the loan's currency.

    Args:
        loan_id: the loan.
        income: a month's, major units.
        spending: likewise; None: the place's floor is taken.
        more: as `forbear.relief.Budget` has them; obligations, savings, income_later in major units too.

    Raises:
        WrongUse: no such loan, or no such amount.
    """
    currency = Loan.objects.filter(pk=loan_id).values_list("currency", flat=True).first()
    if currency is None:
        raise WrongUse(f"there is no loan {loan_id!r}", "name a loan of the record")
    money = ("obligations", "savings", "income_later")
    told: dict[str, Any] = {
        name: to_minor(v, currency) if name in money and v is not None else v for name, v in more.items()
    }
    whole = None if spending is None else to_minor(spending, currency)
    return Budget(to_minor(income, currency), whole, **told)


def offers(
    loan_id: str, income: Decimal, spending: Decimal | None, at: datetime, *, language: str = "en", **more: Any
) -> Offers:
    """The surplus, the plans that fit, and why others do not; see `budget_of` and `offering.offers_for`."""
    return offers_for(loan_id, budget_of(loan_id, income, spending, **more), at, language=language)


def options_for(loan_id: str, income: Decimal, spending: Decimal | None, at: datetime, **more: Any) -> list[Option]:
    """The best few plans that she may have now, best first."""
    found = offers(loan_id, income, spending, at, **more)
    return [one for one in found.told.shown if one.option_id not in found.ruled_out]


def ask(
    loan_id: str,
    option_id: str,
    by: Any,
    at: datetime,
    *,
    income: Decimal,
    spending: Decimal | None,
    channel: str = "desk",
    evidence: str = "",
    **more: Any,
) -> Plan:
    """Ask for one of the plans shown for the same income and spending on the same day; see `life.ask`."""
    budget = budget_of(loan_id, income, spending, **more)
    return life.ask(loan_id, option_id, by, at, budget=budget, channel=channel, evidence=evidence)


def state_of(borrower: Borrower | str, on: date | None = None) -> list[PlanState]:
    """The borrower's plans, the newest first, each with how it stands on a day (None: as it was last looked at)."""
    borrower_id = borrower if isinstance(borrower, str) else borrower.pk
    rows = Plan.objects.filter(borrower_id=borrower_id).select_related("approval", "loan").order_by("-plan_id")
    return [PlanState(row, _kept(row, on), waits_for(row)) for row in rows]


def waits_for(row: Plan) -> str:
    """What a plan that is not granted yet waits for."""
    if row.state not in BEFORE_GRANT:
        return ""
    if row.state != "agreed":
        return "evidence" if row.state == "asked" else "agreement"
    return "second_person" if row.approval and row.approval.state == "proposed" else "grant"


def _kept(row: Plan, on: date | None) -> Kept | None:
    if row.state != GRANTED:
        return None
    assert row.granted_at is not None
    return standing_of(row, on or max(day_of(row.borrower_id, row.granted_at), row.look_on or date.min))


def way_back(borrower: Borrower | str, at: datetime) -> list[WayBack]:
    """The steps from arrears to a restored status, limit and record, of each loan that was late."""
    return ways_back(borrower if isinstance(borrower, str) else borrower.pk, at)


def waiting(borrower_ids: Iterable[str] | None = None) -> Any:
    """Plans before their grant, the oldest first; of these borrowers alone."""
    rows = Plan.objects.filter(state__in=BEFORE_GRANT).select_related("approval", "loan", "borrower", "asked_by")
    rows = rows if borrower_ids is None else rows.filter(borrower_id__in=borrower_ids)
    return rows.order_by("plan_id")
