"""Plans on a sample desk: some that wait, one put forward, some in force; computed from the sample's own loans."""

from __future__ import annotations

import random
from datetime import datetime
from decimal import Decimal
from typing import Any

from forbear.basics.errors import ForbearError
from forbear.basics.money import to_major
from forbear.desk.people.models import User
from forbear.desk.plans import services
from forbear.desk.plans.models import Plan
from forbear.desk.record.models import Case, Loan

PLANS = 8
SPENDING = Decimal(4500)


def sample_plans(users: dict[str, User], at: datetime, chance: random.Random) -> None:
    """Ask for plans of borrowers with cases, and take them each a little further than the one before."""
    cases = list(
        Case.objects.filter(closed_at__isnull=True, agency=None).order_by("-priority")[20 : 20 + 4 * PLANS]
    )
    chance.shuffle(cases)
    made = 0
    for case in cases:
        plan = _asked(case, users["agent"], at) if made < PLANS else None
        if plan is not None:
            _further(plan, made, users, at)
            made += 1


def _asked(case: Case, agent: User, at: datetime) -> Plan | None:
    """One of the options for an income that leaves about as much as the loan asks a month; None: none fits."""
    loan = Loan.objects.filter(borrower_id=case.borrower_id).order_by("-disbursed_on").first()
    if loan is None:
        return None
    left = to_major(loan.principal // loan.term, loan.currency) * Decimal("1.6")
    means: dict[str, Any] = {"income": round(SPENDING + left, 0), "spending": SPENDING}
    try:
        shown = services.options_for(loan.pk, means["income"], means["spending"], at)
        wanted = next((one for one in shown if not one.evidence), shown[0] if shown else None)
        return services.ask(loan.pk, wanted.option_id, agent, at, **means, channel="call") if wanted else None
    except ForbearError:  # a loan that is written off, or has something else against it
        return None


def _further(plan: Plan, number: int, users: dict[str, User], at: datetime) -> None:
    """The first only asked, the next agreed, then put forward, the rest granted."""
    if number == 0:
        return
    if plan.state == "asked":
        services.offer(plan.pk, users["agent"], at, evidence="工资单 / payslips")
    services.agree(plan.pk, users["agent"], at)
    if number >= 2:
        services.grant(plan.pk, users["agent"], at)
    if number >= 4:
        services.grant(plan.pk, users["manager" if plan.kind != "settlement" else "risk"], at)
