"""Plans on a sample desk, one or two in each state: asked for, offered, agreed, waiting for a second person, running,
broken, kept. Computed from the sample's own loans and written by what the desk itself writes with.

What began in the past is of loans on which nothing has happened since, and is booked now, in effect from then.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice

from django.db import transaction

from forbear.basics.errors import ForbearError, WrongUse
from forbear.basics.money import to_major
from forbear.desk.ledger.booking import Payment, pay
from forbear.desk.ledger.models import Entry
from forbear.desk.people.models import User
from forbear.desk.plans import services
from forbear.desk.plans.models import Plan
from forbear.desk.plans.watching import look
from forbear.desk.portal.evidence import Upload, keep
from forbear.desk.record.models import Case, Contact, Loan

SPENDING = Decimal(4500)
"""A month's, beside which the income is chosen so that a plan fits."""
SHARE = Decimal("1.6")
"""What is left of the income, in installments' principals."""
TRIES = 12
"""Loans looked at for each plan; a book too small for one goes without it."""
PROOF = b"%PDF-1.4\n% an invented payslip of a sample desk\n"
MANY = 60
"""Cases from which on some of them may have plans; fewer are left as they are, for those who try the desk."""
SETTLED = timedelta(days=60)
LEAST_TERM = 9
LOOKED_AT = 400


@dataclass(frozen=True)
class Wish:
    """How far a plan has come, and how many days ago it was asked for."""

    state: str
    days: int


WISHES = (
    *(Wish("kept", 12), Wish("broken", 50), Wish("running", 25), Wish("running", 12)),
    *(Wish("put_forward", 2), Wish("put_forward", 1), Wish("agreed", 1), Wish("offered", 1), Wish("asked", 0)),
)
STEPS = ("asked", "offered", "agreed", "put_forward", "granted")


def sample_plans(users: dict[str, User], at: datetime, chance: random.Random) -> None:
    """Ask for plans of borrowers whom nobody has contacted yet, and take each as far as is wished."""
    used: set[str] = set()
    for wish in WISHES:
        for loan in _loans(wish, at, chance, used):
            try:
                with transaction.atomic():
                    _plan(loan, wish, users, at)
            except (
                ForbearError
            ):  # written off, nothing fits, or something else is against it: another is looked for
                continue
            used.add(loan.borrower_id)
            break


def _loans(wish: Wish, at: datetime, chance: random.Random, used: set[str]) -> Iterator[Loan]:
    """The only loans of borrowers: late ones with a case, but in a small book; then such as are paid to the day."""
    then = (at - timedelta(days=wish.days)).date()
    open_cases = Case.objects.filter(closed_at=None)
    late = open_cases.filter(agency=None, dpd__range=(max(20, wish.days + 15), 200))
    known = Loan.objects.exclude(borrower_id__in=Contact.objects.values("borrower_id"))
    known = known.exclude(borrower_id__in=used).order_by("pk")
    groups = [known.filter(borrower_id__in=late.values("borrower_id"))]
    if wish.state != "broken":
        current = known.exclude(borrower_id__in=open_cases.values("borrower_id"))
        groups.append(current.filter(disbursed_on__lt=then - SETTLED, term__gte=LEAST_TERM))
    if open_cases.count() < MANY:
        groups.reverse()
    for group in groups:
        found = list(group[:LOOKED_AT])
        chance.shuffle(found)
        alone = (loan for loan in found if Loan.objects.filter(borrower_id=loan.borrower_id).count() == 1)
        yield from islice((loan for loan in alone if _rests(loan, then)), TRIES)


def _rests(loan: Loan, then: date) -> bool:
    """Whether nothing has happened since: a plan granted then is what the ledger says."""
    return not Entry.objects.filter(loan_id=loan.pk, effective_on__gte=then).exists()


def _plan(loan: Loan, wish: Wish, users: dict[str, User], at: datetime) -> None:
    """One plan, taken to its state.

    The one that was asked for today came by the borrower's own page and wants proof, which she has handed in.

    Raises:
        ForbearError: it cannot be had, or cannot come that far.
    """
    then, hers = at - timedelta(days=wish.days), wish.state == "asked"
    plan = _asked(loan, then, None if hers else users["agent"])
    if hers:
        keep(plan, Upload("工资单 payslip.pdf", PROOF), then)
    reached = STEPS.index(wish.state if wish.state in STEPS else "granted")
    if reached >= STEPS.index("agreed"):
        services.agree(plan.pk, users["agent"], then)
    if reached >= STEPS.index("put_forward"):
        services.put_forward(plan.pk, users["agent"], then)
    if reached >= STEPS.index("granted"):
        services.grant(plan.pk, users["manager"], then)
        _went(plan, wish, at)


def _asked(loan: Loan, then: datetime, by: User | None) -> Plan:
    """One of the plans for an income that leaves about as much as the loan asks a month; by nobody: with proof."""
    income = round(SPENDING + to_major(loan.principal // loan.term, loan.currency) * SHARE, 0)
    shown = services.options_for(loan.pk, income, SPENDING, then)
    fitting = [one for one in shown if bool(one.evidence) == (by is None)]
    if not fitting:
        raise WrongUse("no such plan fits", "look at another loan")
    wanted = min(
        fitting, key=lambda one: Plan.objects.filter(kind=one.kind).count()
    )  # one of each kind, if it can be
    channel = "call" if by else "portal"
    return services.ask(loan.pk, wanted.option_id, by, then, income=income, spending=SPENDING, channel=channel)


def _went(plan: Plan, wish: Wish, at: datetime) -> None:
    """What came of a plan in force until now: nothing, each payment on its day, or all that it asks."""
    due = [(date.fromisoformat(day), amount) for day, amount in plan.option["payments"]]
    if wish.state == "running":
        due = [(day, amount) for day, amount in due if day < at.date()]
    for place, (day, amount) in enumerate(due if wish.state in ("running", "kept") else []):
        name = f"PLAN-{plan.pk}-{place}"
        pay(Payment(name, plan.loan_id, min(day, at.date()), amount, name), actor="forbear demo", at=at)
    if wish.state in ("running", "kept", "broken"):
        look(plan.pk, at)
